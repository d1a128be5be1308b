"""The sandbox's Socket Mode, checked with the official client (npm @slack/socket-mode)."""
import json
import subprocess
import unittest
from pathlib import Path

from case import SandboxCase
from npm import npm_packages

PACKAGE = "@slack/socket-mode@3.1.0"


class Client:
    def __init__(self, sandbox, modules, ping_timeout=5000, token=None):
        script = Path(__file__).with_name("socket_client.js")
        self.process = subprocess.Popen(
            ["node", script, sandbox.api_url, token or sandbox.app_token, str(ping_timeout)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"NODE_PATH": str(modules), "PATH": "/usr/local/bin:/usr/bin:/bin"},
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def until(self, event):
        """The next event with this name; skips others before it."""
        for line in self.process.stdout:
            row = json.loads(line)
            if row["event"] == event:
                return row
        raise AssertionError(f"the client ended without {event}")


class OfficialClientTest(SandboxCase):
    options = ("--no-rate-limits", "--socket-mode")

    @classmethod
    def setUpClass(cls):
        cls.modules = npm_packages(PACKAGE)
        super().setUpClass()

    def setUp(self):
        super().setUp()
        self.sandbox.wait_for_sockets(0)
        elements = [{"type": "button", "text": {"type": "plain_text", "text": name}, "action_id": name} for name in ("go", "ignored")]
        self.sandbox.send("bobby@coder.com", blocks=[{"type": "actions", "elements": elements}])
        self.message = self.sandbox.messages()[-1]

    def client(self, **options):
        client = self.enterContext(Client(self.sandbox, self.modules, **options))
        client.until("connected")
        return client

    def click(self, action_id="go"):
        return self.sandbox.click(self.message, action_id)

    def test_connect_and_acknowledge(self):
        client = self.client()
        self.assertTrue(self.click()["acknowledged"])
        self.assertFalse(client.until("interactive")["accepts_response_payload"])
        self.assertEqual(self.click("ignored")["error"], "no answer within 3 seconds")
        self.assertEqual(self.sandbox.sockets()["mistakes"], [])

    def test_large_in_fragments(self):
        client = self.client()
        self.sandbox.socket(padding=200_000, fragments=5)
        self.assertTrue(self.click()["acknowledged"])
        self.assertGreater(client.until("interactive")["size"], 200_000)

    def test_every_disconnect_makes_it_come_back(self):
        client = self.client(ping_timeout=200)
        for reason in ("warning", "refresh_requested"):
            self.sandbox.socket("disconnect", reason=reason)
            client.until("connected")
            self.sandbox.wait_for_sockets(1)
            self.assertTrue(self.click()["acknowledged"])

    def test_too_many(self):
        self.sandbox.socket(most=0)
        client = self.enterContext(Client(self.sandbox, self.modules, ping_timeout=200))
        client.until("reconnecting")
        self.sandbox.socket(most=1)
        client.until("connected")
        self.assertTrue(self.click()["acknowledged"])

    def test_it_vanishes(self):
        client = self.client(ping_timeout=200)
        self.sandbox.socket("vanish")
        client.until("connected")
        self.assertTrue(self.click()["acknowledged"])

    def test_a_token_that_is_refused_is_fatal(self):
        client = self.enterContext(Client(self.sandbox, self.modules, token="xapp-other"))
        self.assertEqual(client.until("failed")["error"], "invalid_auth")


if __name__ == "__main__":
    unittest.main()
