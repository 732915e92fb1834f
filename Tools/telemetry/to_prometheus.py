"""Lines as Prometheus metrics over HTTP."""

import threading
from fractions import Fraction

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, StateSetMetricFamily

from lines import STATES
from outputs import Output

# Fractions, so that the quotient is rounded once.
THOUSANDTH, MILLIONTH = Fraction(1, 1000), Fraction(1, 1_000_000)
# Key of the line, name without `_total`, meaning.
COUNTERS = (
    ("detections", "qkd_detections", "Slots with a click in an open gate."),
    ("sifted_bits", "qkd_sifted_bits", "Sifted bits."),
    ("disclosed_bits", "qkd_disclosed_bits", "Bits told about the key on the classical link."),
    ("auth_bits_spent", "qkd_auth_bits_spent", "Bits of authentication key that tags used up."),
    ("secret_bits", "qkd_secret_bits", "Secret bits beyond what authentication spent."),
    ("keys_released", "qkd_keys_released", "Keys that distillation put into the key store."),
    ("keys_delivered", "qkd_keys_delivered", "Keys that left the key store for a consumer."),
    ("keys_dropped", "qkd_keys_dropped", "Keys that found no place in the key store."),
    ("retries", "qkd_bus_retries", "Register transfers that were repeated."),
    ("deadline_misses", "qkd_deadline_misses", "Turns of the controller that came too late."),
)
SEEN_ALARMS_MAX = 64
BLOCKS = (("blocks_ok", "ok"), ("blocks_aborted", "aborted"))
# Key of the line, name, what the number is multiplied by, meaning.
GAUGES = (
    ("time_ms", "qkd_uptime_seconds", THOUSANDTH, "Time since the module was started."),
    ("link_up", "qkd_link_up", 1, "Whether the classical link to the peer stands."),
    ("qber_ppm", "qkd_qber_ratio", MILLIONTH, "Errors over sifted bits of confirmed blocks."),
    ("qber_upper_ppm", "qkd_qber_upper_ratio", MILLIONTH, "Largest upper bound of the error rate of single photons."),
    ("efficiency_thousandths", "qkd_reconciliation_efficiency", THOUSANDTH, "Parities told over the Shannon limit."),
    ("auth_pool_bytes", "qkd_auth_key_bits", 8, "Authentication key that is left."),
    ("sifted_bits_per_s", "qkd_sifted_bits_per_second", 1, "Sifted bits in the last second."),
    ("secret_bits_per_s", "qkd_secret_bits_per_second", 1, "Secret bits a second on average since light began."),
    ("keys_stored", "qkd_keystore_keys", 1, "Keys of 256 bits in the key store."),
    ("keys_stored", "qkd_keystore_bits", 256, "Key bits in the key store."),
    ("temperature_milli_c", "qkd_detector_temperature_celsius", THOUSANDTH, "The warmest detector."),
)
# Totals of a session: all begin anew with the next one.
SESSION = frozenset((
    "detections", "sifted_bits", "disclosed_bits", "auth_bits_spent", "secret_bits", "blocks_ok", "blocks_aborted"))
# Those that never fall within a session. The others may: secret bits are less what an opened block spent.
RISING = ("detections", "disclosed_bits", "auth_bits_spent", "blocks_ok", "blocks_aborted")
COUNTED = tuple(key for key, *_ in COUNTERS + BLOCKS)


def counted(line):
    """Every number of a line that counts something; clicks by the name of the detector."""
    values = {key: line.numbers[key] for key in COUNTED if key in line.numbers}
    return {**values, **{("counts", detector): count for detector, count in line.counts.items()}}


class Totals:
    """Counts that go on where a module or a session begins at zero again, so that none of them ever falls."""

    def __init__(self):
        self.restarts = 0
        # Lines that the module numbered and that never came.
        self.lost = 0
        self._before = {}
        self._since = {}

    def follow(self, earlier, line):
        values = counted(line)
        if earlier is not None and line.began_after(earlier):
            self.restarts += 1
            self._begin_anew(list(self._since))
        elif earlier is not None:
            self.lost += max(0, line.numbers["seq"] - earlier.numbers["seq"] - 1)
            fallen = {key for key, value in values.items() if value < self._since.get(key, 0)}
            session = SESSION if fallen.intersection(RISING) else ()
            self._begin_anew([key for key in self._since if key in session or key in fallen - SESSION])
        for key, value in values.items():
            self._since[key] = max(self._since.get(key, 0), value)

    def _begin_anew(self, keys):
        for key in keys:
            self._before[key] = self._before.get(key, 0) + self._since.pop(key)

    def known(self):
        """Every count so far, by key."""
        return {key: self._before.get(key, 0) + self._since.get(key, 0) for key in {**self._before, **self._since}}


class ToPrometheus(Output):
    """Serves `/metrics`. Without lines for five periods `qkd_up` is 0 and every gauge is gone; counters stay."""

    label = "prometheus"

    def __init__(self, address, reader, **common):
        super().__init__("{}:{}".format(*address), **common)
        self._address, self._reader = address, reader
        self._totals = Totals()
        self._seen_alarms = {}
        # Scrapes come from threads of the server.
        self._lock = threading.Lock()
        self._server = None
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def open(self):
        host, port = self._address
        self._server, _ = start_http_server(port, host, self.registry)
        self.well()

    def shut(self):
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def follow(self, earlier, line):
        with self._lock:
            self._totals.follow(earlier, line)
            self._seen_alarms.update(line.alarms)
            # Noise may make ids up, without end.
            ended = [name for name in self._seen_alarms if name not in line.alarms]
            for name in ended[: max(0, len(self._seen_alarms) - SEEN_ALARMS_MAX)]:
                del self._seen_alarms[name]

    def collect(self):
        with self._lock:
            fresh, line, totals = self.is_fresh(), self.line, self._totals
            yield GaugeMetricFamily("qkd_up", "Whether a line came within the last five periods.", int(fresh))
            yield from self._own_counts(totals)
            yield from counters(totals.known())
            if fresh:
                yield from gauges(line)
                yield alarms(line, self._seen_alarms)

    def _own_counts(self, totals):
        yield CounterMetricFamily("qkd_telemetry_lines", "Lines that were read.", self._reader.taken)
        dropped = "Lines that were torn, too long or not of the form."
        yield CounterMetricFamily("qkd_telemetry_lines_dropped", dropped, self._reader.dropped)
        yield CounterMetricFamily("qkd_telemetry_lines_lost", "Lines that never came, by their numbers.", totals.lost)
        yield CounterMetricFamily("qkd_restarts", "Times that the module began anew.", totals.restarts)


def counters(known):
    for key, name, meaning in COUNTERS:
        if key in known:
            yield CounterMetricFamily(name, meaning, known[key])
    blocks = CounterMetricFamily("qkd_blocks", "Blocks that ended.", labels=["outcome"])
    for key, outcome in BLOCKS:
        if key in known:
            blocks.add_metric([outcome], known[key])
    yield blocks
    clicks = CounterMetricFamily("qkd_detector_counts", "Clicks of each detector.", labels=["ch"])
    for key, value in known.items():
        if key[0] == "counts":
            clicks.add_metric([key[1]], value)
    yield clicks


def gauges(line):
    for key, name, factor, meaning in GAUGES:
        if key in line.numbers:
            yield GaugeMetricFamily(name, meaning, float(line.numbers[key] * factor))
    yield StateSetMetricFamily("qkd_state", "State of the module.", {state: state == line.state for state in STATES})
    yield InfoMetricFamily("qkd_module", "Which module this is.", {"role": line.role, "session": line.session})


def alarms(line, seen):
    """1 for what is active, 0 for what was, each with its last severity."""
    family = GaugeMetricFamily("qkd_alarm", "Alarms, 1 while active.", labels=["id", "severity"])
    for name, severity in sorted(seen.items()):
        family.add_metric([name, severity], int(name in line.alarms))
    return family
