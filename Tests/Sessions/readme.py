"""Types the session of a page at the console of a module and compares what comes with what the page shows.

  readme.py PAGE

The session is the block of the page with lines that begin with the prompt. `...` in a line stands for anything, alone
on a line for any lines. A comment `# N s later` lets N seconds of the module's own time pass.
"""

import pathlib
import re
import sys

from bench import Bench
from console import PROMPT, Console, Fallen, agrees

LATER = re.compile(r"# (\d+) s later")
TICKS_PER_SECOND = 1000


def session(page):
    """(line that is typed, lines that are shown) of the only session of a page."""
    blocks = [block for block in re.findall(r"^```\n(.*?)^```$", page, re.M | re.S) if PROMPT.match(block)]
    if len(blocks) != 1:
        raise Fallen(f"the page has {len(blocks)} sessions, not one")
    steps = []
    for line in blocks[0].splitlines():
        prompt = PROMPT.match(line)
        if prompt:
            steps.append((line[prompt.end() :], []))
        else:
            steps[-1][1].append(line)
    return steps


def ticks(console):
    return next(int(line[6:]) for line in console.ask("report") if line.startswith("ticks="))


def let_pass(console, seconds):
    end = ticks(console) + seconds * TICKS_PER_SECOND
    while ticks(console) < end:
        console.settle(0.05)


def replay(console, steps):
    """How many steps went as shown, and how many did not."""
    passed = failed = 0
    for line, expected in steps:
        shown = console.ask(line)
        later = LATER.fullmatch(line)
        if later:
            let_pass(console, int(later[1]))
        if agrees(shown, expected):
            passed += 1
            continue
        failed += 1
        print(f"{line}\n  the page shows:")
        print("\n".join(f"    {text}" for text in expected))
        print("  the module shows:")
        print("\n".join(f"    {text}" for text in shown))
    return passed, failed


def main():
    steps = session(pathlib.Path(sys.argv[1]).read_text())
    with Bench("drone", 1, delivers=False) as bench:
        console = Console(bench.alice.console)
        if console.answer() != []:
            raise Fallen("something is shown before the first prompt")
        console.wait("report", "link_up=1")
        passed, failed = replay(console, steps)
    print(f"demo: {passed} passed, {failed} failed")
    sys.exit(0 if failed == 0 and passed > 0 else 1)


if __name__ == "__main__":
    main()
