"""The twin's server as the other side of the guest's devices, with its commands."""

import pathlib
import shutil
import socket
import tempfile
import time

from bench import BUILD, Process

# The agent asks for something every 10 ms; without, the computer of the guest stands still.
PATIENCE_MS = 20
# A bound for what never comes.
WAIT_SECONDS_MAX = 120


class Board:
    """`twin serve` in a folder of its own; leaving the block ends it."""

    def __init__(self, pace, scenario="bench", seed=1):
        self.options = ["--scenario", scenario, "--seed", seed, "--pace", pace, "--patience", PATIENCE_MS]
        self.folder = self.server = self.connection = None

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gimbal-hil-"))
        try:
            path = self.folder / "board"
            self.server = Process([BUILD / "twin", "serve", *self.options, "--socket", path, "--control"])
            self.server.line_after("serving ")
            self.connection = socket.socket(socket.AF_UNIX)
            self.connection.connect(f"{path}.control")
            self.answers = self.connection.makefile("r")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.connection:
            self.connection.close()
        if self.server:
            self.server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, role):
        return self.folder / f"board.{role}"

    def order(self, command):
        """The answer to a command of Documentation/Protocol/Board.md."""
        self.connection.sendall(f"{command}\n".encode())
        answer = self.answers.readline().strip()
        if not answer or answer.startswith("error"):
            raise AssertionError(f"{command}: {answer or 'the server is gone'}")
        return answer

    def levels(self, role):
        return self.facts(f"lines {role}")

    def facts(self, command):
        return dict(fact.split("=") for fact in self.order(command).split())

    def wait_for(self, command, **facts):
        """Waits until the answer to `command` has these facts."""
        end = time.monotonic() + WAIT_SECONDS_MAX
        while not facts.items() <= (seen := self.facts(command)).items():
            if time.monotonic() > end:
                raise AssertionError(f"{command}: not {facts}: {seen}")
            time.sleep(0.05)
