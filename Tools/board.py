#!/usr/bin/env python3
"""What the reference board is, from Board/CM4/board.conf to where others need it, and the proof that they agree.

  board.py header BASE.dtb             print the C header that the overlay is compiled with
  board.py cmdline                     print the kernel's command line
  board.py check MERGED.dtb VMLINUZ    hold tree, udev rules, service and image to board.conf and to the firmware
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BOARD = ROOT / "Board" / "CM4"
# Lines that the board has and the controller does not name: lights, and the way to free a stuck bus.
BOARD_ONLY = {"LED_STATUS", "LED_LINK", "I2C_SDA", "I2C_SCL"}
# Nodes that the overlay refers to. The kernel's trees come without labels.
LABELS = {
    "gpio": "/soc/gpio@7e200000",
    "spi0": "/soc/spi@7e204000",
    "i2c1": "/soc/i2c@7e804000",
    "uart0": "/soc/serial@7e201000",
    "uart1": "/soc/serial@7e215040",
}
FILES_WITH_OPTIONS = ("gimbal.service", "image/init")


def constants(text):
    """NAME to VALUE of a board.conf; a line that is neither comment nor constant is an error."""
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        match = re.fullmatch(r"([A-Z][A-Z0-9_]*)=([A-Za-z0-9.,-]+)", line)
        if not match:
            raise ValueError(f"board.conf:{number}: not NAME=VALUE: {line}")
        if match[1] in found:
            raise ValueError(f"board.conf:{number}: {match[1]} twice")
        found[match[1]] = match[2]
    return found


def lines(board):
    """GPIO number to name of a line."""
    return {int(value): name[5:] for name, value in board.items() if name.startswith("LINE_")}


def property_of(tree, node, name, kind="s"):
    """A property as fdtget prints it, or None."""
    result = subprocess.run(["fdtget", "-t", kind, tree, node, name], capture_output=True, text=True)
    return result.stdout.strip() if result.returncode == 0 else None


def header(board, base):
    """Constants that are numbers, and the names of all lines: the base tree's with ours in place."""
    names = property_of(base, LABELS["gpio"], "gpio-line-names").split()
    for number, name in lines(board).items():
        names[number] = name
    out = [f"#define {name} {value}" for name, value in board.items() if value.isdigit()]
    out.append("#define GPIO_LINE_NAMES " + ", ".join(f'"{name}"' for name in names))
    return "\n".join(out) + "\n"


def cmdline(board):
    """Cores of the firmware are left alone, and no message of the kernel reaches the operator's line."""
    ours = ",".join(sorted((board["CORE_CONTROL"], board["CORE_BEST_EFFORT"])))
    return " ".join((
        f"isolcpus=managed_irq,domain,{ours}", f"nohz_full={ours}", f"rcu_nocbs={ours}",
        f"irqaffinity={board['CORES_LINUX']}", "skew_tick=1", "console=tty0", "quiet", "loglevel=3", "panic=10",
    ))


def firmware_lines(swift, devices=""):
    """Names of lines in the sources: cases of extensions of InputLine and OutputLine, and the table of devices.c."""
    table = re.search(r"lineNames\[[^\]]*\] = \{(.*?)\}", devices, re.S)
    names = set(re.findall(r'"([A-Z0-9_]+)"', table[1])) if table else set()
    for text in swift:
        for body in re.findall(r"^extension (?:InputLine|OutputLine) \{(.*?)^\}", text, re.S | re.M):
            names.update(re.findall(r'case \.\w+: "([A-Z0-9_]+)"', body))
    return names


def number_faults(board, swift):
    """`swift` is the text of BoardDevices.swift, which says the same numbers."""
    for name, constant in (("spiHertz", "SPI_HZ"), ("i2cHertz", "I2C_HZ"), ("watchdogSeconds", "WATCHDOG_S")):
        match = re.search(rf"static var {name}: \w+ \{{ ([0-9_]+) \}}", swift)
        if not match or match[1].replace("_", "") != board[constant]:
            yield f"the firmware's {name} is {match and match[1]}, {constant} {board[constant]}"


def line_faults(board, firmware):
    ours = set(lines(board).values())
    if not firmware:
        yield "no names of lines found in Sources"
    if len(ours) != sum(name.startswith("LINE_") for name in board):
        yield "two lines on one GPIO"
    for name in sorted(firmware - ours):
        yield f"the firmware names line {name}, board.conf does not"
    for name in sorted(ours - firmware - BOARD_ONLY):
        yield f"board.conf names line {name}, the firmware does not"


def tree_faults(board, tree, kernel):
    """What the merged tree says otherwise than board.conf, or what the kernel would not take."""
    names = (property_of(tree, LABELS["gpio"], "gpio-line-names") or "").split()
    for number, name in lines(board).items():
        if names[number : number + 1] != [name]:
            yield f"GPIO {number} is {names[number : number + 1]} in the tree, {name} in board.conf"
    fpga = f"{LABELS['spi0']}/fpga@{board['SPI_CHIP_SELECT']}"
    for node, name, want in (
        (LABELS["i2c1"], "clock-frequency", board["I2C_HZ"]),
        (fpga, "spi-max-frequency", board["SPI_HZ"]),
    ):
        found = property_of(tree, node, name, "u")
        if found != want:
            yield f"{node} {name} is {found}, board.conf says {want}"
    for label, want in (("spi0", "okay"), ("i2c1", "okay"), ("uart0", "okay"), ("uart1", "disabled")):
        if property_of(tree, LABELS[label], "status") != want:
            yield f"{label} is not {want}"
    compatible = (property_of(tree, fpga, "compatible") or "").split()
    if not any(name.encode() + b"\0" in kernel for name in compatible):
        yield f"spidev of this kernel takes none of {compatible}"
    taken = pins(tree)
    for number in sorted({n for n in taken if taken.count(n) > 1}):
        yield f"GPIO {number} is in two groups of pins"
    for number in sorted(set(lines(board)) - set(taken)):
        yield f"GPIO {number} is in no group of pins"


def pins(tree):
    """GPIO numbers of all groups of pins that the overlay brings."""
    listing = subprocess.run(["fdtget", "-l", tree, LABELS["gpio"]], capture_output=True, text=True, check=True)
    groups = [name for name in listing.stdout.split() if name.startswith("gimbal-")]
    return [int(n) for name in groups for n in property_of(tree, f"{LABELS['gpio']}/{name}", "brcm,pins", "u").split()]


def text_faults(board, files, options):
    """`files` are the texts of Board/CM4 by name, `options` the names in the firmware's table of options."""
    for name in ("SPI", "I2C", "GPIO", "WATCHDOG", "CONSOLE"):
        if f'KERNELS=="{board[name + "_ADDRESS"]}"' not in files["60-gimbal.rules"]:
            yield f"60-gimbal.rules: no rule for {board[name + '_ADDRESS']}"
    if f"CPUAffinity={board['CORES']}\n" not in files["gimbal.service"]:
        yield "gimbal.service: CPUAffinity is not all cores"
    for name in FILES_WITH_OPTIONS:
        command = "\n".join(line for line in files[name].splitlines() if not line.lstrip().startswith("#"))
        for option in re.findall(r"(?<!\S)(--[a-z][a-z-]+)", command):
            if option not in options:
                yield f"{name}: the firmware has no option {option}"


def check(tree, kernel):
    board = constants((BOARD / "board.conf").read_text())
    sources = ROOT / "Sources"
    names = firmware_lines(
        [path.read_text() for path in sources.rglob("*.swift")], (sources / "CLinux/devices.c").read_text())
    options = set(re.findall(r'name: "(--[a-z-]+)"', (sources / "Firmware/Options.swift").read_text()))
    files = {name: (BOARD / name).read_text() for name in ("60-gimbal.rules", *FILES_WITH_OPTIONS)}
    faults = [
        *line_faults(board, names),
        *number_faults(board, (sources / "Firmware/BoardDevices.swift").read_text()),
        *tree_faults(board, tree, pathlib.Path(kernel).read_bytes()),
        *text_faults(board, files, options),
    ]
    for fault in faults:
        print(f"error: board: {fault}", file=sys.stderr)
    if not faults:
        print(f"board: {len(lines(board))} lines, tree, udev rules and service agree")
    return 1 if faults else 0


def main(arguments):
    board = constants((BOARD / "board.conf").read_text())
    match arguments:
        case ["header", base]:
            print(header(board, base), end="")
        case ["labels"]:
            print("\n".join(f"{label} {path}" for label, path in LABELS.items()))
        case ["cmdline"]:
            print(cmdline(board))
        case ["check", tree, kernel]:
            return check(tree, kernel)
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
