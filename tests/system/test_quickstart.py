"""authd/quickstart as a user runs it, on ports of its own and beside a running site."""

import functools
import glob
import os
import signal
import socket
import subprocess

import pytest

from harness.private import free_ports, process_alive, read_text, run, wait_until

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
QUICKSTART = os.path.join(ROOT, "authd", "quickstart")
PREFIX = "/tmp/authd-quickstart."


def remains():
    """Directories of quickstarts, and processes whose command line names such a directory."""
    processes = [path for path in glob.glob("/proc/[0-9]*/cmdline") if PREFIX in read_text(path)]
    return {*glob.glob(f"{PREFIX}*"), *processes}


@pytest.fixture()
def ports():
    return [str(port) for port in free_ports(2)]


def test_once_checks_itself_and_leaves_nothing(ports):
    before = remains()
    done = run(QUICKSTART, "--once", "--port", ports[0], "--tls-port", ports[1], check=False, timeout=600)
    assert done.returncode == 0, done.stdout
    assert "not ok" not in done.stdout
    assert "0 failed" in done.stdout.splitlines()[-1]
    for line in ("235 2.7.0", "535 5.7.8", "530 5.7.0", "reason=suspended", "reason=wrong-password"):
        assert line in done.stdout
    assert remains() <= before


def test_taken_port_is_named(ports):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(ports[0])))
        taken.listen()
        done = run(QUICKSTART, "--once", "--port", ports[0], "--tls-port", ports[1], check=False)
    assert done.returncode == 1
    assert ports[0] in done.stdout


def test_stays_up_until_interrupted(ports, tmp_path):
    before = remains()
    output = tmp_path / "output"
    with open(output, "w", encoding="utf-8") as file:
        process = subprocess.Popen([QUICKSTART, "--port", ports[0], "--tls-port", ports[1]], stdout=file,
                                   stderr=file, stdin=subprocess.DEVNULL, start_new_session=True,
                                   # undo a shell's setting for background processes
                                   preexec_fn=functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL))
    try:
        wait_until(lambda: "Ctrl-C stops everything" in read_text(output) or process.poll() is not None,
                   600, "the quickstart")
        assert process.poll() is None, read_text(output)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does at Ctrl-C
        assert process.wait(60) == 0, read_text(output)
    finally:
        if process_alive(process.pid):
            process.terminate()
            process.wait()
    assert remains() <= before
