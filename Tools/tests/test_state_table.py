"""The state table: rows read from Swift, unreadable cases refused, and the page current."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import state_table

SWIFT = """
  func next(on event: Event, at now: Instant) -> Step {
    switch (self, event) {
    case (_, .broken(let cause)): return (.off, .dark)
    case (.off, _): return (self, .none)
    case (.dim(let level), _): return dimming(event, now, level)
    case (.on(let since), _): return lit(event, now, since)
    }
  }

  private func dimming(_ event: Event, _ now: Instant, _ level: Int) -> Step {
    switch event {
    case .pressed, .kicked: return (.on(since: now + limits.wait), .light)
    case .held,
      .tick, .broken:
      return (self, .none)
    }
  }

  private func lit(_ event: Event, _ now: Instant, _ since: Instant) -> Step {
    switch event {
    case .tick where now >= since:
      guard count < limits.max else { return (.off, .dark) }
      return (.on(since: since), .none)
    case .held: return (self, .blink)
    case .pressed, .kicked, .tick, .broken: return (self, .none)
    }
  }
"""


class StateTableTests(unittest.TestCase):
    def test_rows_areReadInOrder(self):
        self.assertEqual(
            state_table.rows(SWIFT),
            [
                ("any", "broken", "", "off", "dark"),
                ("dim", "pressed", "", "on", "light"),
                ("dim", "kicked", "", "on", "light"),
                ("on", "tick", "now >= since and not count < limits.max", "off", "dark"),
                ("on", "tick", "now >= since and count < limits.max", "on", "none"),
                ("on", "held", "", "on", "blink"),
            ],
        )

    def test_caseThatCannotBeRead_isAnError(self):
        for broken in (
            SWIFT.replace("(.off, _)", "let x"),
            SWIFT.replace("case .held: return", "case let x: return"),
            SWIFT.replace("return (self, .blink)", "break"),
            SWIFT.replace("return (self, .blink)", "return (self, .blink); return (.off, .none)"),
        ):
            with self.assertRaises(ValueError):
                state_table.rows(broken)

    def test_diagram_leavesOutLoopsAndAnyState(self):
        lines = state_table.diagram(state_table.rows(SWIFT))
        self.assertIn("  dim --> on: pressed / light", lines)
        self.assertEqual(len([line for line in lines if "-->" in line]), 4)

    def test_page_isCurrent(self):
        self.assertIn(
            state_table.section(state_table.TABLE.read_text()), state_table.PAGE.read_text(),
            "run Tools/state_table.py",
        )


if __name__ == "__main__":
    unittest.main()
