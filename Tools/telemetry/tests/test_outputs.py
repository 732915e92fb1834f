"""Each output by itself: what it makes of lines, without a peer."""

import contextlib
import io
import json
import re
import threading
import unittest

import pynmea2
from prometheus_client import generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as strict
from prometheus_client.parser import text_string_to_metric_families
from pymavlink.dialects.v20 import common as dialect

import gimbal_telemetry
import support
import to_mavlink
import to_nmea
from lines import SEVERITIES, STATES, LineRefused, Reader, parsed
from outputs import QUEUE_LINES_MAX, Output
from ports import Place
from to_mavlink import ToMavlink
from to_prometheus import ToPrometheus, Totals


def line(**changes):
    return parsed(support.raw(**changes))


def survivors(seed, count):
    """The mutated lines that still are lines."""
    for raw in support.hostile(seed, count):
        with contextlib.suppress(LineRefused):
            yield parsed(raw)


class TotalsTests(unittest.TestCase):
    def followed(self, *changes):
        totals, earlier = Totals(), None
        for change in changes:
            now = line(**change)
            totals.follow(earlier, now)
            earlier = now
        return totals

    def test_counts_areThoseOfTheModule(self):
        known = self.followed({}, {"seq": "13", "sifted_bits": "1400000"}).known()
        self.assertEqual((known["sifted_bits"], known["blocks_ok"], known[("counts", "L")]), (1_400_000, 1, 128))

    def test_restart_addsEverything(self):
        totals = self.followed({}, {"seq": "0", "time_ms": "5", "sifted_bits": "9", "detections": "5000000"})
        known = totals.known()
        self.assertEqual((known["sifted_bits"], known["detections"]), (1_330_410, 9_091_000))
        self.assertEqual((totals.restarts, totals.lost), (1, 0))

    def test_keyMissingAfterRestart_keepsItsCount(self):
        known = self.followed({}, {"seq": "0", "retries": None, "counts": None}).known()
        self.assertEqual((known["retries"], known[("counts", "H")]), (0, 123))

    def test_nextSession_addsItsTotalsOnly(self):
        first = {"keys_released": "1248", "retries": "4"}
        second = {"seq": "13", "detections": "10", "sifted_bits": "1400000", "secret_bits": "0", "retries": "5"}
        known = self.followed(first, {**first, **second}).known()
        self.assertEqual((known["detections"], known["sifted_bits"]), (4_091_010, 2_730_401))
        self.assertEqual((known["secret_bits"], known["retries"], known["keys_released"]), (319_629, 5, 1248))

    def test_secretBitsSpent_areNoNewSession(self):
        spent = {"seq": "13", "auth_bits_spent": "1152", "secret_bits": "319117"}
        self.assertEqual(self.followed({}, spent).known()["secret_bits"], 319_629)
        more = {**spent, "seq": "14", "secret_bits": "400000"}
        self.assertEqual(self.followed({}, spent, more).known()["secret_bits"], 400_000)

    def test_missingNumbers_areLost(self):
        self.assertEqual(self.followed({"seq": "3"}, {"seq": "4"}, {"seq": "9"}).lost, 4)

    def test_anyLines_neverMakeACountFall(self):
        totals, earlier, before = Totals(), None, {}
        for now in survivors(seed=4, count=4000):
            totals.follow(earlier, now)
            earlier, known = now, totals.known()
            self.assertTrue(all(known[key] >= value for key, value in before.items()))
            before = known


class PrometheusTests(unittest.TestCase):
    def setUp(self):
        self.clock = support.Clock()
        self.output = ToPrometheus(
            ("127.0.0.1", 1), Reader(), period=1.0, tell=self.fail, clock=self.clock)

    def samples(self):
        text = generate_latest(self.output.registry).decode()
        families = text_string_to_metric_families(text)
        return {(sample.name, *sample.labels.values()): sample.value
                for family in families for sample in family.samples}

    def test_values_areInBaseUnits(self):
        self.output._accept(line())
        found = self.samples()
        for name, value in (
            ("qkd_up", 1), ("qkd_qber_ratio", 0.025483), ("qkd_qber_upper_ratio", 0.045664),
            ("qkd_reconciliation_efficiency", 1.039), ("qkd_uptime_seconds", 123.456), ("qkd_auth_key_bits", 32_768),
            ("qkd_keystore_keys", 7), ("qkd_keystore_bits", 1792), ("qkd_secret_bits_total", 319_629),
            ("qkd_secret_bits_per_second", 31_962), ("qkd_detector_temperature_celsius", -40),
        ):
            self.assertEqual(found[(name,)], value, name)
        self.assertEqual(found[("qkd_detector_counts_total", "L")], 128)
        self.assertEqual(found[("qkd_blocks_total", "ok")], 1)

    def test_state_isASet(self):
        for state in STATES:
            self.output._accept(line(state=state))
            found = self.samples()
            self.assertEqual({name for name in STATES if found[("qkd_state", name)]}, {state})

    def test_alarmThatEnded_isZero(self):
        self.output._accept(line())
        self.output._accept(line(alarms="qber_high:critical"))
        found = self.samples()
        self.assertEqual(found[("qkd_alarm", "link_down", "warning")], 0)
        self.assertEqual(found[("qkd_alarm", "qber_high", "critical")], 1)
        self.assertNotIn(("qkd_alarm", "qber_high", "major"), found)

    def test_madeUpAlarms_areForgottenAndActiveOnesKept(self):
        for number in range(300):
            self.output._accept(line(alarms=f"a{number}:minor,stays:major"))
            found = [name for name in self.samples() if name[0] == "qkd_alarm"]
            self.assertIn(("qkd_alarm", "stays", "major"), found)
            self.assertIn(("qkd_alarm", f"a{number}", "minor"), found)
        self.assertEqual(len(found), 64)

    def test_silence_removesGaugesAndKeepsCounts(self):
        self.output._accept(line())
        self.clock.now += 5.0
        self.assertEqual(self.samples()[("qkd_up",)], 1)
        self.clock.now += 0.1
        found = self.samples()
        self.assertEqual((found[("qkd_up",)], found[("qkd_sifted_bits_total",)]), (0, 1_330_401))
        for gone in ("qkd_qber_ratio", "qkd_state", "qkd_alarm", "qkd_module_info", "qkd_link_up"):
            self.assertFalse([name for name, *_ in found if name == gone])

    def test_withoutALine_itIsDown(self):
        self.assertEqual(self.samples()[("qkd_up",)], 0)

    def test_openMetrics_isStrictlyRight(self):
        self.output._accept(line())
        families = {family.name: family.type
                    for family in strict(openmetrics.generate_latest(self.output.registry).decode())}
        self.assertEqual((families["qkd_state"], families["qkd_sifted_bits"]), ("stateset", "counter"))

    def test_anyLines_areServed(self):
        for number, now in enumerate(survivors(seed=5, count=2000)):
            self.output._accept(now)
            if number % 20 == 0:
                self.assertEqual(self.samples()[("qkd_up",)], 1)


class NmeaTests(unittest.TestCase):
    def test_sentence_isWhatThePageSays(self):
        self.assertEqual(to_nmea.status(line()), b"$PQKDS,exchanging,2.55,31962,7*57\r\n")

    def test_missingNumbers_areEmptyFields(self):
        found = pynmea2.parse(to_nmea.status(line(qber_ppm=None, keys_stored=None)).decode(), check=True)
        self.assertEqual(list(found.data), ["S", "exchanging", "", "31962", ""])

    def test_longestSentence_hasItsLimit(self):
        greatest = str((1 << 64) - 1)
        longest = to_nmea.status(line(state="exchanging", qber_ppm="1000000", secret_bits_per_s=greatest,
                                      keys_stored=greatest))
        self.assertEqual(len(longest), 71)

    def test_anySentence_isReadByPynmea2(self):
        for now in survivors(seed=6, count=4000):
            found = pynmea2.parse(to_nmea.status(now).decode(), check=True)
            self.assertEqual((found.manufacturer, found.data[0], found.data[1]), ("QKD", "S", now.state))


class MavlinkTests(unittest.TestCase):
    def setUp(self):
        self.clock, self.packets = support.Clock(), []
        self.output = ToMavlink(Place("nowhere", lambda: self), 7, period=1.0, tell=self.fail, clock=self.clock)
        self.output._open_anew()

    def write(self, packet):
        self.packets.append(packet)

    def close(self):
        pass

    def messages(self):
        parser = dialect.MAVLink(None)
        found = [message for packet in self.packets for message in parser.parse_buffer(packet) or ()]
        self.packets.clear()
        return found

    def texts(self):
        return [(message.severity, message.text) for message in self.messages() if message.get_type() == "STATUSTEXT"]

    def test_firstLine_bringsHeartbeatAndValues(self):
        self.output._accept(line(alarms="none"))
        heartbeat, *values = self.messages()
        self.assertEqual((heartbeat.get_type(), heartbeat.get_srcSystem(), heartbeat.get_srcComponent()),
                         ("HEARTBEAT", 7, 158))
        self.assertEqual((heartbeat.type, heartbeat.autopilot, heartbeat.system_status, heartbeat.custom_mode),
                         (18, 8, dialect.MAV_STATE_ACTIVE, 5))
        found = {value.name: value.value for value in values}
        self.assertEqual(set(found), {name for _, name, _ in to_mavlink.VALUES})
        self.assertAlmostEqual(found["qkd_qber"], 0.025483, places=7)
        self.assertEqual((found["qkd_skr"], found["qkd_store"], found["qkd_temp"]), (31_962, 7, -40))
        self.assertEqual(values[0].time_boot_ms, 123_456)

    def test_names_haveTenCharacters(self):
        self.assertTrue(all(len(name) <= 10 for _, name, _ in to_mavlink.VALUES))

    def test_everyStateAndSeverity_isMapped(self):
        self.assertEqual(set(to_mavlink.SYSTEM_STATES), set(STATES))
        self.assertEqual(list(to_mavlink.SEVERITIES), list(SEVERITIES))
        self.assertEqual(list(to_mavlink.SEVERITIES.values()), [5, 4, 3, 2])

    def test_component_isTheOneOfTheCommand(self):
        self.assertEqual(gimbal_telemetry.MAVLINK_COMPONENT, to_mavlink.COMPONENT)

    def test_alarms_areToldAsTheyBeginAndEnd(self):
        self.output._accept(line(alarms="link_down:warning"))
        self.assertEqual(self.texts(), [(5, "QKD warning alarm: link_down")])
        self.output._accept(line(alarms="link_down:warning"))
        self.assertEqual(self.texts(), [])
        self.output._accept(line(alarms="link_down:critical"))
        self.assertEqual(self.texts(), [(2, "QKD critical alarm: link_down")])
        self.output._accept(line(alarms="none"))
        self.assertEqual(self.texts(), [(6, "QKD alarm ended: link_down")])

    def test_whoConnectsAgain_isToldTheAlarmsAgain(self):
        self.output._accept(line(alarms="link_down:warning"))
        self.messages()
        self.output._open_anew()
        self.output._accept(line(alarms="link_down:warning"))
        self.assertEqual(self.texts(), [(5, "QKD warning alarm: link_down")])

    def test_silence_isToldOnceAndEnds(self):
        self.output._accept(line(alarms="none"))
        self.clock.now += 5.1
        self.messages()
        self.output._emit(self.output.second)
        heartbeat, text = self.messages()
        self.assertEqual((heartbeat.system_status, heartbeat.custom_mode), (dialect.MAV_STATE_UNINIT, 0))
        self.assertEqual((text.severity, text.text), (4, "QKD module is silent"))
        self.output._emit(self.output.second)
        self.assertEqual([message.get_type() for message in self.messages()], ["HEARTBEAT"])
        self.output._accept(line(alarms="none"))
        self.assertEqual(self.texts(), [(6, "QKD module is heard again")])

    def test_longAlarm_isCut(self):
        self.output._accept(line(alarms="a" * 60 + ":minor"))
        self.assertEqual(self.texts(), [(4, "QKD minor alarm: " + "a" * 33)])

    def test_longUptime_fitsTheField(self):
        self.output._accept(line(time_ms=str((1 << 32) + 5), alarms="none"))
        self.assertEqual(self.messages()[1].time_boot_ms, 5)

    def test_anyLines_arePacked(self):
        for now in survivors(seed=7, count=2000):
            self.output._accept(now)
            self.output._emit(self.output.second)
            self.assertIn("HEARTBEAT", [message.get_type() for message in self.messages()])


class FailingOutput(Output):
    """Fails while `broken`; `blocked` holds its thread in the middle of an emission."""

    label = "failing"

    def __init__(self, **common):
        super().__init__("somewhere", **common)
        self.broken, self.seen = True, []
        self.blocked = threading.Event()
        self.blocked.set()

    def came(self):
        self.blocked.wait(support.LIMIT_S)
        if self.broken:
            raise OSError("it is broken")
        self.seen.append(self.line.numbers["seq"])
        self.well()


class OutputTests(unittest.TestCase):
    def test_fault_isToldOnceAndItsEndToo(self):
        told = []
        output = FailingOutput(period=1.0, tell=told.append)
        output.start()
        for number in range(3):
            output.take(line(seq=str(number)))
        support.until(lambda: told, "the fault")
        output.broken = False

        def works():
            output.take(line())
            return output.seen

        support.until(works, "the end of the fault")
        output.end()
        output.join(support.LIMIT_S)
        self.assertEqual(told, ["failing: somewhere: it is broken; trying again", "failing: works again"])

    def test_sameFault_isToldAgainOnlyAfterItsEnd(self):
        told = []
        output = FailingOutput(period=1.0, tell=told.append)
        for action in (output.well, *[lambda: output.fault("f")] * 3, output.well, output.well):
            action()
        self.assertEqual(told, ["failing: f", "failing: works again"])
        output.fault("f")
        output.fault("g")
        self.assertEqual(told[2:], ["failing: f", "failing: g"])

    def test_blockedOutput_losesOldestLinesAndHoldsNobody(self):
        output = FailingOutput(period=1.0, tell=self.fail)
        output.broken = False
        output.blocked.clear()
        output.start()
        for number in range(1000):
            output.take(line(seq=str(number)))
        output.blocked.set()
        output.end()
        output.join(support.LIMIT_S)
        self.assertFalse(output.is_alive())
        self.assertEqual(output.seen[-1], 999)
        self.assertLessEqual(len(output.seen), QUEUE_LINES_MAX + 1)


class ArgumentTests(unittest.TestCase):
    def test_wrongArguments_areOneLineAndStatus2(self):
        for words in (
            "", "--nmea", "--nmea x", "--nmea udp:host", "--nmea tty:", "--mqtt host:1", "--node n --nmea -",
            "--mqtt host:1 --node a/b", "--mqtt host:70000 --node n", "--prometheus 0", "--prometheus x",
            "--mavlink host:1", "--mavlink udpout:h:1 --mavlink-system 0", "--mavlink udpout:h:1 --mavlink-system 256",
            "--nmea - --source file", "--nmea - --source unix:", "--nmea - --period 0", "--nmea - --period nan",
            "--nmea - --unknown", "--nmea - surplus", "--nmea udp:a..b:1",
        ):
            text = io.StringIO()
            with contextlib.redirect_stderr(text), self.assertRaises(SystemExit) as ended:
                gimbal_telemetry.arguments(words.split())
            self.assertEqual(ended.exception.code, 2, words)
            self.assertRegex(text.getvalue(), re.compile(r"\Agimbal_telemetry: [^\n]+\n\Z"), words)

    def test_goodArguments_areTaken(self):
        chosen = gimbal_telemetry.arguments(
            "--prometheus [::1]:9464 --mqtt broker:1883 --node a.b-c_1 --nmea tty:/dev/ttyUSB0:9600 "
            "--mavlink /dev/ttyS1:57600 --source tty:/dev/ttyS0".split())
        self.assertEqual((chosen.prometheus, chosen.mqtt), (("::1", 9464), ("broker", 1883)))
        self.assertEqual(gimbal_telemetry.arguments(["--prometheus", "9464"]).prometheus, ("127.0.0.1", 9464))

    def test_object_isJson(self):
        found = json.loads(json.dumps(line().as_object()))
        self.assertEqual((found["qber_ppm"], found["alarms"]["qber_high"], found["counts"]["L"]),
                         (25_483, "major", 128))


if __name__ == "__main__":
    unittest.main()
