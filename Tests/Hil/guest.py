"""A guest: QEMU with Debian's kernel, the simulated devices, and commands that run there.

  with Guest(parts, board="/tmp/x/board.bob", files={"bin/gimbal": path}) as guest:
      code, output = guest.run("gimbal --selftest")
"""

import pathlib
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time

from archive import archive
from terminal import Terminal

HERE = pathlib.Path(__file__).resolve().parent
# Bounds for what never ends; nothing is measured against them.
BOOT_SECONDS_MAX = 300
RUN_SECONDS_MAX = 240

START, SIGNAL, OUTPUT, EXIT = 1, 2, 3, 4


def contents(modules, files, parameters=""):
    """What the first file system holds: modules in the order of loading, the last one with parameters, and `files`."""
    order = [module.name for module in modules[:-1]] + [f"{modules[-1].name} {parameters}"]
    held = {"init": (HERE / "guest" / "init").read_bytes(), "lib/modules/order": ("\n".join(order) + "\n").encode()}
    held |= {f"lib/modules/{module.name}": module.read_bytes() for module in modules}
    return held | {inside: pathlib.Path(outside).read_bytes() for inside, outside in files.items()}


class GuestFault(Exception):
    """The guest did not do what was asked, with what its console says."""


class Job:
    """A command in the guest."""

    def __init__(self, guest, number, command):
        self.guest, self.number, self.command = guest, number, command
        self.output, self.status, self.position = b"", None, 0

    def wait(self, seconds=RUN_SECONDS_MAX):
        """(status, output) once it has ended; 128 and more is a signal."""
        self.guest.wait_until(lambda: self.status is not None, seconds, self.command)
        return self.status, self.output

    def line_after(self, prefix, seconds=RUN_SECONDS_MAX):
        """The rest of the next line of output that begins with `prefix`; None when there is none."""
        while (end := self.end_of_line(seconds)) is not None:
            line = self.output[self.position : end].decode(errors="replace")
            self.position = end + 1
            if line.startswith(prefix):
                return line[len(prefix) :].strip()
        return None

    def end_of_line(self, seconds):
        def known():
            return b"\n" in self.output[self.position :] or self.status is not None

        self.guest.wait_until(known, seconds, self.command)
        end = self.output.find(b"\n", self.position)
        return end if end >= 0 else None

    def signal(self, number):
        self.guest.send(self.number, SIGNAL, bytes([number]))


class Guest:
    """Leaving the block ends the guest.

    `board` is the socket of a board's server, or None: the devices then answer nothing. `files` are put in the guest,
    a path outside for each path inside. `counts_instructions` lets time in the guest pass with its instructions: the
    same on every computer, and no time while it waits. `terminal` is the other end of /dev/hvc0.
    """

    def __init__(self, parts, board=None, files=None, counts_instructions=False):
        self.parts, self.board, self.files = parts, board, files or {}
        self.counts_instructions = counts_instructions
        self.jobs, self.changed = {}, threading.Condition()
        self.has_gone = False
        self.folder = self.process = self.connection = self.terminal = None

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
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="gimbal-hil-"))
        (self.folder / "root").write_bytes(archive(contents(self.parts.modules, self.contents())))
        self.process = subprocess.Popen(
            self.arguments(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "qemu").open("w"),
        )
        self.connection = self.connect()
        self.terminal = Terminal(self.folder / "console-port")
        threading.Thread(target=self.read, daemon=True).start()
        self.run("true", BOOT_SECONDS_MAX)

    def contents(self):
        own = {"bin/busybox": self.parts.busybox, "bin/agent": self.parts.agent, "bin/calls": HERE / "guest" / "calls"}
        return {**own, **self.files}

    def arguments(self):
        arguments = ["qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a72", "-smp", "1", "-m", "512M"]
        arguments += ["-display", "none", "-no-reboot", "-monitor", "none"]
        arguments += ["-serial", f"file:{self.folder / 'console'}"]
        arguments += ["-kernel", str(self.parts.kernel), "-initrd", str(self.folder / "root")]
        arguments += ["-append", "console=ttyAMA0 quiet panic=-1"]
        arguments += ["-netdev", "user,id=net", "-device", "virtio-net-device,netdev=net"]
        arguments += ["-device", "virtio-rng-device", "-device", "virtio-serial-device"]
        ports = {"jobs": f"path={self.folder / 'jobs'},server=on,wait=off"}
        if self.board:
            ports["board"] = f"path={self.board}"
        for name, where in ports.items():
            arguments += ["-chardev", f"socket,id={name},{where}"]
            arguments += ["-device", f"virtserialport,chardev={name},name=gimbal.{name}"]
        arguments += ["-chardev", f"socket,id=terminal,path={self.folder / 'console-port'},server=on,wait=off"]
        arguments += ["-device", "virtconsole,chardev=terminal"]
        if self.counts_instructions:
            arguments += ["-icount", "shift=1,sleep=off"]
        return arguments

    def connect(self):
        while True:
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(str(self.folder / "jobs"))
                return connection
            except OSError:
                connection.close()
            if self.process.poll() is not None:
                raise self.fault("QEMU ended")
            time.sleep(0.05)

    # Commands

    def run(self, command, seconds=RUN_SECONDS_MAX):
        """(status, output) of a shell command, both of its outputs together."""
        return self.begin(command).wait(seconds)

    def begin(self, command):
        job = Job(self, len(self.jobs) + 1, command)
        self.jobs[job.number] = job
        self.send(job.number, START, command.encode())
        return job

    def send(self, number, kind, content):
        self.connection.sendall(struct.pack(">HBBI", number, kind, 0, len(content)) + content)

    def read(self):
        while (head := self.receive(8)) is not None:
            number, kind, _, count = struct.unpack(">HBBI", head)
            content = self.receive(count)
            if content is None:
                break
            with self.changed:
                if kind == OUTPUT:
                    self.jobs[number].output += content
                elif kind == EXIT:
                    self.jobs[number].status = content[0]
                self.changed.notify_all()
        with self.changed:
            self.has_gone = True
            self.changed.notify_all()

    def receive(self, count):
        content = b""
        while len(content) < count:
            try:
                more = self.connection.recv(count - len(content))
            except OSError:
                return None
            if not more:
                return None
            content += more
        return content

    def wait_until(self, condition, seconds, what):
        with self.changed:
            self.changed.wait_for(lambda: condition() or self.has_gone, seconds)
            if not condition():
                raise self.fault(f"{what}: {'the guest is gone' if self.has_gone else 'no end'}")

    # The end

    def fault(self, what):
        texts = [(self.folder / name) for name in ("qemu", "console")]
        said = "\n".join(text.read_text(errors="replace").strip() for text in texts if text.exists())
        return GuestFault(f"{what}\n{said}".strip())

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
        for end in (self.connection, self.terminal):
            if end:
                end.close()
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)
