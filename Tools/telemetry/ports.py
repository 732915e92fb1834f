"""Where sentences and packets go: standard output, UDP, TCP, a serial device. Every fault is an OSError."""

import dataclasses
import os
import socket
import termios
import typing

import serial

from sources import readable, split_tty

STANDARD_OUTPUT = 1
CONNECT_S = 3.0
WRITE_S = 1.0
DRAIN_BYTES = 65_536


def host_and_port(text, host=None):
    """(host, port) of `HOST:PORT`, also `[ADDRESS]:PORT`; `host` stands for a missing one. Raises ValueError."""
    name, _, port = text.rpartition(":")
    name = name.removeprefix("[").removesuffix("]") or host
    if not name or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError("wanted HOST:PORT")
    # A name that no resolver takes is an error here and not a fault later.
    name.encode("idna")
    return name, int(port)


class StandardOutput:
    def write(self, data):
        os.write(STANDARD_OUTPUT, data)

    def close(self):
        pass


class Udp:
    """Datagrams to one address. Nobody has to be there."""

    def __init__(self, host, port):
        family, kind, _, _, self.address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        # Not connected: a refusal by a peer that is not there yet would end up in a later write.
        self.socket = socket.socket(family, kind)

    def write(self, data):
        self.socket.sendto(data, self.address)

    def close(self):
        self.socket.close()


class Tcp:
    """A stream that we open. What the peer sends is read and forgotten, or it would stop reading from us."""

    def __init__(self, host, port):
        self.socket = socket.create_connection((host, port), timeout=CONNECT_S)
        self.socket.settimeout(WRITE_S)

    def write(self, data):
        self._drain()
        self.socket.sendall(data)

    def _drain(self):
        while readable(self.socket, 0):
            if not self.socket.recv(DRAIN_BYTES):
                raise ConnectionResetError("closed by the peer")

    def close(self):
        self.socket.close()


class Serial:
    """A serial device or pseudo-terminal. What comes in is left to the system, which forgets it."""

    def __init__(self, path, baud):
        try:
            self.device = serial.Serial(path, baud, write_timeout=WRITE_S)
        except (ValueError, termios.error) as error:
            raise OSError(str(error)) from error

    def write(self, data):
        self.device.write(data)

    def close(self):
        self.device.close()


@dataclasses.dataclass(frozen=True)
class Place:
    """Where an output goes: what the user calls it, and a function that opens it. Raises OSError."""

    name: str
    open: typing.Callable


def nmea_place(text, baud):
    """The place `-`, `udp:HOST:PORT` or `tty:PATH[:BAUD]`. Raises ValueError for any other text."""
    kind, _, rest = text.partition(":")
    if text == "-":
        return Place("standard output", StandardOutput)
    if kind == "udp":
        address = host_and_port(rest)
        return Place(text, lambda: Udp(*address))
    if kind == "tty":
        path, chosen = split_tty(rest)
        return Place(text, lambda: Serial(path, chosen or baud))
    raise ValueError("wanted -, udp:HOST:PORT or tty:PATH[:BAUD]")


def mavlink_place(text, baud):
    """The place `tcp:HOST:PORT`, `udpout:HOST:PORT` or a serial `PATH[:BAUD]`. Raises ValueError."""
    kind, _, rest = text.partition(":")
    if kind == "tcp":
        address = host_and_port(rest)
        return Place(text, lambda: Tcp(*address))
    if kind == "udpout":
        address = host_and_port(rest)
        return Place(text, lambda: Udp(*address))
    if not text.startswith(("/", ".")) and kind != "tty":
        raise ValueError("wanted tcp:HOST:PORT, udpout:HOST:PORT or the path of a serial device")
    path, chosen = split_tty(rest if kind == "tty" else text)
    return Place(text, lambda: Serial(path, chosen or baud))
