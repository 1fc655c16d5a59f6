"""authctl as root uses it on the machine of authd."""

import json
import subprocess

from harness.authd import program

DONE, REFUSED, USAGE, TEMPORARY = 0, 1, 2, 3


class Person:
    """root on the machine of authd, with authctl."""

    def __init__(self, server):
        self.server = server

    def argv(self, *words):
        return [program("smtp-authctl"), "--socket", self.server.authd.http, *words]

    def run(self, *words, stdin=""):
        done = subprocess.run(self.argv(*words), input=stdin, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout, done.stderr

    def do(self, *words, stdin=""):
        """Runs a command that must succeed; returns (stdout, stderr)."""
        status, out, talk = self.run(*words, stdin=stdin)
        assert status == DONE, talk
        return out, talk

    def json(self, *words, stdin="", status=DONE):
        """The one value that --json prints."""
        got, out, talk = self.run("--json", *words, stdin=stdin)
        assert got == status, out + talk
        return json.loads(out)

    def refused(self, *words, stdin=""):
        """The error sentence of a command that must be refused."""
        status, out, talk = self.run(*words, stdin=stdin)
        assert (status, out) == (REFUSED, ""), talk
        return talk.splitlines()[0].removeprefix("smtp-authctl: ")
