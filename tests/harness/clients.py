"""The real mail clients. Each logs in and returns the server's reply to AUTH and the transcript."""

import re
import tempfile
from dataclasses import dataclass

from .private import run

SENDER, RECIPIENT = "alice@example.org", "someone@example.net"
MESSAGE = f"From: {SENDER}\nTo: {RECIPIENT}\nSubject: test\n\nhello\n"


@dataclass
class Answer:
    """`code` is the reply to AUTH, or 0 if AUTH was never sent; `text` is the reply's last line; `status` is the
    client's exit status."""

    code: int
    text: str
    status: int
    transcript: str


def _replies_to_auth(transcript, sent, received):
    """The last server line after the client's AUTH and before its next command."""
    reply, asked = "", False
    for line in transcript.splitlines():
        if re.match(sent + r"AUTH ", line):
            asked = True
        elif asked and re.match(sent + r"(MAIL|QUIT|RSET)\b", line):
            break
        elif asked and (match := re.match(received + r"(\d\d\d[ -].*)", line)):
            reply = match.group(1).rstrip()
    return reply


def _answer(done, sent, received):
    reply = _replies_to_auth(done.stdout, sent, received)
    return Answer(int(reply[:3] or 0), reply, done.returncode, done.stdout)


def swaks(port, mechanism, user, password, tls="starttls", send=False):
    """swaks exits with 28 when AUTH was refused or not offered."""
    option = {"starttls": "--tls", "wrapper": "--tls-on-connect", "none": None}[tls]
    argv = ["swaks", "--server", "127.0.0.1", "--port", port, "--timeout", "25", "--from", SENDER, "--to",
            RECIPIENT, "--auth", mechanism, "--auth-user", user, "--auth-password", password]
    if option:
        argv.append(option)
    if not send:
        argv += ["--quit-after", "AUTH"]
    return _answer(run(*argv, check=False), r" ~?-?~?> ", r"<[~-][*~ -]*\*?\*? ")


def curl(port, mechanism, user, password):
    """curl exits with 67 when the login is denied."""
    with tempfile.NamedTemporaryFile("w", suffix=".eml") as mail:
        mail.write(MESSAGE)
        mail.flush()
        done = run("curl", "--silent", "--verbose", "--ssl-reqd", "--insecure", "--max-time", "25",
                   "--url", f"smtp://127.0.0.1:{port}/client.example.org", "--user", f"{user}:{password}",
                   "--login-options", f"AUTH={mechanism}", "--mail-from", SENDER, "--mail-rcpt", RECIPIENT,
                   "--upload-file", mail.name, check=False)
    return _answer(done, r"> ", r"< ")


def msmtp(port, mechanism, user, password):
    """msmtp exits with EX_NOPERM (77) when the login is denied, EX_TEMPFAIL (75) when it may try again."""
    with tempfile.NamedTemporaryFile("w", suffix=".password") as secret:
        secret.write(password)
        secret.flush()
        done = run("msmtp", "--debug", "--host=127.0.0.1", f"--port={port}", "--tls=on", "--tls-starttls=on",
                   "--tls-certcheck=off", f"--auth={mechanism.lower()}", f"--user={user}", "--timeout=25",
                   f"--passwordeval=cat {secret.name}", f"--from={SENDER}", "--file=/dev/null",
                   "--domain=client.example.org", RECIPIENT, input=MESSAGE, check=False)
    return _answer(done, r"--> ", r"<-- ")


def testsaslauthd(socket, user, password, service="smtp", realm=""):
    """True for OK, False for NO, None for no answer."""
    argv = ["testsaslauthd", "-u", user, "-p", password, "-s", service, "-f", socket]
    done = run(*argv, *(["-r", realm] if realm else []), check=False, timeout=25)
    if re.search(r"^0: OK", done.stdout, re.M):
        return True
    return False if re.search(r"^0: NO", done.stdout, re.M) else None
