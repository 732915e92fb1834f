#!/usr/bin/env python3
"""How well the control thread keeps time, beside a program that only sleeps.

  timing.py --program PATH [--seconds S]    the program and cyclictest in the same run, on the same processor, both with
                                            SCHED_FIFO and a period of a millisecond

The program distils blocks on the other processor all the while. cyclictest (Debian's rt-tests) runs with a priority one
below the control thread's, which only matters when both are due at once.
"""

import argparse
import pathlib
import re
import subprocess
import sys

RESULTS = pathlib.Path(__file__).resolve().parent.parent / "Documentation/Results"


def facts(text):
    """The `key=value` words of the `timing` lines: by step, and of all."""
    steps, rest = {}, {}
    for line in text.splitlines():
        if not line.startswith("timing "):
            continue
        row = dict(word.split("=", 1) for word in line.split()[1:])
        step = row.pop("step", None)
        (steps.setdefault(step, {}) if step else rest).update({key: int(value) for key, value in row.items()})
    return steps, rest


def cyclictest_facts(text):
    """Minimum, mean and maximum in microseconds of the one thread that ran."""
    found = re.search(r"Min:\s*(\d+)\s.*Avg:\s*(\d+)\s+Max:\s*(\d+)", text)
    if not found:
        sys.exit(f"timing: cyclictest said nothing that can be read:\n{text}")
    return tuple(int(number) for number in found.groups())


def measure(program, seconds, processor):
    """Both at once; the exit status of the program may be 1 for ticks that were missed, which is told, not hidden."""
    rival = subprocess.Popen(
        ["cyclictest", "--mlockall", "--quiet", "--priority=79", "--interval=1000", f"--loops={seconds * 1000}",
         f"--affinity={processor}"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        own = subprocess.run([program, "--timing", str(seconds)], capture_output=True, text=True, check=False)
        output, _ = rival.communicate(timeout=seconds + 60)
    finally:
        rival.kill()
    if own.returncode not in (0, 1) or not own.stdout:
        sys.exit(f"timing: the program could not keep time: {own.stderr.strip()}")
    return facts(own.stdout), cyclictest_facts(output)


def table(seconds, steps, rest, rival):
    strobe_max, strobe_mean = steps["strobe"]["worst_ns"] / 1000, rest["strobe_mean_ns"] / 1000
    rows = [
        "| | mean | worst | ratio of the worst to cyclictest's |", "|---|--:|--:|--:|",
        f"| cyclictest, due to awake | {rival[1]} us | {rival[2]} us | 1 |",
        f"| control thread, due to awake | | {steps['wake_up']['worst_ns'] / 1000:.0f} us "
        f"| {steps['wake_up']['worst_ns'] / 1000 / rival[2]:.2f} |",
        f"| control thread, due to strobe | {strobe_mean:.0f} us | {strobe_max:.0f} us "
        f"| {strobe_max / rival[2]:.2f} |",
        "",
        f"Ticks {rest['ticks']} in {seconds} s, missed {rest['missed']}, page faults {rest['page_faults']}, "
        f"blocks of 2^17 bits distilled meanwhile {rest['blocks']}.",
        "Over budget: "
        + ", ".join(f"{step} {row['over']} (budget {row['budget_ns'] // 1000} us)" for step, row in steps.items()),
    ]
    return "\n".join(rows) + "\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--processor", type=int, default=1)
    options = parser.parse_args()
    (steps, rest), rival = measure(options.program, options.seconds, options.processor)
    print(table(options.seconds, steps, rest, rival), end="")


if __name__ == "__main__":
    main()
