"""Each rule of tidy.py is seen to fire at its line, and to let its innocent neighbour pass."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import tidy

LEFT_OVER = "TO" + "DO"


class TidyTests(unittest.TestCase):
    def breaches(self, files):
        """What tidy says of a package of these files: {name: text}."""
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            subprocess.run(["git", "init", "--quiet", folder], check=True)
            for name, text in files.items():
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return list(tidy.breaches(root))

    def assert_breach(self, name, text, line, words, **others):
        found = self.breaches({name: text, **others})
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(f"{name}:{line}: "), found)
        self.assertIn(words, found[0])

    def assert_clean(self, files):
        self.assertEqual(self.breaches(files), [])

    def test_function_over60Lines(self):
        def function(lines):
            return "\nfunc long(\n  a: Int\n) {\n" + "  step()\n" * (lines - 4) + "}\n"

        self.assert_clean({"Sources/A/A.swift": function(60)})
        self.assert_breach("Sources/A/A.swift", function(61), 2, "function has 61 lines")

    def test_otherBodies_over60Lines(self):
        body = "{\n" + "    step()\n" * 59 + "  }\n"
        for start in ("  init() ", "  subscript(i: Int) -> Int ", "  deinit ", "  var sum: Int "):
            self.assert_breach("Sources/A/A.swift", f"struct A {{\n{start}{body}}}\n", 2, "function has 61 lines")
        self.assert_breach("Tools/a.py", "def long():\n" + "    step()\n" * 60, 1, "function has 61 lines")

    def test_protocolRequirement_hasNoBody(self):
        text = "protocol P {\n  func a(b: Int) throws(E) -> Int\n  var c: Int { get }\n}\n" + "let x = 1\n" * 80
        self.assert_clean({"Sources/A/A.swift": text + "func b() {\n}\n"})

    def test_bracesInLiteralsAndComments_doNotCount(self):
        literals = 'func a() {\n  b("{")  // {\n  /* { /* { */ */\n  let t = """\n    {\n    """\n}\n'
        text = literals + "let x = 1\n" * 80
        self.assert_clean({"Sources/A/A.swift": text})

    def test_file_over400Lines(self):
        self.assert_clean({"Sources/A/A.swift": "let x = 1\n" * 400})
        self.assert_breach("Sources/A/A.swift", "let x = 1\n" * 401, 401, "file has 401 lines")

    def test_line_over120Columns(self):
        self.assert_clean({"Sources/A/a.c": "\n" + "x" * 120 + "\n"})
        self.assert_breach("Sources/A/a.c", "\n" + "x" * 121 + "\n", 2, "121 columns")

    def test_parameters_over5(self):
        five = "func f<let n: Int>(a: Int, b: [Int: Int], c: (Int) -> Int, _ d: Pair<Int, Int>, e: () -> Void)"
        self.assert_clean({"Sources/A/A.swift": five + " {}\n"})
        self.assert_breach("Sources/A/A.swift", five[:-1] + ", f: Int) {}\n", 1, "6 parameters")
        self.assert_clean({"Sources/A/A.swift": five[:-1] + ", f: Int = 1) {}\n"})

    def test_unsafe_outsideItsModules(self):
        for text in ("let a = unsafe b\n", "nonisolated(unsafe) var a = 1\n", "func f(_ p: UnsafePointer<Int>) {}\n"):
            named = "outside Firmware, FixedStorage, HostSockets, HostStorage"
            self.assert_breach("Sources/Wire/A.swift", text, 1, named)
            for place in ("Sources/FixedStorage", "Sources/Firmware", "Sources/HostStorage", "Tests/WireTests"):
                self.assert_clean({f"{place}/A.swift": text})
        self.assert_clean({"Sources/Wire/A.swift": '// unsafe\nlet a = "unsafe"\n'})

    def test_tryWithoutCatch_inSources(self):
        self.assert_breach("Sources/A/A.swift", "\nlet a = try? b()\n", 2, "'try?'")
        self.assert_breach("Sources/A/A.swift", "\nlet a = try! b()\n", 2, "'try!'")
        self.assert_clean({"Tests/ATests/A.swift": "let a = try? b()\n", "Sources/A/A.swift": "let a = try b()\n"})

    def test_leftOver_anywhere(self):
        for name in ("Sources/A/A.swift", "Tests/ATests/A.swift", "Tools/a.sh", "Sources/A/a.h"):
            self.assert_breach(name, f"\n// {LEFT_OVER} later\n", 2, "left-over")

    def test_default_inStateMachine(self):
        text = "func f() {\n  switch a {\n  case .b: c()\n  default: d()\n  }\n}\n"
        self.assert_breach("Sources/LinkControl/A.swift", text, 4, "'default:'")
        self.assert_clean({"Sources/Wire/A.swift": text})

    def test_requirement_withoutTest(self):
        text = "/// LINK-003 the gate is closed, by SHA-256.\nlet a = 1\n"
        self.assert_breach("Sources/A/A.swift", text, 1, "LINK-003 stands in no test")
        self.assert_clean({"Sources/A/A.swift": text, "Tests/ATests/A.swift": "/// LINK-003\n"})

    def test_generatedFile_isExempt(self):
        long = "x" * 121 + "\n"
        self.assert_clean({"Sources/A/Generated/A.swift": long, "Sources/A/B.swift": "// Do not edit.\n" + long})
        self.assert_breach("Sources/A/A.swift", "\n\n\n// generated by hand\n" + long, 5, "121 columns")

    def test_ignoredFile_isNotRead(self):
        self.assert_clean({".gitignore": "Sources/A/\n", "Sources/A/A.swift": "x" * 121 + "\n"})


if __name__ == "__main__":
    unittest.main()
