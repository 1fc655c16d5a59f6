"""A private authd: the real program from the build directory that $AUTHD_BUILD names. Started as root, it binds its
sockets and then drops its rights. Sockets, state and logs lie in one private directory."""

import glob
import json
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
from dataclasses import dataclass

from .private import (HarnessError, make_directory, process_alive, process_end, read_text,
                      remove_directory, run, wait_until)

USER = "smtp-authd"
BUILD = os.environ.get("AUTHD_BUILD") or os.path.join(
    os.path.dirname(__file__), "..", "..", "build")
SANITIZERS = {
    "ASAN_OPTIONS": "abort_on_error=0:exitcode=99:detect_leaks=1",
    "UBSAN_OPTIONS": "halt_on_error=1:exitcode=99:print_stacktrace=1",
    "LSAN_OPTIONS": "exitcode=99",
}


def ensure_user():
    try:
        pwd.getpwnam(USER)
    except KeyError:
        run("adduser", "--system", "--group", "--no-create-home", "--home", "/var/lib/smtp-authd", USER)


def program(name):
    folder = {"smtp-authd": "authd", "smtp-authctl": "authd/ctl", "smtp-authd-next": "tests/dialogue"}[name]
    path = os.path.join(BUILD, folder, name)
    if not os.path.exists(path):
        raise HarnessError(f"{path} is not built; AUTHD_BUILD names the build directory")
    return path


def new_password():
    """A random password that ends in a letter, so that its end is never taken for a code."""
    return secrets.token_hex(12) + "x"


@dataclass
class Result:
    """The result of authctl: `json` is the one JSON value that was printed, None if there was none."""

    status: int
    json: object
    text: str


class Authd:
    """`postgres` is an external cluster; without it authd embeds its own. `listeners` are added to the dovecot,
    saslauthd and http sockets that always exist, `settings` to the top of the configuration."""

    def __init__(self, postgres=None, listeners=(), settings=None, dovecot=None):
        ensure_user()
        self.directory = make_directory()
        self.state = os.path.join(self.directory, "state")
        self.database = os.path.join(self.state, "postgresql")  # the embedded one
        self.admin = os.path.join(self.directory, "admin")
        for path in (self.state, self.admin):
            os.mkdir(path, 0o700)
            shutil.chown(path, USER, USER)
        self.config_path = os.path.join(self.directory, "authd.yaml")
        self.log_path = os.path.join(self.directory, "authd.log")
        self.output_path = os.path.join(self.directory, "authd.out")
        self.dovecot = os.path.join(self.directory, "dovecot")
        self.saslauthd = os.path.join(self.directory, "saslauthd")
        self.http = os.path.join(self.admin, "http")
        self.process = None
        self.program = "smtp-authd"
        self.config = {
            "state_dir": self.state,
            "user": USER,
            "default_domain": "example.org",
            "database": {"mode": "embedded"},
            "password": {"min_length": "8", "min_score": "0"},  # tests use short, plain passwords
            "plugin_dir": self._copy_plugins(),
            "listeners": [
                {"protocol": "dovecot", "path": self.dovecot, "mode": "0666", **(dovecot or {})},
                {"protocol": "saslauthd", "path": self.saslauthd, "mode": "0666"},
                {"protocol": "http", "path": self.http, "mode": "0600", "admin": "peer"},
                *listeners,
            ],
            **(settings or {}),
        }
        if postgres:
            self.config["database"] = {"mode": "external", "url": postgres.url("authd", "authd_service"),
                                       "owner_url": postgres.url("authd", "authd_owner")}
            self.config["key_dir"] = self._share_keys(postgres)
        self.write_config()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.destroy()

    def _share_keys(self, postgres):
        """The directory of the key files, which all nodes of one database share."""
        directory = os.path.join(postgres.directory, "keys")
        if not os.path.exists(directory):
            os.mkdir(directory, 0o700)
            shutil.chown(directory, USER, USER)
        return directory

    def _copy_plugins(self):
        """Copies the plugins: the checkout may lie where authd's user may not enter, or be writable by others."""
        directory = os.path.join(self.directory, "plugins")
        os.mkdir(directory, 0o755)
        for path in glob.glob(os.path.join(BUILD, "plugins", "*.so")):
            os.chmod(shutil.copy(path, directory), 0o644)
        return directory

    def write_config(self):
        """Writes the configuration as JSON, which is valid YAML."""
        with open(self.config_path, "w", encoding="utf-8") as file:
            json.dump(self.config, file, indent=2)

    def command(self, *arguments):
        """Runs authd with this configuration until it exits (--migrate, --check-config)."""
        return run(program(self.program), "-c", self.config_path, *arguments, check=False,
                   env={**os.environ, **SANITIZERS})

    def migrate(self):
        done = self.command("--migrate")
        if done.returncode != 0:
            raise HarnessError(f"smtp-authd --migrate ended with {done.returncode}:\n{done.stdout}")

    def spawn(self):
        with open(self.output_path, "w", encoding="utf-8") as out, \
                open(self.log_path, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [program(self.program), "-c", self.config_path], stdin=subprocess.DEVNULL, stdout=out,
                stderr=log, env={**os.environ, **SANITIZERS}, start_new_session=True)

    def start(self):
        self.spawn()
        wait_until(lambda: self.is_ready() or self.process.poll() is not None, 60, "authd's `ready`")
        if self.process.poll() is not None:
            raise HarnessError(f"authd ended with {self.process.returncode}:\n{self.log_text()}")

    def is_ready(self):
        return re.search(r"^ready$", read_text(self.output_path), re.M)

    def stop(self):
        """Sends SIGTERM. An exit status other than 0, or a sanitizer's report, is an error."""
        if self.process:
            status = process_end(self.process, 30)
            self.process = None
            if status != 0 or "runtime error: " in self.log_text():
                raise HarnessError(f"authd ended with {status}:\n{self.log_text()}")

    def kill(self):
        """Kills authd with SIGKILL; the embedded database keeps running."""
        self.process.kill()
        self.process.wait()
        self.process = None

    def destroy(self):
        try:
            self.stop()
        finally:
            self._stop_orphaned_database()
            remove_directory(self.directory)

    def embedded_pid(self):
        """The process id of the embedded postmaster, 0 if it does not run."""
        first = read_text(os.path.join(self.database, "data", "postmaster.pid")).split("\n", 1)[0]
        return int(first) if first.isdigit() and process_alive(int(first)) else 0

    def write_local_conf(self, text):
        """Writes the administrator's settings of the embedded database, which override those of authd."""
        path = os.path.join(self.database, "local.conf")
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(path, 0o644)

    def embedded_log_text(self):
        return read_text(os.path.join(self.database, "log"))

    def _stop_orphaned_database(self):
        pid = self.embedded_pid()
        if pid:
            os.kill(pid, signal.SIGQUIT)
            wait_until(lambda: not os.path.exists(f"/proc/{pid}"), what="the embedded database's end")

    def authctl(self, *words, password=None, check=True):
        """Runs authctl --json on the administrator's socket; `password` goes to its standard input."""
        argv = [program("smtp-authctl"), "--socket", self.http, "--json", "--yes", *words]
        if password is not None:
            argv.append("--password-stdin")
        done = subprocess.run(argv, input=password or "", capture_output=True, text=True, timeout=60,
                              env={**os.environ, **SANITIZERS}, check=False)
        if check and done.returncode != 0:
            raise HarnessError(f"authctl {words} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        value = json.loads(done.stdout) if done.stdout.strip() else None
        return Result(done.returncode, value, done.stdout + done.stderr)

    def add_user(self, login, password):
        return self.authctl("user", "add", login, password=password).json

    def log_text(self):
        return read_text(self.log_path)

    def events(self, name="auth", since=0):
        """The log's lines of one event, as dictionaries, from the offset `since` on."""
        lines = self.log_text()[since:].splitlines()
        return [parse_line(line) for line in lines if parse_line(line)["event"] == name]

    def wait_event(self, since=0, seconds=10, **fields):
        """The first `auth` line from the offset `since` on in which all fields have these values."""
        def find():
            return next((event for event in self.events(since=since)
                         if all(event.get(key) == value for key, value in fields.items())), None)
        return wait_until(find, seconds, f"a log line with {fields}")

    def log_size(self):
        """The length of the log, once the log has everything that has happened until now. Lines are written in order,
        but a moment later; a line caused by this function shows when the earlier ones are there."""
        reference = self._leave_mark()
        if reference:
            wait_until(lambda: f" ref={reference}" in self.log_text(), what="our own log line")
        return len(self.log_text())

    def _leave_mark(self):
        """Asks for a page that does not exist; returns the answer's reference, which the log will contain. None:
        authd does not run."""
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(20)
            try:
                sock.connect(self.http)
                sock.sendall(b"GET /mark HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                answer = sock.makefile("rb").read().decode("utf-8")
            except (FileNotFoundError, ConnectionError):
                return None
        return re.search(r'"reference": ?"(\w+)"', answer)[1]


def parse_line(line):
    """The fields of one kv line of the log."""
    pairs = re.findall(r'(\w+)=("(?:[^"\\]|\\.)*"|\S*)', line)
    fields = {key: value[1:-1] if value[:1] == '"' else value for key, value in pairs}
    return {"event": "", **fields}
