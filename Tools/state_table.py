#!/usr/bin/env python3
"""Writes the state diagram and table in Documentation/Design.md from the transition table in Swift, or checks them.

  state_table.py [--check]

The table is read as text: every `case` of `next(on:at:within:)` in Sources/LinkControl/Transitions.swift that returns
something else than the same state without an action is a row. A case that cannot be read is an error.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLE = ROOT / "Sources" / "LinkControl" / "Transitions.swift"
PAGE = ROOT / "Documentation" / "Design.md"
BEGIN, END = "<!-- states: Tools/state_table.py -->", "<!-- end of states -->"

PATTERN = re.compile(r"\(\s*(_|\.\w+)(?:\([^()]*\))?\s*,\s*(_|\.\w+)(?:\([^()]*\))?\s*\)")
RETURN = re.compile(r"return \(\s*(self|\.\w+)(?:\((?:[^()]|\([^()]*\))*\))?\s*,\s*\.(\w+)\s*\)")
GUARD = re.compile(r"guard ([^{}]+?) else \{\s*(return [^{}]+?)\s*\}")


def cases(text):
    """(patterns, condition, body) of each case, as text."""
    start = text.index("switch (self, event)")
    for part in re.split(r"\n\s*case ", text[start:])[1:]:
        head, separator, body = part.partition(":\n")
        if not separator:
            raise ValueError(f"case without a body: {part[:60]}")
        patterns, _, condition = " ".join(head.split()).partition(" where ")
        yield patterns, condition, body


def outcomes(condition, body):
    """(condition, state or None for the same, action) of each return, guards first."""
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
    found = []
    for patterns, condition, body in cases(text):
        pairs = PATTERN.findall(patterns)
        if not pairs or PATTERN.sub("", patterns).strip(" ,"):
            raise ValueError(f"cannot read the case {patterns}")
        for if_, state, action in outcomes(condition, body):
            for before, event in pairs:
                after = before if state == "self" else state
                if after == before and state == "self" and action == "none":
                    continue
                found.append((name(before), name(event), if_, name(after), action))
    return found


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
