"""The client of the key port against a module that is played by a thread."""

import contextlib
import io
import os
import pathlib
import pty
import socket
import sys
import tempfile
import threading
import unittest
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "keyclient"))

import gimbal_keys

NAME = "01234567-89ab-8cde-800f-102030405060"
SECRET = "00" * 31 + "ff"
KEY_LINE = f"key {NAME} {SECRET}\n"


class Player:
    """Answers each request by the next of `replies` and notes what was asked."""

    def __init__(self, folder, replies):
        self.path = os.path.join(folder, "port")
        self.asked = []
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        self.listener.listen(1)
        self.thread = threading.Thread(target=self.play, args=(replies,))
        self.thread.start()

    def play(self, replies):
        peer = self.listener.accept()[0]
        lines = peer.makefile("rb")
        for reply in replies:
            self.asked.append(lines.readline().decode())
            # In portions, as a slow line brings them.
            for start in range(0, len(reply), 50):
                peer.sendall(reply[start : start + 50].encode())
        lines.close()
        peer.close()

    def end(self):
        self.thread.join()
        self.listener.close()


class KeyClientTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def play(self, *replies):
        player = Player(self.folder.name, replies)
        self.addCleanup(player.end)
        return player

    def test_get_returns_keys_by_name(self):
        player = self.play(KEY_LINE + "ok keys=1\n", KEY_LINE + "ok keys=1\n")
        with gimbal_keys.KeyPort(player.path) as port:
            key = port.get(3)[0]
            self.assertEqual(key, gimbal_keys.Key(uuid.UUID(NAME), bytes.fromhex(SECRET)))
            self.assertEqual(port.get_id(key.name), key)
        self.assertEqual(player.asked, ["get 3\n", f"get-id {NAME}\n"])

    def test_name_is_taken_apart(self):
        self.assertEqual(gimbal_keys.parse_name(uuid.UUID(NAME)), (0x0123456789ABCDEF, 0x10203040, 0x5060))
        for other in (str(uuid.uuid4()), NAME.replace("800f", "801f")):
            with self.assertRaises(ValueError):
                gimbal_keys.parse_name(uuid.UUID(other))

    def test_status_of_another_version_is_refused(self):
        player = self.play("ok version=1 stored_key_count=5 state=idle\n", "ok version=2\n")
        with gimbal_keys.KeyPort("unix:" + player.path) as port:
            self.assertEqual(port.status(), {"version": 1, "stored_key_count": 5, "state": "idle"})
            with self.assertRaises(gimbal_keys.ProtocolError):
                port.status()

    def test_refusal_has_the_code(self):
        player = self.play("error code=empty no key is in store\n")
        with gimbal_keys.KeyPort(player.path) as port, self.assertRaises(gimbal_keys.Refused) as caught:
            port.get()
        self.assertEqual((caught.exception.code, caught.exception.text), ("empty", "no key is in store"))

    def test_anything_else_is_no_key_and_is_not_shown(self):
        bent = [KEY_LINE.replace("ff\n", "f\n"), KEY_LINE.replace("8cde", "4cde")]
        for line in ["nonsense\n", "key\n", "x" * 5000, *bent]:
            with self.subTest(line), tempfile.TemporaryDirectory() as folder:
                player = Player(folder, [line])
                with gimbal_keys.KeyPort(player.path) as port, self.assertRaises(gimbal_keys.ProtocolError) as caught:
                    port.get()
                self.assertNotIn("00000", str(caught.exception))
                player.end()

    def test_module_that_hangs_up_or_says_nothing_is_told(self):
        player = self.play(KEY_LINE)
        with gimbal_keys.KeyPort(player.path) as port, self.assertRaises(gimbal_keys.ProtocolError):
            port.get()
        with tempfile.TemporaryDirectory() as folder:
            silent = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            silent.bind(os.path.join(folder, "port"))
            silent.listen(1)
            with gimbal_keys.KeyPort(os.path.join(folder, "port"), timeout=0.05) as port:
                with self.assertRaises(gimbal_keys.ProtocolError):
                    port.get()
            silent.close()

    def test_watch_yields_pushed_keys_also_those_before_the_answer(self):
        pushed = KEY_LINE.replace("key", "push")
        player = self.play(pushed + "ok push=all\n" + pushed)
        with gimbal_keys.KeyPort(player.path) as port:
            keys = port.watch(every=True)
            self.assertEqual([next(keys), next(keys)], [(uuid.UUID(NAME), bytes.fromhex(SECRET))] * 2)
            with self.assertRaises(gimbal_keys.ProtocolError):
                next(keys)
        self.assertEqual(player.asked, ["push all\n"])

    def test_serial_line_carries_the_same_protocol(self):
        module, line = pty.openpty()
        with gimbal_keys.KeyPort("tty:" + os.ttyname(line)) as port:
            os.write(module, (KEY_LINE + "ok keys=1\n").encode())
            self.assertEqual(port.get()[0].secret.hex(), SECRET)
            self.assertEqual(os.read(module, 100), b"get 1\n")
        os.close(module)
        os.close(line)

    def run_command(self, *arguments):
        output, complaints = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(complaints):
            status = gimbal_keys.main(list(arguments))
        return status, output.getvalue(), complaints.getvalue()

    def test_command_prints_keys_facts_and_refusals(self):
        replies = [
            (["get", "2"], KEY_LINE + "ok keys=1\n", (0, f"{NAME} {SECRET}\n", "")),
            (["get-id", NAME], KEY_LINE + "ok keys=1\n", (0, f"{NAME} {SECRET}\n", "")),
            (["status"], "ok version=1 push=off\n", (0, "version=1\npush=off\n", "")),
            (["watch", "--count", "1"], f"ok push=on\npush {NAME} {SECRET}\n", (0, f"{NAME} {SECRET}\n", "")),
            (["get"], "error code=empty nothing\n", (1, "", "error: empty: nothing\n")),
            (["get"], "", (1, "", "error: key port: the module hung up\n")),
        ]
        for arguments, reply, expected in replies:
            with self.subTest(arguments), tempfile.TemporaryDirectory() as folder:
                player = Player(folder, [reply])
                self.assertEqual(self.run_command(player.path, *arguments), expected)
                player.end()
        with tempfile.TemporaryDirectory() as folder:
            status, _, complaint = self.run_command(os.path.join(folder, "none"), "status")
            self.assertEqual(status, 1)
            self.assertTrue(complaint.startswith("error: key port: "))


if __name__ == "__main__":
    unittest.main()
