"""The parser of lines and the reader that cuts streams into them."""

import random
import unittest

import support
from lines import LINE_BYTES_MAX, LineRefused, Reader, parsed


class LineTests(unittest.TestCase):
    def refused(self, raw):
        with self.assertRaises(LineRefused, msg=raw):
            parsed(raw)

    def test_line_becomesItsFacts(self):
        line = parsed(support.raw())
        self.assertEqual((line.role, line.state, line.session), ("bob", "exchanging", "none"))
        self.assertEqual((line.numbers["seq"], line.numbers["time_ms"]), (12, 123_456))
        self.assertEqual((line.numbers["qber_ppm"], line.numbers["temperature_milli_c"]), (25_483, -40_000))
        self.assertEqual(line.counts, {"H": 123, "V": 124, "D": 125, "A": 126, "R": 127, "L": 128})
        self.assertEqual(line.alarms, {"link_down": "warning", "qber_high": "major"})

    def test_alice_hasNoCounts(self):
        line = parsed(support.raw(role="alice", counts=None, temperature_milli_c=None, alarms="none"))
        self.assertEqual((line.counts, line.alarms), ({}, {}))
        self.assertNotIn("counts", line.as_object())

    def test_orderOfKeys_isFree(self):
        parts = support.raw()[:-1].split(b" ")
        self.assertEqual(parsed(b" ".join([parts[0], *reversed(parts[1:])]) + b"\n"), parsed(support.raw()))

    def test_unknownKeys_areIgnored(self):
        self.assertEqual(parsed(support.raw(altitude_mm="-12", x="a,b:c")), parsed(support.raw()))

    def test_edges_areTaken(self):
        greatest = str((1 << 64) - 1)
        line = parsed(support.raw(detections=greatest, qber_ppm="1000000", temperature_milli_c="-1"))
        self.assertEqual(line.numbers["detections"], (1 << 64) - 1)

    def test_wrongValues_areRefused(self):
        for key, value in (
            ("seq", "-1"), ("seq", ""), ("seq", "1e3"), ("seq", "0x10"), ("detections", str(1 << 64)),
            ("qber_ppm", "1000001"), ("link_up", "2"), ("state", "sleeping"), ("role", "eve"), ("session", "a/b"),
            ("counts", "1,2,3,4,5"), ("counts", "1,2,3,4,5,6,7"), ("counts", "1,2,3,4,5,x"),
            ("temperature_milli_c", "--1"), ("temperature_milli_c", "warm"), ("alarms", "link_down"),
            ("alarms", "link_down:grave"), ("alarms", "a:minor,a:major"), ("alarms", "a:minor,"),
            ("alarms", "none,a:minor"), ("alarms", "A/b:minor"), ("time_ms", "1=2"),
        ):
            self.refused(support.raw(**{key: value}))

    def test_missingKeys_areRefusedWhereNeeded(self):
        for key in ("seq", "time_ms", "role", "state", "alarms"):
            self.refused(support.raw(**{key: None}))
        self.assertNotIn("qber_ppm", parsed(support.raw(qber_ppm=None)).numbers)

    def test_otherForms_areRefused(self):
        good = support.raw()
        for bad in (
            b"", b"\n", good[:-1], good[:-1] + b" x=12", good[1:], b" " + good, good.replace(b" ", b"  ", 1),
            good[:-1] + b" \n",
            good[:-1] + b" seq=12\n", good[:-1] + b"\r\n", good[:-1] + b" x=\xff\n", good[:-1] + b" X=1\n",
            good + good, good[:-1] + good, b"telemetry\n",
        ):
            self.refused(bad)

    def test_length_isLimited(self):
        room = LINE_BYTES_MAX - len(support.raw()) - len(" x=")
        longest = support.raw()[:-1] + b" x=" + b"1" * room + b"\n"
        self.assertEqual(len(longest), LINE_BYTES_MAX)
        self.assertEqual(parsed(longest), parsed(support.raw()))
        self.refused(longest[:-1] + b"1\n")

    def test_restart_isSeenBySeqOrTime(self):
        earlier = parsed(support.raw())
        self.assertFalse(parsed(support.raw(seq="13", time_ms="124456")).began_after(earlier))
        self.assertTrue(parsed(support.raw(seq="1", time_ms="124456")).began_after(earlier))
        self.assertTrue(parsed(support.raw(seq="13", time_ms="100")).began_after(earlier))

    def test_anyBytes_areALineOrRefused(self):
        taken = 0
        for raw in support.hostile(seed=1, count=5000):
            try:
                line = parsed(raw)
            except LineRefused:
                continue
            taken += 1
            # What was taken holds to what the outputs rely on.
            self.assertTrue(all(abs(value) < 1 << 64 for value in line.numbers.values()))
            self.assertTrue(all(name.isascii() and name.replace("_", "a").isalnum() for name in line.alarms))
        self.assertGreater(taken, 50)
        self.assertLess(taken, 2500)


class ReaderTests(unittest.TestCase):
    def test_pieces_giveTheSameLinesAsTheWhole(self):
        data = b"".join(support.hostile(seed=2, count=400)) + b"\n" + support.raw(seq="77")
        # The second way: cut the whole, ask for each line.
        expected, refusals = [], 0
        for raw in data.split(b"\n")[:-1]:
            try:
                expected.append(parsed(raw + b"\n"))
            except LineRefused:
                refusals += 1
        source = random.Random(3)
        for longest in (1, 7, 300, 5000, len(data)):
            reader, found, place = Reader(), [], 0
            while place < len(data):
                size = source.randint(1, longest)
                found += reader.lines(data[place : place + size])
                place += size
            self.assertEqual(found, expected)
            self.assertEqual((reader.taken, reader.dropped), (len(expected), refusals))

    def test_endlessLine_isHeldNoLongerThanALine(self):
        reader = Reader()
        for _ in range(1000):
            self.assertEqual(list(reader.lines(b"telemetry " * 100)), [])
            self.assertLessEqual(len(reader._rest), LINE_BYTES_MAX)
        self.assertEqual(reader.dropped, 1)
        self.assertEqual(len(list(reader.lines(b"\n" + support.raw()))), 1)
        self.assertEqual((reader.taken, reader.dropped), (1, 1))

    def test_longestLine_passesInPieces(self):
        room = LINE_BYTES_MAX - len(support.raw()) - len(" x=")
        longest = support.raw()[:-1] + b" x=" + b"1" * room + b"\n"
        reader = Reader()
        self.assertEqual(len([*reader.lines(longest[:-1]), *reader.lines(longest[-1:])]), 1)

    def test_endInsideALine_isCounted(self):
        reader = Reader()
        self.assertEqual(list(reader.lines(support.raw() + support.raw()[:50])), [parsed(support.raw())])
        reader.ended()
        self.assertEqual((reader.taken, reader.dropped), (1, 1))


if __name__ == "__main__":
    unittest.main()
