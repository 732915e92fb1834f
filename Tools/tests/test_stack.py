"""The sums of Tools/stack.py on small disassemblies, and each way in which they cannot be shown."""

import pathlib
import sys
import unittest
import unittest.mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import stack


def disassembly(**functions):
    """One function a name, its instructions as text; `<name>` in an operand becomes the address of that function."""
    starts = {name: 0x1000 * (number + 1) for number, name in enumerate(functions)}
    lines = []
    for name, code in functions.items():
        lines.append(f"{starts[name]:016x} <{name}>:")
        for number, row in enumerate(code):
            for other, start in starts.items():
                row = row.replace(f"<{other}>", f"{start:x} <{other}>")
            mnemonic, _, operands = row.partition(" ")
            # A branch inside, told by the number of the instruction.
            operands = operands.replace("@", f"{starts[name]:x}+") if "@" in operands else operands
            if "+" in operands and "<" not in operands:
                start, _, index = operands.rpartition("+")
                before, _, first = start.rpartition(" ")
                operands = f"{before} {int(first, 16) + 4 * int(index):x} <{name}+{4 * int(index):#x}>".strip()
            lines.append(f"  {starts[name] + 4 * number:x}:\t{mnemonic}\t{operands}")
    return "\n".join(lines)


def total(limit=1 << 20, entry="top", **functions):
    """Bytes of the deepest chain from `entry`, and what cannot be shown."""
    found = stack.functions_of(disassembly(**functions))
    kept, stack.SUMS = stack.SUMS, [("all", f"^{entry}$", False, limit)]
    try:
        sums, _, words = stack.summed(found)
    finally:
        stack.SUMS = kept
    return (sums[0][1] if sums else None), words


LEAF = ["sub sp, sp, #0x40", "add sp, sp, #0x40", "ret"]


class StackTests(unittest.TestCase):
    def test_chain_addsWhatIsTakenAtTheCall(self):
        top = ["stp x29, x30, [sp, #-32]!", "bl <leaf>", "ldp x29, x30, [sp], #32", "ret"]
        self.assertEqual(total(top=top, leaf=LEAF), (96, []))

    def test_tailCall_countsBehindTheFrame(self):
        top = ["stp x29, x30, [sp, #-32]!", "ldp x29, x30, [sp], #32", "b <leaf>"]
        self.assertEqual(total(top=top, leaf=LEAF), (64, []))

    def test_largeFrame_ofTwoParts_ofAConstantRegister_andThroughTheFramePointer(self):
        self.assertEqual(total(top=["sub sp, sp, #0x1, lsl #12", "sub sp, sp, #0x10", "ret"])[0], 4112)
        self.assertEqual(total(top=["mov x12, #0x1000", "movk x12, #0x1, lsl #16", "sub sp, sp, x12", "ret"])[0], 69632)
        top = ["stp x29, x30, [sp, #-32]!", "mov x29, sp", "sub sp, sp, #0x100", "mov sp, x29", "bl <leaf>", "ret"]
        self.assertEqual(total(top=top, leaf=["sub sp, sp, #0x110", "ret"])[0], 304)

    def test_branches_takeTheDeeperPath(self):
        top = ["cbz x0, @3", "sub sp, sp, #0x80", "b @4", "sub sp, sp, #0x20", "bl <leaf>", "ret"]
        self.assertEqual(total(top=top, leaf=LEAF)[0], 192)

    def test_jumpTable_reachesWhatIsBehindIt_withTheDepthOfTheJump(self):
        top = ["sub sp, sp, #0x10", "add x9, x9, x10, lsl #2", "br x9", "bl <leaf>", "ret"]
        self.assertEqual(total(top=top, leaf=LEAF), (80, []))

    def test_registerWithoutARow_isTold(self):
        for code in (["blr x8", "ret"], ["br x8"]):
            self.assertRegex(total(top=code)[1][0], "top: calls through a register")

    def test_registerWithARow_countsItsTargets(self):
        self.assertEqual(total(top=["bl <gimbal_mark>", "ret"], gimbal_mark=["br x8"], gimbal_mark_0=LEAF), (64, []))

    def test_addressTaken_andNoRowLeadsThere_isTold(self):
        for code in (["adr x0, <leaf>", "ret"], ["adrp x0, 2000 <leaf>", "add x0, x0, #0x0", "ret"]):
            self.assertRegex(total(top=code, leaf=LEAF)[1][0], "leaf: its address is taken")

    def test_circle_isTold_andBoundedOneIsCounted(self):
        top = ["sub sp, sp, #0x10", "bl <other>", "ret"]
        words = total(top=top, other=["bl <top>", "ret"])[1]
        self.assertEqual(words, ["top > other > top: comes back to itself, and no row of BOUNDED says how often"])
        frexpl = ["sub sp, sp, #0x30", "bl <between>", "ret"]
        self.assertEqual(total(top=["bl <frexpl>", "ret"], frexpl=frexpl, between=["bl <frexpl>", "ret"]), (96, []))

    def test_stackPointerMovedByAValue_orInALoop_isTold(self):
        self.assertRegex(total(top=["sub sp, sp, x8", "ret"])[1][0], "no number tells")
        self.assertRegex(total(top=["mov sp, x8", "ret"])[1][0], "no number tells")
        self.assertRegex("".join(total(top=["sub sp, sp, #0x1000", "b @0"])[1]), "no number tells")

    def test_limit_isTold(self):
        self.assertEqual(total(limit=64, top=LEAF), (64, []))
        self.assertEqual(total(limit=63, top=LEAF)[1], ["all: 64 bytes, limit 63"])

    def test_pathToTheAllocator_behindTheSeal_isTold(self):
        code = {"top": ["bl <other>", "ret"], "other": ["b <malloc>"], "malloc": LEAF}
        self.assertEqual(total(**code), (64, []))
        with unittest.mock.patch.object(stack, "SEALED", ["all"]):
            self.assertEqual(total(**code)[1], ["all: a path leads to malloc"])

    def test_unknownFunctions_areTold(self):
        self.assertRegex(total(top=["bl 9000 <gone>", "ret"])[1][0], "gone: no code of it")
        self.assertRegex(total(entry="nobody", top=LEAF)[1][0], "no function matches")


if __name__ == "__main__":
    unittest.main()
