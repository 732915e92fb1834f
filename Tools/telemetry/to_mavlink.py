"""Lines as MAVLink 2 messages of a component of a vehicle: HEARTBEAT, NAMED_VALUE_FLOAT and STATUSTEXT."""

from pymavlink.dialects.v20 import common as dialect

from lines import STATES
from outputs import Output

# A peripheral that does not speak the parameter protocol.
COMPONENT = dialect.MAV_COMP_ID_PERIPHERAL
TEXT_BYTES_MAX = 50
SEVERITIES = {
    "warning": dialect.MAV_SEVERITY_NOTICE, "minor": dialect.MAV_SEVERITY_WARNING,
    "major": dialect.MAV_SEVERITY_ERROR, "critical": dialect.MAV_SEVERITY_CRITICAL,
}
SYSTEM_STATES = {
    "booting": dialect.MAV_STATE_BOOT, "selftest": dialect.MAV_STATE_BOOT, "idle": dialect.MAV_STATE_STANDBY,
    "acquiring": dialect.MAV_STATE_ACTIVE, "exchanging": dialect.MAV_STATE_ACTIVE,
    "draining": dialect.MAV_STATE_ACTIVE, "faulted": dialect.MAV_STATE_CRITICAL,
    "zeroized": dialect.MAV_STATE_CRITICAL,
}
# Key of the line, name of at most ten characters, what the number is multiplied by.
VALUES = (
    ("qber_ppm", "qkd_qber", 1e-6),
    ("qber_upper_ppm", "qkd_qberup", 1e-6),
    ("secret_bits_per_s", "qkd_skr", 1),
    ("sifted_bits_per_s", "qkd_sifted", 1),
    ("keys_stored", "qkd_store", 1),
    ("auth_pool_bytes", "qkd_auth", 1),
    ("link_up", "qkd_link", 1),
    ("temperature_milli_c", "qkd_temp", 0.001),
)


class ToMavlink(Output):
    label = "mavlink"

    def __init__(self, place, system, component=COMPONENT, **common):
        super().__init__(place.name, **common)
        self._place, self._port = place, None
        self._packer = dialect.MAVLink(self, srcSystem=system, srcComponent=component)
        # What the ground was told: alarms with their severities, and whether the module is silent.
        self._told_alarms = {}
        self._told_silence = False

    def write(self, packet):
        """What the packer calls."""
        self._port.write(bytes(packet))

    def open(self):
        self._port = self._place.open()
        # Who listens now may not have listened before.
        self._told_alarms, self._told_silence = {}, False

    def shut(self):
        port, self._port = self._port, None
        if port is not None:
            port.close()

    def came(self):
        if self._told_silence:
            self._tell_ground(dialect.MAV_SEVERITY_INFO, "QKD module is heard again")
            self._told_silence = False
        for name, severity in self.line.alarms.items():
            if self._told_alarms.get(name) != severity:
                self._tell_ground(SEVERITIES[severity], f"QKD {severity} alarm: {name}")
        for name in self._told_alarms.keys() - self.line.alarms.keys():
            self._tell_ground(dialect.MAV_SEVERITY_INFO, f"QKD alarm ended: {name}")
        self._told_alarms = self.line.alarms

    def second(self):
        fresh = self.is_fresh()
        self._packer.heartbeat_send(
            dialect.MAV_TYPE_ONBOARD_CONTROLLER, dialect.MAV_AUTOPILOT_INVALID, 0,
            1 + STATES.index(self.line.state) if fresh else 0,
            SYSTEM_STATES[self.line.state] if fresh else dialect.MAV_STATE_UNINIT)
        self.well()
        if fresh:
            self._send_values()
        elif self.is_silent() and not self._told_silence:
            self._tell_ground(dialect.MAV_SEVERITY_WARNING, "QKD module is silent")
            self._told_silence = True

    def _send_values(self):
        numbers = self.line.numbers
        for key, name, factor in VALUES:
            if key in numbers:
                # The field is 32 bits wide and begins anew after 49 days.
                time_ms = numbers["time_ms"] % (1 << 32)
                self._packer.named_value_float_send(time_ms, name.encode("ascii"), numbers[key] * factor)

    def _tell_ground(self, severity, text):
        self._packer.statustext_send(severity, text.encode("ascii")[:TEXT_BYTES_MAX])
