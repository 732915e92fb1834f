"""The peers of the helper: a scrape, a real broker and another client of it, a reader of sentences."""

import shutil
import socket
import subprocess
import threading
import urllib.request

import paho.mqtt.client as mqtt
import pynmea2
from prometheus_client.parser import text_string_to_metric_families

import support
from support import free_port, until


def scrape(port):
    """The samples by name and labels, or None while nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=support.LIMIT_S) as answer:
            text = answer.read().decode()
    except OSError:
        return None
    return {(sample.name, *sample.labels.values()): sample.value
            for family in text_string_to_metric_families(text) for sample in family.samples}


def sample(port, *name):
    return (scrape(port) or {}).get(name)


def sentences(data):
    """The whole sentences in what was received, their checksums checked."""
    return [pynmea2.parse(text, check=True).data for text in bytes(data).decode().split("\r\n")[:-1]]


class Broker:
    """A real mosquitto on a free port of the loopback; it keeps nothing over a restart."""

    def __init__(self):
        self.port = free_port()
        self.process = None

    def start(self):
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        self.process = subprocess.Popen(
            [program, "-p", str(self.port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(self._answers, "the broker")

    def _answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()


class Listener:
    """Another client of the broker. `kept` is what a client that comes now is told, by topic."""

    def __init__(self, port):
        self.heard = []
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        self._client.on_message = lambda _client, _data, message: self.heard.append(
            (message.topic, message.payload.decode(), message.retain))
        ready = threading.Event()
        self._client.on_subscribe = lambda *_: ready.set()
        self._client.on_connect = lambda client, *_: client.subscribe("qkd/#", 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        if not ready.wait(support.LIMIT_S):
            raise AssertionError("the broker does not answer")

    def has(self, topic, text):
        return any(entry[:2] == (topic, text) for entry in self.heard)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._client.disconnect()
        self._client.loop_stop()


def kept(port):
    """What the broker keeps. A marker that is published last tells that all of it came."""
    with Listener(port) as listener:
        listener._client.publish("qkd/marker", "end", 1)
        until(lambda: listener.has("qkd/marker", "end"))
        return {topic: text for topic, text, retain in listener.heard if retain}
