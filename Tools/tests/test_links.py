"""Every link inside the repository's Markdown pages leads to a file, and to a heading where it names one."""

import pathlib
import re
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

FENCE = re.compile(r"^(```|~~~).*?^\1", re.M | re.S)
SPAN = re.compile(r"`[^`\n]*`")
INLINE = re.compile(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
REFERENCE = re.compile(r"^\[[^\]]+\]:\s*(\S+)", re.M)
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*\s*$", re.M)
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:", re.I)


def blanked(text, pattern):
    """The text with every match replaced by blanks, so that lines keep their numbers."""
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def anchors(text):
    """The names by which the headings of a page can be linked to, as code hosts make them."""
    names = {}
    found = set()
    for heading in HEADING.findall(blanked(text, FENCE)):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        name = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        count = names.get(name, 0)
        names[name] = count + 1
        found.add(name if count == 0 else f"{name}-{count}")
    return found


def pages(root):
    """Markdown files under version control or about to be."""
    listed = subprocess.run(
        ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"],
        check=True, capture_output=True, text=True,
    ).stdout
    return [root / name for name in sorted(set(listed.split("\0")) - {""}) if (root / name).is_file()]


def dead_links(root):
    """`page:line: target` for each link that leads nowhere."""
    root = root.resolve()
    for page in pages(root):
        text = blanked(blanked(page.read_text(), FENCE), SPAN)
        for match in [*INLINE.finditer(text), *REFERENCE.finditer(text)]:
            path, _, anchor = match[1].partition("#")
            if ELSEWHERE.match(match[1]):
                continue
            target = (page.parent / path).resolve() if path else page
            is_inside = target.exists() and target.is_relative_to(root)
            is_named = not anchor or (target.suffix == ".md" and is_inside and anchor in anchors(target.read_text()))
            if not is_inside or not is_named:
                yield f"{page.relative_to(root)}:{text.count(chr(10), 0, match.start()) + 1}: {match[1]}"


class LinkTests(unittest.TestCase):
    def found(self, files):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            subprocess.run(["git", "init", "--quiet", folder], check=True)
            for name, text in files.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            return list(dead_links(root))

    def test_repository_hasNoDeadLinks(self):
        self.assertGreater(len(pages(ROOT)), 5)
        self.assertEqual(list(dead_links(ROOT)), [])

    def test_linkToNothing_isFoundWithItsLine(self):
        self.assertEqual(self.found({"a.md": "\n[b](b.md)\n"}), ["a.md:2: b.md"])
        self.assertEqual(self.found({"a.md": "[b]: d/b.md\n", "d/c.md": ""}), ["a.md:1: d/b.md"])
        self.assertEqual(self.found({"d/a.md": "[b](../../x.md)\n"}), ["d/a.md:1: ../../x.md"])

    def test_linkToFileFolderOrAddress_isFine(self):
        files = {"d/b.md": "[up](../a.md) [web](https://example.org/x) [here](#two-words)\n# Two words\n"}
        self.assertEqual(self.found({"a.md": "[b](d/b.md) [d](d/) [h](d/b.md#two-words)\n", **files}), [])

    def test_linkToMissingHeading_isFound(self):
        files = {"b.md": "# One\n# One\n```\n# Two\n```\n", "c.txt": ""}
        text = "[x](b.md#one-1)\n[x](b.md#two)\n[x](#one)\n[x](c.txt#one)\n"
        self.assertEqual(self.found({"a.md": text, **files}), ["a.md:2: b.md#two", "a.md:3: #one", "a.md:4: c.txt#one"])

    def test_codeIsNotRead(self):
        self.assertEqual(self.found({"a.md": "`[b](b.md)`\n```\n[b](b.md)\n```\n"}), [])


if __name__ == "__main__":
    unittest.main()
