"""Runs every test of the folder; the last line counts them."""

import pathlib
import sys
import unittest

folder = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(folder), str(folder.parent)]
# Named tests, as `test_peers.MqttTests`, or all of them.
loader = unittest.TestLoader()
suite = loader.loadTestsFromNames(sys.argv[1:]) if sys.argv[1:] else loader.discover(str(folder))
outcome = unittest.TextTestRunner(verbosity=1, stream=sys.stdout).run(suite)
failed = len(outcome.failures) + len(outcome.errors) + len(outcome.unexpectedSuccesses)
print(f"telemetry: {outcome.testsRun - failed} passed, {failed} failed")
sys.exit(0 if failed == 0 and outcome.testsRun > 0 else 1)
