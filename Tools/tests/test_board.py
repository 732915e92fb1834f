"""The checks of the board's files fail where they should."""

import sys
import pathlib
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import board

SWIFT = """
extension InputLine {
  var name: StaticString {
    switch self {
    case .pps: "PPS"
    }
  }
}
extension OtherLine {
  var name: StaticString { switch self { case .other: "OTHER" } }
}
"""
ADDRESSES = {
    "SPI_ADDRESS": "1.spi", "I2C_ADDRESS": "2.i2c", "GPIO_ADDRESS": "3.gpio", "WATCHDOG_ADDRESS": "wdt",
    "CONSOLE_ADDRESS": "4.serial", "CORE_CONTROL": "3", "CORE_BEST_EFFORT": "2", "CORES_LINUX": "0,1", "CORES": "0-3",
}


def files(service="CPUAffinity=0-3\nExecStart=gimbal --board linux:x\n", init="#!/bin/sh\n", missing=""):
    addresses = [value for name, value in ADDRESSES.items() if name.endswith("_ADDRESS") and name != missing]
    rules = "\n".join(f'KERNELS=="{value}"' for value in addresses)
    return {"60-gimbal.rules": rules, "gimbal.service": service, "image/init": init}


class BoardTests(unittest.TestCase):
    def test_constants_plainFile_areRead(self):
        self.assertEqual(board.constants("# words\n\nA=1\nB_2=fe.spi\n"), {"A": "1", "B_2": "fe.spi"})

    def test_constants_otherLine_isRefused(self):
        for text in ("a=1", "A = 1", "A=$(reboot)", "A=1\nA=2"):
            with self.assertRaises(ValueError):
                board.constants(text)

    def test_firmwareLines_otherExtensions_doNotCount(self):
        self.assertEqual(board.firmware_lines([SWIFT]), {"PPS"})

    def test_firmwareLines_tableInC_counts(self):
        table = 'static const char *const lineNames[4] = {\n    "PPS", "I2C_SCL"};\nstatic char *other = "OTHER";'
        self.assertEqual(board.firmware_lines([], table), {"PPS", "I2C_SCL"})

    def test_numberFaults_eachMismatch_isTold(self):
        constants = {"SPI_HZ": "50000000", "I2C_HZ": "400000", "WATCHDOG_S": "10"}
        swift = "".join(
            f"  static var {name}: UInt32 {{ {value} }}\n"
            for name, value in (("spiHertz", "50_000_000"), ("i2cHertz", "400_000"), ("watchdogSeconds", "10")))
        self.assertEqual(list(board.number_faults(constants, swift)), [])
        for old, new in (("50_000_000", "25_000_000"), ("i2cHertz", "hertz"), ("{ 10 }", "{ 15 }")):
            self.assertEqual(len(list(board.number_faults(constants, swift.replace(old, new)))), 1)

    def test_lineFaults_sameNames_none(self):
        self.assertEqual(list(board.line_faults({"LINE_PPS": "1", "LINE_I2C_SDA": "2"}, {"PPS"})), [])

    def test_lineFaults_eachMismatch_isTold(self):
        for constants, firmware in (
            ({"LINE_PPS": "1"}, {"PPS", "TAMPER"}),
            ({"LINE_PPS": "1", "LINE_TAMPER": "2"}, {"PPS"}),
            ({"LINE_PPS": "1", "LINE_TAMPER": "1"}, {"PPS", "TAMPER"}),
            ({"LINE_LED_LINK": "1"}, set()),
        ):
            self.assertTrue(list(board.line_faults(constants, firmware)), (constants, firmware))

    def test_textFaults_agreeingFiles_none(self):
        self.assertEqual(list(board.text_faults(ADDRESSES, files(), {"--board"})), [])

    def test_textFaults_eachMismatch_isTold(self):
        for changed in (
            files(missing="SPI_ADDRESS"),
            files(service="CPUAffinity=2\n"),
            files(service="CPUAffinity=0-3\nExecStart=gimbal --bord linux:x\n"),
            files(init="exec gimbal --tarce x\n"),
        ):
            self.assertTrue(list(board.text_faults(ADDRESSES, changed, {"--board"})), changed)

    def test_cmdline_messagesOfTheKernel_stayOffTheSerialLine(self):
        self.assertNotIn("ttyAMA0", board.cmdline(ADDRESSES))
        self.assertIn("isolcpus=managed_irq,domain,2,3", board.cmdline(ADDRESSES))


if __name__ == "__main__":
    unittest.main()
