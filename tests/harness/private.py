"""Private directories, ports and processes. Everything that a test starts can run beside other tests and beside the
machine's own services, and is ended by its process id."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time


class HarnessError(Exception):
    """The surroundings of a test failed, not the program under test."""


def make_directory():
    """Makes a directory with a short name (a socket path has at most 107 bytes) that other users may pass through."""
    path = tempfile.mkdtemp(prefix="authd-", dir="/tmp")
    os.chmod(path, 0o711)
    return path


def remove_directory(path):
    shutil.rmtree(path, ignore_errors=True)


def free_ports(count=1):
    """Distinct loopback ports on which no program listens; all are held until all are found."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for sock in sockets:
            sock.bind(("127.0.0.1", 0))
        return [sock.getsockname()[1] for sock in sockets]
    finally:
        for sock in sockets:
            sock.close()


def run(*argv, check=True, timeout=60, **options):
    """Runs a program until it exits; returns it with its output, stderr included."""
    done = subprocess.run(
        [str(word) for word in argv],
        stdin=options.pop("stdin", subprocess.DEVNULL if "input" not in options else None),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=timeout,
        **options,
    )
    if check and done.returncode != 0:
        raise HarnessError(f"{argv} ended with {done.returncode}:\n{done.stdout}")
    return done


def wait_until(condition, seconds=15, what="condition", interval=0.02):
    """Polls until `condition()` is true and returns its value."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise HarnessError(f"{what}: not within {seconds} s")
        time.sleep(interval)


def process_alive(pid):
    """True while the process runs; a zombie does not run any more."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def process_end(process, seconds=15):
    """Sends SIGTERM, and SIGKILL if the process does not end. Returns the exit status."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


def read_text(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def port_answers(port, banner=b""):
    """True if a server accepts connections on the port and, if `banner` is given, greets with it."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as sock:
            sock.settimeout(5)
            return sock.recv(len(banner)) == banner if banner else True
    except OSError:
        return False
