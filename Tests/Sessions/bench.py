"""Two modules `gimbal` over the boards of `twin serve`, in a folder of their own, for programs that talk to consoles.

  with Bench(scpi=True, settings={"exchange_frames": 50}) as bench:
      talk(bench.alice.console, bench.bob.console)

`console` is the path of a pseudo terminal. Leaving the block ends all three processes and removes the folder.
"""

import pathlib
import secrets
import shutil
import subprocess
import tempfile
import threading

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
BUILD = REPOSITORY / ".build-run" / "release"
START_SECONDS_MAX = 60


class BenchFault(Exception):
    """A program did not start, with what it said."""


class Process:
    """A program whose first lines say where it can be reached."""

    def __init__(self, arguments):
        self.arguments = [str(argument) for argument in arguments]
        self.process = subprocess.Popen(
            self.arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def line_after(self, prefix):
        """The rest of the next line that begins with `prefix`."""
        watchdog = threading.Timer(START_SECONDS_MAX, self.process.kill)
        watchdog.start()
        try:
            for line in self.process.stdout:
                if line.startswith(prefix):
                    return line[len(prefix) :].strip()
        finally:
            watchdog.cancel()
        raise BenchFault(f"{' '.join(self.arguments)}: {self.process.stderr.read().strip()}")

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


class Module(Process):
    """A module with a console on a pseudo terminal, or with none."""

    console = None


class Bench:
    """A board server, Alice and Bob.

    `settings` are fields of the configuration of both; `alice` and `bob` more arguments of one; `scpi` lets the
    consoles begin in machine mode. `real_time` keeps the simulation from running ahead of the clock.
    """

    def __init__(self, scenario="bench", seed=1, settings=None, scpi=False, real_time=False, alice=(), bob=()):
        self.scenario, self.seed, self.settings, self.real_time = scenario, seed, settings or {}, real_time
        self.extra = {"alice": list(alice), "bob": list(bob)}
        self.mode = ["--console", "pty"] + (["--scpi"] if scpi else [])
        self.folder = None
        self.running = []

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gimbal-"))
        (self.folder / "psk").write_bytes(secrets.token_bytes(4096))
        arguments = ["serve", "--scenario", self.scenario, "--seed", self.seed, "--socket", self.folder / "board"]
        server = Process([BUILD / "twin", *arguments, *(["--real-time"] if self.real_time else [])])
        self.running.append(server)
        server.line_after("serving ")
        self.alice = self.module("alice", "listen:127.0.0.1:0")
        port = self.alice.line_after("link: listening on port ")
        self.bob = self.module("bob", f"connect:127.0.0.1:{port}")
        for module in (self.alice, self.bob):
            module.console = module.line_after("console: ")

    def module(self, role, link):
        folder = self.folder
        arguments = ["--role", role, "--board", f"unix:{folder}/board.{role}", "--link", link, "--psk", folder / "psk"]
        arguments += ["--journal", folder / f"journal.{role}", "--deliver", folder / f"keys.{role}"]
        arguments += ["--configuration", folder / f"configuration.{role}"]
        for name, value in self.settings.items():
            arguments += ["--set", f"{name}={value}"]
        module = Module([BUILD / "gimbal", *arguments, *self.mode, *self.extra[role]])
        self.running.append(module)
        return module

    def stop(self):
        for process in reversed(self.running):
            process.stop()
        self.running.clear()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
