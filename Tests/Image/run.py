#!/usr/bin/env python3
"""The image boots in the emulator, is updated, rolls back, and survives cuts of power and damage.

  run.py FOLDER [ImageTests.NAME ...]    FOLDER with gimbal.img, gimbal.update and u-boot-qemu.bin
"""

import os
import pathlib
import subprocess
import sys
import time
import unittest

from machine import PROMPT, SLOT_START, STATE_SECTORS, TIMEOUT_S, Card, Machine, raspberry, virt

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
FOLDER = pathlib.Path(sys.argv[1]).resolve()
PROGRAM = ROOT / ".build-firmware-arm64" / "gimbal-static"
WORK = FOLDER / "test"
MODULE = b"role=alice\nlink=listen:127.0.0.1:7001\nprivilege=secure\n"
# The shell is asked for by the test, however slow the machine; not asked for, the module starts at once.
SHELL = b"extra_args=gimbal.wait=100000\n"
NO_SHELL = b"extra_args=gimbal.wait=0\n"


def slot(name):
    """The file of an update whose program is the one in the folder `name` beside this file."""
    output = WORK / f"{name}.update"
    packages = FOLDER / "packages/root"
    command = [ROOT / "Tools/board/slot.sh", PROGRAM, packages, name, WORK / "slot", output, HERE / name]
    subprocess.run(command, check=True, env=dict(os.environ, SOURCE_DATE_EPOCH="1"))
    return output


class ImageTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """Slots whose self-test fails, whose program does not stay, whose kernel dies; and the one that was built."""
        WORK.mkdir(exist_ok=True)
        cls.good = FOLDER / "gimbal.update"
        cls.sick, cls.leaving, cls.panicking = slot("sick"), slot("leaving"), slot("panicking")
        cls.log = (WORK / "serial.log").open("w", buffering=1, encoding="latin-1")

    def setUp(self):
        self.log.write(f"\n==== {self.id()}\n")
        self.card = Card(FOLDER / "gimbal.img", WORK / "card.img")
        self.card.put("module.conf", MODULE)
        self.card.put("psk", bytes(range(256)) * 16)
        self.card.put("gimbal.env", NO_SHELL)

    def machine(self, update=None):
        return Machine(virt(FOLDER / "u-boot-qemu.bin", self.card, update), self.log)

    def start(self, slot_name, update=None):
        """A start that has to end at the prompt of the program in this slot."""
        machine = self.machine(update)
        try:
            self.assertEqual(machine.expect(f"slots: starting {slot_name}", "slots: starting [AB]"), 0)
            machine.expect("self-test: .* passed, 0 failed")
            machine.expect(PROMPT)
        except BaseException:
            machine.cut()
            raise
        return machine

    def proven(self, slot_name):
        """Waits, seen from outside, until the module has called its slot good."""
        end = time.monotonic() + TIMEOUT_S
        while self.card.state()[f"BOOT_{slot_name}_LEFT"] != "3":
            self.assertLess(time.monotonic(), end, "the slot was never called good")
            time.sleep(0.2)

    def shell(self, update=None):
        self.card.put("gimbal.env", SHELL)
        machine = self.machine(update)
        machine.maintain()
        return machine

    def install(self, update):
        """Slot B gets this update, and the power goes."""
        with self.shell(update) as machine:
            status, output = machine.command("slot install /dev/vdb")
            self.assertEqual(status, 0, output)
            machine.command("sync")
        self.card.put("gimbal.env", NO_SHELL)

    def test_start_newCard_reachesPromptAndIsGood(self):
        began = time.monotonic()
        with self.start("A") as machine:
            print(f"prompt after {time.monotonic() - began:.0f} s")
            self.assertEqual(self.card.state()["BOOT_A_LEFT"], "2")
            self.proven("A")
            self.assertEqual(self.card.state()["BOOT_ORDER"], "A B")
        self.assertFalse({"psk", "module.conf"} & self.card.files())

    def raspberry(self):
        """The card in a machine with Debian's U-Boot for the Raspberry Pi, which has no FIT."""
        packages = FOLDER / "packages/root"
        [tree] = packages.glob("usr/lib/linux-image-*/broadcom/bcm2837-rpi-3-b.dtb")
        self.card.put("gimbal.env", b"extra_args=gimbal.wait=0 gimbal.watchdog=no\n")
        return Machine(raspberry(packages / "usr/lib/u-boot/rpi_arm64/u-boot.bin", tree, self.card), self.log)

    def test_start_loaderOfTheBoard_reachesPromptAndIsGood(self):
        with self.raspberry() as machine:
            self.assertEqual(machine.expect("slots: starting A", "slots: .* is damaged"), 0)
            machine.expect("self-test: .* passed, 0 failed")
            machine.expect(PROMPT)
            self.proven("A")

    def test_damage_loaderOfTheBoard_isSeen(self):
        self.card.damage("A", len(self.good.read_bytes()) // 3)
        with self.raspberry() as machine:
            self.assertEqual(machine.expect("slots: A is damaged", "slots: starting"), 0)

    def test_shell_root_isReadOnlyAndSecretsArePrivate(self):
        with self.shell() as machine:
            self.assertNotEqual(machine.command("touch /bin/x")[0], 0)
            self.assertEqual(machine.command("touch /journal/x")[0], 0)
            self.assertIn("-r--------", machine.command("ls -l /journal/psk")[1])
            self.assertIn("PREEMPT_RT", machine.command("uname -v")[1])
            self.assertEqual(machine.command("cat /sys/devices/system/cpu/isolated")[1].strip(), "2-3")
            self.assertIn("slot A is whole", machine.command("slot verify A")[1])
            self.assertNotEqual(machine.command("slot verify B")[0], 0)

    def test_install_goodUpdate_startsAndIsGood(self):
        self.install(self.good)
        self.assertEqual(self.card.state()["BOOT_ORDER"], "B A")
        with self.start("B"):
            self.proven("B")
            self.assertEqual(self.card.state()["BOOT_ORDER"], "B A")

    def test_install_damagedUpdate_isRefused(self):
        content = bytearray(self.good.read_bytes())
        content[len(content) // 2] ^= 1
        damaged = WORK / "damaged.update"
        damaged.write_bytes(content)
        before = self.card.state()
        with self.shell(damaged) as machine:
            status, output = machine.command("slot install /dev/vdb")
            self.assertNotEqual(status, 0)
            self.assertIn("error: slot: /dev/vdb is no update", output)
        self.assertEqual(self.card.state()["BOOT_ORDER"], before["BOOT_ORDER"])
        self.assertEqual(self.card.state()["BOOT_B_LEFT"], before["BOOT_B_LEFT"])

    def roll_back(self, update, word):
        self.install(update)
        with self.machine() as machine:
            for left in (2, 1, 0):
                self.assertEqual(machine.expect("slots: starting B", "slots: starting A"), 0)
                machine.expect(word)
                machine.expect(f"slot B has {left} starts left")
            self.assertEqual(machine.expect("slots: starting A", "slots: starting B"), 0)
            machine.expect(PROMPT)
            self.proven("A")
        self.assertEqual(self.card.state()["BOOT_B_LEFT"], "0")

    def test_rollBack_selfTestFails_oldSlotComesBack(self):
        self.roll_back(self.sick, "self-test failed with status 1")

    def test_rollBack_programLeaves_oldSlotComesBack(self):
        self.roll_back(self.leaving, "the program left 3 times")

    def test_rollBack_kernelPanics_startsAnewByItself(self):
        self.install(self.panicking)
        with self.machine() as machine:
            self.assertEqual(machine.expect("slots: starting B", "slots: starting A"), 0)
            machine.expect("slots: order B A, left A [0-3] B 2")
            self.assertEqual(machine.expect("slots: starting B", "slots: starting A"), 0)

    def test_powerCut_atEachStep_leavesASlotThatStarts(self):
        update = self.good.read_bytes()
        first = SLOT_START["B"]
        half = len(update) // 2 // 512
        steps = {
            "slot taken out": lambda: self.card.state()["BOOT_ORDER"] == "A B",
            "first sector": lambda: self.card.sectors(first, 1) == update[:512],
            "half": lambda: self.card.sectors(first + half, 1) == update[half * 512 : (half + 1) * 512],
            "all written": lambda: self.card.sectors(first, len(update) // 512) == update,
        }
        # Slot B has an older version, and its turn: what is written over it must not be started half.
        self.install(self.sick)
        card = self.card.path.read_bytes()
        for name, reached in steps.items():
            with self.subTest(step=name):
                self.card.path.write_bytes(card)
                self.card.write(STATE_SECTORS[0] * 512, bytes(512))
                self.card.write(STATE_SECTORS[1] * 512, bytes(512))
                with self.shell(self.good) as machine:
                    machine.line.sendline("slot install /dev/vdb")
                    end = time.monotonic() + TIMEOUT_S
                    while not reached():
                        self.assertLess(time.monotonic(), end)
                        time.sleep(0.02)
                self.card.put("gimbal.env", NO_SHELL)
                with self.start("A"):
                    pass

    def test_stateSector_torn_olderOneCounts(self):
        with self.machine() as machine:
            machine.expect("slots: starting A")
            by_loader = self.card.newest()[0]
            self.proven("A")
        sector, before = self.card.newest()
        # U-Boot and Linux take turns, so that what one wrote stays whole while the other writes.
        self.assertNotEqual(sector, by_loader)
        self.card.write(sector * 512 + 8, b"?")
        self.assertEqual(self.card.newest()[0], by_loader)
        with self.start("A"):
            self.assertEqual(self.card.newest()[0], sector)
        self.assertEqual(self.card.state()["BOOT_ORDER"], before["BOOT_ORDER"])

    def test_slot_damaged_otherOneStarts(self):
        self.install(self.good)
        card = self.card.path.read_bytes()
        size = len(self.good.read_bytes())
        # The magic number, the size, the tree, the kernel and the root.
        for offset in (0, 5, 70, size // 3, size - 400000):
            with self.subTest(offset=offset):
                self.card.path.write_bytes(card)
                self.card.damage("B", offset)
                with self.machine() as machine:
                    self.assertEqual(machine.expect("slots: B is damaged", "slots: starting"), 0)
                    self.assertEqual(machine.expect("slots: starting A", "slots: starting B"), 0)
                self.assertEqual(self.card.state()["BOOT_B_LEFT"], "0")


if __name__ == "__main__":
    sys.exit(not unittest.main(argv=sys.argv[:1] + sys.argv[2:], verbosity=2, exit=False).result.wasSuccessful())
