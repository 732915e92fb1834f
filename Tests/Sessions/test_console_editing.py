"""Keys of the line editor through a pseudo terminal, hostile bytes, and events that come while somebody types."""

import random
import re
import unittest

from bench import Bench
from console import Console, rows

LEFT, RIGHT, UP, DOWN = "\x1b[D", "\x1b[C", "\x1b[A", "\x1b[B"
HOME, END, DELETE = "\x1b[H", "\x1b[F", "\x1b[3~"
PROMPT = "gimbal-bob> "
LINE_BYTES_MAX = 128


class EditingCase(unittest.TestCase):
    settings = {"log_level": 0, "exchange_frames": 60}

    @classmethod
    def setUpClass(cls):
        cls.bench = Bench("bench", 1, settings=cls.settings, delivers=False)
        cls.addClassCleanup(cls.bench.stop)
        cls.bench.start()
        cls.bob = Console(cls.bench.bob.console)
        cls.addClassCleanup(cls.bob.close)
        cls.bob.wait("report", "link_up=1")

    def setUp(self):
        self.bob.fresh()

    def row(self, keys):
        """The row of the cursor after some keys, without the prompt."""
        start = len(self.bob.shown)
        self.bob.type(keys)
        self.bob.settle()
        shown = rows(PROMPT + "".join(self.bob.shown[start:]))[-1]
        self.assertTrue(shown.startswith(PROMPT), shown)
        return shown[len(PROMPT) :]


class KeyTests(EditingCase):
    def test_keys_ofEveryKind_leaveTheLineThatTheyShould(self):
        lines = {
            "tatus" + HOME + "s": "status",
            "tatus\x01s": "status",
            "sttus" + LEFT * 3 + "a": "status",
            "staus\x02\x02t\x05x": "statusx",
            "xstatus" + HOME + DELETE + END + "!": "status!",
            "xstatus\x01\x04": "status",
            "statuss\x7f": "status",
            "statuss\b": "status",
            "status link\x17": "status ",
            "status link\x17\x17": "",
            "status link" + LEFT * 4 + "\x0b": "status ",
            "status link" + LEFT * 4 + "\x15": "link",
            "status" + LEFT * 99 + RIGHT * 99 + "x": "statusx",
            "stat\x0c": "stat",
            "sta\x01\x06\x06x": "stxa",
            "sta\x1bOHx\x1bOFy": "xstay",
        }
        for keys, line in lines.items():
            with self.subTest(keys=keys):
                self.bob.fresh()
                # A deleted character at the end is overwritten by a space.
                self.assertEqual(self.row(keys).rstrip(), line.rstrip())

    def test_controlC_abandonsTheLine_andNothingRuns(self):
        self.bob.type("zeroize now\x03")
        self.assertIn("^C", self.bob.settle())
        self.assertEqual(self.bob.ask("report")[0], "state=idle")

    def test_controlL_clearsTheScreenAndKeepsTheLine(self):
        self.bob.type("vers\x0c")
        self.assertTrue(self.bob.settle().endswith("\x1b[H\x1b[2J\r" + PROMPT + "vers\x1b[K"))
        self.bob.type("ion\r")
        self.bob.expect("gimbal 0")

    def test_editedLine_isWhatRuns(self):
        self.bob.type("ersion" + HOME + "v" + END + "xx\b\x7f\r")
        self.bob.expect("\r\n")
        self.assertTrue(self.bob.answer()[0].startswith("gimbal "))

    def test_history_upAndDown_showsTheLastEightLines(self):
        for number in range(1, 11):
            self.bob.ask(f"# {number}")
        self.assertEqual(self.row(UP), "# 10")
        self.assertEqual(self.row(UP * 2), "# 8")
        self.assertEqual(self.row(DOWN), "# 9")
        self.assertEqual(self.row("\x10" * 20), "# 3")
        self.assertEqual(self.row("\x0e" * 20), "")
        self.bob.ask("version")
        self.bob.type(UP + "\r")
        self.bob.expect("\r\n")
        self.assertTrue(self.bob.answer()[0].startswith("gimbal "))

    def test_tab_completesAndLists(self):
        self.assertEqual(self.row("vers\t"), "version ")
        self.bob.fresh()
        self.assertEqual(self.row("set epsilon_s\t"), "set epsilon_secret ")
        self.bob.fresh()
        self.assertEqual(self.row("set epsilon_\t"), "set epsilon_")
        self.assertIn("epsilon_secret  epsilon_correct", self.bob.transcript)
        self.bob.fresh()
        self.assertEqual(self.row("zzz\t"), "zzz")

    def test_questionMark_explainsAndKeepsTheLine(self):
        self.assertEqual(self.row("set ad_block ?"), "set ad_block ")
        self.assertIn("VALUE: a number below 2^64", self.bob.transcript)
        self.bob.fresh()
        self.assertEqual(self.row("zzz?"), "zzz")
        self.assertIn("no command begins so", self.bob.transcript)

    def test_prefix_ofOneCommandOnly_isThatCommand(self):
        self.assertEqual(self.bob.ask("vers"), self.bob.ask("version"))
        self.assertEqual(self.bob.ask("VER"), self.bob.ask("version"))
        self.assertRegex(self.bob.ask("re")[0], "^error: console: several commands begin so")

    def test_escapeSequence_inTwoPieces_isOneKey(self):
        for first, second in (("\x1b", "[D"), ("\x1b[", "D"), ("\x1b[3", "~"), ("\x1bO", "D")):
            with self.subTest(first=first, second=second):
                self.bob.type("ab" + (LEFT if second == "~" else "") + first)
                self.bob.settle(1)
                self.assertEqual(self.row(second + "x"), "ax" if second == "~" else "axb")
                self.bob.fresh()

    def test_newline_inEveryForm_endsOneLine(self):
        for end in ("\r", "\n", "\r\n"):
            self.bob.type("# x" + end)
            self.assertEqual(self.bob.settle().count(PROMPT), 1, repr(end))


class HostileTests(EditingCase):
    def test_overlongLine_takesNoMore_andIsRefusedInOneRow(self):
        self.bob.type("x" * 3000)
        self.bob.settle()
        self.bob.type("\r")
        shown = rows(self.bob.settle())
        self.assertEqual(shown[-1].strip(), PROMPT.strip())
        self.assertIn("error: console: unknown command  type help", shown)
        self.bob.type("#" + "y" * (LINE_BYTES_MAX - 1) + "zeroize now\r")
        self.bob.settle()
        self.assertEqual(self.bob.ask("report")[0], "state=idle")

    def test_longLine_staysOnOneRowOfEightyColumns(self):
        start = len(self.bob.shown)
        self.bob.type("# " + "abcdefghij" * 12)
        self.bob.settle()
        self.bob.type(LEFT * 100 + RIGHT * 50)
        self.bob.settle()
        widths = [len(row) for row in rows(PROMPT + "".join(self.bob.shown[start:]))]
        self.assertLess(max(widths), 80)

    def test_noise_ofSeededBytes_leavesAModuleThatGoesOn(self):
        ticks = self.ticks()
        for seed in range(20):
            noise = random.Random(seed)
            # What noise could spell by chance and nobody could take back is left out by its first letter.
            text = "".join(chr(noise.randrange(256)) for _ in range(400)).replace("z", "").replace("Z", "")
            self.bob.type(text)
            self.bob.settle(0.05)
            self.bob.fresh()
            self.assertEqual(self.bob.ask("report")[0], "state=idle", f"seed {seed}")
            later = self.ticks()
            self.assertGreater(later, ticks, f"seed {seed}")
            ticks = later

    def ticks(self):
        return int(self.bob.ask("report")[-1].removeprefix("ticks="))


class NewsTests(EditingCase):
    """Events above the line that is being typed."""

    settings = {"log_level": 3, "exchange_frames": 60}

    def setUp(self):
        self.bob.type("\x03")
        self.bob.settle()

    def test_halfALine_whileEventsHappen_isDrawnAgainAndWorks(self):
        alice = Console(self.bench.alice.console)
        self.addCleanup(alice.close)
        alice.type("\x03")
        alice.settle()
        self.bob.type("versio" + LEFT * 2)
        self.bob.settle()
        alice.type("start\r")
        shown = self.bob.expect("state idle, was draining") + self.bob.settle(1)
        for event in ("state acquiring, was idle", "state exchanging, was acquiring", "state draining"):
            self.assertIn(event, shown)
        # Every event stands on a row of its own, and below it the prompt, the half line and the cursor in it.
        again = f"\r{PROMPT}versio\x1b[K\x1b[2D"
        for row in re.findall(r"\r\x1b\[K(.*?)" + re.escape(again), shown, re.S):
            self.assertRegex(row, r"^([0-9.]+ s +\S.*\r\n)+$")
        self.assertTrue(shown.endswith(again), repr(shown[-200:]))
        self.assertEqual(rows(shown)[-1], f"{PROMPT}versio")
        self.bob.type(END + "n\r")
        self.assertIn("n\r\ngimbal ", self.bob.settle())

    def test_level_ofEvents_chooses(self):
        self.assertIn("log      off", self.bob.ask("log off"))
        self.bob.settle()
        self.bob.ask("gate 1100")
        self.assertEqual(self.bob.settle(1), "")
        self.bob.ask("log notice")
        self.bob.ask("gate 1000")
        self.assertIn("gate_delay_ps 1000", self.bob.settle(1))


if __name__ == "__main__":
    unittest.main()
