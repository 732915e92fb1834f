#!/usr/bin/env python3
"""Runs links that move under the product and under other methods, and writes Documentation/Results/motion.md.

  motion.py --twin FILE           every run, then tables and plots
  motion.py --twin FILE --short   two short comparisons and the page of one run, nothing is written: for `make check`
  motion.py --twin FILE --loss    only polarisation-dependent loss anew, then tables and plots
  motion.py --twin FILE --clocks  only clocks of their own anew
  motion.py --render              tables and plots from the results

Status 0 if every run of the command is as it should be.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import motion_clocks as clocks
import motion_page as page

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULTS = ROOT / "Documentation/Results/motion.json"


def text(words):
    return "twin " + " ".join(words)


def output(twin, words, statuses=(0,)):
    done = subprocess.run([twin, *words], capture_output=True, text=True)
    if done.returncode not in statuses:
        raise SystemExit(f"motion: {text(words)}: status {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def run(twin, words):
    """The report of a run; one that made no key is a result too."""
    return page.report(output(twin, words, (0, 1))) | {"command": text(words)}


def compare(twin, words):
    return page.comparison(output(twin, words)) | {"command": text(words)}


def lost(twin):
    """All runs with polarisation-dependent loss, by name."""
    rows = {}
    for name, words in page.losses().items():
        rows[name] = page.loss(output(twin, ["loss", *words])) | {"command": text(["loss", *words])}
        print(f"motion: {name}", flush=True)
    return rows


def clocked(twin):
    """All runs between clocks of their own, by name."""
    rows = {}
    for name, words in clocks.runs(page.RUNS).items():
        rows[name] = run(twin, ["run", "--quiet", *words])
        print(f"motion: {name}", flush=True)
    return rows


def measured(twin):
    """All runs, by name."""
    rows = {}
    for name, words in page.RUNS.items():
        rows[f"run {name}"] = run(twin, ["run", "--quiet", *words])
        rows[f"compare {name}"] = compare(twin, ["compare", *words])
        print(f"motion: {name}", flush=True)
    for name, words in page.follows().items():
        rows[name] = run(twin, ["run", "--quiet", *words, "--adaptive"])
        print(f"motion: {name}", flush=True)
    for name, words in page.sweeps().items():
        rows[name] = compare(twin, ["compare", *words])
        print(f"motion: {name}", flush=True)
    return rows | lost(twin) | clocked(twin)


def short(twin):
    """Complaints about two flights and one page."""
    rolled = ["--channel", "transmission=0.125", "--channel", "roll_deg=22", "--policy", "14", "--seconds", "5"]
    complaints = page.rolled_complaints(compare(twin, ["compare", *rolled]))
    calm = ["--scenario", "bench", "--seconds", "2"]
    complaints += page.loss_complaints(page.loss(output(twin, ["loss", *page.SHORT_LOSS])))
    complaints += page.calm_complaints(compare(twin, ["compare", *calm]), run(twin, ["run", "--quiet", *calm]))
    complaints += clocks.complaints(run(twin, ["run", "--quiet", "--seconds", "4", "--clocks", "own"]))
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "run.html")
        output(twin, ["run", "--quiet", "--seconds", "1", "--report", str(file)])
        complaints += page.page_complaints(file.read_text())
    return complaints


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--twin", help="the program")
    parser.add_argument("--short", action="store_true", help="two short comparisons and one page")
    parser.add_argument("--loss", action="store_true", help="only polarisation-dependent loss anew")
    parser.add_argument("--clocks", action="store_true", help="only clocks of their own anew")
    parser.add_argument("--render", action="store_true", help="tables and plots from the results")
    options = parser.parse_args()
    if options.short:
        complaints = short(options.twin)
        for complaint in complaints:
            print(f"motion: {complaint}", file=sys.stderr)
        if not complaints:
            print("motion: methods stand as they should, a page was made")
        return 1 if complaints else 0
    if options.loss:
        RESULTS.write_text(json.dumps(json.loads(RESULTS.read_text()) | lost(options.twin), indent=1) + "\n")
    elif options.clocks:
        RESULTS.write_text(json.dumps(json.loads(RESULTS.read_text()) | clocked(options.twin), indent=1) + "\n")
    elif not options.render:
        RESULTS.write_text(json.dumps(measured(options.twin), indent=1) + "\n")
    page.write(RESULTS, json.loads(RESULTS.read_text()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
