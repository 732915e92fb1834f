#!/usr/bin/env python3
"""Holds the sources to the limits of the style, with one line `file:line: message` for each breach.

  tidy.py [ROOT]

Generated files are exempt: those in a folder `Generated`, and those that say so in their first lines.
"""

import ast
import pathlib
import re
import subprocess
import sys

FUNCTION_LINES_MAX = 60
FILE_LINES_MAX = 400
COLUMNS_MAX = 120
PARAMETERS_MAX = 5

# Where `unsafe` may stand: memory becomes spans in the first, meets Linux in the second; others are for the host.
UNSAFE_MODULES = {"FixedStorage", "Firmware", "HostSockets", "HostStorage"}
# Modules whose switches list every case, so that a new one fails to compile until someone thinks.
EXHAUSTIVE_MODULES = {"LinkControl"}
# Names of standards that look like requirement ids.
STANDARDS = {"AES", "CRC", "FIPS", "HMAC", "SHA"}

CODE = {".swift", ".c", ".h", ".py", ".sh"}
GENERATED = re.compile(r"generated (by|from)|do not edit", re.I)
# In two parts, so that this file does not find itself.
LEFT_OVER = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
REQUIREMENT = re.compile(r"\b([A-Z]{2,8})-\d{3}\b")
UNSAFE = re.compile(r"\bunsafe\b|\bUnsafe\w*|\bwithUnsafe\w*")
FUNCTION = re.compile(r"\b(?:func\s+[^\s(<]+|init[?!]?|subscript|deinit)\s*(?=[(<{])")
ACCESSOR = re.compile(r"\bvar\s+\w+\s*:[^={}\n]*(?={)")


def without_literals(text):
    """Swift with comments and the insides of literals blanked, each character in its place."""
    token = re.compile(
        r'(?P<line>//[^\n]*)|(?P<block>/\*)|(?P<long>#*"""[\s\S]*?"""#*)|(?P<raw>#"[^\n]*?"#)'
        r'|(?P<text>"(?:\\.|[^"\\\n])*")'
    )
    out, position = [], 0
    while match := token.search(text, position):
        out.append(text[position : match.start()])
        end = block_end(text, match.start()) if match.lastgroup == "block" else match.end()
        out.append(re.sub(r"[^\n]", " ", text[match.start() : end]))
        position = end
    return "".join(out) + text[position:]


def block_end(text, start):
    """Where a block comment ends; Swift nests them."""
    depth, position = 0, start
    for mark in re.finditer(r"/\*|\*/", text[start:]):
        depth += 1 if mark[0] == "/*" else -1
        position = start + mark.end()
        if depth == 0:
            return position
    return len(text)


def closing(code, start):
    """The index of the bracket that closes the one at `start`, or None."""
    depth = 0
    for index in range(start, len(code)):
        if code[index] in "([{":
            depth += 1
        elif code[index] in ")]}":
            depth -= 1
            if depth == 0:
                return index
    return None


def parameters(inside):
    """How many parameters without a default stand between the parentheses of a declaration."""
    depth = count = 0
    for index, character in enumerate(inside):
        if character in "([{<":
            depth += 1
        elif character in ")]}" or (character == ">" and inside[index - 1] != "-"):
            depth -= 1
        elif character == ":" and depth == 0:
            count += 1
        elif character == "=" and depth == 0:
            # A caller need not think of a parameter that has a default.
            count -= 1
    return count


def line_of(text, index):
    return text.count("\n", 0, index) + 1


def angle_end(code, start):
    """The index after the generic parameters that open at `start`."""
    depth = 0
    for index in range(start, len(code)):
        depth += (code[index] == "<") - (code[index] == ">" and code[index - 1] != "-")
        if depth == 0:
            return index + 1
    return start


def swift_functions(code):
    """(first line, lines, parameters) of each function, initialiser, subscript and computed property."""
    for match in FUNCTION.finditer(code):
        if code[: match.start()].rstrip().endswith("."):
            continue
        position = match.end()
        if code[position] == "<":
            position = angle_end(code, position)
            position += len(code[position:]) - len(code[position:].lstrip())
        count, end = 0, position
        if code[position] == "(":
            end = closing(code, position)
            if end is None:
                continue
            count = parameters(code[position + 1 : end])
        yield line_of(code, match.start()), lines_of_body(code, match.start(), end), count
    for match in ACCESSOR.finditer(code):
        yield line_of(code, match.start()), lines_of_body(code, match.start(), match.end()), 0


def lines_of_body(code, start, signature_end):
    """Lines from the declaration to the brace that ends its body; 1 for a declaration without a body."""
    brace = code.find("{", signature_end)
    between = code[signature_end:brace] if brace >= 0 else "}"
    # A requirement of a protocol: something else begins, or its scope ends, before any brace.
    modifiers = r"(public |package |private |static |mutating |borrowing |consuming )*"
    if re.search(rf"[}};]|\n\s*\n|\n\s*(@|{modifiers}(func|var|let|init)\b)", between):
        return 1
    end = closing(code, brace)
    return 1 if end is None else line_of(code, end) - line_of(code, start) + 1


def python_functions(text):
    """As `swift_functions`, for Python, where arguments have names at the call and are not counted."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            yield node.lineno, node.end_lineno - node.lineno + 1, 0


def size_breaches(path, text, code):
    lines = text.splitlines()
    if len(lines) > FILE_LINES_MAX:
        yield FILE_LINES_MAX + 1, f"file has {len(lines)} lines, limit {FILE_LINES_MAX}"
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS_MAX:
            yield number, f"line has {len(line)} columns, limit {COLUMNS_MAX}"
    functions = {".swift": lambda: swift_functions(code), ".py": lambda: python_functions(text)}
    for number, length, count in functions.get(path.suffix, lambda: [])():
        if length > FUNCTION_LINES_MAX:
            yield number, f"function has {length} lines, limit {FUNCTION_LINES_MAX}"
        if count > PARAMETERS_MAX:
            yield number, f"function has {count} parameters, limit {PARAMETERS_MAX}"


def word_breaches(path, text, code):
    """What may not stand in a file at all, or not in this folder."""
    for match in LEFT_OVER.finditer(text):
        yield line_of(text, match.start()), f"left-over: {match[0]}"
    if path.suffix != ".swift" or path.parts[0] != "Sources":
        return
    module = path.parts[1]
    for match in re.finditer(r"\btry[!?]", code):
        yield line_of(code, match.start()), f"'{match[0]}' hides a fault: catch it or pass it on"
    if module not in UNSAFE_MODULES:
        for match in UNSAFE.finditer(code):
            yield line_of(code, match.start()), f"'{match[0]}' outside {', '.join(sorted(UNSAFE_MODULES))} and tests"
    if module in EXHAUSTIVE_MODULES:
        for match in re.finditer(r"\bdefault\s*:", code):
            yield line_of(code, match.start()), "'default:' in a state machine: list the cases"


def requirement_breaches(path, text, tested):
    """Requirement ids in doc comments that no test bears."""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.lstrip().startswith("///"):
            continue
        for match in REQUIREMENT.finditer(line):
            if match[1] not in STANDARDS and match[0] not in tested:
                yield number, f"requirement {match[0]} stands in no test"


def sources(root):
    """Files under version control or about to be, relative to `root`."""
    listed = subprocess.run(
        ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True, capture_output=True, text=True,
    ).stdout
    for name in sorted(set(listed.split("\0")) - {""}):
        path = pathlib.Path(name)
        if path.suffix in CODE and (root / path).is_file():
            yield path


def is_generated(path, text):
    # The first lines are enough: generators say what they are at the top.
    return "Generated" in path.parts or bool(GENERATED.search("\n".join(text.splitlines()[:3])))


def breaches(root):
    texts = {path: (root / path).read_text() for path in sources(root)}
    tests = "".join(text for path, text in texts.items() if path.parts[0] == "Tests")
    tested = {match[0] for match in REQUIREMENT.finditer(tests)}
    for path, text in texts.items():
        if is_generated(path, text):
            continue
        code = without_literals(text) if path.suffix == ".swift" else text
        found = [*size_breaches(path, text, code), *word_breaches(path, text, code)]
        if path.parts[0] == "Sources":
            found += requirement_breaches(path, text, tested)
        for number, message in sorted(found):
            yield f"{path}:{number}: {message}"


def main(arguments):
    root = pathlib.Path(arguments[0] if arguments else __file__).resolve()
    if not arguments:
        root = root.parent.parent
    found = list(breaches(root))
    for line in found:
        print(line)
    count = sum(1 for _ in sources(root))
    print(f"tidy: {count} files, {len(found)} breaches")
    return 1 if found or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
