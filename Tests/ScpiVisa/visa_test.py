"""The console's machine mode as a laboratory uses it: through VISA, over the pseudo terminals of two running modules.

  visa_test.py

The last line is `visa: N passed, N failed`.
"""

import pathlib
import signal
import sys
import time
import traceback

import pyvisa

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Sessions"))
from bench import Bench  # noqa: E402

SESSION = {"exchange_frames": 50, "planned_sifted": 60000, "planned_qber": 12000}
NOT_A_NUMBER = 9.91e37


def opened(manager, path):
    module = manager.open_resource(f"ASRL{path}::INSTR")
    module.read_termination = "\n"
    module.write_termination = "\n"
    module.timeout = 20_000
    return module


def errors(module):
    """The numbers of all errors that wait."""
    found = []
    while (answer := module.query(":SYST:ERR?")) != '0,"No error"':
        found.append(int(answer.split(",")[0]))
    return found


def until(module, question, answer):
    """Asks again and again until the answer comes."""
    deadline = time.monotonic() + 60
    while (last := module.query(question)) != answer:
        assert time.monotonic() < deadline, f"{question} stays {last}"


def identity_names_the_module(alice, bob):
    assert alice.query("*IDN?").split(",")[:2] == ["Gimbal", "QKD alice"]
    assert bob.query("*IDN?").split(",")[:2] == ["Gimbal", "QKD bob"]
    assert alice.query("*TST?") == "0" and bob.query("*TST?") == "0"


def settings_are_noted_applied_and_reset(alice, bob):
    for module in (alice, bob):
        module.write("INT:SIGN 0.55;DEC 0.2")
        assert module.query_ascii_values("CONF:FIEL? mean_signal") == [550_000, 500_000]
        module.write("CONF:APPL")
        assert module.query_ascii_values("CONF:FIEL? mean_signal") == [550_000, 550_000]
        assert abs(module.query_ascii_values("INT:DEC?")[0] - 0.2) < 1e-9
    alice.write("PULS:DEL 1.5 NS")
    assert abs(alice.query_ascii_values("PULS:DEL?")[0] - 1.5e-9) < 1e-15
    alice.write("PULS:DEL 1750 PS")
    for module in (alice, bob):
        module.write("*RST")
        assert module.query("CONF:FIEL? mean_signal;FIEL? exchange_frames") == "500000,500000;0,0"
        assert errors(module) == []


def errors_come_in_order(alice, bob):
    alice.write("FOO")
    alice.write("*ESE 256")
    alice.write("SENS:GATE:DEL 1 NS")
    alice.write("CONF:FIEL ad_block,'1'")
    assert alice.query_ascii_values("SYST:ERR:COUN?") == [4]
    assert errors(alice) == [-113, -222, -241, -158]
    for _ in range(20):
        alice.write("FOO")
    assert errors(alice) == [-113] * 15 + [-350]
    alice.write("*CLS" + " " * 300)
    assert errors(alice) == [-223]
    assert errors(bob) == []


def headers_are_a_block(alice, bob):
    alice.write("SYST:HELP:HEAD?")
    block = alice.read_binary_values(datatype="s", container=bytes, expect_termination=True)
    lines = block.decode().splitlines() if isinstance(block, bytes) else b"".join(block).decode().splitlines()
    assert "*IDN?/qonly/" in lines and ":MEASure:QBER?/qonly/" in lines and len(lines) > 50


def session_is_begun_and_awaited(alice, bob):
    for module in (alice, bob):
        for name, value in SESSION.items():
            module.write(f"CONF:FIEL {name},{value}")
        module.write("CONF:APPL")
        assert errors(module) == []
    assert alice.query_ascii_values("MEAS:QBER?") == [NOT_A_NUMBER]
    alice.write("*CLS;*ESE 1;*SRE 32")
    alice.write("INIT;*OPC")
    deadline = time.monotonic() + 60
    while not int(alice.query("*STB?")) & 64:
        assert time.monotonic() < deadline, "no request for service"
    assert int(alice.query("*ESR?")) & 1 and alice.query("SYST:SESS?") == "finished"
    alice.write("INIT")
    assert alice.query("*OPC?") == "1"
    assert alice.query("SYST:STAT?;SESS?") == "idle;finished"
    assert errors(alice) == []


def figures_agree_at_both_ends(alice, bob):
    until(bob, "SYST:STAT?", "idle")
    question = "MEAS:QBER?;QBER:UPP?;EFF?;BITS:SIFT?;:MEAS:BLOC?;DET?"
    assert alice.query(question).split(";")[:5] == bob.query(question).split(";")[:5]
    qber, upper = alice.query_ascii_values("MEAS:QBER?;QBER:UPP?", separator=";")
    assert 0 < qber < upper < 1
    assert alice.query_ascii_values("MEAS:RATE:SIFT?")[0] > 10_000
    assert len(bob.query_ascii_values("MEAS:COUN?")) == len(bob.query_ascii_values("MEAS:TEMP?")) == 6
    assert all(0 < bias < 1e-3 for bias in bob.query_ascii_values("MEAS:BIAS?"))


def stop_and_abort_end_a_session(alice, bob):
    for module in (alice, bob):
        module.write("CONF:FIEL exchange_frames,0;APPL")
    for word in ("STOP", "ABOR"):
        alice.write("INIT")
        until(alice, "SYST:STAT?", "exchanging")
        alice.write(word)
        assert alice.query("*OPC?;:SYST:STAT?") == "1;idle"
        assert alice.query("SYST:SESS?") == "stopped"
        until(bob, "SYST:STAT?", "idle")


def device_clear_ends_waiting(alice, bob):
    alice.write("INIT")
    until(alice, "SYST:STAT?", "exchanging")
    alice.write("*OPC?")
    alice.write_raw(b"*ESE 7\n\x03")
    assert alice.query("SYST:STAT?") == "exchanging"
    alice.write("ABOR;*WAI")
    assert alice.query("SYST:STAT?") == "idle"


def console_for_people_and_back(alice, bob):
    bob.write("SYST:CONS")
    shown = bob.read_bytes(len("gimbal-bob> "))
    assert shown == b"gimbal-bob> ", shown
    bob.write_raw(b"scpi\r")
    # A line of the log may come between: it redraws the prompt and what was typed.
    shown = [bob.read()]
    while "SYSTem:CONSole" not in shown[-1] and len(shown) < 20:
        shown.append(bob.read())
    assert "SYSTem:CONSole" in shown[-1], shown
    assert shown[-2].rstrip().endswith("scpi"), shown
    assert bob.query("*OPC?") == "1"


TESTS = [
    identity_names_the_module,
    settings_are_noted_applied_and_reset,
    errors_come_in_order,
    headers_are_a_block,
    session_is_begun_and_awaited,
    figures_agree_at_both_ends,
    stop_and_abort_end_a_session,
    device_clear_ends_waiting,
    console_for_people_and_back,
]


def main():
    # Whoever stops this program stops the modules too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    passed = failed = 0
    manager = pyvisa.ResourceManager("@py")
    with Bench(scpi=True) as bench:
        alice, bob = opened(manager, bench.alice.console), opened(manager, bench.bob.console)
        for module in (alice, bob):
            until(module, "SYST:STAT?;LINK?", "idle;1")
        for test in TESTS:
            try:
                test(alice, bob)
                passed += 1
                print(f"visa: {test.__name__}: passed")
            except Exception:
                failed += 1
                traceback.print_exc()
                print(f"visa: {test.__name__}: failed", flush=True)
        alice.close()
        bob.close()
    print(f"visa: {passed} passed, {failed} failed")
    return 0 if passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
