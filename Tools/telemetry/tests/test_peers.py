"""The outputs of the helper as a process, with the field's own programs and libraries as their peers."""

import contextlib
import json
import os
import select
import signal
import socket
import unittest

# The library of the receiver asks the environment which version it is to read.
os.environ["MAVLINK20"] = "1"

from pymavlink import mavutil

import support
from peers import Broker, Listener, kept, sample, scrape, sentences
from support import Helper, free_port, raw, until


class PrometheusTests(unittest.TestCase):
    def test_scrape_hasTheLineAndThenItsSilence(self):
        port = free_port()
        with Helper("--prometheus", f"127.0.0.1:{port}", "--period", "0.2") as helper:
            until(lambda: sample(port, "qkd_up") == 0, "the server")
            helper.feed(raw(detections="4000000"))
            until(lambda: sample(port, "qkd_detections_total") == 4_000_000, "the line")

            def heard():
                # Fed until one scrape falls into the second in which it is fresh, whatever the machine does.
                helper.feed(raw())
                found = scrape(port)
                return found if found[("qkd_up",)] else None

            self.assertEqual(until(heard)[("qkd_qber_ratio",)], 0.025483)
            found = until(lambda: (now := scrape(port))[("qkd_up",)] == 0 and now, "silence")
            self.assertNotIn(("qkd_qber_ratio",), found)
            self.assertEqual(found[("qkd_detections_total",)], 4_091_000)
            self.assertEqual(helper.finish(), 0)
        self.assertIsNone(scrape(port))

    def test_portTaken_stopsNoOtherOutput(self):
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", 0))
            holder.listen()
            port = holder.getsockname()[1]
            helper = Helper("--prometheus", port, "--nmea", "-")
            with helper:
                helper.feed(raw())
                until(lambda: helper.output.count(b"\r\n") >= 3, "sentences")
                until(lambda: "Address already in use" in helper.errors)
                holder.close()
                until(lambda: sample(port, "qkd_sifted_bits_total") == 1_330_401, "the server")
                self.assertEqual(helper.finish(), 0)
                told = helper.errors.splitlines()
        self.assertEqual(told, [
            f"gimbal_telemetry: prometheus: 127.0.0.1:{port}: Address already in use; trying again",
            "gimbal_telemetry: prometheus: works again", "gimbal_telemetry: read 1 lines, dropped 0"])


class MqttTests(unittest.TestCase):
    def helper(self, port, *more):
        return Helper("--mqtt", f"127.0.0.1:{port}", "--node", "mast", *more)

    def test_broker_keepsStatusAndAlarmsWhileTheyLast(self):
        with Broker() as broker, Listener(broker.port) as listener, self.helper(broker.port) as helper:
            until(lambda: listener.has("qkd/mast/status", "online"), "status")
            helper.feed(raw(alarms="link_down:warning,qber_high:major"))
            until(lambda: listener.has("qkd/mast/alarm/qber_high", "major"), "alarm")
            self.assertEqual(until(lambda: (now := kept(broker.port)).get("qkd/mast/alarm/link_down") and now), {
                "qkd/mast/status": "online", "qkd/mast/alarm/link_down": "warning",
                "qkd/mast/alarm/qber_high": "major"})
            facts = json.loads(next(text for topic, text, _ in listener.heard if topic == "qkd/mast/telemetry"))
            self.assertEqual((facts["sifted_bits"], facts["state"]), (1_330_401, "exchanging"))
            self.assertEqual(facts["alarms"], {"link_down": "warning", "qber_high": "major"})
            helper.feed(raw(seq="13", alarms="qber_high:critical"))
            until(lambda: listener.has("qkd/mast/alarm/qber_high", "critical"))
            until(lambda: listener.has("qkd/mast/alarm/link_down", ""), "the end of the alarm")
            self.assertEqual(kept(broker.port), {
                "qkd/mast/status": "online", "qkd/mast/alarm/qber_high": "critical"})
            self.assertEqual(helper.end(), 0)
            self.assertEqual(kept(broker.port)["qkd/mast/status"], "offline")

    def test_killedHelper_leavesItsLastWill(self):
        with Broker() as broker, Listener(broker.port) as listener, self.helper(broker.port) as helper:
            until(lambda: listener.has("qkd/mast/status", "online"))
            helper.end(signal.SIGKILL)
            until(lambda: listener.has("qkd/mast/status", "offline"), "the last will")

    def test_silentModule_isStale(self):
        with Broker() as broker, Listener(broker.port) as listener:
            with self.helper(broker.port, "--period", "0.2") as helper:
                until(lambda: listener.has("qkd/mast/status", "stale"), "stale")
                listener.heard.clear()
                helper.feed(raw())
                until(lambda: listener.has("qkd/mast/status", "online"), "online again")

    def test_brokerThatComesLateAndGoes_stopsNoOtherOutput(self):
        broker = Broker()
        with contextlib.ExitStack() as stack:
            helper = stack.enter_context(self.helper(broker.port, "--nmea", "-"))
            stack.callback(broker.stop)
            helper.feed(raw())
            until(lambda: "not reached" in helper.errors, "the message")
            until(lambda: helper.output.count(b"\r\n") >= 2, "sentences")
            for _ in range(2):
                broker.start()
                until(lambda: kept(broker.port).get("qkd/mast/status"), "status")
                broker.stop()
                count = helper.output.count(b"\r\n")
                until(lambda: helper.output.count(b"\r\n") > count + 1, "sentences")
            self.assertEqual(helper.finish(), 0)
            self.assertIn("mqtt: works again", helper.errors)

    def test_reconnection_bringsAlarmsBack(self):
        broker = Broker()
        with contextlib.ExitStack() as stack:
            stack.callback(broker.stop)
            helper = stack.enter_context(self.helper(broker.port))
            helper.feed(raw())
            for _ in range(2):
                # The broker keeps nothing over its restart.
                broker.start()
                until(lambda: kept(broker.port).get("qkd/mast/alarm/qber_high") == "major", "the alarm")
                broker.stop()

    def test_alarmOfAnEarlierLife_isForgotten(self):
        with Broker() as broker, Listener(broker.port) as listener:
            listener._client.publish("qkd/mast/alarm/old_one", "major", 1, retain=True).wait_for_publish()
            with self.helper(broker.port) as helper:
                until(lambda: listener.has("qkd/mast/status", "online"))

                def forgotten():
                    helper.feed(raw(alarms="link_down:minor"))
                    return "qkd/mast/alarm/old_one" not in kept(broker.port)

                until(forgotten, "the end of the old alarm")
                until(lambda: kept(broker.port).get("qkd/mast/alarm/link_down") == "minor")


class NmeaTests(unittest.TestCase):
    def test_udp_bringsOneSentenceADatagram(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
            receiver.bind(("127.0.0.1", 0))
            receiver.settimeout(support.LIMIT_S)
            with Helper("--nmea", "udp:127.0.0.1:{}".format(receiver.getsockname()[1])) as helper:
                helper.feed(raw())
                for _ in range(2):
                    self.assertEqual(sentences(receiver.recv(4096)), [["S", "exchanging", "2.55", "31962", "7"]])
                self.assertEqual(helper.finish(), 0)

    def test_serialPort_getsSentences(self):
        master, slave = os.openpty()
        with Helper("--nmea", f"tty:{os.ttyname(slave)}") as helper:
            helper.feed(raw(state="idle"))
            data = b""
            while data.count(b"\r\n") < 2:
                self.assertTrue(select.select([master], [], [], support.LIMIT_S)[0])
                data += os.read(master, 4096)
            self.assertEqual(sentences(data)[0][1], "idle")
            self.assertEqual(helper.finish(), 0)
        os.close(master)
        os.close(slave)

    def test_silence_isSaid(self):
        with Helper("--nmea", "-", "--period", "0.1") as helper:
            helper.feed(raw())
            until(lambda: ["S", "silent", "", "", ""] in sentences(helper.output), "silence")

    def test_lostPort_isToldOnceAndStopsNothing(self):
        port = free_port()
        with Helper("--nmea", "tty:/nonexistent/tty", "--prometheus", port) as helper:
            helper.feed(raw())
            until(lambda: sample(port, "qkd_up") == 1, "the other output")
            until(lambda: "/nonexistent/tty" in helper.errors, "the message")
            self.assertEqual(helper.finish(), 0)
            self.assertEqual(helper.errors.count("nmea:"), 1)


class MavlinkTests(unittest.TestCase):
    def heard(self, link, kind, condition=lambda message: True):
        return until(lambda: (message := link.recv_match(type=kind, blocking=True, timeout=1))
                     and condition(message) and message, kind)

    def check(self, link, helper):
        helper.feed(raw(alarms="qber_high:major"))
        heartbeat = self.heard(link, "HEARTBEAT")
        self.assertEqual((heartbeat.get_srcSystem(), heartbeat.get_srcComponent()), (42, 158))
        text = self.heard(link, "STATUSTEXT")
        self.assertEqual((text.severity, text.text), (mavutil.mavlink.MAV_SEVERITY_ERROR, "QKD major alarm: qber_high"))
        value = self.heard(link, "NAMED_VALUE_FLOAT", lambda message: message.name == "qkd_qber")
        self.assertAlmostEqual(value.value, 0.025483, places=7)
        helper.feed(raw(seq="13", time_ms="124456", alarms="none"))
        text = self.heard(link, "STATUSTEXT")
        self.assertEqual((text.severity, text.text), (mavutil.mavlink.MAV_SEVERITY_INFO, "QKD alarm ended: qber_high"))
        self.heard(link, "HEARTBEAT")
        self.assertEqual(helper.finish(), 0)

    def test_udp_reachesAReceiver(self):
        port = free_port(socket.SOCK_DGRAM)
        link = mavutil.mavlink_connection(f"udpin:127.0.0.1:{port}")
        with Helper("--mavlink", f"udpout:127.0.0.1:{port}", "--mavlink-system", "42") as helper:
            self.check(link, helper)
        link.close()

    def test_tcp_reachesAReceiver(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            with Helper("--mavlink", f"tcp:127.0.0.1:{port}", "--mavlink-system", "42") as helper:
                stream, _ = server.accept()
                stream.settimeout(support.LIMIT_S)
                # A vehicle talks too, more than any buffer holds; it must not be left waiting.
                stream.sendall(bytes(16 << 20))
                link = mavutil.mavfile(stream.fileno(), f"tcp:{port}", source_system=255)
                link.recv = lambda n=None: stream.recv(n or 4096)
                self.check(link, helper)
                stream.close()

    def test_serialPort_reachesAReceiver(self):
        master, slave = os.openpty()
        with Helper("--mavlink", os.ttyname(slave), "--mavlink-system", "42") as helper:
            link = mavutil.mavfile(master, "pty", source_system=255)
            link.recv = lambda n=None: os.read(master, n or 4096) if select.select([master], [], [], 1)[0] else b""
            self.check(link, helper)
        os.close(master)
        os.close(slave)

    def test_nobodyListening_isNoFault(self):
        with Helper("--mavlink", f"udpout:127.0.0.1:{free_port(socket.SOCK_DGRAM)}", "--nmea", "-") as helper:
            helper.feed(raw())
            until(lambda: helper.output.count(b"\r\n") >= 3, "sentences")
            self.assertEqual(helper.finish(), 0)
            self.assertEqual(helper.errors, "gimbal_telemetry: read 1 lines, dropped 0\n")

    def test_peerThatGoes_isConnectedToAgain(self):
        with socket.create_server(("127.0.0.1", 0)) as server, contextlib.ExitStack() as stack:
            server.settimeout(support.LIMIT_S)
            with Helper("--mavlink", "tcp:127.0.0.1:{}".format(server.getsockname()[1])) as helper:
                # Also one who only says that he has nothing more to say.
                for go in (socket.socket.close, lambda stream: stream.shutdown(socket.SHUT_WR), socket.socket.close):
                    stream, _ = server.accept()
                    stack.callback(stream.close)
                    helper.feed(raw())
                    self.assertTrue(stream.recv(1))
                    go(stream)


if __name__ == "__main__":
    unittest.main()
