"""The sources of the helper as a process: datagrams, pseudo-terminals, streams, and hostile bytes through each."""

import contextlib
import os
import random
import select
import signal
import socket
import unittest

import support
import sources
from peers import Broker, kept, sample, scrape, sentences
from support import Folder, Helper, free_port, raw, until


class SourceTests(unittest.TestCase):
    def test_datagrams_areLines(self):
        port = free_port()
        with Folder() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            path = folder / "telemetry"
            with Helper("--source", f"unix:{path}", "--prometheus", port) as helper:
                until(lambda: sample(port, "qkd_up") == 0)
                longest = raw()[:-1] + b" x=" + b"1" * (1024 - len(raw()) - len(" x=")) + b"\n"
                # Two good ones; two in one, one without its end, some that are too long, an empty one.
                for datagram in (raw(), longest, raw() * 2, raw()[:-1], longest + b"x", b"1" + longest, b""):
                    sender.sendto(datagram, str(path))
                until(lambda: sample(port, "qkd_telemetry_lines_dropped_total") == 5)
                self.assertEqual(sample(port, "qkd_telemetry_lines_total"), 2)
                self.assertEqual(helper.end(), 0)
            self.assertFalse(path.exists())

    def test_abandonedSocket_isTakenOver(self):
        with Folder() as folder:
            path = folder / "telemetry"
            with Helper("--source", f"unix:{path}", "--nmea", "-") as helper:
                until(path.exists)
                second = Helper("--source", f"unix:{path}", "--nmea", "-")
                with second:
                    self.assertEqual(second.wait(), 1)
                    self.assertEqual(second.errors, "gimbal_telemetry: source: another program reads there\n")
                helper.end(signal.SIGKILL)
                self.assertTrue(path.exists())
            with Helper("--source", f"unix:{path}", "--nmea", "-") as helper:
                with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:

                    def sent():
                        with contextlib.suppress(OSError):
                            return sender.sendto(raw(), str(path))

                    until(sent)
                until(lambda: sentences(helper.output), "a sentence")
                self.assertEqual(helper.end(signal.SIGINT), 0)

    def test_fileInTheWay_isLeftAlone(self):
        with Folder() as folder:
            path = folder / "telemetry"
            path.write_text("mine")
            with Helper("--source", f"unix:{path}", "--nmea", "-") as helper:
                self.assertEqual(helper.wait(), 1)
            self.assertEqual(path.read_text(), "mine")

    def test_pseudoTerminal_isReadAgainAfterItWasGone(self):
        port = free_port()
        with Folder() as folder:
            path = folder / "tty"
            first = os.openpty()
            path.symlink_to(os.ttyname(first[1]))
            with Helper("--source", f"tty:{path}:9600", "--prometheus", port) as helper:
                self.written(first[0], lambda: sample(port, "qkd_up") == 1)
                second = os.openpty()
                path.unlink()
                path.symlink_to(os.ttyname(second[1]))
                for descriptor in first:
                    os.close(descriptor)
                until(lambda: "trying again" in helper.errors, "the message")
                self.written(second[0], lambda: sample(port, "qkd_state", "idle") == 1, state="idle")
                self.assertEqual(helper.end(), 0)
                self.assertEqual(helper.errors.count("trying again"), 1)
            for descriptor in second:
                os.close(descriptor)

    def test_deviceThatIsMissing_isToldOnce(self):
        told = []
        device = sources.SerialDevice("/nonexistent/tty", 9600, told.append)
        for _ in range(3):
            self.assertEqual(device.lines(0), [])
        self.assertEqual(len(told), 1)
        self.assertRegex(told[0], "tty:/nonexistent/tty: .*; trying again")

    def written(self, master, condition, **changes):
        """Writes lines until the condition holds; opening the device may forget the first of them."""
        def attempt():
            if select.select([], [master], [], 0)[1]:
                os.write(master, raw(**changes))
            return condition()
        until(attempt)

    def test_hostileLines_stopNothing(self):
        port = free_port()
        broker = Broker()
        with broker, Folder() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            path = folder / "telemetry"
            with Helper("--source", f"unix:{path}", "--prometheus", port, "--nmea", "-",
                        "--mqtt", f"127.0.0.1:{broker.port}", "--node", "mast",
                        "--mavlink", f"udpout:127.0.0.1:{free_port(socket.SOCK_DGRAM)}") as helper:
                until(lambda: sample(port, "qkd_up") == 0)
                for datagram in support.hostile(seed=8, count=3000):
                    sender.sendto(datagram, str(path))
                sender.sendto(raw(state="zeroized", alarms="last_one:minor"), str(path))
                until(lambda: sample(port, "qkd_state", "zeroized") == 1, "the last line")
                until(lambda: kept(broker.port).get("qkd/mast/alarm/last_one") == "minor", "its alarm")
                until(lambda: sentences(helper.output)[-1][1] == "zeroized", "its sentence")
                found = scrape(port)
                self.assertEqual(
                    found[("qkd_telemetry_lines_total",)] + found[("qkd_telemetry_lines_dropped_total",)], 3001)
                self.assertEqual(helper.end(), 0)
                self.assertRegex(helper.errors, r"\Agimbal_telemetry: read \d+ lines, dropped \d+\n\Z")

    def test_anyStream_stopsNothing(self):
        source = random.Random(9)
        with Helper("--nmea", "-") as helper:
            for mutation in support.hostile(seed=10, count=1000):
                helper.feed(mutation + source.randbytes(source.randint(0, 200)))
            helper.feed(b"\n" + raw(state="draining"))
            until(lambda: sentences(helper.output) and sentences(helper.output)[-1][1] == "draining", "the last line")
            helper.feed(raw()[:30])
            self.assertEqual(helper.finish(), 0)

    def test_signals_endItCleanly(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with Helper("--nmea", "-") as helper:
                helper.feed(raw())
                until(lambda: helper.output.count(b"\r\n") >= 1)
                self.assertEqual(helper.end(number), 0)
                self.assertEqual(helper.errors, "gimbal_telemetry: read 1 lines, dropped 0\n")


if __name__ == "__main__":
    unittest.main()
