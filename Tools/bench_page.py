"""Documentation/Results/bench.md, from the figures of Tools/bench.py."""

import pathlib
import subprocess

HEAD = """\
# Speed and price of the stages

Written by `make bench` (`Tools/bench.py`); every figure with its command is in [bench.json](bench.json). Programs run
one after the other, pinned to one core, in {rounds} rounds that take turns; a speed is the median. Speeds are megabits
of input a second of both ends (Cascade), of the decoder (LDPC), or of the hash. **Told** is bits disclosed over
`n h(q)` of the errors that were drawn. Ratios compare rows of one table: the machine is shared, absolute speeds are not
a promise.

Commit {commit}, {processor}, {cores} cores.
"""

CHAIN = """\
Sifted bits of one block through permutation, advantage distillation (**group** above 1), reconciliation, confirmation,
count of errors, privacy amplification and tags (`twin bench chain`); keys are compared. Megabits of sifted key a second
that each module's own work allows on a core, Bob's by stage; what carries and authenticates the messages of a stage is
in it.
"""

LINK = """\
The same block of 2^22 bits at 3 % over a link with a round trip. Time is simulated: each module's work takes as long as
it took here, and messages take half a round trip. **Exchanges** are those of reconciliation and confirmation.
"""

QUOTED = """\
## Not measured

The records of large machines (570 Mbit/s at 1.038 by pipelined Cascade) and of cascade-cpp (1.061 at 3 %, 6.6 Mbit/s,
234 exchanges at 10^5 bits) were published for other machines and are quoted, not measured.
"""


def machine(root):
    """Commit and processor."""
    commit = subprocess.run(
        ["git", "-C", str(root), "log", "-1", "--format=%h", "--", "Sources", "Package.swift"], capture_output=True,
        text=True, check=True).stdout.strip()
    text = pathlib.Path("/proc/cpuinfo").read_text()
    models = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    return {"commit": commit, "processor": models[0] if models else "unknown processor", "cores": len(models)}


def table(heading, rows):
    """Lines of a table; cells are texts."""
    return [
        "| " + " | ".join(heading) + " |", "|" + "---|" * len(heading),
        *("| " + " | ".join(row) + " |" for row in rows)]


def number(row, name, form):
    return form.format(row[name]) if name in row and not isinstance(row[name], str) else "-"


def who(row):
    """Which program a row of reconciliation is."""
    names = {"cascade": "Cascade", "ldpc": "LDPC", "ldpc-pypi": "PyPI ldpc"}
    name = names.get(row.get("family"), "?")
    return f"{name}, {row['method'].replace('_', '-')}" if "method" in row else name


def reconcile(rows):
    """A row a program and error rate, with the speed over that of the fastest other program at the same rate."""
    lines = []
    for row in rows:
        others = [other["mbit_s"] for other in rows
                  if other.get("family") == "ldpc-pypi" and other.get("qber") == row.get("qber")]
        ratio = f"{row['mbit_s'] / max(others):.0f}" if others and "mbit_s" in row else "-"
        lines.append([
            who(row), number(row, "qber", "{:.1%}").replace("%", " %"), str(row.get("n", "-")),
            number(row, "efficiency", "{:.3f}"), number(row, "mbit_s", "{:.2f}"), number(row, "fer", "{:.2f}"),
            number(row, "round_trips", "{:.2f}"), number(row, "round_trips_max", "{}"), ratio])
    return table(
        ["Program", "QBER", "n", "Told", "Mbit/s", "Tiles left", "Exchanges", "most", "Speed over PyPI's best"], lines)


def privacy(rows):
    """A row a size and kernel, with ratios to ours."""
    lines = []
    for row in rows:
        if "mbit_s" not in row:
            continue
        ours = {other["kernel"]: other["mbit_s"] for other in rows if other.get("n") == row["n"]}
        ratios = [f"{ours[name] / row['mbit_s']:.2f}" if name in ours else "-" for name in ("carryless", "portable")]
        lines.append([f"{row['n']} to {row['output']}", str(row["kernel"]), f"{row['mbit_s']:.1f}", *ratios])
    return table(["Bits", "Kernel", "Mbit/s", "ours (carry-less) over it", "ours (portable) over it"], lines)


def family(row):
    return {"cascade": "Cascade", "ldpc": "LDPC"}.get(row.get("family"), "?")


def chain(rows):
    """A row a block: both modules, and Bob's stages."""
    names = ("permute", "distill", "reconcile", "confirm", "count", "privacy")
    lines = [[
        number(row, "qber", "{:.1%}").replace("%", " %"), str(row.get("ad_block", "-")), family(row),
        number(row, "efficiency", "{:.3f}"), number(row, "alice_mbit_s", "{:.1f}"), number(row, "bob_mbit_s", "{:.1f}"),
        *(number(row, f"{name}_bob", "{:.0f}") for name in names)] for row in rows]
    return table(["QBER", "Group", "Family", "Told", "Alice", "Bob", *names], lines)


def link(rows):
    """A row a round trip and family."""
    lines = [[
        number(row, "round_trip_ms", "{:.0f}") + " ms", family(row), number(row, "wall_s", "{:.2f}"),
        number(row, "wall_mbit_s", "{:.2f}"), str(row.get("round_trips", "-")), str(row.get("messages", "-")),
        number(row, "bytes", "{}")] for row in rows]
    return table(["Round trip", "Family", "Seconds", "Mbit/s", "Exchanges", "Messages", "Bytes"], lines)


def other(rows):
    return [f"- `{row['command']}`: " + ", ".join(
        f"{name} {value}" for name, value in row.items() if name not in ("command", "failed", "stage")) for row in rows]


def page(facts, groups, rounds=3):
    lines = [
        HEAD.format(rounds=rounds, **facts), "## Reconciliation", "", *reconcile(groups["reconcile"]), "",
        "## Size of a tile, at 3 %", "", *reconcile(groups["size"]), "", "## Privacy amplification", "",
        "Equal keys and seeds; the programs print a checksum of their output, and all agree. `libgf2x` is Debian's",
        "build, `libgf2x-native` its source compiled for this processor.", "", *privacy(groups["privacy"]), "",
        "## Whole chain", "", CHAIN, *chain(groups["chain"]), "", "## Over a link", "", LINK,
        *link(groups["link"]), "", "## Others", "", *other(groups["other"]), "", QUOTED]
    return "\n".join(lines)
