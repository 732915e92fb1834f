#!/usr/bin/env python3
"""Asks a module for keys over its key port.

  gimbal_keys.py PORT status
  gimbal_keys.py PORT get [N]
  gimbal_keys.py PORT get-id UUID
  gimbal_keys.py PORT watch [--all] [--count N]

PORT is the path of the socket, `unix:PATH` too, or `tty:PATH` for a serial line. Keys are printed one a line as
`UUID HEX`. Status 0; 1 when the module refuses, with its line on standard error; 2 for a wrong command line.
Documentation/KeyPort.md has the protocol. As a module: `with KeyPort(path) as port: key = port.get()[0]`.
"""

import argparse
import os
import re
import select
import socket
import sys
import time
import tty
import uuid
from typing import NamedTuple

PROTOCOL_VERSION = 1
KEYS_PER_REQUEST_MAX = 16
# The longest line is that of status.
LINE_BYTES_MAX = 2048


class Key(NamedTuple):
    """One key under the name that both modules have for it."""

    name: uuid.UUID
    secret: bytes


class Refused(Exception):
    """The module answered `error`; `code` is its word."""

    def __init__(self, code, text):
        super().__init__(f"{code}: {text}")
        self.code, self.text = code, text


class ProtocolError(Exception):
    """The other end does not speak this protocol, or left in the middle of it."""


def parse_name(key_id):
    """(epoch, block, index) of the name of a key."""
    if key_id.version != 8 or key_id.int >> 52 & 0xFFF != 0x800:
        raise ValueError(f"{key_id} is not the name of a key")
    number = key_id.int
    epoch = number >> 80 << 16 | (number >> 64 & 0xFFF) << 4 | number >> 48 & 0xF
    return epoch, number >> 16 & 0xFFFF_FFFF, number & 0xFFFF


class SocketStream:
    """The module's socket."""

    def __init__(self, path, timeout):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        self.socket.connect(path)

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            # What the module said before it hung up can still be read.
            pass

    def receive(self, timeout):
        self.socket.settimeout(timeout)
        try:
            return self.socket.recv(4096)
        except ConnectionResetError:
            return b""
        except (socket.timeout, BlockingIOError):
            return None

    def close(self):
        self.socket.close()


class SerialStream:
    """A serial line to the module, 115200 8N1 as it is set up by the module's side of it."""

    def __init__(self, path, timeout):
        self.descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self.descriptor)

    def send(self, data):
        while data:
            data = data[os.write(self.descriptor, data) :]

    def receive(self, timeout):
        if not select.select([self.descriptor], [], [], timeout)[0]:
            return None
        return os.read(self.descriptor, 4096)

    def close(self):
        os.close(self.descriptor)


class KeyPort:
    """A connection to the key port of one module."""

    def __init__(self, port, timeout=10.0):
        self.timeout = timeout
        self.pending = b""
        self.pushed = []
        kind, _, path = port.partition(":")
        streams = {"unix": SocketStream, "tty": SerialStream}
        if kind not in streams:
            kind, path = "unix", port
        self.stream = streams[kind](path, timeout)

    def __enter__(self):
        return self

    def __exit__(self, *reason):
        self.close()

    def close(self):
        self.stream.close()

    def status(self):
        """The facts of the module by name; numbers are integers."""
        facts = self._ask("status")[1]
        if facts.get("version") != PROTOCOL_VERSION:
            raise ProtocolError(f"the module speaks version {facts.get('version')}, not {PROTOCOL_VERSION}")
        return facts

    def get(self, count=1):
        """Up to `count` keys that only this module hands out without a name, at least one."""
        if not 1 <= count <= KEYS_PER_REQUEST_MAX:
            raise ValueError(f"a request is for 1 to {KEYS_PER_REQUEST_MAX} keys")
        return self._ask(f"get {count}")[0]

    def get_id(self, name):
        """The key that the consumer at the other module has under this name."""
        (key,) = self._ask(f"get-id {name}")[0]
        return key

    def push(self, mode):
        """`on`, `all` or `off`; see `watch`."""
        self._ask(f"push {mode}")

    def watch(self, every=False, timeout=None):
        """Keys as they are released, with `every` the peer's parity too, until none came for `timeout` seconds."""
        self.push("all" if every else "on")
        while True:
            while self.pushed:
                yield self.pushed.pop(0)
            line = self._line(timeout)
            if line is None:
                return
            word, *rest = line.split(" ", 1)
            if word != "push":
                self._refuse(word, rest)
            self.pushed.append(self._key(rest))

    def _ask(self, request):
        """The keys and the facts of a reply."""
        self.stream.send(request.encode() + b"\n")
        keys = []
        while True:
            line = self._line(self.timeout)
            if line is None:
                raise ProtocolError("the module does not answer")
            word, *rest = line.split(" ", 1)
            if word == "push":
                self.pushed.append(self._key(rest))
            elif word == "key":
                keys.append(self._key(rest))
            elif word == "ok":
                return keys, self._facts(rest)
            else:
                self._refuse(word, rest)

    @staticmethod
    def _refuse(word, rest):
        found = re.fullmatch(r"code=(\w+) (.*)", rest[0]) if word == "error" and rest else None
        if not found:
            raise ProtocolError("a line that is none of the protocol's")
        raise Refused(found[1], found[2])

    @staticmethod
    def _key(rest):
        found = re.fullmatch(r"([0-9a-f-]{36}) ([0-9a-f]{64})", rest[0]) if rest else None
        try:
            name = uuid.UUID(found[1])
            parse_name(name)
        except (TypeError, ValueError):
            # Without the line: it may hold a key.
            raise ProtocolError("a line that is no key") from None
        return Key(name, bytes.fromhex(found[2]))

    @staticmethod
    def _facts(rest):
        facts = dict(word.partition("=")[::2] for word in (rest[0].split() if rest else []))
        return {name: int(value) if value.isdecimal() else value for name, value in facts.items()}

    def _line(self, timeout):
        """The next line without its end; None after `timeout` seconds without one."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while b"\n" not in self.pending:
            if len(self.pending) > LINE_BYTES_MAX:
                raise ProtocolError("a line that does not end")
            rest = None if deadline is None else max(0.0, deadline - time.monotonic())
            data = self.stream.receive(rest)
            if data is None:
                return None
            if not data:
                raise ProtocolError("the module hung up")
            self.pending += data
        line, _, self.pending = self.pending.partition(b"\n")
        return line.decode("ascii", "replace")


def show(key):
    print(key.name, key.secret.hex(), flush=True)


def watch(port, arguments):
    left = arguments.count
    for key in port.watch(arguments.all):
        show(key)
        if left is not None:
            left -= 1
            if left == 0:
                return


def command_line():
    parser = argparse.ArgumentParser(description="Asks a module for keys over its key port.")
    parser.add_argument("port", help="path of the socket, or tty:PATH")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("status", help="print the facts of the module")
    commands.add_parser("get", help="print the next keys").add_argument("count", nargs="?", type=int, default=1)
    by_name = commands.add_parser("get-id", help="print the key that the peer's consumer named")
    by_name.add_argument("name", type=uuid.UUID)
    watching = commands.add_parser("watch", help="print keys as they are released")
    watching.add_argument("--all", action="store_true", help="those that the peer's module hands out too")
    watching.add_argument("--count", type=int, help="leave after so many")
    return parser


def main(arguments=None):
    options = command_line().parse_args(arguments)
    try:
        with KeyPort(options.port) as port:
            if options.command == "status":
                for name, value in port.status().items():
                    print(f"{name}={value}")
            elif options.command == "get":
                for key in port.get(options.count):
                    show(key)
            elif options.command == "get-id":
                show(port.get_id(options.name))
            else:
                watch(port, options)
    except Refused as refusal:
        print(f"error: {refusal}", file=sys.stderr)
        return 1
    except (OSError, ProtocolError, ValueError) as fault:
        print(f"error: key port: {fault}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
