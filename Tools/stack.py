#!/usr/bin/env python3
"""Reads from the code of the static arm64 image how much stack it can need, and writes Documentation/Results/stack.md.

  stack.py [--check] IMAGE

Follows every path through every function: what it takes from the stack pointer, and what it has taken where it calls.
The deepest chain of calls from where a thread begins is the sum. It is shown only if each function that comes back to
itself does so a bounded number of times, and if each call through a register has its possible targets in a table:
both tables are in stack_tables.py, and what they lack is a failure. So is a sum above its limit. With --check nothing
is written.
"""

import pathlib
import re
import subprocess
import sys

from stack_tables import ALLOCATOR, BOUNDED, ELSEWHERE, INDIRECT, SEALED, SUMS, UNCOUNTED

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "Documentation" / "Results" / "stack.md"
LARGEST = 10

TARGET = re.compile(r"([0-9a-f]+) <([^>+]+)(\+0x[0-9a-f]+)?>")
NUMBER = re.compile(r"#(-?(?:0x)?[0-9a-f]+)(?:, lsl #(\d+))?")
MOVED_BASE = re.compile(r"\[sp, #(-?\d+)\]!|\[sp\], #(-?\d+)")
BRANCH = re.compile(r"^(b\.\w+|cbn?z|tbn?z|b)$")
ENDS = ("b", "br", "ret", "brk", "udf")
PADDING = ("nop", "udf", ".word", ".inst")
# A stack pointer that is moved further than this on one path is moved in a loop.
ENDLESS = 1 << 20


class Function:
    """The instructions of one function, and what following them found."""

    def __init__(self, name):
        self.name = name
        self.code = []
        self.deepest = 0
        # (depth at the call, name of the callee); depths of calls through a register; functions whose address it takes.
        self.calls, self.indirect, self.taken, self.faults = set(), set(), set(), []


class State:
    """Where a path is: the next instruction, bytes taken from the stack, the same at the frame pointer, constants."""

    def __init__(self, index, depth=0, frame=None):
        self.index, self.depth, self.frame, self.constants = index, depth, frame, {}
        # What the last instruction, an add to the page of an address, made.
        self.address = None
        # Registers that hold a sum of two others, as a place in a table does.
        self.sums = set()

    def elsewhere(self, index):
        return State(index, self.depth, self.frame)

    def address_made(self, mnemonic, operands, amount):
        if mnemonic == "adrp":
            register, page = re.match(r"x(\d+), ([0-9a-f]+)", operands).groups()
            self.constants[register] = int(page, 16)
        found = re.match(r"x\d+, x(\d+), #", operands) if mnemonic == "add" else None
        return self.constants[found[1]] + amount if found and found[1] in self.constants else None

    def step(self, mnemonic, operands):
        """Follows one instruction; False if no number tells where the stack pointer goes."""
        found = NUMBER.search(operands)
        amount = int(found[1], 0) << int(found[2] or 0) if found else None
        register = re.match(r"[xw](\d+), #|sp, sp, x(\d+)$", operands)
        moved = MOVED_BASE.search(operands)
        self.address = self.address_made(mnemonic, operands, amount)
        added = re.match(r"(x\d+), x\d+, [xw]\d+(, |$)", operands) if mnemonic == "add" else None
        if added:
            self.sums.add(added[1])
        if mnemonic == "mov" and register and register[1]:
            self.constants[register[1]] = amount
        elif mnemonic == "movk" and register and register[1]:
            self.constants[register[1]] = self.constants.get(register[1], 0) | amount
        elif operands.startswith("sp, sp,") and mnemonic in ("sub", "add"):
            if register:
                amount = self.constants.get(register[2])
            if amount is None:
                return False
            self.depth += amount if mnemonic == "sub" else -amount
        elif operands.startswith("x29, sp") and mnemonic in ("mov", "add"):
            self.frame = self.depth - (amount or 0)
        elif operands.startswith("sp, x29") and mnemonic in ("mov", "sub", "add") and self.frame is not None:
            self.depth = self.frame + (amount or 0) * (1 if mnemonic == "sub" else -1)
        elif operands.startswith("sp,") and mnemonic not in ("cmp", "cmn"):
            return False
        elif moved:
            self.depth -= int(moved[1] or moved[2])
        return True


def disassembled(image):
    command = ["aarch64-linux-gnu-objdump", "-d", "--no-show-raw-insn", image]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def functions_of(text):
    """The functions of a disassembly by name, followed."""
    functions, current = {}, None
    for line in text.splitlines():
        head = re.match(r"[0-9a-f]+ <(.+)>:$", line)
        if head:
            # Local functions of C files share names.
            name = head[1]
            while name in functions:
                name += "'"
            current = functions[name] = Function(name)
            continue
        row = re.match(r"\s*([0-9a-f]+):\t(\S+)\s*(.*?)(?:\s*//.*)?$", line)
        if row and current:
            current.code.append((int(row[1], 16), row[2], row[3]))
    functions = {name: function for name, function in functions.items() if function.code}
    starts = {function.code[0][0]: name for name, function in functions.items()}
    for function in functions.values():
        Walk(function, starts).run()
    return functions


class Walk:
    """All paths through one function. `starts` has the names of all functions by their first address."""

    def __init__(self, function, starts):
        self.function, self.starts = function, starts
        self.places = {address: index for index, (address, _, _) in enumerate(function.code)}
        self.deepest_at, self.jumps, self.waiting = {}, [], [State(0)]

    def run(self):
        code = [index for index, (_, mnemonic, _) in enumerate(self.function.code) if mnemonic not in PADDING]
        while self.waiting:
            self.path(self.waiting.pop())
            if self.waiting or not self.jumps:
                continue
            # What nothing else reaches is behind a jump through a table.
            unseen = next((index for index in code if index not in self.deepest_at), None)
            if unseen is not None:
                self.waiting.append(max(self.jumps, key=lambda state: state.depth).elsewhere(unseen))

    def path(self, state):
        """Up to the end of the path, or to where another was as deep."""
        function = self.function
        while state.index < len(function.code) and self.deepest_at.get(state.index, -ENDLESS) < state.depth:
            self.deepest_at[state.index] = state.depth
            _, mnemonic, operands = function.code[state.index]
            if not state.step(mnemonic, operands) or state.depth > ENDLESS:
                function.faults.append(f"no number tells how far the stack pointer moves: {mnemonic} {operands}")
                return
            function.deepest = max(function.deepest, state.depth)
            self.note(state, mnemonic, operands)
            if mnemonic in ENDS:
                return
            state.index += 1

    def note(self, state, mnemonic, operands):
        target = TARGET.search(operands)
        address = int(target[1], 16) if target else None
        if mnemonic == "blr":
            self.function.indirect.add(state.depth)
        elif mnemonic == "br" and operands not in state.sums:
            self.function.indirect.add(state.depth)
        elif mnemonic == "br":
            self.jumps.append(state.elsewhere(state.index))
        elif mnemonic in ("adr", "add") and (address or state.address) in self.starts:
            self.function.taken.add(self.starts[address or state.address])
        elif mnemonic == "bl" or (BRANCH.match(mnemonic) and address not in self.places):
            self.function.calls.add((state.depth, self.starts.get(address, target[2])))
        elif BRANCH.match(mnemonic):
            self.waiting.append(state.elsewhere(self.places[address]))


def indirect_targets(caller, functions):
    """The functions that a call through a register can reach, or None if the table does not say."""
    row = next((targets for pattern, targets, _ in INDIRECT if re.search(pattern, caller)), None)
    return None if row is None else [name for name in functions if row and re.search(row, name)]


def reachable(entries, functions, uncounted="$^"):
    """(depth, callee) of every function on a path from the entries, and what cannot be shown."""
    edges, faults, waiting = {}, [], list(entries)
    while waiting:
        name = waiting.pop()
        if name in edges:
            continue
        if name not in functions:
            faults.append(f"{name}: no code of it")
            edges[name] = set()
            continue
        function = functions[name]
        faults += [f"{name}: {fault}" for fault in function.faults]
        edges[name] = set(function.calls)
        if function.indirect:
            targets = indirect_targets(name, functions)
            if targets is None:
                faults.append(f"{name}: calls through a register, and no row of INDIRECT says what")
            edges[name] |= {(max(function.indirect), target) for target in targets or []}
        edges[name] = {(depth, callee) for depth, callee in edges[name] if not re.search(uncounted, callee)}
        waiting += [callee for _, callee in edges[name]]
    known = "|".join([row for _, row, _ in INDIRECT if row] + [ELSEWHERE])
    taken = {name for caller in edges if caller in functions for name in functions[caller].taken}
    faults += [
        f"{name}: its address is taken, and no row of INDIRECT leads there"
        for name in sorted(taken)
        if not re.search(known, name)
    ]
    return edges, faults


class Chains:
    """The deepest chain of calls below each function. Those of BOUNDED are entered at most so many times."""

    def __init__(self, edges, functions):
        self.edges, self.functions = edges, functions
        # By name and how often each row of BOUNDED was entered on the way: bytes, and the function called there.
        self.best, self.open, self.circles = {}, [], set()

    def entered(self, name, times):
        """`times` with one more for a function of BOUNDED, or None if that were too many."""
        row = bound(name)
        if row is None:
            return times
        more = times[:row] + (times[row] + 1,) + times[row + 1 :]
        return more if more[row] <= BOUNDED[row][1] else None

    def below(self, name, times=(0,) * len(BOUNDED)):
        """Bytes of the deepest chain that begins with `name`, its own frame included."""
        times = self.entered(name, times)
        if times is None:
            return 0
        if (name, times) not in self.best:
            if self.is_circle(name):
                return 0
            self.open.append(name)
            most = (self.functions[name].deepest if name in self.functions else 0, None)
            for depth, callee in sorted(self.edges[name]):
                most = max(most, (depth + self.below(callee, times), callee), key=lambda one: one[0])
            self.open.pop()
            self.best[name, times] = most
        return self.best[name, times][0]

    def is_circle(self, name):
        """Whether the function is entered again with nothing on the way that is bounded."""
        if name not in self.open or bound(name) is not None:
            return False
        way = self.open[len(self.open) - 1 - self.open[::-1].index(name) :]
        if any(bound(one) is not None for one in way):
            return False
        self.circles.add(" > ".join(way + [name]) + ": comes back to itself, and no row of BOUNDED says how often")
        return True

    def chain(self, name):
        """(name, bytes on the stack when it calls the next one) of the deepest chain."""
        total, times, found = self.below(name), (0,) * len(BOUNDED), []
        while name and (times := self.entered(name, times)) is not None:
            found.append((name, self.best[name, times][0]))
            name = self.best[name, times][1]
        rest = [total for _, total in found[1:]] + [0]
        return [(name, total - after) for (name, total), after in zip(found, rest)]


def bound(name):
    """The row of BOUNDED that a function is in, or None."""
    return next((row for row, (pattern, _, _) in enumerate(BOUNDED) if re.search(pattern, name)), None)


def entries(pattern, is_below, functions):
    """The functions with which a sum begins."""
    found = [name for name in functions if re.search(pattern, name)]
    return sorted({callee for name in found for _, callee in functions[name].calls}) if is_below else found


def summed(functions):
    """(title, bytes, limit, chain) of each sum, the functions reached, and what fails."""
    sums, words, reached = [], set(), set()
    for title, pattern, is_below, limit in SUMS:
        begins = entries(pattern, is_below, functions)
        if not begins:
            words.add(f"{title}: no function matches {pattern}")
            continue
        edges, faults = reachable(begins, functions, UNCOUNTED.get(title, "$^"))
        chains = Chains(edges, functions)
        total, first = max((chains.below(name), name) for name in begins)
        words |= set(faults) | chains.circles
        if title in SEALED:
            words |= {f"{title}: a path leads to {name}" for name in edges.keys() & ALLOCATOR}
        if total > limit:
            words.add(f"{title}: {total} bytes, limit {limit}")
        sums.append((title, total, limit, chains.chain(first)))
        reached |= edges.keys() & functions.keys()
    return sums, reached, sorted(words)


def demangled(names):
    command = ["swift", "demangle", "--compact", "--simplified"]
    done = subprocess.run(command, input="\n".join(names), check=True, capture_output=True, text=True)
    return dict(zip(names, done.stdout.splitlines()))


def grouped(number):
    return f"{number:,}".replace(",", " ")


def rows_of_chain(chain, names):
    """A row a function, calls of itself together."""
    rows = []
    for name, size in chain:
        if rows and rows[-1][:2] == [name, size]:
            rows[-1][2] += 1
        elif size:
            rows.append([name, size, 1])
    return [f"| {times} | {grouped(size)} | `{names[name]}` |" for name, size, times in rows]


def page(functions, sums, reached):
    names = demangled(sorted(functions))
    lines = [
        "# Stack of the image for the board",
        "",
        "Written by `make memory` from the code of the static arm64 image; `make memory-check` holds the limits. What",
        "is summed and how: `Tools/stack.py`. The program handles no signals; what the kernel takes in the vDSO is not",
        "counted.",
        "",
        "| Sum | Bytes | Limit |",
        "|---|--:|--:|",
    ]
    lines += [f"| {title} | {grouped(total)} | {grouped(limit)} |" for title, total, limit, _ in sums]
    for title, _, _, chain in sums:
        lines += ["", f"## Deepest chain: {title}", "", "| Times | Bytes each | Function |", "|--:|--:|---|"]
        lines += rows_of_chain(chain, names)
    largest = sorted(reached, key=lambda name: (-functions[name].deepest, name))[:LARGEST]
    lines += ["", f"## Largest frames, of {len(reached)} functions", "", "| Bytes | Function |", "|--:|---|"]
    lines += [f"| {grouped(functions[name].deepest)} | `{names[name]}` |" for name in largest]
    lines += ["", "## Calls through a register", "", "| Function | Can reach | Why |", "|---|---|---|"]
    for name in sorted(name for name in reached if functions[name].indirect):
        why = next(why for pattern, _, why in INDIRECT if re.search(pattern, name))
        targets = sorted({names[target] for target in indirect_targets(name, functions)})
        lines.append(f"| `{names[name]}` | {', '.join(f'`{target}`' for target in targets) or 'the kernel'} | {why} |")
    lines += ["", "## Functions that come back to themselves", "", "| Function | Times | Why |", "|---|--:|---|"]
    for row, (_, times, why) in enumerate(BOUNDED):
        found = sorted({names[name] for name in reached if bound(name) == row})
        lines += [f"| `{found[0]}` | {times} | {why} |"] if found else []
    return "\n".join(lines) + "\n"


def main(arguments):
    check = arguments[:1] == ["--check"]
    images = arguments[1:] if check else arguments
    if len(images) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    functions = functions_of(disassembled(images[0]))
    sums, reached, words = summed(functions)
    for word in words:
        print(f"stack: {word}")
    if words:
        return 1
    if not check:
        PAGE.write_text(page(functions, sums, reached))
    for title, total, limit, _ in sums:
        print(f"stack: {title}: {total} bytes, limit {limit}")
    return 0


if __name__ == "__main__":
    sys.setrecursionlimit(10000)
    sys.exit(main(sys.argv[1:]))
