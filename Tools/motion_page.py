"""Documentation/Results/motion.md and its plots, from the rows of motion.json; what is asked of the short runs."""

import re

import motion_clocks as clocks
from motion_clocks import grouped

# Options by name, for a run and for a comparison alike.
RUNS = {
    "drone": ["--seconds", "10"],
    "bench": ["--scenario", "bench", "--seconds", "10"],
    "ship": ["--scenario", "ship", "--seconds", "10"],
    "daylight": ["--scenario", "daylight", "--seconds", "10"],
    "storm": ["--scenario", "storm", "--seconds", "10"],
    "satellite": ["--scenario", "satellite", "--seconds", "300"],
}
# The drone with a constant roll on top of its motion, with the light that the policy has for 14 %.
ROLLED = ["--seconds", "60", "--policy", "14"]
ROLLS = (0, 5, 10, 15, 20, 22, 25, 30, 35, 45)
LATENCIES = (0, 10, 20, 50, 100, 200, 500)
LATENCY_ROLL = 22
# Polarisation-dependent loss: decibels by the module that the element belongs to.
LOSSES = (0, 0.5, 1, 2, 3, 4.5, 6)
LOSS_LINK = ["--scenario", "lab", "--channel", "transmission=0.1", "--seconds", "10", "--best", "20"]
SHORT_LOSS = ["--scenario", "lab", "--channel", "transmission=0.1", "--seconds", "3", "--decibels", "3"]
METHODS = {
    "mp": ("MP, the product", "C0"), "adaptive-plates": ("MP, adaptive, wave plates", "C2"),
    "adaptive-names": ("MP, adaptive, other names", "C8"), "bb84": ("four states, uncalibrated", "C3"),
    "bb84-tracked": ("four states, ideal tracker", "C1"), "rfi": ("RFI, asymptotic", "C7"),
}  # fmt: skip

HEAD = """\
# Motion

What the links of [Scenarios](../Scenarios.md) give under the product, and what other methods would make of the same
flights. Written by `make motion` (`Tools/motion.py`); all figures are in [motion.json](motion.json), with the command
of every run. What is exact and what is a model stands in [Comparison](../Comparison.md). Nothing here was measured on
hardware.

## The product

Whole runs of two modules, seed 1.

"""
FOLLOWED = """\
## Following the frame

The same runs with `--adaptive`: Bob's wave plates follow the frame by what Alice tells of events that gave no key
([Alignment](../Alignment.md#following-the-frame)). Plates that have to turn, and messages on their way, are in them.
Beside them the error rate that the comparison below has for plates that stand at once; it pays a sixteenth of the
sifted rounds for that. Where the plates have moved the photons are drawn anew, so that a few per cent of the bits are
chance.

"""
FOLLOWED_ROLL = """\
And the rolls of [below](#a-roll-that-nobody-calibrates-away), with the same light for 14 %: whole runs of 60 s.
Groups of distillation stay those of the row for 14 %, where the comparison takes the best length for each method: with
5 % of errors that is half of the key.

"""
COMPARED = """\
## Other methods on the same flights

Secret bits of the whole flight as one block, before authentication, at 1.16 times the Shannon limit of error
correction, which is more than the product needs. So MP stands below the table above on flights of one block; the
product cuts the satellite's pass into four, which costs it more. Corrections act 20 ms late and windows have 100 ms. In
brackets the error rate. All but RFI by finite-key bounds; RFI is asymptotic, since the project has no finite key length
for it: read it against the last column, which is MP in long blocks.

What protection costs is seen here: where little turns, four states give half as much key again, since they sift a half
and not a third. An ideal tracker is ahead of MP everywhere. MP needs neither tracker nor estimate, and passes the
uncalibrated link where rolls of some ten degrees rms come, as in the storm.

"""
ROLL = """\
## A roll that nobody calibrates away

`drone` for 60 s with a constant roll on top of its own motion of 6 degrees rms, and the light of the policy's row for
14 %: `twin compare --seconds 60 --policy 14 --channel roll_deg=A`. All methods have this light; it suits error rates of
10 to 16 %, and a link with small errors would take more. The scenario's own offset of 3 degrees is replaced.

"""
LATENCY = """\
## Late corrections

The same at 22 degrees, by the latency of the corrections: `--latency-ms L`. MP and RFI have none to wait for.

"""
LOSS = """\
## Polarisation-dependent loss

`lab` at 10 dB of loss, an element that passes linear polarisation at 20 degrees best, at either module. Sessions of
10 s: one as it is, one in which `pdl run` measures (and one more where the watch finds what white noise of the
analyser had hidden), one with what was set and the watch off. *Expected* is what the optics model gives for the
settings in force, without chance; *plain loss* the same for a link that loses as much of every polarisation, which is
what a correction without fault would leave. Bob's plates undo the loss of either module, as the frame stands still:
in this frame counts are the same. Sessions have less key than is expected, since dead time is left out there, and
differ by chance.

Plates take from the better polarisations what the element takes from the worst. Below about two decibels that costs
more key than the errors do, on this link; above it the correction pays, and from 4.5 dB on there is hardly a key
without.

"""


def loss(text):
    """The line of `twin loss`."""
    rows = [line for line in text.splitlines() if line.startswith("loss ")]
    if len(rows) != 1:
        raise ValueError("there is no loss")
    return dict(word.split("=", 1) for word in rows[0].split()[1:])


def losses():
    return {f"loss {end} {db}": [*LOSS_LINK, "--end", end, "--decibels", str(db)]
            for end in ("bob", "alice") for db in LOSSES}  # fmt: skip


def loss_table(rows):
    lines = ["| Injected | At | First found | QBER expected before | after | plain loss "
             "| Key before | after | plain loss | expected before | after | plain loss |",
             "|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"]  # fmt: skip
    for name in losses():
        row = rows[name]
        errors = [100 * float(row[key]) for key in ("before_qber", "after_qber", "theory_qber")]
        keys = [grouped(int(row[f"{stage}_{kind}bits"])) for kind in ("ran_", "")
                for stage in ("before", "after", "theory")]  # fmt: skip
        lines.append(
            f"| {float(row['injected_db']):g} dB | {row['end']} | {float(row['found_db']):.2f} "
            f"± {float(row['found_sigma_db']):.2f} dB | " + " | ".join(f"{error:.3f} %" for error in errors) + " | "
            + " | ".join(keys) + " |")  # fmt: skip
    return lines


def loss_complaints(row):
    """What is wrong with a correction of three decibels."""
    complaints = []
    if float(row["after_qber"]) - float(row["theory_qber"]) > 5e-4:
        complaints.append("a corrected loss adds more than 0.05 % of errors")
    if not 0.97 < int(row["after_bits"]) / int(row["theory_bits"]) < 1.03:
        complaints.append("a corrected loss has another key than the plain loss")
    if not int(row["before_bits"]) < 0.9 * int(row["after_bits"]):
        complaints.append("loss by polarisation costs nothing")
    return complaints


def report(text):
    """The `key=value` lines behind the line `report`."""
    lines = text.splitlines()
    if "report" not in lines:
        raise ValueError("there is no report")
    return dict(line.split("=", 1) for line in lines[lines.index("report") + 1:])


def comparison(text):
    """What `twin compare` tells scripts: the link, and every method."""
    rows = [dict(word.split("=", 1) for word in line.split()[1:]) for line in text.splitlines()
            if line.startswith("compare ")]  # fmt: skip
    if not rows or "scenario" not in rows[0]:
        raise ValueError("there is no comparison")
    return {"link": rows[0], "methods": {row["method"]: row for row in rows[1:]}}


def sweeps():
    rolls = {f"roll {roll}": [*ROLLED, "--channel", f"roll_deg={roll}"] for roll in ROLLS}
    late = {f"latency {ms}": [*ROLLED, "--channel", f"roll_deg={LATENCY_ROLL}", "--latency-ms", str(ms)]
            for ms in LATENCIES}  # fmt: skip
    return rolls | late


def follows():
    """Options by name of the runs in which the plates follow the frame."""
    rolls = {f"follow roll {roll}": [*ROLLED, "--channel", f"roll_deg={roll}"] for roll in ROLLS}
    return {f"follow {name}": words for name, words in RUNS.items()} | rolls


def bits(row, method):
    return int(row["methods"][method]["secret_bits"])


def qber(row, method):
    return float(row["methods"][method]["qber"])


def products(rows):
    lines = ["| Scenario | Seconds | Sifted bits | QBER | Upper bound, single photons | Secret bits | Keys | Alarm |",
             "|---|--:|--:|--:|--:|--:|---|---|"]  # fmt: skip
    for name in RUNS:
        row = rows[f"run {name}"]
        lines.append(
            f"| `{name}` | {row['seconds']} | {grouped(int(row['sifted_bits']))} | {100 * float(row['qber']):.2f} % "
            f"| {100 * float(row['qber_upper']):.2f} % | {grouped(int(row['secret_bits']))} "
            f"| {'equal' if row['keys_match'] == 'yes' else 'none'} | `{row['alarm']}` |")  # fmt: skip
    return lines


def followed(rows):
    lines = ["| Scenario | QBER, off | on | of the comparison | Secret bits, off | on | Plates moved |",
             "|---|--:|--:|--:|--:|--:|--:|"]  # fmt: skip
    for name in RUNS:
        off, on, ideal = rows[f"run {name}"], rows[f"follow {name}"], rows[f"compare {name}"]
        lines.append(
            f"| `{name}` | {100 * float(off['qber']):.2f} % | {100 * float(on['qber']):.2f} % "
            f"| {100 * qber(ideal, 'adaptive-plates'):.2f} % | {grouped(int(off['secret_bits']))} "
            f"| {grouped(int(on['secret_bits']))} | {on['plate_moves']} |")  # fmt: skip
    return lines


def followed_rolls(rows):
    lines = ["| Roll | QBER | Upper bound, single photons | Secret bits | Keys | Plates moved |",
             "|--:|--:|--:|--:|---|--:|"]  # fmt: skip
    for roll in ROLLS:
        row = rows[f"follow roll {roll}"]
        lines.append(
            f"| {roll} deg | {100 * float(row['qber']):.2f} % | {100 * float(row['qber_upper']):.2f} % "
            f"| {grouped(int(row['secret_bits']))} | {'equal' if row['keys_match'] == 'yes' else 'none'} "
            f"| {row['plate_moves']} |")  # fmt: skip
    return lines


def table(first, entries):
    """`entries` are (text of the first column, comparison)."""
    names = [name for name, _ in METHODS.values()]
    lines = [f"| {first} | Roll, rms | " + " | ".join(names) + " | MP, asymptotic |",
             "|--:|--:|" + "--:|" * (len(names) + 1)]  # fmt: skip
    for text, row in entries:
        cells = [f"{grouped(bits(row, m))} ({100 * qber(row, m):.1f} %)" for m in METHODS]
        lines.append(f"| {text} | {float(row['link']['roll_rms_deg']):.1f} deg | " + " | ".join(cells)
                     + f" | {grouped(int(row['methods']['mp']['asymptotic_bits']))} |")  # fmt: skip
    return lines


def reach(rows, method):
    """The largest roll of the sweep up to which a method always makes key, or none."""
    last = None
    for roll in ROLLS:
        if bits(rows[f"roll {roll}"], method) == 0:
            break
        last = roll
    return last


def sentence(rows):
    ends = {method: reach(rows, method) for method in METHODS}
    told = {name: "no roll" if ends[m] is None else f"{ends[m]} degrees" for m, (name, _) in METHODS.items()}
    lines = [f"- {name}: {end}" for name, end in told.items()]
    heading = f"The largest roll up to which key is made, of those that were tried, at most {ROLLS[-1]}:"
    return "\n".join([heading, "", *lines])


def page(rows):
    rolls = [(f"{roll} deg", rows[f"roll {roll}"]) for roll in ROLLS]
    late = [(f"{ms} ms", rows[f"latency {ms}"]) for ms in LATENCIES]
    scenarios = [(f"`{name}`", rows[f"compare {name}"]) for name in RUNS]
    commands = ["## Commands", "", *(f"- {name}: `{row['command']}`" for name, row in rows.items())]
    parts = [HEAD + "\n".join(products(rows)), "", FOLLOWED + "\n".join(followed(rows)), "",
             FOLLOWED_ROLL + "\n".join(followed_rolls(rows)), "",
             clocks.HEAD + "\n".join(clocks.table(rows, RUNS)), "",
             COMPARED + "\n".join(table("Scenario", scenarios)), "",
             "![Secret bits by scenario and method](motion-scenarios.png)", "", ROLL + "\n".join(table("Roll", rolls)),
             "", sentence(rows), "", "![Secret bits by roll](motion-roll.png)", "",
             LATENCY + "\n".join(table("Latency", late)), "", "![Secret bits by latency](motion-latency.png)", "",
             LOSS + "\n".join(loss_table(rows)), "",
             *commands]  # fmt: skip
    return "\n".join(parts) + "\n"


def rolled_complaints(row):
    """What is wrong with the methods on a link that is rolled by 22 degrees."""
    complaints = [f"{m} makes no key at 22 degrees" for m in ("mp", "adaptive-plates", "adaptive-names", "bb84-tracked")
                  if bits(row, m) == 0]  # fmt: skip
    if bits(row, "bb84") > 0:
        complaints.append("the uncalibrated link makes key at 22 degrees")
    if not bits(row, "mp") < bits(row, "adaptive-plates"):
        complaints.append("adaptation gains nothing at 22 degrees")
    return complaints


def calm_complaints(row, whole):
    """What is wrong on the bench, also against a whole run of the product."""
    complaints = []
    if abs(qber(row, "mp") - qber(row, "bb84")) > 0.002:
        complaints.append("mp and the uncalibrated link err differently where nothing turns")
    if bits(row, "bb84-tracked") < bits(row, "bb84"):
        complaints.append("a tracker costs key where nothing turns")
    if abs(int(row["methods"]["mp"]["sifted_bits"]) / int(whole["sifted_bits"]) - 1) > 0.02:
        complaints.append("mp sifts other numbers than the product")
    if not 0.7 < bits(row, "mp") / int(whole["final_bits"]) < 1.05:
        complaints.append("mp has another key length than the product")
    return complaints


def page_complaints(text):
    """What is wrong with the page of a run: it has all plots, and asks nothing of a network."""
    complaints = []
    if text.count("src='data:image/png;base64,") != 5:
        complaints.append("the page has not five plots")
    if re.search(r"https?:|//[a-z]|<script|<link|url\(", re.sub(r"base64,[A-Za-z0-9+/=]*", "", text)):
        complaints.append("the page refers to something outside")
    return complaints


def curves(axes, rows, points):
    """Secret bits of every method over what varies; `points` are (x, name of the row)."""
    for method, (label, colour) in METHODS.items():
        shown = [(x, bits(rows[name], method)) for x, name in points if bits(rows[name], method) > 0]
        style = ":" if method == "rfi" else "-"
        axes.plot(*(zip(*shown) if shown else ((), ())), style, marker="o", ms=4, color=colour, label=label)
    axes.set(ylabel="secret bits in 60 s", yscale="log")


def plots(folder, rows):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 4))
    width = 0.8 / len(METHODS)
    for k, (method, (label, colour)) in enumerate(METHODS.items()):
        values = [bits(rows[f"compare {name}"], method) / float(rows[f"compare {name}"]["link"]["seconds"])
                  for name in RUNS]  # fmt: skip
        places = [i + (k - len(METHODS) / 2 + 0.5) * width for i in range(len(RUNS))]
        axes.bar(places, values, width, color=colour, label=label, hatch="//" if method == "rfi" else None)
    axes.set_xticks(range(len(RUNS)), RUNS)
    axes.set(ylabel="secret bits per second of light", yscale="log")
    save(figure, axes, folder / "motion-scenarios.png")
    figure, axes = pyplot.subplots(figsize=(7, 4.2))
    curves(axes, rows, [(roll, f"roll {roll}") for roll in ROLLS])
    axes.set(xlabel="constant roll, degrees")
    save(figure, axes, folder / "motion-roll.png")
    figure, axes = pyplot.subplots(figsize=(7, 4.2))
    curves(axes, rows, [(ms, f"latency {ms}") for ms in LATENCIES])
    axes.set_xscale("symlog", linthresh=10)
    axes.set_xticks(LATENCIES, LATENCIES)
    axes.set(xlabel="latency of corrections, ms", xlim=(-1, 600))
    save(figure, axes, folder / "motion-latency.png")


def save(figure, axes, path):
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
    figure.tight_layout()
    figure.savefig(path, dpi=90, metadata={"Software": None})


def write(results, rows):
    """Page and plots beside the results."""
    results.with_suffix(".md").write_text(page(rows))
    plots(results.parent, rows)
