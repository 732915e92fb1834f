"""Lines, hostile bytes, and the helper as a process, for the tests. Nothing leaves the loopback."""

import pathlib
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

FOLDER = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(FOLDER))

# Only a test that fails waits as long as this.
LIMIT_S = 60.0
FACTS = {
    "seq": "12", "time_ms": "123456", "role": "bob", "state": "exchanging", "session": "none", "link_up": "1",
    "detections": "4091000", "sifted_bits": "1330401", "qber_ppm": "25483", "qber_upper_ppm": "45664",
    "efficiency_thousandths": "1039", "disclosed_bits": "238010", "auth_bits_spent": "640",
    "auth_pool_bytes": "4096", "blocks_ok": "1", "blocks_aborted": "0", "secret_bits": "319629",
    "sifted_bits_per_s": "133040", "secret_bits_per_s": "31962", "keys_stored": "7", "keys_released": "1248",
    "keys_delivered": "3", "keys_dropped": "0", "counts": "123,124,125,126,127,128",
    "temperature_milli_c": "-40000", "retries": "0", "deadline_misses": "0",
    "alarms": "link_down:warning,qber_high:major",
}


def raw(**changes):
    """A line as a module writes it; None takes a key away."""
    facts = {key: value for key, value in {**FACTS, **changes}.items() if value is not None}
    return ("telemetry " + " ".join(f"{key}={value}" for key, value in facts.items()) + "\n").encode("ascii")


def mutated(random_source):
    """A good line after one to four accidents: bytes changed, lost, repeated, torn off, other lines run into it."""
    data = bytearray(raw())
    for _ in range(random_source.randint(1, 4)):
        place = random_source.randrange(len(data) + 1)
        kind = random_source.randrange(7)
        if kind == 0 and place < len(data):
            data[place] = random_source.randrange(256)
        elif kind == 1 and place < len(data):
            data[place] ^= 1 << random_source.randrange(8)
        elif kind == 2:
            del data[place : place + random_source.randint(1, 40)]
        elif kind == 3:
            data[place:place] = random_source.randbytes(random_source.randint(1, 40))
        elif kind == 4:
            data[place:place] = data[: random_source.randint(0, 600)]
        elif kind == 5:
            del data[place:]
        else:
            data[place:place] = random_source.choice((b"=", b" ", b"\n", b",", b":", b"-", b"9" * 30, b"\0"))
    return bytes(data)


def hostile(seed, count):
    """`count` mutated lines, always the same for a seed."""
    source = random.Random(seed)
    return [mutated(source) for _ in range(count)]


def until(condition, what="the condition"):
    """Waits for a condition and returns what it is."""
    end = time.monotonic() + LIMIT_S
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come")
        time.sleep(0.02)
    return value


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Clock:
    """A time that tests set."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class Helper:
    """The helper as a process; `text` and `errors` are what it printed so far."""

    def __init__(self, *options):
        self.process = subprocess.Popen(
            # A slow machine is not a silent module; tests of silence give a period of their own.
            [sys.executable, FOLDER / "gimbal_telemetry.py", "--period", "600", *map(str, options)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
        self.output, self.told = bytearray(), bytearray()
        self._threads = [threading.Thread(target=self._collect, args=pair, daemon=True)
                         for pair in ((self.process.stdout, self.output), (self.process.stderr, self.told))]
        for thread in self._threads:
            thread.start()

    @staticmethod
    def _collect(stream, into):
        while data := stream.read(4096):
            into += data

    @property
    def errors(self):
        return self.told.decode()

    def feed(self, data):
        self.process.stdin.write(data)

    def finish(self):
        """The status after the input ends."""
        self.process.stdin.close()
        return self.wait()

    def end(self, number=signal.SIGTERM):
        """The status after a signal."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self):
        status = self.process.wait(LIMIT_S)
        for thread in self._threads:
            thread.join(LIMIT_S)
        return status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            stream.close()


class Folder:
    """A folder for sockets and links, removed afterwards."""

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory()
        return pathlib.Path(self._folder.name)

    def __exit__(self, *_):
        self._folder.cleanup()
