"""A run's timeline as a page: what is read, counted together, bounded and written. report.py adds the plots."""

import base64
import html
import json
import math

FORMAT = "gimbal-timeline 1"
AXES = ("z", "x", "y")
# More points than this a plot does not show; windows are added up before.
POINTS_MAX = 600
# Two-sided 95 %.
Z = 1.959964


class Unreadable(ValueError):
    """What is no timeline."""


def read(text):
    """The timeline of a file's text."""
    try:
        timeline = json.loads(text)
        known = timeline["format"] == FORMAT
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable("it is no timeline of a run") from error
    if not known:
        raise Unreadable(f"its format is not '{FORMAT}'")
    if not timeline["windows"]:
        raise Unreadable("it has no window")
    return timeline


def wilson(errors, bits):
    """Lower and upper end of a 95 % interval of an error rate (Wilson, J. Am. Stat. Assoc. 22, 209 (1927))."""
    if bits == 0:
        return 0.0, 1.0
    share = errors / bits
    middle = (share + Z * Z / (2 * bits)) / (1 + Z * Z / bits)
    half = Z / (1 + Z * Z / bits) * math.sqrt(share * (1 - share) / bits + Z * Z / (4 * bits * bits))
    return max(0.0, middle - half), min(1.0, middle + half)


def gathered(windows, points=POINTS_MAX):
    """Windows added up so that no more than `points` are left. A window that is left tells when it begins."""
    step = max(1, -(-len(windows) // points))
    result, begin = [], 0
    for first in range(0, len(windows), step):
        part = windows[first:first + step]
        together = {"begin_ms": begin, "end_ms": part[-1]["end_ms"],
                    "roll_min_deg": min(w["roll_min_deg"] for w in part),
                    "roll_max_deg": max(w["roll_max_deg"] for w in part),
                    "final_bits": part[-1]["final_bits"]}  # fmt: skip
        lengths, before = [], begin
        for w in part:
            lengths.append(w["end_ms"] - before)
            before = w["end_ms"]
        for key in ("transmission", "roll_deg"):
            together[key] = sum(n * w[key] for n, w in zip(lengths, part)) / sum(lengths)
        # With a common clock there is no acquisition.
        if all("arrival_error_ns" in w for w in part):
            together["arrival_error_ns"] = max((w["arrival_error_ns"] for w in part), key=abs)
        for key in ("detections", *(f"{kind}_{axis}" for kind in ("sifted", "errors") for axis in AXES)):
            together[key] = sum(w[key] for w in part)
        result.append(together)
        begin = together["end_ms"]
    return result


def decibels(transmission):
    return -10 * math.log10(max(transmission, 1e-12))


def spans(windows, role):
    """(state, begin, end) in seconds, of the states of a module."""
    result, begin = [], 0.0
    for window in windows:
        end = window["end_ms"] / 1000
        state = window.get(role, "none")
        if result and result[-1][0] == state:
            result[-1] = (state, result[-1][1], end)
        else:
            result.append((state, begin, end))
        begin = end
    return result


def grouped(number):
    return f"{number:,}".replace(",", "\u202f")


STYLE = """\
body{font:15px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b;background:#fff}
h1{font-size:1.5rem;margin:0 0 .2rem}h2{font-size:1.1rem;margin:2rem 0 .4rem}
p.line{color:#555;margin:.2rem 0 1rem}img{max-width:100%;height:auto;border:1px solid #ddd}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
td,th{padding:.15rem .8rem;border-bottom:1px solid #e4e4e4}
td{text-align:right}th{text-align:left;font-weight:500}td.text{text-align:left}figure{margin:0 0 1rem}
figcaption{color:#555;font-size:.9rem}.figures{display:flex;flex-wrap:wrap;gap:.5rem 2.5rem}.figures b{font-size:1.3rem}
"""


def blocks_table(blocks):
    if not blocks:
        return "<p>No block ended.</p>"
    rows = ["<tr><th>Block</th><th>Ended</th><th>Sifted bits</th><th>QBER</th><th>Upper bound, single photons</th>"
            "<th>Final bits</th><th>Refused</th></tr>"]  # fmt: skip
    for block in blocks:
        qber = f"{100 * block['errors'] / block['sifted']:.2f} %" if block.get("qber_upper") and block["sifted"] else ""
        upper = f"{100 * block['qber_upper']:.2f} %" if block.get("qber_upper") else ""
        rows.append(
            f"<tr><th>{block['number']}</th><td>{block['end_ms'] / 1000:.1f} s</td><td>{grouped(block['sifted'])}</td>"
            f"<td>{qber}</td><td>{upper}</td><td>{grouped(block['final_bits'])}</td>"
            f"<td class=text>{html.escape(block.get('refusal') or '')}</td></tr>")  # fmt: skip
    return "<table>" + "".join(rows) + "</table>"


def alarms_table(alarms):
    if not alarms:
        return "<p>No alarm was raised.</p>"
    rows = ["<tr><th>Alarm</th><th>Module</th><th>From</th><th>To</th></tr>"]
    for alarm in alarms:
        end = f"{alarm['end_ms'] / 1000:.1f} s" if alarm.get("end_ms") is not None else "the end"
        rows.append(f"<tr><th>{html.escape(alarm['name'])}</th><td class=text>{alarm['module']}</td>"
                    f"<td>{alarm['begin_ms'] / 1000:.1f} s</td><td>{end}</td></tr>")  # fmt: skip
    return "<table>" + "".join(rows) + "</table>"


def page(timeline, figures):
    """The page; `figures` are (heading, caption, PNG bytes)."""
    report = timeline["report"]
    heading = f"{timeline['scenario']}, {timeline['seconds']:g} s of light, seed {timeline['seed']}"
    large = [("secret bits", grouped(int(report["secret_bits"]))), ("QBER", f"{100 * float(report['qber']):.2f} %"),
             ("sifted bits", grouped(int(report["sifted_bits"]))),
             ("keys", "equal" if report["keys_match"] == "yes" else "none"),
             ("stopped by", report["alarm"].replace("none", "nothing"))]  # fmt: skip
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>",
        f"<title>{html.escape(heading)}</title><style>{STYLE}</style>",
        f"<h1>{html.escape(heading)}</h1><p class=line>Two modules over the twin: a simulation, nothing was measured "
        f"on hardware. Variant {html.escape(timeline['variant'])}.</p>",
        "<div class=figures>", *(f"<div>{name}<br><b>{html.escape(value)}</b></div>" for name, value in large),
        "</div>",
    ]  # fmt: skip
    for title, caption, image in figures:
        data = base64.b64encode(image).decode()
        name = html.escape(title)
        parts.append(f"<h2>{name}</h2><figure><img alt='{name}' src='data:image/png;base64,{data}'>"
                     f"<figcaption>{html.escape(caption)}</figcaption></figure>")  # fmt: skip
    parts += ["<h2>Blocks</h2>", blocks_table(timeline["blocks"]), "<h2>Alarms</h2>", alarms_table(timeline["alarms"]),
              "<h2>Report</h2><table>",
              *(f"<tr><th>{html.escape(k)}</th><td>{html.escape(str(v))}</td></tr>" for k, v in report.items()),
              "</table></html>"]  # fmt: skip
    return "\n".join(parts) + "\n"
