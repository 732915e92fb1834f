"""Flights between clocks that nobody has set: runs, table and what is asked of a short one."""

HEAD = """\
## Clocks that nobody has set

The same flights between two clocks that know the second within 1 ms and each other's rate within 2 ppm, and a range
that moves (`--clocks own`): Bob finds the slots by the photons and follows them, [Acquisition](../Acquisition.md).
*Lock* is the time from the first light until he tracks, *key* until it counts. *Arrival* is the largest error of the
arrival in Bob's slot while key counted, as only the twin can know it. The satellite's ephemeris is told once a second
and is off by up to 19 m/s. Against the table above key is lost until the first lock, one frame in 32, and what fades
cost. The last column has Bob's plates follow the frame too (`--adaptive`): everything that moves, at once.

"""
SEEDS = (1, 2, 3)


def runs(flights):
    """Runs between clocks of their own, by name; those with plates that follow the frame have one seed."""
    found = {}
    for name, words in flights.items():
        for seed in SEEDS:
            found[f"clocks {name} {seed}"] = [*words, "--seed", str(seed), "--clocks", "own"]
        found[f"all {name}"] = [*words, "--clocks", "own", "--adaptive"]
    return found


def table(rows, flights):
    lines = ["| Scenario | Seed | Lock, ms | Key, ms | Fades | Arrival, ns | Secret bits | Keys "
             "| With plates that follow |",
             "|---|--:|--:|--:|--:|--:|--:|---|--:|"]  # fmt: skip
    for name in flights:
        for seed in SEEDS:
            row = rows[f"clocks {name} {seed}"]
            both = grouped(int(rows[f"all {name}"]["secret_bits"])) if seed == SEEDS[0] else ""
            lines.append(
                f"| `{name}` | {seed} | {row['lock_ms']} | {row['first_key_ms']} | {row['slot_fades']} "
                f"| {float(row['arrival_error_ps_max']) / 1000:.2f} | {grouped(int(row['secret_bits']))} "
                f"| {'equal' if row['keys_match'] == 'yes' else 'none'} | {both} |")  # fmt: skip
    return lines


def complaints(row):
    """What is wrong with a short flight between clocks of their own."""
    found = []
    if row["lock_ms"] == "none" or int(row["lock_ms"]) > 2000:
        found.append("no lock within 2 s between clocks of their own")
    if float(row["arrival_within_1ns"]) < 1:
        found.append("the arrival left its nanosecond while key counted")
    if row["keys_match"] != "yes":
        found.append("no equal keys between clocks of their own")
    return found


def grouped(number):
    return f"{number:,}".replace(",", " ")
