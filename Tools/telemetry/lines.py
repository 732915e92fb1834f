"""The line of telemetry that a module writes, and the reader that takes good ones from bytes and counts the others.

What a line may hold stands in Documentation/Telemetry.md.
"""

import dataclasses
import re

LINE_BYTES_MAX = 1024
STATES = ("booting", "selftest", "idle", "acquiring", "exchanging", "draining", "faulted", "zeroized")
ROLES = ("alice", "bob")
SEVERITIES = ("warning", "minor", "major", "critical")
DETECTORS = ("H", "V", "D", "A", "R", "L")
# Without these a line says nothing that can be placed; any other key may be missing.
REQUIRED = ("seq", "time_ms", "role", "state", "alarms")
NUMBERS = frozenset((
    "seq", "time_ms", "detections", "sifted_bits", "efficiency_thousandths", "disclosed_bits", "auth_bits_spent",
    "auth_pool_bytes", "blocks_ok", "blocks_aborted", "secret_bits", "sifted_bits_per_s", "secret_bits_per_s",
    "keys_stored", "keys_released", "keys_delivered", "keys_dropped", "slot_locks", "slot_fades", "retries",
    "deadline_misses",
))
MILLIONTHS = frozenset(("qber_ppm", "qber_upper_ppm"))

PAIR = re.compile(r"([a-z][a-z0-9_]*)=([!-<>-~]+)")
DECIMAL = re.compile(r"[0-9]{1,20}")
SIGNED = re.compile(r"-?[0-9]{1,10}")
WORD = re.compile(r"[A-Za-z0-9_.:-]+")
ALARM = re.compile(r"([a-z][a-z0-9_]*):([a-z]+)")


class LineRefused(Exception):
    """The bytes are no line of telemetry; the text says what is wrong with them."""


@dataclasses.dataclass(frozen=True)
class Line:
    """One good line: whole numbers by key, in the units that the keys name, and the rest by its meaning."""

    role: str
    state: str
    session: str
    numbers: dict
    # Clicks by detector; empty where the module has none.
    counts: dict
    # The severity of each active alarm, by its id.
    alarms: dict

    def began_after(self, earlier):
        """Whether the module was started again since an earlier line."""
        return any(self.numbers[key] < earlier.numbers[key] for key in ("seq", "time_ms"))

    def as_object(self):
        """What goes into JSON: the keys of the line, and objects for what holds several values."""
        facts = {"role": self.role, "state": self.state, "session": self.session, **self.numbers}
        if self.counts:
            facts["counts"] = self.counts
        return {**facts, "alarms": self.alarms}


def decimal(key, text, greatest=(1 << 64) - 1):
    if not DECIMAL.fullmatch(text) or int(text) > greatest:
        raise LineRefused(f"{key} is no number from 0 to {greatest}")
    return int(text)


def number(key, text):
    """The value of a key that holds one number, or None for a key that is not known."""
    if key in NUMBERS:
        return decimal(key, text)
    if key in MILLIONTHS:
        return decimal(key, text, 1_000_000)
    if key == "link_up":
        return decimal(key, text, 1)
    if key == "temperature_milli_c":
        if not SIGNED.fullmatch(text):
            raise LineRefused(f"{key} is no signed number")
        return int(text)
    return None


def word(key, text, words=None):
    if not WORD.fullmatch(text) or (words and text not in words):
        raise LineRefused(f"{key} is no word that is known")
    return text


def detector_counts(text):
    parts = text.split(",")
    if len(parts) != len(DETECTORS):
        raise LineRefused(f"counts are not {len(DETECTORS)}")
    return {detector: decimal("counts", part) for detector, part in zip(DETECTORS, parts)}


def active_alarms(text):
    found = {}
    for part in text.split(",") if text != "none" else ():
        match = ALARM.fullmatch(part)
        if not match or match[2] not in SEVERITIES or match[1] in found:
            raise LineRefused("alarms are no list of id:severity")
        found[match[1]] = match[2]
    return found


def parsed(raw):
    """The line in `raw`, which ends with its line feed. Raises `LineRefused`."""
    if len(raw) > LINE_BYTES_MAX:
        raise LineRefused("line is too long")
    if not raw.endswith(b"\n") or not raw.isascii():
        raise LineRefused("line is torn")
    first, *rest = raw[:-1].decode("ascii").split(" ")
    if first != "telemetry":
        raise LineRefused("line does not begin with telemetry")
    values = {}
    for part in rest:
        pair = PAIR.fullmatch(part)
        if not pair or pair[1] in values:
            raise LineRefused("a part is no key=value, or stands twice")
        values[pair[1]] = pair[2]
    for key in REQUIRED:
        if key not in values:
            raise LineRefused(f"{key} is missing")
    read = {key: number(key, text) for key, text in values.items()}
    return Line(
        role=word("role", values["role"], ROLES), state=word("state", values["state"], STATES),
        session=word("session", values.get("session", "none")),
        numbers={key: value for key, value in read.items() if value is not None},
        counts=detector_counts(values["counts"]) if "counts" in values else {},
        alarms=active_alarms(values["alarms"]))


class Reader:
    """Cuts a stream of bytes into lines, and counts those that are dropped. Holds at most one line of bytes."""

    def __init__(self):
        self.taken = 0
        self.dropped = 0
        self._rest = b""
        self._skipping = False

    def line(self, raw):
        """The line in `raw`, or None, which is counted."""
        try:
            found = parsed(raw)
        except LineRefused:
            self.dropped += 1
            return None
        self.taken += 1
        return found

    def lines(self, data):
        """The good lines that end in `data`."""
        *ended, rest = (self._rest + data).split(b"\n")
        for raw in ended:
            if self._skipping:
                # The end of a line that was counted when it became too long.
                self._skipping = False
            elif (found := self.line(raw + b"\n")) is not None:
                yield found
        if self._skipping or len(rest) >= LINE_BYTES_MAX:
            self.dropped += not self._skipping
            self._skipping, rest = True, b""
        self._rest = rest

    def ended(self):
        """The stream is over: a line that was begun is torn."""
        self.dropped += bool(self._rest)
        self._rest, self._skipping = b"", False
