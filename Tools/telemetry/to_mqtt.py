"""Lines as MQTT messages: retained status, telemetry as JSON, retained alarms. All of quality of service 1."""

import json
import threading

import paho.mqtt.client as mqtt

from outputs import Output

QOS = 1
KEEPALIVE_S = 15
RECONNECT_S_MAX = 5
FAREWELL_S = 2.0
QUEUED_MAX = 200
ONLINE, STALE, OFFLINE = "online", "stale", "offline"


class ToMqtt(Output):
    """The client of the library connects, again and again, in its own thread. While it is not connected nothing is
    kept for later: on connecting the broker gets what is true then.
    """

    label = "mqtt"

    def __init__(self, address, node, **common):
        super().__init__("{}:{}".format(*address), **common)
        self._address, self._node, self._topic = address, node, f"qkd/{node}"
        self._client = None
        self._status = None
        # What is shared with the thread of the client.
        self._lock = threading.Lock()
        self._greeted = False
        # Alarms that the broker keeps for this node: severity by id, None for one of an earlier life of ours.
        self._retained = {}

    def open(self):
        # By its name the broker knows a client that comes again: the last will of the broken connection is published
        # before the new one says that it is online, never after.
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, f"gimbal-{self._node}")
        client.max_queued_messages_set(QUEUED_MAX)
        client.will_set(f"{self._topic}/status", OFFLINE, QOS, retain=True)
        client.reconnect_delay_set(1, RECONNECT_S_MAX)
        client.on_connect, client.on_connect_fail = self._connected, self._not_reached
        client.on_disconnect, client.on_message = self._disconnected, self._kept
        host, port = self._address
        client.connect_async(host, port, KEEPALIVE_S)
        client.loop_start()
        self._client = client

    def shut(self):
        client, self._client = self._client, None
        if client is None:
            return
        # A client that says goodbye gets no last will.
        if client.is_connected():
            farewell = client.publish(f"{self._topic}/status", OFFLINE, QOS, retain=True)
            try:
                farewell.wait_for_publish(FAREWELL_S)
            except (RuntimeError, ValueError) as error:
                self.fault(f"broker did not hear that we go: {error}")
        client.disconnect()
        client.loop_stop()

    def _connected(self, client, _userdata, _flags, code, _properties):
        if code.is_failure:
            return self.fault(f"{self.place}: {code}; trying again")
        with self._lock:
            self._greeted, self._retained = False, {}
        client.subscribe(f"{self._topic}/alarm/+", QOS)
        self.well()
        # Its own thread wakes up and publishes.
        return self.take(None)

    def _not_reached(self, _client, _userdata):
        self.fault(f"{self.place}: not reached; trying again")

    def _disconnected(self, _client, _userdata, _flags, code, _properties):
        if code.is_failure:
            self.fault(f"{self.place}: connection lost; trying again")

    def _kept(self, _client, _userdata, message):
        """An alarm that the broker kept from before; the next line decides whether it still stands."""
        if message.retain and message.payload:
            with self._lock:
                self._retained.setdefault(message.topic.rpartition("/")[2], None)

    def woken(self):
        self._greet()

    def came(self):
        if not self._greet():
            self._publish_line()

    def second(self):
        self._greet()

    def _greet(self):
        """Says how we are when that changed, and everything on a new connection; true when the line was in it."""
        status = STALE if self.is_silent() else ONLINE
        with self._lock:
            again = not self._greeted
            self._greeted = self._client.is_connected()
        if again or status != self._status:
            self._publish("status", status, retain=True)
            self._status = status
            if again and self.is_fresh():
                self._publish_line()
                return True
        return False

    def _publish_line(self):
        if not self._client.is_connected():
            return
        self._publish("telemetry", json.dumps(self.line.as_object()))
        with self._lock:
            begun = {name: severity for name, severity in self.line.alarms.items()
                     if self._retained.get(name) != severity}
            ended = self._retained.keys() - self.line.alarms.keys()
            self._retained = dict(self.line.alarms)
        for name, severity in begun.items():
            self._publish(f"alarm/{name}", severity, retain=True)
        for name in ended:
            # An empty message makes the broker forget.
            self._publish(f"alarm/{name}", "", retain=True)

    def _publish(self, topic, text, retain=False):
        if self._client.is_connected():
            self._client.publish(f"{self._topic}/{topic}", text, QOS, retain)
