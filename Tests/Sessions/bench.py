"""Two modules `gimbal` over the boards of `twin serve`, in a folder of their own, for programs that talk to consoles.

  with Bench(scpi=True, settings={"exchange_frames": 50}) as bench:
      talk(bench.alice.console, bench.bob.console)

`console` is the path of a pseudo terminal. Leaving the block ends all three processes and removes the folder.
"""

import pathlib
import secrets
import shutil
import socket
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

    def __init__(self, arguments, stdin=subprocess.DEVNULL):
        self.arguments = [str(argument) for argument in arguments]
        # Without a buffer, so that whoever reads on behind the first lines misses nothing.
        self.process = subprocess.Popen(
            self.arguments, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
        )

    def line_after(self, prefix):
        """The rest of the next line that begins with `prefix`."""
        watchdog = threading.Timer(START_SECONDS_MAX, self.process.kill)
        watchdog.start()
        try:
            while line := self.process.stdout.readline().decode():
                if line.startswith(prefix):
                    return line[len(prefix) :].strip()
        finally:
            watchdog.cancel()
        raise BenchFault(f"{' '.join(self.arguments)}: {self.process.stderr.read().decode().strip()}")

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close()


class Module(Process):
    """A module with a console on a pseudo terminal, or elsewhere; `console` is None then."""

    console = None


def free_port():
    """A port that nobody listens on now; a module that starts anew has to find the same one again."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Bench:
    """A board server, Alice and Bob.

    `settings` are fields of the configuration of both; `alice` and `bob` more arguments of one, where {folder} stands
    for the folder. `consoles` tells for a role what stands behind --console, a pseudo terminal if it does not.
    `delivers` writes keys to files as soon as both modules have them. `real_time` keeps the simulation from running
    ahead of the clock; `build` holds the programs; `scpi` lets the consoles begin in machine mode.
    """

    def __init__(
        self,
        scenario="bench",
        seed=1,
        settings=None,
        scpi=False,
        real_time=False,
        alice=(),
        bob=(),
        consoles=None,
        delivers=True,
        build=BUILD,
    ):
        self.scenario, self.seed, self.settings, self.real_time = scenario, seed, settings or {}, real_time
        self.extra = {"alice": list(alice), "bob": list(bob)}
        self.mode = ["--scpi"] if scpi else []
        self.consoles = consoles or {}
        self.delivers = delivers
        self.build = build
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
        (self.folder / "psk").write_bytes(secrets.token_bytes(65536))
        arguments = ["serve", "--scenario", self.scenario, "--seed", self.seed, "--socket", self.folder / "board"]
        server = Process([self.build / "twin", *arguments, *(["--real-time"] if self.real_time else [])])
        self.running.append(server)
        server.line_after("serving ")
        self.port = free_port()
        self.alice = self.module("alice")
        self.bob = self.module("bob")

    def module(self, role):
        """Starts a module; its files are those of the one before."""
        folder = self.folder
        link = f"{'listen' if role == 'alice' else 'connect'}:127.0.0.1:{self.port}"
        arguments = ["--role", role, "--board", f"unix:{folder}/board.{role}", "--link", link, "--psk", folder / "psk"]
        arguments += ["--journal", folder / f"journal.{role}", "--configuration", folder / f"configuration.{role}"]
        if self.delivers:
            arguments += ["--deliver", folder / f"keys.{role}"]
        for name, value in self.settings.items():
            arguments += ["--set", f"{name}={value}"]
        console = str(self.consoles.get(role, "pty")).format(folder=folder)
        arguments += ["--console", console, *self.mode, *(str(word).format(folder=folder) for word in self.extra[role])]
        stdin = subprocess.PIPE if console == "stdio" else subprocess.DEVNULL
        module = Module([self.build / "gimbal", *arguments], stdin)
        self.running.append(module)
        if role == "alice":
            module.line_after("link: listening on port ")
        if console == "pty":
            module.console = module.line_after("console: ")
        return module

    def restart(self, role):
        """Ends a module without a warning and starts it again."""
        old = getattr(self, role)
        old.stop()
        self.running.remove(old)
        setattr(self, role, self.module(role))

    def stop(self):
        for process in reversed(self.running):
            process.stop()
        self.running.clear()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
