"""Where lines come from: standard input, a Unix datagram socket, a serial device. Each waits a short time for bytes."""

import contextlib
import os
import pathlib
import select
import socket
import stat
import termios
import time

import serial

from lines import LINE_BYTES_MAX, Reader

STANDARD_INPUT = 0
BAUD = 115_200
CHUNK_BYTES = 4096


def readable(descriptor, wait):
    return bool(select.select([descriptor], [], [], wait)[0])


class StandardInput:
    """Ends when its writer does."""

    def __init__(self):
        self.reader = Reader()
        self.over = False

    def lines(self, wait):
        """The good lines that came within `wait` seconds."""
        if not readable(STANDARD_INPUT, wait):
            return []
        data = os.read(STANDARD_INPUT, CHUNK_BYTES)
        if not data:
            self.over = True
            self.reader.ended()
        return list(self.reader.lines(data))

    def close(self):
        pass


class DatagramSocket:
    """A Unix datagram socket that we bind: one line a datagram. Raises OSError where it cannot be bound."""

    def __init__(self, path):
        self.reader = Reader()
        self.over = False
        self.path = pathlib.Path(path)
        remove_abandoned(self.path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))

    def lines(self, wait):
        if not readable(self.socket, wait):
            return []
        # A datagram that is longer than a line may be is cut here and refused for its length.
        found = self.reader.line(self.socket.recv(LINE_BYTES_MAX + 1))
        return [] if found is None else [found]

    def close(self):
        self.socket.close()
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()


def remove_abandoned(path):
    """Removes a socket that nobody holds any more. Raises OSError for one in use and for any other file."""
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise FileExistsError("exists and is no socket")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
        else:
            raise FileExistsError("another program reads there")


class SerialDevice:
    """A serial device or pseudo-terminal. One that is missing or goes away is opened again and again."""

    def __init__(self, path, baud, tell):
        self.reader = Reader()
        self.over = False
        self.path, self.baud, self.tell = path, baud, tell
        self.device = None
        self.told = False

    def lines(self, wait):
        try:
            if self.device is None:
                self.device = serial.Serial(self.path, self.baud, timeout=0)
                self.told = False
            if not readable(self.device, wait):
                return []
            data = self.device.read(CHUNK_BYTES)
        except (OSError, ValueError, termios.error) as error:
            self._lost(error)
            # The caller goes on looking at its signals meanwhile.
            time.sleep(wait)
            return []
        return list(self.reader.lines(data))

    def _lost(self, error):
        self.close()
        self.reader.ended()
        if not self.told:
            self.tell(f"tty:{self.path}: {reason(error)}; trying again")
        self.told = True

    def close(self):
        if self.device is not None:
            self.device.close()
        self.device = None


def reason(error):
    """One line for a fault of the system."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())


def split_tty(text):
    """(path, baud or None) of `PATH[:BAUD]`. Raises ValueError."""
    path, colon, baud = text.rpartition(":")
    if not (colon and baud.isdecimal()):
        path, baud = text, ""
    if not path or (baud and int(baud) == 0):
        raise ValueError("wanted tty:PATH[:BAUD]")
    return path, int(baud) if baud else None
