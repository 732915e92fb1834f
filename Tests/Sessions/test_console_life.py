"""What outlives what: restarts, saved configurations, pasted ones, erased keys; and that no console shows a key."""

import pathlib
import re
import shutil
import tempfile
import unittest

from bench import BUILD, Bench
from console import Console

ROLES = ("alice", "bob")
# A second of light, which gives key.
SETTINGS = {"log_level": 0, "exchange_frames": 95}
OPTIONS = {"--trace": "{folder}/trace.", "--keys": "{folder}/vault.", "--update": "{folder}/program."}
FILES = {role: [word for option, path in OPTIONS.items() for word in (option, path + role)] for role in ROLES}
KEY = re.compile(r"[0-9a-fA-F]{64}")


class LifeCase(unittest.TestCase):
    delivers = False
    build = BUILD

    def setUp(self):
        self.bench = Bench("bench", 1, settings=SETTINGS, delivers=self.delivers, build=self.build, **FILES)
        self.addCleanup(self.bench.stop)
        self.bench.start()
        self.seen = []
        self.alice, self.bob = self.console("alice"), self.console("bob")
        self.addCleanup(self.no_key_was_shown)
        self.alice.wait("report", "link_up=1")

    def console(self, role):
        console = Console(getattr(self.bench, role).console)
        self.addCleanup(console.close)
        self.seen.append(console)
        return console

    def no_key_was_shown(self):
        for console in self.seen:
            self.assertIsNone(KEY.search(console.transcript))

    def session(self, console):
        """A session that ends as it should, with key."""
        self.assertEqual(console.ask("start"), ["starting"])
        console.wait("report", "session=finished")
        self.assertIn("blocks_ok=1", console.ask("report"))

    def started_again(self, role):
        """The console of a module that was killed and started again."""
        self.bench.restart(role)
        console = self.console(role)
        console.wait("report", "link_up=1")
        return console


class RestartTests(LifeCase):
    def test_reboot_keepsConsoleTraceAndKeys(self):
        self.session(self.alice)
        keys = self.bob.ask("keys")
        process = self.bench.bob.process
        self.assertEqual(self.bob.ask("reboot now"), ["starting anew"])
        self.bob.wait("report", "link_up=1")
        self.assertIsNone(process.poll())
        self.assertEqual(self.bob.ask("keys"), keys)
        trace = "\n".join(self.bob.ask("trace"))
        self.assertRegex(trace, r"(?s) start 1\n.*block 0 gave key\n(.*\n)?0\.000000 s +start 2\n.*starts 2$")
        self.session(self.bob)

    def test_reboot_inASession_tellsThePeer(self):
        self.assertEqual(self.bob.ask("start"), ["starting"])
        self.bob.wait("report", "state=exchanging")
        self.assertEqual(self.bob.ask("reboot now"), ["starting anew"])
        self.alice.wait("report", "state=idle")
        self.bob.wait("report", "link_up=1")
        self.alice.wait("report", "link_up=1")
        self.session(self.alice)

    def test_peer_thatStartsAgainAtRest_endsNoSession(self):
        self.session(self.alice)
        self.bench.bob.stop()
        self.alice.wait("report", "link_up=0")
        self.alice.wait("alarm", "link_down        minor     active")
        self.started_again("bob")
        self.alice.wait("report", "link_up=1")
        self.assertIn("session=finished", self.alice.ask("report"))
        self.assertNotIn("session_refused", "\n".join(self.alice.ask("alarm")))
        self.assertNotIn("link broke", "\n".join(self.alice.ask("trace")))
        # One that is lost on the way says so.
        self.alice.ask("start")
        self.alice.wait("report", "state=exchanging")
        self.bench.bob.stop()
        self.alice.wait("report", "session=link_lost")
        self.alice.wait("alarm", "session_refused  major     active")

    def test_savedConfiguration_isFoundByTheNextStart(self):
        for line in ("set epsilon_secret 12", "set key_ttl_s 60", "apply", "save", "set epsilon_secret 13"):
            self.assertNotIn("error", self.bob.ask(line)[0])
        bob = self.started_again("bob")
        self.assertEqual(bob.ask("show epsilon_secret")[0], "epsilon_secret 12 for 10^-N")
        self.assertEqual(bob.ask("show key_ttl_s")[0], "key_ttl_s 60 s")
        self.assertEqual(bob.ask("changes"), ["nothing is set that is not in force"])
        self.assertEqual(bob.ask("defaults")[-1:], ["key_ttl_s 86400  in force 60 s"])
        self.assertEqual(bob.ask("load"), ["nothing is set that is not in force"])

    def test_configurations_thatDiffer_areNamed_andAPasteMendsThem(self):
        for line in ("set epsilon_secret 12", "set mean_decoy 140000", "apply"):
            self.assertNotIn("error", self.bob.ask(line)[0])
        self.alice.ask("start")
        self.alice.wait("report", "session=configuration_differs")
        self.assertIn("field=mean_decoy own=150000 peer=140000", "\n".join(self.alice.ask("link")))
        self.bob.wait("alarm", "session_refused  major     active")
        own, peer = re.match("config   hash (.*)  peer (.*)  protocol", self.alice.ask("config")[0]).groups()
        self.assertNotEqual(own, peer)
        # As somebody pastes: all lines at once, and no look at the answers.
        self.alice.type("".join(line + "\r" for line in self.bob.ask("show running")))
        shown = self.alice.settle(1)
        self.assertNotIn("error", shown)
        self.assertIn("\r\napplied\r\n", shown)
        self.assertEqual(self.alice.ask("show"), self.bob.ask("show"))
        self.session(self.alice)


class UpdateTests(LifeCase):
    """A module replaces its own program, so these run copies."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.build = pathlib.Path(folder.name)
        for name in ("gimbal", "twin"):
            shutil.copy(BUILD / name, self.build / name)
        super().setUp()
        self.candidate = self.bench.folder / "program.bob"

    def test_update_toAProgramThatIsNone_keepsTheOld(self):
        self.assertEqual(self.bob.ask("update"), ["update   no program waits"])
        self.candidate.write_bytes(b"#!/bin/false\n")
        self.candidate.chmod(0o755)
        self.assertEqual(self.bob.ask("update"), ["update   a program waits, 13 B"])
        self.bob.ask("update now")
        self.bob.wait("trace", "new program refused  self-test status 1")
        self.assertEqual((self.build / "gimbal").read_bytes(), (BUILD / "gimbal").read_bytes())
        self.session(self.bob)

    def test_update_toAGoodProgram_startsItAndKeepsTheOldBeside(self):
        shutil.copy(BUILD / "gimbal", self.candidate)
        with self.candidate.open("ab") as file:
            file.write(b"new")
        self.assertEqual(
            self.bob.ask("update now"), ["the self-test of the new program runs; trace tells how it ends"]
        )
        self.bob.wait("trace", "start 2", 120)
        self.bob.wait("report", "link_up=1")
        self.assertTrue((self.build / "gimbal").read_bytes().endswith(b"new"))
        self.assertFalse((self.build / "gimbal.previous").read_bytes().endswith(b"new"))
        self.alice.wait("report", "link_up=1")
        self.session(self.bob)


class KeyTests(LifeCase):
    delivers = True

    def test_keys_thatWereDelivered_wereNeverShown(self):
        self.session(self.alice)
        files = [self.bench.folder / f"keys.{role}" for role in ROLES]
        self.alice.wait("keys", "in store 0")
        self.bob.wait("keys", "in store 0")
        keys = [{line.split()[1] for line in file.read_text().splitlines()} for file in files]
        self.assertEqual(keys[0], keys[1])
        self.assertGreater(len(keys[0]), 10)
        for console in (self.alice, self.bob):
            for line in console.ask("help"):
                if line.split()[0] not in ("reboot", "zeroize", "scpi"):
                    console.ask(line.split()[0])
                    console.settle(0.02)
            console.wait("report", "state=idle")
            shown = console.transcript.lower()
            for key in keys[0]:
                self.assertNotIn(key[:16], shown)


class ZeroizeTests(LifeCase):
    def test_zeroize_erasesKeys_andNothingRunsAfterwards(self):
        self.session(self.alice)
        self.assertNotIn("keys=0", self.bob.ask("report"))
        vault = self.bench.folder / "vault.bob"
        self.assertRegex(self.bob.ask("zeroize")[0], "^error: zeroize: wrong argument count  usage: zeroize now$")
        self.assertRegex(self.bob.ask("zeroize no")[0], "^error: zeroize: argument 1 should be the word now")
        before = vault.read_bytes()
        self.assertEqual(self.bob.ask("zeroize now"), ["all keys are erased"])
        report = self.bob.ask("report")
        for fact in ("state=zeroized", "keys=0", "auth_pool_bytes=0"):
            self.assertIn(fact, report)
        self.assertTrue(any(before))
        self.assertFalse(any(vault.read_bytes()), "the file of the keys is not erased")
        for line in ("start", "stop", "selftest", "apply", "gate 1000"):
            answer = self.bob.ask(line)
            self.assertTrue(answer[0].startswith(("error: ", "nothing to apply")), answer)
        self.bob.wait("alarm", "zeroized         critical  active")
        # The same module started again has none of its keys back, nor what was left of the pre-shared one.
        bob = self.started_again("bob")
        report = bob.ask("report")
        self.assertIn("keys=0", report)
        self.assertIn("auth_pool_bytes=0", report)
        self.assertIn("blocks 0", bob.ask("auth")[0])
        bob.ask("start")
        bob.wait("report", "session=keys_exhausted")


if __name__ == "__main__":
    unittest.main()
