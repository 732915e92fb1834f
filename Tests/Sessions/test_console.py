"""Every row of the command table at both roles: what it answers, and what it refuses without a trace."""

import pathlib
import re
import unittest

from bench import REPOSITORY, Bench
from console import Console, agrees

ROLES = ("alice", "bob")
# Short blocks, so that a session soon has one; and no events between the answers.
SETTINGS = {"block_bits": 150000, "log_level": 0}
# Behind each the role follows.
FILES = {"--trace": "{folder}/trace.", "--update": "{folder}/program."}
KEY = re.compile(r"[0-9a-fA-F]{64}")
COLUMNS_MAX = 100
# Behind this no prompt comes.
SILENT = {"scpi"}
# A word that an argument of the kind cannot be, and one that it can.
WORDS = {
    "COMMAND": ("nothing", "start"),
    "SUBJECT": ("start", "link"),
    "FIELD": ("nothing", "epsilon_secret"),
    "VALUE": ("-1", "9"),
    "REGISTER": ("nothing", "SCRATCH"),
    "NUMBER": ("-1", "1"),
    "PS": ("40951", "1000"),
    "CDB": ("4001", "0"),
    "MILLIONTHS": ("1048576", "140000"),
    "INTENSITY": ("bright", "decoy"),
    "ADDRESS": ("0x07", "0x48"),
    "COUNT": ("0", "3"),
    "ACTION": ("turn", "run"),
    "MM": ("-1", "2500"),
    "MM/S": ("9000001", "-30000"),
    "MM/S2": ("100001", "-10000"),
    "LEVEL": ("loud", "error"),
    "ALARM": ("nothing", "fault"),
    "run": ("now", "run"),
    "now": ("no", "now"),
}
# Kinds whose names only the command itself knows; it says so in words of its own.
NAMES = {"COMMAND", "SUBJECT", "FIELD", "VALUE", "REGISTER", "ALARM"}


def table(console):
    """The usage of every verb, as `help` tells it, word by word; what may be left out stands in brackets."""
    usages = [line.split("  ")[0].split() for line in console.ask("help")]
    return {words[0]: words for words in usages}


def manual(name):
    """The rows of a table of Commands.md whose header begins with `name`: first cell to the others."""
    page = (REPOSITORY / "Documentation" / "Commands.md").read_text()
    body = page.split(f"| {name} |")[1].split("\n\n")[0]
    cells = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in body.splitlines()[2:]]
    return {row[0].strip("`").split()[0]: row[1:] for row in cells}


def transcripts():
    """(verb, role) to the steps of a session: what is typed, how, and what is shown."""
    sessions = {}
    text = (pathlib.Path(__file__).resolve().parent / "verbs.txt").read_text()
    for section in text.split("\n== ")[1:]:
        head, *lines = section.rstrip().splitlines()
        verb, *role = head.split()
        steps = []
        for line in lines:
            if line[:2] in ("> ", "~ ", "$ "):
                steps.append((line[2:], line[0], []))
            else:
                steps[-1][2].append(line)
        for name in role or ROLES:
            sessions[verb, name] = steps
    return sessions


def kinds(words):
    return [word.strip("[]") for word in words[1:]]


def full_line(words):
    """A good call of the verb with all its arguments."""
    return " ".join([words[0], *(WORDS[kind][1] for kind in kinds(words))])


def facts(console):
    """What a refusal must leave as it is."""
    return console.ask("show running"), console.ask("changes"), console.ask("report")[0]


class ConsoleCase(unittest.TestCase):
    """Modules for all tests of a class, and what holds for everything that their consoles ever show."""

    arguments = {"alice": (), "bob": ()}
    settings = SETTINGS

    @classmethod
    def setUpClass(cls):
        files = {role: list(cls.arguments[role]) for role in ROLES}
        for role in ROLES:
            for option, path in FILES.items():
                files[role] += [option, path + role]
        cls.bench = Bench("bench", 1, settings=cls.settings, **files)
        cls.addClassCleanup(cls.bench.stop)
        cls.bench.start()
        cls.consoles = {role: Console(getattr(cls.bench, role).console) for role in ROLES}
        for console in cls.consoles.values():
            cls.addClassCleanup(console.close)
            console.wait("report", "link_up=1")

    @classmethod
    def tearDownClass(cls):
        for role, console in cls.consoles.items():
            assert not KEY.search(console.transcript), f"{role} showed 64 hexadecimal digits in a row"

    def come_to_rest(self):
        """Ends what an earlier session left, at both modules."""
        for console in self.consoles.values():
            if console.ask("report")[0] in ("state=acquiring", "state=exchanging", "state=draining"):
                console.ask("abort now")
        for console in self.consoles.values():
            if console.ask("report")[0] != "state=zeroized":
                console.wait("report", "state=idle")

    def refused(self, role, line, expected):
        """One line that begins as it should, and nothing is different afterwards."""
        console = self.consoles[role]
        before = facts(console)
        answer = console.ask(line)
        self.assertEqual(len(answer), 1, f"{role}: {line}: {answer}")
        self.assertRegex(answer[0], "^error: " + expected, f"{role}: {line}")
        self.assertEqual(facts(console), before, f"{role}: {line} was refused and changed something")


class VerbTests(ConsoleCase):
    def setUp(self):
        self.rows = table(self.consoles["alice"])

    def play(self, role, steps):
        console = self.consoles[role]
        for line, how, expected in steps:
            if how == "$":
                console.type(line + "\r\n")
                for answer in expected:
                    console.expect(answer)
                continue
            shown = console.ask(line)
            for _ in range(2000 if how == "~" else 0):
                if agrees(shown, expected):
                    break
                console.settle(0.02)
                shown = console.ask(line)
            self.assertTrue(agrees(shown, expected), f"{role}: {line} shows {shown[:9]}, not {expected}")

    def test_everyVerb_goodCall_answersAsWritten(self):
        sessions = transcripts()
        written = {verb for verb, _ in sessions}
        self.assertEqual(written, set(self.rows), "verbs.txt and help name other verbs")
        for verb in self.rows:
            for role in ROLES:
                with self.subTest(verb=verb, role=role):
                    steps = sessions[verb, role]
                    self.assertTrue(any(line.split()[0].lower() == verb for line, _, _ in steps), "never typed")
                    self.come_to_rest()
                    self.play(role, steps)

    def test_everyVerb_bothRoles_sameTable(self):
        self.assertEqual(self.rows, table(self.consoles["bob"]))
        self.assertEqual(set(self.rows), set(manual("Command")))


class RefusalTests(ConsoleCase):
    def setUp(self):
        self.rows = table(self.consoles["alice"])
        self.wanted = manual("Argument")

    def test_everyVerb_tooManyArguments_tellsUsage(self):
        for verb, words in self.rows.items():
            usage = re.escape(f"{verb}: wrong argument count  usage: {' '.join(words)}") + "$"
            for role in ROLES:
                self.refused(role, f"{full_line(words)} more", usage)
                for count in range(1, len(words)):
                    if not words[count].startswith("["):
                        self.refused(role, " ".join(full_line(words).split()[:count]), usage)

    def test_everyVerb_wrongArgument_tellsWhatIsWanted(self):
        for verb, words in self.rows.items():
            for place, kind in enumerate(kinds(words)):
                line = full_line(words).split()[: place + 2]
                line[place + 1] = WORDS[kind][0]
                line += full_line(words).split()[place + 2 :]
                wanted = f"should be {self.wanted[kind][0]}  usage: {' '.join(words)}"
                expected = f"{verb}: argument {place + 1} {wanted}"
                expected = f"{verb}: " if kind in NAMES else re.escape(expected) + "$"
                for role in ROLES:
                    self.refused(role, " ".join(line), expected)

    def test_lines_thatAreNoCommand_areRefused(self):
        for role in ROLES:
            for line in ("nothing", "nothing now", "s", "-", "status;start", "start&&stop"):
                self.refused(role, line, "console: ")
            for line in ("", "   ", "# start", "#"):
                self.assertEqual(self.consoles[role].ask(line), [])


class ObservingAliceTests(ConsoleCase):
    """Alice's console may observe, Bob's operate."""

    levels = {"alice": "observe", "bob": "operate"}
    arguments = {role: ("--privilege", level) for role, level in levels.items()}
    ranks = ("observe", "operate", "secure")

    def test_everyVerb_lackingPrivilege_isRefused(self):
        privileges = manual("Command")
        for role, level in self.levels.items():
            for verb, words in table(self.consoles[role]).items():
                alone, _, rest = privileges[verb][0].partition("; with arguments ")
                with self.subTest(role=role, verb=verb):
                    self.check(role, level, full_line(words), rest or alone)
                    if words[1:] and words[1].startswith("["):
                        self.check(role, level, verb, alone)

    def check(self, role, level, line, wanted):
        may = self.ranks.index(wanted) <= self.ranks.index(level)
        if not may:
            self.refused(role, line, f"{line.split()[0]}: this console may {level}, not {wanted}$")
        elif wanted == "observe" and line not in SILENT:
            answer = "\n".join(self.consoles[role].ask(line))
            self.assertNotIn("this console may", answer)


class ObservingBobTests(ObservingAliceTests):
    """The other way round."""

    levels = {"alice": "operate", "bob": "observe"}
    arguments = {role: ("--privilege", level) for role, level in levels.items()}


class PlatesTests(ConsoleCase):
    """The variant with wave plates, which answers differently."""

    settings = {**SETTINGS, "variant": "perBlock"}
    answers = {
        "twirl": ["twirl    perBlock: wave plates on a public schedule", "credit   four-state: ...", "plates   ..."],
        "plates": ["plates   ...  groups ...  late frames ...  masked events ...", "motors   ... deg"],
        "status plates": ["plates   ...", "motors   ..."],
        "show variant": ["variant 1 perBlock", "# 0 (perPulse) or 1 (perBlock)"],
        "set variant perPulse": ["variant 0  in force 1 until apply"],
        "apply": ["error: apply: variant is brought up with the devices: start the program with --set"],
        "discard": ["forgotten"],
    }

    def test_platesVerbs_atRestAndInSession_tellThePlates(self):
        for role, console in self.consoles.items():
            for line, expected in self.answers.items():
                shown = console.ask(line)
                self.assertTrue(agrees(shown, expected), f"{role}: {line} shows {shown}")
        self.consoles["bob"].ask("start")
        for console in self.consoles.values():
            console.wait("plates", "settled")
        self.come_to_rest()


class WidthTests(ConsoleCase):
    # Sentences that say what is asked of a value, behind the value itself.
    wide = ("error: apply: ", "error: set: ", "error: gate: ", "# ")

    def test_everyAnswer_atRest_fitsARow(self):
        wide = set()
        for role, console in self.consoles.items():
            console.wait("report", "state=idle")
            lines = [steps[0] for (_, name), session in transcripts().items() if name == role for steps in session]
            names = [line.split()[1] for line in console.ask("show running") if line.startswith("set ")]
            lines = [line for line in lines if line.split()[0] not in ("reboot", "zeroize", "start", "stop", "abort")]
            lines = [line for line in lines if line not in SILENT and not line.startswith(("SYSTem", "*"))]
            for line in [*lines, *(f"show {name}" for name in names), *(f"set {name} x" for name in names)]:
                wide |= {shown for shown in console.ask(line) if len(shown) > COLUMNS_MAX}
            console.ask("discard")
        for line in sorted(wide):
            self.assertTrue(line.startswith(self.wide), line)


if __name__ == "__main__":
    unittest.main()
