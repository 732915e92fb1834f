"""Runs every case of the folder; the last line counts them."""

import os
import pathlib
import sys
import unittest

# A module's clock is that of the wall, and it gives its peer up after five seconds of silence: others on this machine
# should not take so much of it away. Refused without the right to do that.
try:
    os.setpriority(os.PRIO_PROCESS, 0, -10)
except PermissionError:
    pass
folder = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(folder), str(folder.parent / "Sessions")]
# Named cases, as `test_devices.DeviceTests`, or all of them.
loader = unittest.TestLoader()
suite = loader.loadTestsFromNames(sys.argv[1:]) if sys.argv[1:] else loader.discover(str(folder), "test_*.py")
outcome = unittest.TextTestRunner(verbosity=2, stream=sys.stdout).run(suite)
faults = [case for case, _ in outcome.failures + outcome.errors] + outcome.unexpectedSuccesses
# A case of several parts is one case, however many of them fail.
failed = len({getattr(case, "test_case", case).id() for case in faults})
print(f"hil: {max(0, outcome.testsRun - failed)} passed, {failed} failed")
sys.exit(0 if failed == 0 and outcome.testsRun > 0 else 1)
