"""An operator's end of a console: types lines, reads what is shown, and notes all of it.

  console = Console(bench.alice.console)
  console.ask("status")    # the lines of the answer
"""

import os
import re
import time

import pexpect
import pexpect.fdpexpect

PROMPT = re.compile(r"gimbal-(alice|bob)> ")
ANYTHING = re.compile(r".+", re.S)
ANSWER_SECONDS_MAX = 60
# What a terminal is told besides text: to delete the rest of the row, and to move the cursor back.
CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Fallen(Exception):
    """The console shows something that is no answer."""


class Console:
    """A console behind the path of a terminal, a descriptor to read and write, or a child of pexpect."""

    def __init__(self, where, writes=None):
        self.shown = []
        self.descriptors = []
        if isinstance(where, pexpect.spawn):
            self.child = where
        else:
            descriptor = where if isinstance(where, int) else os.open(where, os.O_RDWR | os.O_NOCTTY)
            self.descriptors = [] if isinstance(where, int) else [descriptor]
            self.child = pexpect.fdpexpect.fdspawn(descriptor, encoding="latin-1")
        self.child.timeout = ANSWER_SECONDS_MAX
        self.child.delaybeforesend = None
        self.child.logfile_read = self
        self.writes = writes

    # What pexpect calls with everything that it reads.
    def write(self, text):
        self.shown.append(text)

    def flush(self):
        """Nothing waits."""

    def close(self):
        for descriptor in self.descriptors:
            os.close(descriptor)

    @property
    def transcript(self):
        return "".join(self.shown)

    def type(self, text):
        """Presses keys and waits for nothing."""
        if self.writes is not None:
            os.write(self.writes, text.encode("latin-1"))
        else:
            self.child.send(text)

    def expect(self, text, seconds=ANSWER_SECONDS_MAX):
        """What is shown up to and with `text`."""
        self.child.expect_exact(text, timeout=seconds)
        return self.child.before + self.child.after

    def ask(self, line):
        """Types a line; the lines of its answer."""
        self.type(line + "\r")
        self.expect("\r\n")
        return self.answer()

    def answer(self):
        """The lines up to the next prompt on a row of its own."""
        shown = ""
        while True:
            self.child.expect(PROMPT)
            shown += self.child.before
            if shown == "" or shown.endswith("\r\n"):
                return shown.split("\r\n")[:-1]
            shown += self.child.after

    def settle(self, seconds=0.3):
        """Everything that is shown until nothing comes for a while."""
        shown = ""
        while self.child.expect([ANYTHING, pexpect.TIMEOUT], timeout=seconds) == 0:
            shown += self.child.after
        return shown

    def fresh(self):
        """Comes to an empty line behind a prompt, whatever was shown or typed before."""
        self.type("\x03")
        self.settle()
        if self.ask("") != []:
            raise Fallen("an empty line was answered")

    def wait(self, line, text, seconds=60):
        """Types a line again and again until its answer holds `text`; that answer."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            answer = self.ask(line)
            if text in "\n".join(answer):
                return answer
            time.sleep(0.02)
        raise Fallen(f"{line}: {text} did not come: {answer}")


def agrees(shown, expected):
    """Whether lines are those that a page shows."""
    if not expected:
        return not shown
    if expected[0] == "...":
        return any(agrees(shown[first:], expected[1:]) for first in range(len(shown) + 1))
    if not shown:
        return False
    pattern = ".+".join(re.escape(part) for part in expected[0].split("..."))
    return re.fullmatch(pattern, shown[0]) is not None and agrees(shown[1:], expected[1:])


def rows(text):
    """What a terminal of enough columns holds after `text`, row by row: carriage returns, backspaces, cursor moves."""
    lines, line, at, index = [], [], 0, 0
    while index < len(text):
        control = CONTROL.match(text, index)
        if control:
            index = control.end()
            kind, number = control[0][-1], control[0][2:-1]
            if kind == "K":
                del line[at:]
            elif kind == "D":
                at -= int(number or 1)
            elif kind == "J":
                lines, line, at = [], [], 0
            continue
        character = text[index]
        index += 1
        if character == "\r":
            at = 0
        elif character == "\b":
            at = max(0, at - 1)
        elif character == "\n":
            lines.append("".join(line))
            line = []
        elif character >= " ":
            line[at : at + 1] = [character]
            at += 1
    return [*lines, "".join(line)]
