"""Socket Mode: clicks arrive over WebSockets that the gateway opens, so only Coder needs to reach it."""
import signal
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

from harness import Gateway, Sandbox
from payloads import notification

METRIC = "belfry_plugin_slack_socket_connections"


class SocketModeCase(unittest.TestCase):
    sandbox_options = ("--no-rate-limits", "--socket-mode")

    def setUp(self):
        self.sandbox = self.enterContext(Sandbox(*self.sandbox_options))
        self.prepare()
        admin = {"token": "a token for the admin API"}
        self.gateway = Gateway(self.sandbox, slack={"signing_secret": None, "app_token": self.sandbox.app_token}, admin=admin)
        self.gateway.secrets.append(self.sandbox.app_token)
        self.enterContext(self.gateway)

    def prepare(self):
        """Prepares the sandbox before the gateway starts."""

    def connected(self, count=2):
        rows = self.sandbox.wait_for_sockets(count, within=25)
        self.gateway.until(lambda: self.gateway.metric(METRIC) == count, f"{METRIC} is {count}")
        return rows

    def button(self, email="click@coder.com"):
        self.gateway.post_webhook(notification(email))
        (message,) = self.sandbox.wait_for(lambda rows: [row for row in rows if row["email"] == email] and rows)[-1:]
        return message, next(block for block in message["blocks"] if block["type"] == "actions")["elements"][0]["action_id"]

    def click(self, button):
        return self.sandbox.click(*button)

    def acknowledged(self, button, times=4):
        for _ in range(times):
            result = self.click(button)
            self.assertTrue(result["acknowledged"], result)

    def keep_clicking(self, button):
        """(results, stop): clicks repeatedly in a thread until stop()."""
        results, end = [], threading.Event()

        def work():
            while not end.is_set():
                results.append(self.click(button))

        thread = threading.Thread(target=work)
        thread.start()

        def stop():
            end.set()
            thread.join()

        self.addCleanup(stop)
        return results, stop


class ClickTest(SocketModeCase):
    def test_a_click_is_acknowledged_over_the_socket(self):
        self.connected()
        self.acknowledged(self.button(), 20)
        state = self.sandbox.sockets()
        self.assertEqual([row["acknowledged"] for row in state["open"]], [10, 10])
        self.assertEqual((state["mistakes"], state["late"]), ([], 0))
        self.assertEqual(self.gateway.post("/slack/events", b"payload=%7B%7D", {})[0], 404, "there is no HTTP path for clicks")
        self.gateway.stop()
        self.assertEqual([row["close_code"] for row in self.sandbox.sockets()["connections"]], [1000, 1000])

    def test_large_clicks_in_fragments(self):
        self.connected()
        button = self.button()
        for padding, fragments in ((60_000, 1), (200_000, 9), (900_000, 40)):
            self.sandbox.socket(padding=padding, fragments=fragments)
            self.acknowledged(button, 2)

    def test_frames_that_mean_nothing(self):
        self.connected()
        button = self.button()
        for members in ({"binary": "00ff00"}, {"text": ""}, {"text": "{"}, {"text": "null"}, {"text": '{"type":"something_new"}'}):
            self.sandbox.socket("send", **members)
            self.acknowledged(button, 2)
        self.assertEqual(len(self.sandbox.sockets()["connections"]), 2)

    def test_a_frame_against_the_protocol_costs_one_connection(self):
        self.connected()
        button = self.button()
        self.sandbox.socket("send", connection=1, raw="8b00")
        self.gateway.until(lambda: len(self.sandbox.sockets()["connections"]) == 3, "a third connection")
        self.connected()
        self.acknowledged(button)

    def test_a_reload_that_changes_the_sink_opens_new_ones(self):
        self.connected()
        button = self.button()
        self.gateway.configure(slack={"signing_secret": None, "app_token": self.sandbox.app_token, "footer": False})
        self.gateway.process.send_signal(signal.SIGHUP)
        self.gateway.until(lambda: len(self.sandbox.sockets()["connections"]) == 4, "new connections", within=60)
        self.connected()
        self.acknowledged(button)
        closed = lambda: [row["close_code"] for row in self.sandbox.sockets()["connections"][:2]]
        self.gateway.until(lambda: closed() == [1000, 1000], "goodbyes")
        self.assertEqual(self.gateway.metric(METRIC), 2, "the old connections are no longer counted")


class DisturbedTest(SocketModeCase):
    def test_a_refresh_without_a_gap(self):
        self.connected()
        results, stop = self.keep_clicking(self.button())
        for round_, reason in enumerate(("warning", "refresh_requested"), 1):
            self.sandbox.socket("disconnect", reason=reason, close_after=4)
            self.gateway.until(lambda: len(self.sandbox.sockets()["connections"]) >= 2 + 2 * round_, "new connections")
            self.connected()
        stop()
        self.assertGreater(len(results), 50)
        self.assertEqual([result for result in results if not result["acknowledged"]], [])
        self.assertEqual(self.sandbox.sockets()["mistakes"], [])

    def test_the_server_vanishes(self):
        self.connected()
        button = self.button()
        for _ in range(3):
            self.sandbox.socket("vanish")
            self.sandbox.wait_for_sockets(0)
            self.connected()
            self.acknowledged(button)

    def test_the_server_falls_silent(self):
        self.connected()
        button = self.button()
        self.sandbox.socket("silence", connection=1)
        self.gateway.until(lambda: len(self.sandbox.sockets()["connections"]) == 3, "a third connection", within=25)
        self.connected()
        self.acknowledged(button)
        (other,) = [row for row in self.sandbox.sockets()["open"] if row["number"] == 2]
        self.gateway.until(lambda: self.sandbox.sockets()["connections"][1]["pings"] >= other["pings"] + 2, "pings over the other connection")
        self.assertEqual(len(self.sandbox.sockets()["connections"]), 3, "the other connection stays open")

    def test_too_many(self):
        self.connected()
        self.sandbox.socket(most=1)
        self.sandbox.socket("vanish")
        self.connected(1)
        self.gateway.until(lambda: len(self.sandbox.sockets()["connections"]) == 4, "a connection that was rejected")
        self.connected(1)
        self.acknowledged(self.button())

    def test_too_many_after_hello(self):
        self.connected()
        self.sandbox.socket("disconnect", reason="too_many_websockets", close_after=0)
        self.sandbox.wait_for_sockets(0)
        gone = time.time()
        self.gateway.until(lambda: len(self.sandbox.sockets()["connections"]) == 3, "another attempt", within=60)
        self.assertGreater(self.sandbox.sockets()["connections"][2]["opened_at"] - gone, 10, "not at once")
        self.assertEqual(len(self.sandbox.calls("apps.connections.open")), 3)

    def test_switched_off_and_on(self):
        self.connected()
        self.sandbox.socket(enabled=False)
        self.connected(0)
        self.assertIn("switch it on under Socket Mode of the app", self.gateway.log())
        button = self.button("still@coder.com")
        self.sandbox.socket(enabled=True)
        self.gateway.stop()
        self.gateway.start()  # it would also reconnect by itself, after five minutes
        self.connected()
        self.acknowledged(button)


class HostileStartTest(SocketModeCase):
    def prepare(self):
        self.sandbox.socket("silent", count=1)
        self.sandbox.socket("refuse", status=409, count=1)

    def test_it_gets_there(self):
        self.gateway.until(lambda: len(self.sandbox.sockets()["open"]) == 1, "the silent one")
        self.button()
        self.gateway.until(lambda: self.gateway.metric(METRIC) == 2, "both lines", within=30)
        self.acknowledged(self.button("second@coder.com"))
        self.assertIn("HTTP 409", self.gateway.log())


class RefusedTest(SocketModeCase):
    def prepare(self):
        self.sandbox.socket(accepted=False, error="invalid_auth")

    def test_it_says_what_to_do_and_delivers(self):
        self.button()
        self.gateway.until(lambda: "make an app-level token (xapp-...)" in self.gateway.log(), "the advice")
        self.assertEqual(self.gateway.metric(METRIC), 0)
        self.assertEqual(len(self.sandbox.calls("apps.connections.open")), 1)


class LimitedTest(SocketModeCase):
    def prepare(self):
        self.sandbox.fault("rate_limit", "apps.connections.open", retry_after=99_999_999)

    def test_a_wait_of_years_ends_when_the_sink_is_released(self):
        line = "Slack is rate-limiting apps.connections.open; the next try is in 60 min, or at once after belfry sinks release"
        self.gateway.until(lambda: line in self.gateway.log(), "the bounded pause is logged")
        time.sleep(3)  # longer than the wait after other failures
        self.assertEqual(len(self.sandbox.calls("apps.connections.open")), 1)
        released = self.gateway.command("sinks", "release", "slack")
        self.assertEqual(released.returncode, 0, released.stderr)
        self.connected()
        self.acknowledged(self.button())


class EncryptedTest(SocketModeCase):
    """wss, with a certificate of a private CA."""

    def setUp(self):
        directory = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.key, self.certificate = directory / "key.pem", directory / "certificate.pem"
        what = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=127.0.0.1"]
        names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", self.key, "-out", self.certificate]
        subprocess.run(["openssl", "req", *what, *names], check=True, capture_output=True)
        self.sandbox_options = (*self.sandbox_options, "--certificate", str(self.certificate), "--key", str(self.key))
        self.sandbox = self.enterContext(Sandbox(*self.sandbox_options))
        self.gateway = Gateway(self.sandbox, slack={"signing_secret": None, "app_token": self.sandbox.app_token})
        self.gateway.environment["SSL_CERT_FILE"] = str(self.certificate)
        self.enterContext(self.gateway)

    def test_a_click(self):
        self.connected()
        self.acknowledged(self.button())


class BothTest(unittest.TestCase):
    """With a signing secret and an app token, Slack sends only over the WebSocket, so there is no HTTP path."""

    def test_no_route(self):
        with Sandbox("--no-rate-limits", "--socket-mode") as sandbox, Gateway(sandbox, slack={"app_token": sandbox.app_token}) as gateway:
            checked = gateway.command("check")
            self.assertEqual((checked.returncode, checked.stdout), (0, "the configuration is valid\n"), checked.stderr)
            self.assertEqual(gateway.post("/slack/events", b"", {})[0], 404)
            sandbox.wait_for_sockets(2)


if __name__ == "__main__":
    unittest.main()
