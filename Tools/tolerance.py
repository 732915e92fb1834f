#!/usr/bin/env python3
"""Runs whole links through the twin at rising error rates and rolls, and holds the key against a prediction.

  tolerance.py --twin FILE                 every run that the results lack at this commit, then table and plots
  tolerance.py --twin FILE --only NAME...  these runs, again
  tolerance.py --render                    table and plots from the results
  tolerance.py --twin FILE --short         one run at 20.7 %, nothing is written: for `make check`
  tolerance.py --list                      names, light and expected detections of the runs

Results gather in Documentation/Results/tolerance.json. Status 0 if every run of the command is as it should be.
"""

import argparse
import concurrent.futures
import fcntl
import json
import pathlib
import subprocess
import sys
import time

import linkmodel
import policy
import tolerance_model as model
import tolerance_page as page

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULTS = ROOT / "Documentation/Results/tolerance.json"
# A detection costs a core so much of a second, and a second of light costs this much besides.
SECONDS_PER_DETECTION, SECONDS_PER_LIGHT = 0.4e-6, 0.05
# The key of a run may differ from the prediction at the measured efficiency by so many standard deviations.
SHORT, DEVIATIONS_MAX = "perPulse-20.7-short", 4


def commit():
    """The last commit that changed the product, and whether the sources differ from it."""
    product = ("--", "Sources", "Package.swift")
    name = subprocess.run(["git", "-C", ROOT, "log", "-1", "--format=%h", *product], check=True, capture_output=True,
                          text=True)  # fmt: skip
    changed = subprocess.run(["git", "-C", ROOT, "diff", "--quiet", "HEAD", *product])
    return name.stdout.strip() + ("" if changed.returncode == 0 else " and changes")


def loaded():
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {}


def store(name, row):
    """Adds a row to the results; others may do so at the same time."""
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    with open(RESULTS, "a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        text = file.read()
        rows = json.loads(text) if text else {}
        rows[name] = row
        file.truncate(0)
        file.write(json.dumps(dict(sorted(rows.items())), indent=1) + "\n")


def cost(case):
    """Seconds of one core that a run is expected to take."""
    wanted = model.plan(case)
    if wanted is None:
        return 1
    pulses = wanted.frames * model.FRAME_SLOTS
    clicks = pulses * linkmodel.expectation(case.link, policy.setting_of(wanted.row).light).click
    return 1 + clicks * SECONDS_PER_DETECTION + wanted.seconds * SECONDS_PER_LIGHT


def run(case, twin, version):
    """One run, with what was measured and what is predicted for it."""
    wanted = model.plan(case)
    words = model.options(case, wanted)
    done = subprocess.run([twin, "run", *words], capture_output=True, text=True)
    row = {"commit": version, "command": "twin run " + " ".join(words), "status": done.returncode,
           "size": case.size, "blocks": case.blocks, "variant": case.variant, "roll": case.roll,
           "misalignment": case.misalignment, "policy": case.percent}  # fmt: skip
    if wanted is None:
        return row | {"refused": done.stderr.strip().splitlines()[0] if done.stderr.strip() else "nothing"}
    row |= {"measured": model.report(done.stdout)}
    if done.stderr.strip():
        row["says"] = done.stderr.strip().splitlines()
    return row | predictions(case, wanted, row["measured"])


def predictions(case, wanted, measured):
    """Before the run, and with the efficiency of error correction that it had."""
    both = {"predicted": model.predicted(case, wanted, measured["pulses"])}
    if measured["blocks_ok"]:
        both["predicted_at_f"] = model.predicted(case, wanted, measured["pulses"], measured["ec_efficiency"])
    return both


def complaints(case, row):
    """What is wrong with a run, as lines."""
    wanted = model.plan(case)
    if wanted is None:
        # Nothing can be asked of the policy: the product has to say so before any light.
        if row["status"] == 0 or "no key at" not in row["refused"]:
            yield f"should have been refused by the policy, but: {row['refused']}"
        return
    measured = row["measured"]
    expected = {"keys_match": "yes", "blocks_ok": case.blocks, "blocks_aborted": 0, "policy_row": wanted.row_index,
                "deadline_misses": 0, "heap_allocations": 0, "pulses": wanted.frames * model.FRAME_SLOTS}  # fmt: skip
    for key, value in expected.items():
        if measured[key] != value:
            yield f"{key}={measured[key]}, not {value}"
    if measured["secret_bits"] <= 0:
        yield "no secret bits"
    elif abs(page.distance(row)) > DEVIATIONS_MAX:
        yield f"{page.distance(row):.1f} standard deviations from the prediction"


class Progress:
    """A bar by expected cost, with the time that is left at the pace so far."""

    def __init__(self, costs):
        self.left = dict(costs)
        self.total = sum(costs.values())
        self.start = time.monotonic()

    def finish(self, name, words):
        del self.left[name]
        share = 1 - sum(self.left.values()) / self.total
        spent = time.monotonic() - self.start
        bar = "#" * round(20 * share)
        left = f"{spent / share * (1 - share) / 60:5.1f} min left" if share > 0 else ""
        print(f"[{bar:<20}] {100 * share:3.0f} % {left}  {name}: {words}", flush=True)


def summary(row):
    if "refused" in row:
        return f"refused: {row['refused']}"
    measured, forecast = row["measured"], row.get("predicted_at_f", row["predicted"])
    return (f"qber={measured['qber']:.4f} f={measured['ec_efficiency']} final={measured['final_bits']} "
            f"predicted={row['predicted']['final_bits']}, at this f {forecast['final_bits']} "
            f"+- {forecast['deviation']} wall={measured['wall_s']}")  # fmt: skip


def perform(cases, twin, jobs, keeps):
    """Runs the cases, longest first; the number of those that are not as they should be."""
    version = commit()
    failed = 0
    costs = {case.name: cost(case) for case in cases}
    progress = Progress(costs)
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        ordered = sorted(cases, key=lambda case: -costs[case.name])
        waiting = {pool.submit(run, case, twin, version): case for case in ordered}
        for done in concurrent.futures.as_completed(waiting):
            case = waiting[done]
            row = done.result()
            if keeps:
                store(case.name, row)
            progress.finish(case.name, summary(row))
            wrong = list(complaints(case, row))
            for line in wrong:
                print(f"{case.name}: FAILED: {line}", flush=True)
            failed += bool(wrong)
    print(f"tolerance: {len(cases) - failed} passed, {failed} failed")
    return failed


def listed(cases):
    for case in cases:
        wanted = model.plan(case)
        light = f"row {wanted.row_index}, {wanted.seconds} s of light" if wanted else "no row"
        print(f"{case.name}: {case.percent:g} %, {light}, about {cost(case):.0f} s of a core")


def main():
    parser = argparse.ArgumentParser(description="End-to-end runs of the twin at rising error rates and rolls.")
    parser.add_argument("--twin", help="the built program")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these runs, even if they have results")
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time")
    parser.add_argument("--short", action="store_true", help="one run at 20.7 %%, for make check")
    parser.add_argument("--render", action="store_true", help="write table and plots from the results")
    parser.add_argument("--list", action="store_true", help="name the runs")
    a = parser.parse_args()
    cases = model.table_cases() + model.roll_cases()
    if a.list:
        return listed(cases)
    if a.short or a.only:
        names = [SHORT] if a.short else a.only
        if unknown := set(names) - {case.name for case in cases}:
            parser.error(f"no such run: {' '.join(sorted(unknown))}")
        cases = [case for case in cases if case.name in names]
    elif not a.render:
        # A run that was interrupted goes on; another version of the product is measured anew.
        version, rows = commit(), loaded()
        cases = [case for case in cases if rows.get(case.name, {}).get("commit") != version]
    failed = 0
    if not a.render:
        if not a.twin:
            parser.error("--twin is missing")
        failed = perform(cases, a.twin, a.jobs, keeps=not a.short)
    if not a.short:
        page.write(RESULTS, loaded())
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
