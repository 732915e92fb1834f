"""Bob as the image of the board, in the guest, on devices of its kernel; Alice here, both over the twin's board."""

import re
import unittest

import prepare
from board import Board
from guest import Guest
from pair import SIGCONT, SIGSTOP, Pair

IMAGE = prepare.REPOSITORY / ".build-firmware-arm64" / "gimbal-static"
# Simulated seconds in a second. A transfer through guest and host takes a millisecond, and limits of the module that
# count in its own time have to hold.
PACE = 0.1
FRONT_END = "0x2a"
# Documentation/Timing.md has the same.
CONTROL_CALLS = {"futex", "ioctl", "read", "write", "clock_nanosleep", "clock_gettime"}
KEYS = "--deliver {folder}/keys"


class ModuleTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.board = cls.enterClassContext(Board(pace=PACE))
        cls.guest = cls.enterClassContext(Guest(prepare.parts(), cls.board.path("bob"), {"bin/gimbal": IMAGE}))

    def pair(self, **options):
        return Pair(self.board, self.guest, **options)

    def assert_equal_keys(self, pair):
        self.assertEqual(pair.end_of_alice(), (0, "session: finished\n", ""))
        alice, bob = pair.keys()
        self.assertEqual(alice, bob)
        self.assertRegex(alice, r"^0\.0 [0-9a-f]{64}\n")
        print(f"{alice.count(chr(10))} keys", end=" ", flush=True)

    def assert_faulted(self, pair, kind):
        """Bob says so, with the alarm and in the trace; his gates are shut."""
        pair.wait_for(state="faulted", fault=kind)
        pair.wait_until_shown("alarm", r"^alarm +fault +critical +active")
        pair.wait_until_shown("trace 20", rf" fault {kind}: ")
        self.board.wait_for("gateware bob", open="0")

    # Sessions

    def test_session(self):
        """A session from end to end; the control thread makes no call that it should not, and no page fault."""
        with self.pair(console=False, bob=[KEYS]) as pair:
            watch = self.guest.begin("calls $(pidof gimbal)")
            self.assertEqual(pair.bob.wait(), (0, b"session: finished\n"))
            self.assert_equal_keys(pair)
            status, output = watch.wait()
        self.assertEqual(status, 0, output.decode())
        faults = re.search(r"^faults (\d+) (\d+) (\d+) (\d+)$", output.decode(), re.M).groups()
        self.assertEqual(faults[:2], faults[2:], "page faults, before and after")
        calls = dict(re.findall(r"id: sys_(\w+) .*hitcount: +(\d+)", output.decode()))
        print(calls, end=" ", flush=True)
        self.assertGreater(int(calls.get("ioctl", 0)), 1000)
        self.assertEqual(set(calls) - CONTROL_CALLS, set(), output.decode())
        self.assertEqual(len(calls), output.count(b"{ id:"), output.decode())

    def test_damaged_transfers_and_lost_interrupts(self):
        """Damage on the wire is repaired, counted and told; an interrupt that gets lost costs nothing."""
        with self.pair(bob=[KEYS]) as pair:
            self.board.order("faults bob flipped-command=97 flipped-reply=89")
            pair.set("edges_lost", 0b0110)
            told = [int(count) for count in pair.get("edges").split(",")]
            pair.wait_for(state="idle", session="finished")
            counters = self.guest.terminal.ask("counters")
            retries, commands, replies = re.search(
                r"retries (\d+)  damaged commands (\d+)  damaged replies (\d+)", counters
            ).groups()
            self.assertGreater(int(commands), 0)
            self.assertGreater(int(replies), 0)
            self.assertGreaterEqual(int(retries), int(commands) + int(replies))
            pair.wait_until_shown("alarm", r"^alarm +wire_retries +warning ")
            # The second of light has a pulse at its start or its middle.
            lost = [int(count) - before for count, before in zip(pair.get("edges").split(","), told)]
            self.assertGreater(lost[2], 0)
            pair.wait_until_shown("timing", r"^lines +interrupts 0  pulses 0 ")
            self.assert_equal_keys(pair)

    def test_stuck_bus_is_freed(self):
        """A target that holds the data line down is clocked on, and the session knows nothing of it."""
        with self.pair(bob=[KEYS]) as pair:
            pair.wait_for(state="exchanging")
            cleared = int(pair.get("clears"))
            pair.set("stuck", "Y")
            pair.wait_for(state="idle", session="finished")
            pair.wait_until_shown("timing", r"^lines .* bus freed 1$")
            self.assertEqual(int(pair.get("clears")), cleared + 1)
            self.assert_equal_keys(pair)

    def test_opened_case_erases_the_keys(self):
        """A pulse of the tamper switch is enough, and the keys do not come back with the program."""
        with self.pair(bob=["--keys {folder}/vault"]) as pair:
            report = pair.wait_for(state="idle", session="finished")
            self.assertGreater(int(report["keys"]), 0)
            self.assertRegex(self.guest.terminal.ask("keys"), r"(?m)^key ")
            self.board.order("tamper bob on")
            self.board.order("tamper bob off")
            pair.wait_for(state="zeroized", keys="0", auth_pool_bytes="0")
            pair.wait_until_shown("alarm", r"^alarm +zeroized +critical +active")
            pair.end_bob()
            pair.start_bob()
            report = pair.wait_for(keys="0")
            self.assertNotIn("released", self.guest.terminal.ask("keys"))
            # The same pre-shared key is of no use any more.
            self.assertEqual(report["auth_pool_bytes"], "0")

    # Faults

    def test_absent_front_end(self):
        """Nobody acknowledges at its address: a fault at the start, gone with its cause."""
        self.board.order(f"faults bob i2c-silent={FRONT_END}")
        with self.pair() as pair:
            self.assert_faulted(pair, "front_end")
            self.board.order("faults bob")
            self.guest.terminal.ask("stop")
            pair.wait_for(state="idle")

    def assert_fault_while_exchanging(self, kind, begin):
        with self.pair() as pair:
            self.board.wait_for("gateware bob", open="1")
            begin(pair)
            self.assert_faulted(pair, kind)

    def test_front_end_that_goes(self):
        order = f"faults bob i2c-silent={FRONT_END}"
        self.assert_fault_while_exchanging("front_end", lambda pair: self.board.order(order))

    def test_bus_that_stays_stuck(self):
        def begin(pair):
            pair.set("clearing_pulses", 0)
            pair.set("stuck", "Y")

        self.assert_fault_while_exchanging("front_end", begin)

    def test_damage_that_stays(self):
        self.assert_fault_while_exchanging("bus_checksum", lambda pair: self.board.order("faults bob flipped-replies"))

    def test_silent_wire(self):
        self.assert_fault_while_exchanging("bus_checksum", lambda pair: self.board.order("faults bob silent-spi"))

    def test_stopped_program(self):
        """A program that stands still has no heartbeat: the gateware shuts the gates, and the program learns of it."""
        with self.pair() as pair:
            self.board.wait_for("gateware bob", open="1")
            pair.bob.signal(SIGSTOP)
            self.board.wait_for("gateware bob", open="0", watchdog_expired="1")
            pair.bob.signal(SIGCONT)
            self.assert_faulted(pair, "watchdog_expired")


if __name__ == "__main__":
    unittest.main()
