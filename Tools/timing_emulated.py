#!/usr/bin/env python3
"""How well the control thread of the board's image keeps time under Debian's kernel in an emulator, where time passes
with the instructions: the figures are the same in every run, and a change of them is a change of program, kernel or
emulator.

  timing_emulated.py [--runs N] [--seconds S]    measures, N times the same, and compares with what is recorded
  timing_emulated.py --record                    measures and records

The devices are there and nobody is behind them: lines take their levels at once, the SPI bus reads as ones.
"""

import argparse
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "Tests/Hil"), str(ROOT / "Tools")]

import alone  # noqa: E402
import guest  # noqa: E402
import prepare  # noqa: E402
import timing  # noqa: E402

IMAGE = ROOT / ".build-firmware-arm64/gimbal-static"
RECORD = ROOT / "Documentation/Results/timing.json"
# What a new kernel or compiler may cost before somebody has to look.
TOLERANCE_PERCENT = 5


def measure(parts, seconds):
    """(steps, rest) of one run."""
    status, output = alone.run(parts, f"gimbal --timing {seconds} --board linux:/dev/gimbal", {"bin/gimbal": IMAGE})
    if status != 0:
        sys.exit(f"timing-emulated: a tick was missed, or a page fault happened: status {status}\n{output}")
    return timing.facts(output)


def figures(steps, rest):
    """What is recorded, in nanoseconds of the emulated processor."""
    worst = {f"{step}_worst_ns": row["worst_ns"] for step, row in steps.items()}
    return worst | {"strobe_mean_ns": rest["strobe_mean_ns"]}


def conditions(parts):
    emulator = subprocess.run(["qemu-system-aarch64", "--version"], capture_output=True, text=True, check=True)
    return {"kernel": parts.version, "emulator": emulator.stdout.split("(")[0].strip()}


def excesses(now, limits):
    """What is above its limit, one line each."""
    return [
        f"{name}: {now[name]} ns, recorded {limit} ns, more than {TOLERANCE_PERCENT} % above"
        for name, limit in limits.items()
        if now[name] * 100 > limit * (100 + TOLERANCE_PERCENT)
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--seconds", type=int)
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    recorded = json.loads(RECORD.read_text()) if RECORD.exists() else None
    if recorded is None and not options.record:
        sys.exit(f"timing-emulated: nothing is recorded in {RECORD}")
    seconds = options.seconds or 5
    try:
        parts = prepare.parts()
        runs = [measure(parts, seconds) for _ in range(options.runs)]
    except (guest.GuestFault, prepare.PrepareFault) as fault:
        sys.exit(f"timing-emulated: {fault}")
    if any(run != runs[0] for run in runs):
        sys.exit("timing-emulated: runs differ: " + "; ".join(str(figures(*run)) for run in runs))
    now = figures(*runs[0])
    for name, value in now.items():
        print(f"{name} {value}" + (f" recorded {recorded['figures'][name]}" if recorded else ""))
    if options.record:
        RECORD.write_text(json.dumps({"conditions": conditions(parts), "figures": now}, indent=2) + "\n")
    # Another kernel or emulator takes other instructions: what was recorded is no limit for them.
    is_other = recorded is not None and recorded["conditions"] != conditions(parts)
    if is_other:
        print(f"not compared: recorded with {recorded['conditions']}, now {conditions(parts)}; --record it anew")
    found = [] if options.record or is_other else excesses(now, recorded["figures"])
    print("\n".join(found), end="\n" if found else "")
    steps, rest = runs[0]
    print(
        f"timing-emulated: {'FAILED' if found else 'ok'}, strobe {now['strobe_mean_ns']} ns in the mean, "
        f"{steps['strobe']['worst_ns']} ns at worst, {rest['ticks']} ticks, {len(runs)} runs the same"
    )
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
