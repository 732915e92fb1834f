#!/usr/bin/env python3
"""Passes the telemetry of a module on to what the field uses: Prometheus, MQTT, NMEA-0183, MAVLink.

Ends at the end of its input, or at SIGINT or SIGTERM, with status 0; 1 where the source cannot be had; 2 for arguments
that are wrong. Faults of an output are told on standard error, one line each, and stop no other output.
"""

import argparse
import contextlib
import re
import signal
import sys
import threading

import ports
import sources

WAIT_S = 0.25
ENDING_S = 4.0
NMEA_BAUD = 4800
MAVLINK_BAUD = 57_600
# A vehicle's peripheral that does not speak the parameter protocol; `to_mavlink` has the name.
MAVLINK_COMPONENT = 158
NODE = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def tell(text):
    # The reader of standard error may be gone, which is no reason to end.
    with contextlib.suppress(OSError, ValueError):
        # One write, so that lines of two threads do not mix.
        sys.stderr.write(f"gimbal_telemetry: {text}\n")


class Parser(argparse.ArgumentParser):
    def error(self, message):
        tell(" ".join(message.split()))
        sys.exit(2)


def argument(convert):
    """`convert` with its ValueError as a message for the user."""

    def converted(text):
        try:
            return convert(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text!r}: {error}") from error

    return converted


def source(text):
    """A function that opens `-`, `unix:PATH` or `tty:PATH[:BAUD]`."""
    kind, _, rest = text.partition(":")
    if text == "-":
        return sources.StandardInput
    if kind == "unix" and rest:
        return lambda: sources.DatagramSocket(rest)
    if kind == "tty":
        path, baud = sources.split_tty(rest)
        return lambda: sources.SerialDevice(path, baud or sources.BAUD, tell)
    raise ValueError("wanted -, unix:PATH or tty:PATH[:BAUD]")


def node(text):
    if not NODE.fullmatch(text):
        raise ValueError("wanted at most 64 letters, digits, dots, dashes and underscores")
    return text


def identity(text):
    if not text.isdecimal() or not 0 < int(text) < 256:
        raise ValueError("wanted a number from 1 to 255")
    return int(text)


def seconds(text):
    if not 0 < float(text) <= 3600:
        raise ValueError("wanted seconds, at most 3600")
    return float(text)


def arguments(words):
    parser = Parser(prog="gimbal_telemetry.py", description=__doc__.splitlines()[0], allow_abbrev=False)
    add = parser.add_argument
    add("--source", type=argument(source), default="-", metavar="SOURCE",
        help="-, unix:PATH (a datagram socket made here) or tty:PATH[:BAUD] (115200); default -")
    add("--period", type=argument(seconds), default=1.0, metavar="S",
        help="seconds between two lines; a module is silent after five; default 1")
    add("--prometheus", type=argument(lambda text: ports.host_and_port(text, "127.0.0.1")), metavar="[HOST:]PORT",
        help="serve /metrics there; default host 127.0.0.1")
    add("--mqtt", type=argument(ports.host_and_port), metavar="HOST:PORT", help="publish to this broker")
    add("--node", type=argument(node), metavar="NAME", help="the topics are qkd/NAME/...")
    add("--nmea", type=argument(lambda text: ports.nmea_place(text, NMEA_BAUD)), metavar="PORT",
        help="tty:PATH[:BAUD] (4800), udp:HOST:PORT or - (standard output)")
    add("--mavlink", type=argument(lambda text: ports.mavlink_place(text, MAVLINK_BAUD)), metavar="PORT",
        help="tcp:HOST:PORT, udpout:HOST:PORT or the PATH[:BAUD] of a serial device (57600)")
    add("--mavlink-system", type=argument(identity), default=1, metavar="N", help="system id of the vehicle; default 1")
    add("--mavlink-component", type=argument(identity), default=MAVLINK_COMPONENT, metavar="N",
        help=f"component id; default {MAVLINK_COMPONENT}")
    chosen = parser.parse_args(words)
    if not any((chosen.prometheus, chosen.mqtt, chosen.nmea, chosen.mavlink)):
        parser.error("no output: give one of --prometheus, --mqtt, --nmea, --mavlink")
    if bool(chosen.mqtt) != bool(chosen.node):
        parser.error("--mqtt and --node belong together")
    return chosen


def outputs(chosen, reader):
    """Those that were asked for. Their libraries are loaded only then."""
    common = {"period": chosen.period, "tell": tell}
    if chosen.prometheus:
        from to_prometheus import ToPrometheus
        yield ToPrometheus(chosen.prometheus, reader, **common)
    if chosen.mqtt:
        from to_mqtt import ToMqtt
        yield ToMqtt(chosen.mqtt, chosen.node, **common)
    if chosen.nmea:
        from to_nmea import ToNmea
        yield ToNmea(chosen.nmea, **common)
    if chosen.mavlink:
        from to_mavlink import ToMavlink
        yield ToMavlink(chosen.mavlink, chosen.mavlink_system, chosen.mavlink_component, **common)


def pass_on(opened, running, ending):
    """Until the source is over or a signal came."""
    while not (ending.is_set() or opened.over):
        for line in opened.lines(WAIT_S):
            for output in running:
                output.take(line)


def main(words):
    chosen = arguments(words)
    ending = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ending.set())
    # A mistake of ours in one output ends that one, in one line.
    threading.excepthook = lambda what: tell(f"{what.thread.name}: ends: {what.exc_type.__name__}: {what.exc_value}")
    status, running, opened = 0, [], None
    try:
        opened = chosen.source()
        running = list(outputs(chosen, opened.reader))
        for output in running:
            output.start()
        pass_on(opened, running, ending)
    except OSError as error:
        tell(f"source: {sources.reason(error)}")
        status = 1
    for output in running:
        output.end()
    for output in running:
        output.join(ENDING_S)
    if opened is not None:
        opened.close()
        tell(f"read {opened.reader.taken} lines, dropped {opened.reader.dropped}")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
