#!/usr/bin/env python3
"""Makes one page of a run, with its plots inside: report.py TIMELINE PAGE.

The timeline is what `twin run --timeline` writes. Needs matplotlib: `make report-tools`.
"""

import io
import pathlib
import sys

import report_page as model

COLOURS = {"z": "#1f77b4", "x": "#d95f02", "y": "#2a9d60"}
NAMES = {"z": "Z (H/V)", "x": "X (D/A)", "y": "Y (R/L)"}
STATES = {"booting": "#bbbbbb", "selftest": "#cfd8a0", "idle": "#9ecae1", "acquiring": "#fdd870",
          "exchanging": "#74c476", "draining": "#bcbddc", "faulted": "#e34a33", "zeroized": "#636363"}  # fmt: skip
SLOTS = {"idle": "#9ecae1", "searching": "#fdd870", "confirming": "#fdae6b", "tracking": "#74c476",
         "coasting": "#c7c7c7", "reacquiring": "#fdd870", "reconfirming": "#fdae6b", "failed": "#e34a33"}  # fmt: skip


def drawn(figure):
    figure.tight_layout()
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=100, metadata={"Software": None})
    return file.getvalue()


def steps(points, key):
    """Times and values of a curve that holds during each window."""
    times = [points[0]["begin_ms"] / 1000] + [p["end_ms"] / 1000 for p in points]
    values = [key(p) for p in points]
    return times, values + values[-1:]


def new(pyplot, height, end):
    figure, axes = pyplot.subplots(figsize=(9.6, height))
    axes.grid(alpha=0.3)
    axes.set(xlim=(0, end), xlabel="time, s")
    return figure, axes


def channel(pyplot, points, end):
    figure, (above, below) = pyplot.subplots(2, 1, figsize=(9.6, 4.4), sharex=True)
    above.step(*steps(points, lambda p: model.decibels(p["transmission"])), where="post", color="#444444", lw=1)
    above.invert_yaxis()
    above.set(ylabel="loss, dB")
    times, low = steps(points, lambda p: p["roll_min_deg"])
    high = steps(points, lambda p: p["roll_max_deg"])[1]
    below.fill_between(times, low, high, step="post", alpha=0.3, color="#7b3294")
    below.step(*steps(points, lambda p: p["roll_deg"]), where="post", color="#7b3294", lw=1)
    below.set(ylabel="roll, degrees", xlabel="time, s", xlim=(0, end))
    for axes in (above, below):
        axes.grid(alpha=0.3)
    return drawn(figure)


def qber(pyplot, points, blocks, end):
    figure, axes = new(pyplot, 3.8, end)
    for axis in model.AXES:
        seen = [p for p in points if p[f"sifted_{axis}"]]
        if not seen:
            continue
        times = [(p["begin_ms"] + p["end_ms"]) / 2000 for p in seen]
        bounds = [model.wilson(p[f"errors_{axis}"], p[f"sifted_{axis}"]) for p in seen]
        axes.fill_between(times, [100 * low for low, _ in bounds], [100 * high for _, high in bounds], alpha=0.15,
                          color=COLOURS[axis], lw=0)  # fmt: skip
        axes.plot(times, [100 * p[f"errors_{axis}"] / p[f"sifted_{axis}"] for p in seen], lw=1, color=COLOURS[axis],
                  label=NAMES[axis])  # fmt: skip
    begin = 0.0
    label = "upper bound of a block"
    for block in blocks:
        if block.get("qber_upper"):
            axes.plot([begin, block["end_ms"] / 1000], [100 * block["qber_upper"]] * 2, "k--", lw=1.2, label=label)
            label = None
        begin = block["end_ms"] / 1000
    axes.set(ylabel="error rate, %")
    axes.set_ylim(bottom=0)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(ncols=4, fontsize="small", loc="upper right")
    return drawn(figure)


def rates(pyplot, points, end):
    figure, axes = new(pyplot, 3.0, end)

    def rate(count):
        return lambda p: count(p) / (p["end_ms"] - p["begin_ms"])

    axes.step(*steps(points, rate(lambda p: p["detections"])), where="post", lw=1, color="#444444", label="detections")
    axes.step(*steps(points, rate(lambda p: sum(p[f"sifted_{a}"] for a in model.AXES))), where="post", lw=1,
              color="#1f77b4", label="sifted")  # fmt: skip
    axes.set(ylabel="thousands a second")
    axes.set_ylim(bottom=0)
    axes.legend(fontsize="small", loc="upper right")
    return drawn(figure)


def key(pyplot, points, blocks, end):
    figure, axes = new(pyplot, 2.8, end)
    axes.step(*steps(points, lambda p: p["final_bits"] / 1000), where="pre", color="#2a9d60")
    for block in blocks:
        if block.get("refusal"):
            axes.axvline(block["end_ms"] / 1000, color="#e34a33", ls=":")
    axes.set(ylabel="key, kbit")
    axes.set_ylim(bottom=0)
    return drawn(figure)


def states(pyplot, timeline, end):
    alarms = sorted({alarm["name"] for alarm in timeline["alarms"]})
    rows = ["Alice", "Bob", *alarms]
    figure, axes = new(pyplot, 1.2 + 0.35 * len(rows), end)
    used = {}
    for row, role in enumerate(("alice", "bob")):
        for state, first, last in model.spans(timeline["windows"], role):
            used[state] = axes.barh(row, last - first, left=first, height=0.7, color=STATES.get(state, "#000000"))
    for alarm in timeline["alarms"]:
        last = end if alarm.get("end_ms") is None else alarm["end_ms"] / 1000
        row = rows.index(alarm["name"])
        # What begins and ends within one window is still to be seen.
        axes.barh(row, max(last - alarm["begin_ms"] / 1000, end / 300), left=alarm["begin_ms"] / 1000, height=0.7,
                  color="#e34a33")  # fmt: skip
    axes.set_yticks(range(len(rows)), rows)
    axes.invert_yaxis()
    axes.legend(used.values(), used.keys(), ncols=len(used), fontsize="small", loc="lower center",
                bbox_to_anchor=(0.5, 1))  # fmt: skip
    return drawn(figure)


def slots(pyplot, points, timeline, end):
    """Where the pulses are against Bob's slots, and what he makes of them."""
    figure, (above, below) = pyplot.subplots(2, 1, figsize=(9.6, 3.6), sharex=True, height_ratios=[1, 3])
    used = {}
    for state, first, last in model.spans(timeline["windows"], "slots"):
        used[state] = above.barh(0, last - first, left=first, height=0.7, color=SLOTS.get(state, "#000000"))
    above.set_yticks([0], ["slots"])
    above.legend(used.values(), used.keys(), ncols=len(used), fontsize="small", loc="lower center",
                 bbox_to_anchor=(0.5, 1))  # fmt: skip
    below.step(*steps(points, lambda p: p["arrival_error_ns"]), where="post", color="#1f77b4", lw=1)
    # A tenth of a nanosecond and a millisecond in one picture: even up to 1 ns, by powers of ten beyond.
    below.set_yscale("symlog", linthresh=1)
    for edge in (-1, 1):
        below.axhline(edge, color="#e34a33", ls=":", lw=1)
    below.set(ylabel="arrival, ns", xlabel="time, s", xlim=(0, end))
    for axes in (above, below):
        axes.grid(alpha=0.3)
    return drawn(figure)


def figures(pyplot, timeline):
    """(heading, caption, PNG) of every plot."""
    points = model.gathered(timeline["windows"])
    end = timeline["windows"][-1]["end_ms"] / 1000
    blocks = timeline["blocks"]
    width = f"{points[0]['end_ms'] - points[0]['begin_ms']} ms"
    result = [
        ("Channel", f"Loss and roll of the simulated link, mean of {width}; the band is the least and the largest "
         "roll. The modules do not see them.", channel(pyplot, points, end)),
        ("Error rate by axis", f"Single clicks on the axis that was sent, counted by the twin in {width}; bands are 95 "
         "% intervals of Wilson. Dashed: the upper bound of the error rate of single photons of each block, with which "
         "its key length was computed.", qber(pyplot, points, blocks, end)),
        ("Rates", "Slots with clicks in an open gate, before the common dead time, and sifted single clicks.",
         rates(pyplot, points, end)),
        ("Key", "Bits out of privacy amplification at Bob, before authentication is paid. Dotted: a block was refused.",
         key(pyplot, points, blocks, end)),
        ("States and alarms", "States of the two modules at the end of each window, and alarms while their cause "
         "lasts.",
         states(pyplot, timeline, end)),
    ]  # fmt: skip
    if "arrival_error_ns" in points[0]:
        result.insert(2, (
            "Slots", f"Bob's state of acquisition, and the largest distance of the pulses from the middle of his slots "
            f"in {width}. Dotted: 1 ns. The modules do not see it.", slots(pyplot, points, timeline, end)))  # fmt: skip
    return result


def main(arguments):
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        import matplotlib
    except ImportError:
        print("report: no matplotlib here: run 'make report-tools'", file=sys.stderr)
        return 2
    matplotlib.use("Agg")
    from matplotlib import pyplot

    try:
        timeline = model.read(pathlib.Path(arguments[0]).read_text())
        text = model.page(timeline, figures(pyplot, timeline))
        pathlib.Path(arguments[1]).write_text(text)
    except (OSError, model.Unreadable) as error:
        print(f"report: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
