"""Flashing refuses what it should, and finds a medium that does not keep what was written."""

import contextlib
import io
import os
import pathlib
import sys
import tempfile
import types
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import flash


class Fake(flash.Machine):
    """A computer of files: a card on MMC with one partition, 2 MiB long."""

    def __init__(self, root):
        super().__init__(root / "sys", root / "proc")
        self.root, self.user_is_root = root, True
        self.place = root / "sys/devices/platform/mmc0/block/card"
        (self.place / "holders").mkdir(parents=True)
        (self.place / "card1/holders").mkdir(parents=True)
        (root / "sys/class/block").mkdir(parents=True)
        (root / "sys/class/block/card").symlink_to(self.place)
        (root / "sys/class/block/card1").symlink_to(self.place / "card1")
        for name, text in (("size", "4096"), ("removable", "0"), ("dev", "179:0"), ("card1/dev", "179:1"),
                           ("card1/partition", "1")):
            (self.place / name).write_text(text + "\n")
        (root / "proc/self").mkdir(parents=True)
        (root / "proc/self/mountinfo").write_text("22 1 8:1 / / rw - ext4 /dev/disk rw\n")
        (root / "proc/swaps").write_text("Filename Type Size Used Priority\n")
        (root / "card").write_bytes(bytes(2 << 20))
        (root / "card1").write_bytes(b"")
        (root / "image").write_bytes(bytes(440) + b"GMBL" + os.urandom((1 << 20) + 512 - 444))

    def is_root(self):
        return self.user_is_root

    def is_block(self, device):
        return os.path.isfile(device)


class FlashTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.machine = Fake(pathlib.Path(folder.name))
        self.root = self.machine.root

    def flash(self, device="card", confirm="card", big=False, ask=None):
        options = types.SimpleNamespace(
            image=str(self.root / "image"), device=str(self.root / device), confirm=confirm, big=big)
        with contextlib.redirect_stdout(io.StringIO()) as out:
            flash.flash(self.machine, options, ask)
        return out.getvalue()

    def refused(self, words, **options):
        before = (self.root / "card").read_bytes()
        with self.assertRaisesRegex(flash.Refusal, words):
            self.flash(**options)
        self.assertEqual((self.root / "card").read_bytes(), before)

    def test_flash_card_isWrittenAndReadBack(self):
        self.assertIn("written and read back", self.flash())
        image = (self.root / "image").read_bytes()
        self.assertEqual((self.root / "card").read_bytes()[: len(image)], image)

    def test_flash_removableDisk_isTaken(self):
        elsewhere = self.root / "sys/devices/pci0/host3/card"
        elsewhere.parent.mkdir(parents=True)
        self.machine.place.rename(elsewhere)
        (self.root / "sys/class/block/card").unlink()
        (self.root / "sys/class/block/card").symlink_to(elsewhere)
        self.refused("neither removable")
        (elsewhere / "removable").write_text("1\n")
        self.flash()

    def test_flash_notRoot_isRefused(self):
        self.machine.user_is_root = False
        self.refused("must run as root")

    def test_flash_noDevice_isRefused(self):
        self.refused("no block device", device="nothing")

    def test_flash_partition_isRefused(self):
        self.refused("is a partition", device="card1", confirm="card1")

    def test_flash_mountedDiskOrPartition_isRefused(self):
        for numbers in ("179:0", "179:1"):
            (self.root / "proc/self/mountinfo").write_text(f"23 1 {numbers} / /media/card rw - vfat /dev/x rw\n")
            self.refused("is mounted on /media/card")

    def test_flash_swap_isRefused(self):
        (self.root / "proc/swaps").write_text("Filename Type\n/dev/card1 partition 1 0 -2\n")
        self.refused("card1 is swap space")

    def test_flash_heldPartition_isRefused(self):
        (self.machine.place / "card1/holders/dm-0").write_text("")
        self.refused("card1 is used by dm-0")

    def test_flash_tooSmall_isRefused(self):
        (self.machine.place / "size").write_text("2048\n")
        self.refused("has 1048576 bytes, the image 1049088")

    def test_flash_hugeDisk_isRefusedUnlessMeant(self):
        (self.machine.place / "size").write_text(str((300 << 30) // 512))
        self.refused("300 GiB")
        self.flash(big=True)

    def test_flash_anotherNameOrNone_isRefused(self):
        self.refused("not confirmed", confirm="card1")
        self.refused("not confirmed", confirm=None, ask=lambda prompt: "yes")
        self.flash(confirm=None, ask=lambda prompt: "card\n")

    def test_flash_deviceChangedWhileAsking_isRefused(self):
        card = self.root / "card"

        def exchange(prompt):
            other = card.read_bytes()
            card.unlink()
            card.write_bytes(other)
            return "card"

        self.refused("another device now", confirm=None, ask=exchange)

    def test_flash_otherFile_isNoImage(self):
        (self.root / "image").write_bytes(bytes(1 << 20))
        self.refused("is no image")

    def test_flash_mediumLosesAByte_isTold(self):
        write = flash.write

        def bad(image, device):
            write(image, device)
            with open(device, "r+b") as file:
                file.seek(700001)
                byte = file.read(1)[0]
                file.seek(700001)
                file.write(bytes([byte ^ 1]))

        flash.write = bad
        self.addCleanup(setattr, flash, "write", write)
        with self.assertRaisesRegex(flash.Refusal, "at byte 700001"):
            self.flash()

    def test_main_noDevice_saysWhatToType(self):
        with contextlib.redirect_stderr(io.StringIO()) as err:
            self.assertEqual(flash.main([str(self.root / "image")]), 1)
        self.assertIn("which device?", err.getvalue())


if __name__ == "__main__":
    unittest.main()
