"""The devices themselves: what a program without our sources sees of them, with the twin's board behind."""

import unittest

import prepare
from board import Board
from guest import Guest


class DeviceTests(unittest.TestCase):
    def test_devices_answer_as_the_board_does(self):
        """Every device of the guest once; the heartbeat arrives at the board, the tamper switch in the guest."""
        parts = prepare.parts()
        with Board(pace=1) as board, Guest(parts, board.path("bob"), {"bin/devices": parts.devices}) as guest:
            job = guest.begin("devices")
            for line, heartbeat, tamper in [("heartbeat high", "1", "on"), ("heartbeat low", "0", "off")]:
                self.assertIsNotNone(job.line_after(line), job.output.decode())
                board.wait_for("lines bob", heartbeat=heartbeat)
                board.order(f"tamper bob {tamper}")
            for line, tamper in [("lost", "on"), ("found", "off")]:
                self.assertIsNotNone(job.line_after(line), job.output.decode())
                board.order(f"tamper bob {tamper}")
            status, output = job.wait()
        self.assertEqual(status, 0, output.decode())
        names = [line.split()[1] for line in output.decode().splitlines() if line.startswith("ok ")]
        self.assertEqual(
            names,
            ["spi-speed", "spi-identity", "spi-longest", "spi-wrong-mode", "i2c-sensor", "i2c-smbus", "i2c-absent"]
            + ["i2c-stuck", "gpio-inputs", "gpio-edges", "gpio-lost-edge"],
        )


if __name__ == "__main__":
    unittest.main()
