"""The ways to a console: pseudo terminal, picocom, serial line, pipes, none; and a terminal that nobody reads."""

import pathlib
import re
import subprocess
import tempfile
import time
import unittest

import pexpect

from bench import BUILD, Bench
from console import Console

SETTINGS = {"log_level": 0, "exchange_frames": 95}
BAUD = "115200"


class TerminalCase(unittest.TestCase):
    def bench(self, **arguments):
        bench = Bench("bench", 1, settings=SETTINGS, **arguments)
        self.addCleanup(bench.stop)
        bench.start()
        return bench

    def console(self, where, writes=None):
        console = Console(where, writes)
        self.addCleanup(console.close)
        return console

    def finishes(self, console):
        """A session that this console starts ends as it should."""
        console.wait("report", "link_up=1")
        self.assertEqual(console.ask("start"), ["starting"])
        return console.wait("report", "session=finished")


class PseudoTerminalTests(TerminalCase):
    def test_pty_secondOperator_findsTheSameConsole(self):
        path = self.bench().bob.console
        first = Console(path)
        first.ask("version")
        first.close()
        self.assertTrue(self.console(path).ask("version")[0].startswith("gimbal "))

    def test_picocom_session_worksAndLeavesTheConsole(self):
        path = self.bench().bob.console
        child = pexpect.spawn("picocom", ["-b", BAUD, path], encoding="latin-1")
        self.addCleanup(child.close, True)
        child.expect("Terminal ready")
        console = self.console(child)
        console.type("\r")
        console.settle()
        self.assertTrue(console.ask("version")[0].startswith("gimbal "))
        # Ctrl-A is picocom's own; typed twice it is sent once.
        console.type("ersion\x01\x01v\r")
        self.assertIn("\r\ngimbal ", console.settle())
        self.assertRegex(console.ask("set ad_block")[0], "^error: set: wrong argument count")
        console.type("\x01\x18")
        child.expect(pexpect.EOF)
        self.assertTrue(self.console(path).ask("version")[0].startswith("gimbal "))


class SerialTests(TerminalCase):
    def test_serialLine_ofTwoEnds_carriesASession(self):
        with tempfile.TemporaryDirectory() as folder:
            ends = [f"{folder}/{name}" for name in ("module", "operator")]
            cable = subprocess.Popen(["socat", *(f"pty,raw,echo=0,link={end},b{BAUD}" for end in ends)])
            self.addCleanup(cable.wait)
            self.addCleanup(cable.terminate)
            while not all(pathlib.Path(end).exists() for end in ends):
                time.sleep(0.05)
            self.bench(bob=["--baud", BAUD], consoles={"bob": f"tty:{ends[0]}"})
            console = self.console(ends[1])
            console.expect("gimbal-bob> ")
            self.finishes(console)
            self.assertEqual(len(console.ask("help")), len(console.ask("help")))

    def test_serialLine_thatIsNone_isRefusedInOneLine(self):
        arguments = ["--role", "bob", "--board", "unix:/nowhere", "--link", "connect:127.0.0.1:9", "--psk", "/dev/null"]
        arguments += ["--journal", "/nowhere/journal"]
        for more, message in (
            (["--console", "tty:"], "bad value of --console"),
            (["--console", "telnet"], "bad value of --console"),
            (["--baud", "fast"], "bad value of --baud"),
        ):
            outcome = subprocess.run([BUILD / "gimbal", *arguments, *more], capture_output=True, text=True, check=False)
            self.assertEqual(outcome.returncode, 2)
            self.assertRegex(outcome.stderr, f"^error: options: {message}.*\n$")


class PipeTests(TerminalCase):
    def test_stdio_throughPipes_answersAndGoesOnWhenTheyEnd(self):
        bench = self.bench(consoles={"alice": "stdio"})
        pipes = bench.alice.process
        alice = self.console(pipes.stdout.fileno(), pipes.stdin.fileno())
        alice.expect("gimbal-alice> ")
        self.finishes(alice)
        pipes.stdin.close()
        bob = self.console(bench.bob.console)
        self.finishes(bob)
        self.assertIsNone(pipes.poll())

    def test_noConsole_atOneModule_sessionsRun(self):
        bench = self.bench(consoles={"alice": "none"})
        bob = self.console(bench.bob.console)
        self.finishes(bob)
        self.assertIsNone(bench.alice.process.poll())


class UnreadTests(TerminalCase):
    def test_terminal_thatNobodyReads_delaysNothing(self):
        bench = self.bench()
        alice, bob = self.console(bench.alice.console), self.console(bench.bob.console)
        alice.wait("report", "link_up=1")
        for _ in range(300):
            alice.type("help\r")
        before = self.ticks(bob)
        end = time.monotonic() + 3
        while time.monotonic() < end:
            time.sleep(0.1)
        self.assertGreater(self.ticks(bob), before + 100)
        report = self.finishes(bob)
        self.assertIn("deadline_misses=0", report)
        lost = re.search(r"\[(\d+) bytes were lost\]", alice.settle(2))
        self.assertGreater(int(lost[1]), 100_000)
        alice.fresh()
        answer = alice.ask("report")
        self.assertIn("session=finished", answer)
        self.assertIn("deadline_misses=0", answer)

    def ticks(self, console):
        return int(console.ask("report")[-1].removeprefix("ticks="))


if __name__ == "__main__":
    unittest.main()
