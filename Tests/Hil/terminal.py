"""The operator's end of a console in the guest."""

import re
import socket

ANSWER_SECONDS_MAX = 60
# What a terminal is told besides text.
CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|\r")
PROMPT = re.compile(r"gimbal-(alice|bob)> $")


class Terminal:
    """Lines to a serial device of the guest and what comes back, through the socket of the device."""

    def __init__(self, path):
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.settimeout(ANSWER_SECONDS_MAX)
        self.connection.connect(str(path))
        self.shown = ""

    def close(self):
        self.connection.close()

    def ask(self, line=""):
        """Types a line; what is shown up to the next prompt. News of the module may stand in it."""
        self.shown = ""
        self.connection.sendall(f"{line}\r".encode())
        while not (f"{line}\r\n" in self.shown and PROMPT.search(self.shown)):
            try:
                more = self.connection.recv(65536)
            except TimeoutError:
                more = b""
            if not more:
                raise AssertionError(f"{line}: no answer: {self.shown}")
            self.shown += more.decode("latin-1")
        return CONTROL.sub("", self.shown.split(f"{line}\r\n", 1)[1])

    def report(self):
        """The facts of `report`."""
        return dict(line.split("=", 1) for line in self.ask("report").splitlines() if re.match(r"[a-z_]+=", line))
