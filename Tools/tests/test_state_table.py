"""The state table: rows read from Swift, unreadable cases refused, and the page current."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import state_table

SWIFT = """
    switch (self, event) {
    case (.off, .pressed), (.dim(let level), .pressed):
      return (.on(since: now + limits.wait), .light)
    case (.on(let since), .tick) where now >= since:
      guard count < limits.max else { return (.off, .dark) }
      return (.on(since: since), .none)
    case (.on, .held):
      return (self, .blink)
    case (_, .broken(let cause)):
      return (.off, .dark)
    case (.off, .tick),
      (.dim, .tick):
      return (self, .none)
    }
"""


class StateTableTests(unittest.TestCase):
    def test_rows_areReadInOrder(self):
        self.assertEqual(
            state_table.rows(SWIFT),
            [
                ("off", "pressed", "", "on", "light"),
                ("dim", "pressed", "", "on", "light"),
                ("on", "tick", "now >= since and not count < limits.max", "off", "dark"),
                ("on", "tick", "now >= since and count < limits.max", "on", "none"),
                ("on", "held", "", "on", "blink"),
                ("any", "broken", "", "off", "dark"),
            ],
        )

    def test_caseThatCannotBeRead_isAnError(self):
        for broken in (
            SWIFT.replace("(.off, .tick)", "let x"),
            SWIFT.replace("return (self, .blink)", "break"),
            SWIFT.replace("return (self, .blink)", "return (self, .blink)\n return (.off, .none)"),
        ):
            with self.assertRaises(ValueError):
                state_table.rows(broken)

    def test_diagram_leavesOutLoopsAndAnyState(self):
        lines = state_table.diagram(state_table.rows(SWIFT))
        self.assertIn("  off --> on: pressed / light", lines)
        self.assertEqual(len([line for line in lines if "-->" in line]), 4)

    def test_page_isCurrent(self):
        self.assertIn(
            state_table.section(state_table.TABLE.read_text()), state_table.PAGE.read_text(),
            "run Tools/state_table.py",
        )


if __name__ == "__main__":
    unittest.main()
