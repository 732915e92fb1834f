"""Two modules over one board's server: Alice here, Bob in the guest on its devices."""

import base64
import itertools
import re
import secrets
import time

from bench import BUILD, Process
from board import WAIT_SECONDS_MAX
from guest import RUN_SECONDS_MAX

PARAMETERS = "/sys/module/gimbal_sim/parameters"
# The host as the guest sees it.
HOST = "10.0.2.2"
# One second of light is enough for a key.
SETTINGS = {"exchange_frames": 100, "planned_sifted": 130000, "block_bits": 1000000}
SIGKILL, SIGSTOP, SIGCONT = 9, 19, 18


class Pair:
    """Leaving the block ends both modules and makes everything well again.

    `bob` are more arguments of Bob; without `console` he leaves when the session has ended, as Alice always does.
    """

    numbers = itertools.count(1)

    def __init__(self, board, guest, console=True, bob=(), settings=None):
        self.board, self.guest, self.has_console, self.extra = board, guest, console, list(bob)
        self.settings = [f"--set {name}={value}" for name, value in {**SETTINGS, **(settings or {})}.items()]
        number = next(self.numbers)
        self.folder, self.inside = board.folder / f"pair{number}", f"/tmp/pair{number}"
        self.alice = self.bob = None

    def __enter__(self):
        try:
            self.folder.mkdir()
            secret = secrets.token_bytes(4096)
            (self.folder / "psk").write_bytes(secret)
            self.do(f"mkdir {self.inside}")
            self.do(f"echo {base64.b64encode(secret).decode()} | base64 -d > {self.inside}/psk")
            # She comes first: without her the simulation stands still.
            self.start_alice()
            self.start_bob()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.alice:
            self.alice.stop()
        self.end_bob()
        self.board.order("faults bob")
        # At the latest the watchdog of the gateware does that.
        self.board.wait_for("gateware bob", open="0")
        self.board.order("tamper bob off")
        for name, value in {"stuck": "N", "clearing_pulses": "9", "edges_lost": "0"}.items():
            self.set(name, value)

    # The modules

    def start_alice(self):
        arguments = ["--role", "alice", "--board", f"unix:{self.board.path('alice')}", "--link", "listen:127.0.0.1:0"]
        arguments += ["--psk", self.folder / "psk", "--journal", self.folder / "journal"]
        arguments += ["--deliver", self.folder / "keys", "--start", "--exit-when-done"]
        self.alice = Process([BUILD / "gimbal", *arguments, *" ".join(self.settings).split()])
        self.port = self.alice.line_after("link: listening on port ")

    def start_bob(self):
        words = ["exec gimbal --role bob --board linux:/dev/gimbal", f"--link connect:{HOST}:{self.port}"]
        words += [f"--psk {self.inside}/psk --journal {self.inside}/journal", *self.extra, *self.settings]
        words += ["--console tty:/dev/hvc0" if self.has_console else "--console none --exit-when-done"]
        self.bob = self.guest.begin(" ".join(words).format(folder=self.inside))

    def end_bob(self):
        if self.bob and self.bob.status is None:
            self.bob.signal(SIGKILL)
            self.bob.wait()
        # A watchdog that was opened goes on without its program, unless somebody says that it was meant.
        self.guest.run("echo V > /dev/gimbal/watchdog")

    def end_of_alice(self):
        """Status and both outputs of Alice, once she has left."""
        output, complaints = self.alice.process.communicate(timeout=RUN_SECONDS_MAX)
        return self.alice.process.returncode, output.decode(), complaints.decode()

    def wait_for(self, **facts):
        """The report, once it has these facts."""
        end = time.monotonic() + RUN_SECONDS_MAX
        while time.monotonic() < end:
            report = self.guest.terminal.report()
            if facts.items() <= report.items():
                return report
            if report.get("state") == "faulted" and facts.get("state") != "faulted":
                break
            time.sleep(0.1)
        raise AssertionError(f"not {facts}: {report}\n{self.guest.terminal.ask('trace')}")

    def wait_until_shown(self, command, pattern):
        """Waits until what the console answers matches."""
        end = time.monotonic() + WAIT_SECONDS_MAX
        while not re.search(pattern, shown := self.guest.terminal.ask(command), re.M):
            if time.monotonic() > end:
                raise AssertionError(f"{command}: not {pattern}: {shown}")
            time.sleep(0.1)

    # The guest

    def do(self, command):
        status, output = self.guest.run(command)
        if status != 0:
            raise AssertionError(f"{command}: {output.decode()}")
        return output.decode()

    def set(self, parameter, value):
        """Changes a parameter of the simulated devices."""
        self.do(f"echo {value} > {PARAMETERS}/{parameter}")

    def get(self, parameter):
        return self.do(f"cat {PARAMETERS}/{parameter}").strip()

    def keys(self):
        """What both sides delivered: the text of Alice's file, that of Bob's."""
        return (self.folder / "keys").read_text(), self.do(f"cat {self.inside}/keys")
