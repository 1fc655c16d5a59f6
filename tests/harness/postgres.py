"""A private PostgreSQL cluster for one test run: a directory and a unix socket of its own, no TCP, no fsync."""

import glob
import os
import pwd
import signal
import time

from .private import HarnessError, make_directory, read_text, remove_directory, run

USER = "postgres"
ROLES = os.path.join(os.path.dirname(__file__), "..", "..", "schema", "roles.sql")


def program(name):
    """The program of the newest installed server; Debian keeps these programs out of PATH."""
    found = glob.glob(f"/usr/lib/postgresql/*/bin/{name}")
    if not found:
        raise HarnessError(f"no PostgreSQL server is installed ({name} not found)")
    return max(found, key=lambda path: int(path.split("/")[4]))


class Postgres:
    """A server that runs as the system user `postgres`. Every user on the socket may take every role (trust)."""

    def __init__(self, settings=()):
        self.directory = make_directory()
        self.data = os.path.join(self.directory, "data")
        self.log = os.path.join(self.directory, "postgresql.log")
        owner = pwd.getpwnam(USER)
        os.chown(self.directory, owner.pw_uid, owner.pw_gid)
        self._as_owner("initdb", "-D", self.data, "-A", "trust", "-U", USER, "-E", "UTF8",
                       "--locale=C.UTF-8", "--no-sync")
        with open(os.path.join(self.data, "postgresql.conf"), "a", encoding="ascii") as file:
            file.write(f"listen_addresses = ''\nunix_socket_directories = '{self.directory}'\n"
                       "fsync = off\nfull_page_writes = off\nshared_buffers = 32MB\n"
                       "max_connections = 100\nlog_line_prefix = '%m [%p] %u '\n")
            file.writelines(f"{line}\n" for line in settings)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.destroy()

    def _as_owner(self, name, *arguments, check=True):
        argv = [program(name), *arguments]
        if os.geteuid() == 0:
            argv = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups", *argv]
        # The caller's directory may be closed to the owner; every user may enter this one.
        return run(*argv, cwd="/", check=check, env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"})

    def start(self):
        # pg_ctl passes its stdout on to the server, so reading a pipe there would never end.
        self._as_owner("pg_ctl", "-D", self.data, "-l", self.log, "-w", "-t", "30", "-s", "start")

    def stop(self, mode="fast"):
        self.resume()
        self._as_owner("pg_ctl", "-D", self.data, "-m", mode, "-w", "-t", "30", "-s", "stop",
                       check=False)

    def restart(self):
        self.stop()
        self.start()

    def destroy(self):
        if self.pid():
            self.stop("immediate")
        remove_directory(self.directory)

    def pid(self):
        """The process id of the postmaster, 0 if it does not run."""
        first = read_text(os.path.join(self.data, "postmaster.pid")).split("\n", 1)[0]
        return int(first) if first.isdigit() and os.path.exists(f"/proc/{first}") else 0

    def _processes(self):
        parent = self.pid()
        children = run("ps", "-o", "pid=", "--ppid", parent, check=False).stdout.split() if parent else []
        return [pid for pid in [parent, *map(int, children)] if pid]

    def _signal(self, number):
        for pid in self._processes():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def hang(self):
        """Stops every process of the server with SIGSTOP: connections stay open and nothing answers."""
        self._signal(signal.SIGSTOP)
        time.sleep(0.05)
        self._signal(signal.SIGSTOP)  # a backend that was being forked during the first round

    def resume(self):
        self._signal(signal.SIGCONT)

    def url(self, database="postgres", user=USER):
        return f"host={self.directory} dbname={database} user={user}"

    def psql(self, sql, database="postgres", user=USER):
        """Runs SQL and returns its output, unaligned and without headings."""
        return run(program("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
                   self.url(database, user), "-f", "-", input=sql).stdout.strip()

    def dump(self, database):
        """The text of a backup of the database."""
        return run(program("pg_dump"), "-d", self.url(database)).stdout

    def create_authd_database(self, name="authd"):
        """Creates the two roles and the empty database with which an external installation begins."""
        self.psql(read_text(ROLES))
        self.psql(f"CREATE DATABASE {name} OWNER authd_owner TEMPLATE template0 ENCODING 'UTF8';")

    def log_text(self):
        return read_text(self.log)
