#!/usr/bin/env python3
"""Writes the state diagram and table in Documentation/Design.md from the transition table in Swift, or checks them.

  state_table.py [--check]

The table is read as text: `next(on:at:within:)` in Sources/LinkControl/Transitions.swift, and the functions that it
hands a state to. Every case that returns something else than the same state without an action is a row. A case that
cannot be read is an error.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLE = ROOT / "Sources" / "LinkControl" / "Transitions.swift"
PAGE = ROOT / "Documentation" / "Design.md"
BEGIN, END = "<!-- states: Tools/state_table.py -->", "<!-- end of states -->"

PAIR = re.compile(r"\(\s*(_|\.\w+)(?:\([^()]*\))?\s*,\s*(_|\.\w+)(?:\([^()]*\))?\s*\)$")
EVENT = re.compile(r"\.(\w+)$")
DELEGATION = re.compile(r"return (\w+)\(event,")
RETURN = re.compile(r"return \(\s*(self|\.\w+)(?:\((?:[^()]|\([^()]*\))*\))?\s*,\s*\.(\w+)\s*\)")
GUARD = re.compile(r"guard ([^{}]+?) else \{\s*(return [^{}]+?)\s*\}")


def functions(text):
    """The text of each function by its name."""
    parts = re.split(r"\bfunc (\w+)\(", text)[1:]
    return dict(zip(parts[::2], parts[1::2]))


def cases(body):
    """(pattern, condition, what follows) of each case of a switch, as text."""
    for part in re.split(r"\n\s*case ", body)[1:]:
        head, separator, rest = re.split(r"(:)\s", part, maxsplit=1) if re.search(r":\s", part) else (part, "", "")
        if not separator or "return" not in rest:
            raise ValueError(f"case without a return: {part[:60]}")
        pattern, _, condition = " ".join(head.split()).partition(" where ")
        yield pattern, condition, rest


def outcomes(condition, body):
    """(condition, state or `self`, action) of each return, guards first."""
    guard = GUARD.search(body)
    if guard:
        state, action = RETURN.search(guard[2]).groups()
        yield " and ".join(filter(None, [condition, f"not {guard[1]}"])), state, action
        condition = " and ".join(filter(None, [condition, guard[1]]))
        body = body[guard.end() :]
    returns = RETURN.findall(body)
    if len(returns) != 1:
        raise ValueError(f"{len(returns)} returns where one is expected: {body[:80]}")
    yield condition, returns[0][0], returns[0][1]


def rows(text):
    """(from, event, condition, to, action) of each pair that changes the state or acts, in the order of the table."""
    parts = functions(text)
    found = []
    for pattern, condition, body in cases(parts["next"]):
        pair = PAIR.match(pattern)
        if not pair:
            raise ValueError(f"cannot read the case {pattern}")
        delegation = DELEGATION.match(body)
        if not delegation:
            found += steps(pair[1], pair[2], condition, body)
            continue
        for events, when, rest in cases(parts[delegation[1]]):
            for event in re.sub(r"\([^()]*\)", "", events).split(", "):
                if not EVENT.match(event):
                    raise ValueError(f"cannot read the case {events}")
                found += steps(pair[1], event, when, rest)
    return found


def steps(before, event, condition, body):
    for when, state, action in outcomes(condition, body):
        if (state, action) != ("self", "none"):
            yield name(before), name(event), when, name(before if state == "self" else state), action


def name(word):
    return "any" if word == "_" else word.lstrip(".")


def label(event, condition, action):
    text = event + (f", {condition}" if condition else "")
    return text + ("" if action == "none" else f" / {action}")


def diagram(table):
    """The rows of single states as a Mermaid diagram; rows of any state stand below it in the table."""
    lines = ["```mermaid", "stateDiagram-v2", "  [*] --> booting"]
    for before, event, _, after, action in table:
        line = f"  {before} --> {after}: {label(event, '', action)}"
        if before not in ("any", after) and line not in lines:
            lines.append(line)
    return lines + ["```"]


def section(text):
    table = rows(text)
    lines = ["| In | On | If | Goes to | Does |", "|---|---|---|---|---|"]
    for before, event, condition, after, action in table:
        condition = f"`{condition}`" if condition else ""
        action = "" if action == "none" else action
        lines.append(f"| {before} | {event} | {condition} | {after} | {action} |")
    return "\n".join([*diagram(table), "", *lines])


def main(arguments):
    page = PAGE.read_text()
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    text = TABLE.read_text()
    wanted = f"{before}{BEGIN}\n{section(text)}\n{END}{after}"
    if arguments == ["--check"] and page != wanted:
        print("states: Documentation/Design.md is stale: run Tools/state_table.py")
        return 1
    if not arguments:
        PAGE.write_text(wanted)
    print(f"states: {len(rows(text))} rows, Transitions.swift and Documentation/Design.md agree")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
