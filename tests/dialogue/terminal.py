"""A program on a terminal: the input that a person types, and the output that is displayed."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time


class Terminal:
    """Runs argv with all its standard files on one terminal, `columns` wide."""

    def __init__(self, argv, columns=80, **environment):
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.master = master
        self.text = ""
        self.process = subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                                        env={**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC", **environment})
        os.close(slave)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)

    def _read(self, deadline):
        """Reads the next output. False: the program has ended and all output was read."""
        if not select.select([self.master], [], [], max(0, deadline - time.monotonic()))[0]:
            raise AssertionError(f"nothing more was printed after:\n{self.text}")
        try:
            more = os.read(self.master, 65536)
        except OSError:
            more = b""
        self.text += more.decode("utf-8").replace("\r\n", "\n")
        return more != b""

    def expect(self, text, seconds=20):
        """Waits until the text was displayed."""
        deadline = time.monotonic() + seconds
        while text not in self.text:
            assert self._read(deadline), f"no {text!r} in:\n{self.text}"

    def type(self, text):
        os.write(self.master, text.encode())

    def echoes(self):
        return bool(termios.tcgetattr(self.master)[3] & termios.ECHO)

    def finish(self, seconds=20):
        """Waits for the end; returns (exit status, all output)."""
        deadline = time.monotonic() + seconds
        while self._read(deadline):
            pass
        return self.process.wait(timeout=seconds), self.text
