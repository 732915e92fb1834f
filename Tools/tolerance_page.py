"""Documentation/Results/tolerance.md and its plots, from the rows of tolerance.json."""

import math

import linkmodel
import tolerance_model as model

HEAD = """\
# Tolerance

How much error and how much roll a key survives: whole runs of the [twin](../Twin.md), two modules from pulses to equal
keys, held against a prediction. Written by `make tolerance` (`Tools/tolerance.py`); all figures are in
[tolerance.json](tolerance.json), with the command and the commit of every run. Nothing here was measured on hardware.

- **Link**: scenario `lab`, total efficiency 0.3 (channel 0.6, detectors 0.5), darks 1e-6 a gate and detector, dead time
  of a detector 8 slots, common 10. The error rate is depolarisation; darks and double clicks come on top.
- **Policy**: light and block length of advantage distillation of the row that the product looks up for exactly this
  error rate, `axis_share_max` one third. The row was optimised for efficiency 0.1.
- **Predicted**: `Tools/linkmodel.py`, which shares no code with the product, for the pulses that were sent and the
  row's plan. Parities at the efficiency f that its table assumes, 1.06 to 1.19; in the next column at the f that
  Cascade had, with the standard deviation that counting gives. 704 bits a block are taken off for authentication.
- **Ratio**: measured secret bits over predicted ones, first with nothing told by the run, then at the measured f;
  **off**: the distance from the latter in standard deviations.
- **Commit**: the last one that touched `Sources` or `Package.swift`. All runs have one seed, so their chances are not
  wholly independent.

f as assumed is what the ratios differ by where few bits are left: Cascade needs 1.04 to 1.07 also at kept error rates
of 0.05 to 0.5 %, where the table, and with it the search for the policy, assumes 1.10 to 1.19.
"""

ROLL = """\
## Roll

The `perPulse` link with depolarisation 0.02 (1 % error), rolled about the line of sight by a fixed angle that nobody
tells the modules. The twirl turns the roll into white noise of 2/3 sin^2(roll). The policy is asked for the error rate
expected behind the twirl.

**Without MP** is predicted, not run: the product has no unprotected mode. It is the same link and receiver with four
states and no twirl, so that both bases err by sin^2(roll), at the same size of block, with four-state credit and the
best light of the policy: one-way, and with the best block length of advantage distillation. That light is searched for
this very link, while MP takes the row that it looks up, made for efficiency 0.1; hence the lead without MP at small
angles. All rates per second are before authentication.
"""


def grouped(number):
    return f"{number:,}".replace(",", " ")


def passed(rows, prefix):
    """Rows that made key, by name, in the order of the cases."""
    cases = [*model.table_cases(), *model.roll_cases()]
    return [(case, rows[case.name]) for case in cases if case.name in rows and case.name.startswith(prefix)]


def table(entries, first):
    """Lines of a table; `first` gives the heading and the text of the first column."""
    heading, text = first
    lines = [
        f"| {heading} | Pulses | Light | Blocks | b | QBER | f | Secret bits | Predicted | Ratio "
        "| Predicted, f as measured | Ratio | Off | Keys |",
        "|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|",
    ]
    for case, row in entries:
        if "refused" in row:
            lines.append(f"| {text(case)} |" + " |" * 6 + " refused |" + " |" * 6)
            continue
        seen, before, after = row["measured"], row["predicted"], row.get("predicted_at_f", row["predicted"])
        blind, ratio = (f"{seen['secret_bits'] / x['secret_bits']:.3f}" if x["secret_bits"] else ""
                        for x in (before, after))  # fmt: skip
        off = distance(row) if "predicted_at_f" in row else 0.0
        each = seen["sifted_bits"] / case.blocks
        lines.append(
            f"| {text(case)} | {seen['pulses']:.3g} | {seen['pulses'] / model.SLOTS_PER_SECOND:.1f} s "
            f"| {case.blocks} of {each / 1e6:.1f} M | {seen['ad_block']} | {100 * seen['qber']:.2f} % "
            f"| {seen['ec_efficiency']:.3f} | {grouped(seen['secret_bits'])} | {grouped(before['secret_bits'])} "
            f"| {blind} | {grouped(after['secret_bits'])} +- {grouped(after['deviation'])} | {ratio} | {off:+.1f} "
            f"| {'equal' if seen['keys_match'] == 'yes' else 'DIFFER'} |")  # fmt: skip
    return lines


def rolls(entries):
    """Lines of a table of rates with and without the twirl, in secret bits a second of light."""
    lines = ["| Roll | MP, measured | MP, predicted | Without MP, one-way | Without MP, distilled |",
             "|--:|--:|--:|--:|--:|"]  # fmt: skip
    for angle, rates in sweep(entries):
        lines.append(f"| {angle} deg | " + " | ".join(grouped(round(rate)) for rate in rates) + " |")
    return lines


def sweep(entries):
    """(angle, rates): measured and predicted with the twirl, predicted without it one-way and distilled."""
    for case, row in entries:
        with_twirl = (0.0, 0.0)
        if "measured" in row:
            seconds = row["measured"]["pulses"] / model.SLOTS_PER_SECOND
            forecast = row.get("predicted_at_f", row["predicted"])
            with_twirl = (row["measured"]["final_bits"] / seconds, forecast["final_bits"] / seconds)
        without = (model.unprotected(case.misalignment, case.roll, case.size, blocks)
                   for blocks in ((1,), linkmodel.BLOCKS))  # fmt: skip
        yield case.roll, (*with_twirl, *without)


def commands(rows):
    """The command and the commit of every run."""
    lines = ["## Commands", "", "| Run | Commit | Seconds | Command |", "|---|---|--:|---|"]
    for name, row in rows.items():
        wall = f"{row['measured']['wall_s']:.0f}" if "measured" in row else ""
        lines.append(f"| {name} | {row['commit']} | {wall} | `{row['command']}` |")
    return lines


def text(rows):
    """The page."""
    light = ("Error of the light", lambda case: f"{case.misalignment:g} %")
    angle = ("Roll", lambda case: f"{case.roll:g} deg")
    roll = passed(rows, "roll")
    parts = [HEAD, agreement(rows), "", "## Error rate, `perPulse`", "", *table(passed(rows, "perPulse"), light), "",
             "![Secret bits by error rate](tolerance-qber.png)", "", "## Error rate, `perBlock`", "",
             *table(passed(rows, "perBlock"), light), "", ROLL, *table(roll, angle), "", *refusals(rows),
             "Secret bits per second of light:", "", *rolls(roll), "", reaches(), "",
             "![Secret bits by roll](tolerance-roll.png)", "", *commands(rows)]  # fmt: skip
    return "\n".join(parts) + "\n"


def agreement(rows):
    """Sentences on all runs together."""
    runs = [row for row in rows.values() if "predicted_at_f" in row]
    if not runs:
        return "No run has made key yet."
    off = [distance(row) for row in runs]
    rms = math.sqrt(sum(x * x for x in off) / len(off))
    wall = sum(row["measured"]["wall_s"] for row in runs) / 60
    same = all(row["measured"]["keys_match"] == "yes" for row in runs)
    clean = all(row["measured"][key] == 0 for row in runs for key in ("deadline_misses", "heap_allocations"))
    return (f"{len(runs)} runs made key, {'equal on both sides in each' if same else 'NOT EQUAL IN EACH'}, "
            f"{'without' if clean else 'WITH'} deadline misses or allocations.\n"
            f"Their distances from the prediction at the measured f have the mean {sum(off) / len(off):+.2f} and the "
            f"root mean square {rms:.2f}\n(1 is expected), the largest is {max(map(abs, off)):.1f} standard "
            f"deviations. One after the other they took {wall:.0f} minutes,\non a machine of two cores that other "
            "work shared.")  # fmt: skip


def distance(row):
    """How many standard deviations of counting the key is above the prediction at the measured efficiency."""
    forecast = row["predicted_at_f"]
    return (row["measured"]["final_bits"] - forecast["final_bits"]) / max(1, forecast["deviation"])


def refusals(rows):
    """A sentence on the angles for which the policy has no row."""
    refused = [(case, row) for case, row in passed(rows, "roll") if "refused" in row]
    if not refused:
        return []
    case, row = refused[0]
    return [f"From {case.roll:g} degrees on the product refuses before any light: `{row['refused']}`.", ""]


def reaches():
    """A sentence on where the unprotected link stops."""
    ends = {size: [model.reach(model.ROLL_MISALIGNMENT, size, blocks) for blocks in ((1,), linkmodel.BLOCKS)]
            for size in (23, 28)}  # fmt: skip
    share = model.ROLL_MISALIGNMENT / 100
    ideal = math.degrees(math.asin(math.sqrt((0.11 - share) / (1 - 2 * share))))
    return (f"The unprotected link is predicted to stop at {ends[23][0]:.1f} degrees one-way and at {ends[23][1]:.1f} "
            f"degrees distilled\nin blocks of 2^23 sifted bits, and at {ends[28][0]:.1f} and {ends[28][1]:.1f} degrees "
            f"in the largest blocks, 2^28.\nWithout bounds, darks and several photons, the 11.0 % of four states are\n"
            f"reached at {ideal:.1f} degrees one-way, and at 19.4 degrees if the optics add nothing.")  # fmt: skip


def plots(folder, rows):
    """Two PNG files beside the page; without matplotlib none."""
    try:
        import matplotlib
    except ImportError:
        print("tolerance: no matplotlib here, so the plots stay as they are")
        return
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.2))
    for prefix, colour in (("perPulse", "C0"), ("perBlock", "C1")):
        rates = [(case.misalignment, *(row[kind]["final_bits"] * model.SLOTS_PER_SECOND / row["measured"]["pulses"]
                                       for kind in ("measured", "predicted_at_f")))
                 for case, row in passed(rows, prefix) if "predicted_at_f" in row]  # fmt: skip
        x, seen, forecast = zip(*sorted(rates)) if rates else ((), (), ())
        axes.plot(x, forecast, "-", color=colour, label=f"{prefix}, predicted")
        axes.plot(x, seen, "o", color=colour, label=f"{prefix}, measured")
    axes.set(xlabel="error rate of the light, %", ylabel="secret bits per second of light", yscale="log")
    save(figure, axes, folder / "tolerance-qber.png")

    points = list(sweep(passed(rows, "roll")))
    figure, axes = pyplot.subplots(figsize=(7, 4.2))
    styles = (("o", "MP, measured"), ("-", "MP, predicted"), ("--", "without MP, one-way, predicted"),
              (":", "without MP, distilled, predicted"))  # fmt: skip
    for k, (style, label) in enumerate(styles):
        shown = [(angle, rates[k]) for angle, rates in points if rates[k] > 0]
        axes.plot(*(zip(*shown) if shown else ((), ())), style, color=f"C{min(k, 2) if k else 0}", label=label)
    axes.set(xlabel="roll, degrees", ylabel="secret bits per second of light", yscale="log", xlim=(-1, 46))
    save(figure, axes, folder / "tolerance-roll.png")


def save(figure, axes, path):
    axes.grid(alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=110, metadata={"Software": None})


def write(results, rows):
    """Page and plots beside the results."""
    results.with_suffix(".md").write_text(text(rows))
    plots(results.parent, rows)
