#!/usr/bin/env python3
"""Two modules over the twin's moving link, for whoever wants to sit at their consoles; ends with Ctrl-C.

  demo.py [--tmux] [--scenario NAME] [--seed N]

Time runs as on the wall clock. All files stand in a temporary folder, which goes with the demonstration.
"""

import argparse
import pathlib
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Tests" / "Sessions"))

from bench import Bench, BenchFault

ROLES = ("alice", "bob")
# What every module of the demonstration keeps in the folder.
FILES = ("--keys", "{folder}/vault.%s", "--trace", "{folder}/trace.%s", "--key-port", "unix:{folder}/port.%s")
FILES += ("--telemetry", "unix:{folder}/telemetry.%s")
BAUD = 115200


class Stopped(Exception):
    """Somebody asked the program to end."""


def arguments_of(role):
    return [word.replace("%s", role) for word in FILES]


def terminal_program(path):
    """A command that joins this terminal to a console, and the keys that leave it."""
    if shutil.which("picocom"):
        return f"picocom -q -b {BAUD} {path}", "Ctrl-A Ctrl-X"
    return f"socat -,raw,echo=0,escape=0x1d {path},raw,echo=0", "Ctrl-]"


def describe(bench):
    """How to reach everything, one thing a line."""
    lines = [f"{bench.scenario}, seed {bench.seed}, in {bench.folder}"]
    for role in ROLES:
        path = getattr(bench, role).console
        command, leave = terminal_program(path)
        lines += [
            f"{role}",
            f"  console    {command}    (or screen {path} {BAUD}; {leave} leaves)",
            f"  keys       python3 Tools/keyclient/gimbal_keys.py {bench.folder}/port.{role} status",
            f"  telemetry  socat -u UNIX-RECV:{bench.folder}/telemetry.{role} -",
        ]
    return "\n".join([*lines, "type `start` at one console; Ctrl-C here ends both modules"])


def watch(bench):
    """Waits as long as all programs run."""
    while True:
        for process in bench.running:
            if process.process.poll() is not None:
                raise BenchFault(f"{' '.join(process.arguments)}: ended, status {process.process.returncode}")
        time.sleep(0.5)


def show_in_tmux(bench):
    """Both consoles side by side, until the session of tmux ends or is left."""
    name = bench.folder.name
    tmux = ["tmux", "-L", name]
    try:
        alice, bob = (terminal_program(getattr(bench, role).console)[0] for role in ROLES)
        subprocess.run([*tmux, "new-session", "-d", "-s", name, alice], check=True)
        subprocess.run([*tmux, "split-window", "-h", "-t", name, bob], check=True)
        subprocess.run([*tmux, "attach-session", "-t", name], check=True)
    finally:
        subprocess.run([*tmux, "kill-server"], stderr=subprocess.DEVNULL, check=False)


def end(*_):
    raise Stopped


def stay(bench, until):
    """Until that is over or somebody asked to end; further requests must not disturb the cleaning up."""
    try:
        until(bench)
    except Stopped:
        pass
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tmux", action="store_true", help="open both consoles side by side")
    parser.add_argument("--scenario", default="drone")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.tmux and not shutil.which("tmux"):
        parser.error("tmux is not installed")
    # Also where the shell started this in the background, with the interrupt ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    files = {role: arguments_of(role) for role in ROLES}
    try:
        with Bench(options.scenario, options.seed, real_time=True, delivers=False, **files) as bench:
            print(describe(bench), flush=True)
            stay(bench, show_in_tmux if options.tmux else watch)
        print("ended")
    except Stopped:
        sys.exit("error: demo: ended before it began")
    except (BenchFault, subprocess.CalledProcessError) as fault:
        sys.exit(f"error: demo: {fault}")


if __name__ == "__main__":
    main()
