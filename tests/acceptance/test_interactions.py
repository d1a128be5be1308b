"""POST /slack/events: requests from Slack are answered at once, all others are refused."""
import json
import time
import unittest
from urllib.parse import urlencode

from harness import AcceptanceCase, Gateway, Sandbox
from payloads import notification
from slack_sandbox.signing import signature, signed_headers
from slack_sandbox.tests.signing_test import BODY, SECRET, SIGNATURE

PATH = "/slack/events"
FORM = "application/x-www-form-urlencoded"
OLD_SECRET = "the-secret-before-this-one"


def interaction(kind="block_actions", **members):
    return {
        "type": kind,
        "team": None,
        "user": {"id": "U1"},
        "api_app_id": "A1",
        "container": {"type": "message", "message_ts": "1.2", "channel_id": "D1"},
        "actions": [{"type": "button", "action_id": "WaXA", "block_id": "=qXel", "action_ts": "1.3"}],
    } | members


def form(**fields):
    return urlencode({name: value if isinstance(value, str) else json.dumps(value) for name, value in fields.items()}).encode()


class InteractionsTest(AcceptanceCase):
    @classmethod
    def setUpClass(cls):
        cls.sandbox = cls.enterClassContext(Sandbox("--no-rate-limits"))
        cls.gateway = cls.enterClassContext(Gateway(cls.sandbox, slack={"signing_secret": [cls.sandbox.signing_secret, OLD_SECRET]}))
        cls.gateway.secrets.append(OLD_SECRET)

    def post(self, body, content_type=FORM, secret=None, at=None, headers=None):
        sent = {"Content-Type": content_type} | signed_headers(secret or self.sandbox.signing_secret, body, at) | (headers or {})
        status, answered, answer = self.gateway.post(PATH, body, {name: value for name, value in sent.items() if value is not None})
        return status, answer

    def test_any_verified_interaction_is_answered_200_empty(self):
        for what, payload in (
            ("a button without action_id", interaction()),
            (
                "link button",
                interaction(actions=[{"type": "button", "action_id": "belfry.link.0", "block_id": "b", "url": "https://x.example/"}]),
            ),
            ("no actions", interaction(actions=[])),
            ("another type", interaction("view_submission")),
            ("unknown type", {"type": "something_new"}),
            ("large", interaction(message={"text": "x" * 100_000})),
        ):
            with self.subTest(what):
                self.assertEqual(self.post(form(payload=payload)), (200, b""))
        for content_type in (FORM + "; charset=utf-8", FORM.upper()):
            with self.subTest(content_type):
                self.assertEqual(self.post(form(payload=interaction()), content_type), (200, b""))

    def test_time(self):
        body, now = form(payload=interaction()), time.time()
        for offset, status in ((0, 200), (-290, 200), (290, 200), (-310, 401), (310, 401), (-86_400, 401), (86_400, 401), (-now, 401)):
            with self.subTest(offset):
                self.assertEqual(self.post(body, at=now + offset)[0], status)
        for timestamp in ("", "x", "-1", "1e9", str(int(now)) + "x", "9" * 30):
            with self.subTest(timestamp):
                headers = {
                    "X-Slack-Request-Timestamp": timestamp,
                    "X-Slack-Signature": signature(self.sandbox.signing_secret, timestamp, body),
                }
                self.assertEqual(self.post(body, headers=headers)[0], 401)

    def test_signatures(self):
        body, timestamp = form(payload=interaction()), str(int(time.time()))
        good = signature(self.sandbox.signing_secret, timestamp, body)
        for what, value in (
            ("missing", None),
            ("empty", ""),
            ("no version", good[3:]),
            ("other version", "v1" + good[2:]),
            ("cut", good[:-1]),
            ("longer", good + "0"),
            ("one digit", good[:-1] + ("0" if good[-1] != "0" else "1")),
            ("other body", signature(self.sandbox.signing_secret, timestamp, body + b"&")),
            ("other secret", signature("unknown", timestamp, body)),
            ("no secret", signature("", timestamp, body)),
        ):
            with self.subTest(what):
                status, answer = self.post(body, headers={"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": value})
                self.assertEqual(status, 401)
                self.assertNotIn(good.encode(), answer)
        self.assertEqual(self.post(body, headers={"X-Slack-Request-Timestamp": None})[0], 401)

    def test_both_secrets_of_a_rotation(self):
        body = form(payload=interaction())
        self.assertEqual(self.post(body, secret=OLD_SECRET)[0], 200)
        self.assertEqual(self.post(body, secret="an-unknown-secret")[0], 401)

    def test_verified_but_malformed(self):
        for what, body in (
            ("empty", b""),
            ("no payload", form(other="x")),
            ("no JSON", form(payload="{")),
            ("no object", form(payload="[]")),
            ("empty payload", form(payload="")),
            ("no form", b"%zz=%"),
            ("deep", form(payload="[" * 50_000)),
        ):
            with self.subTest(what):
                status, answer = self.post(body)
                self.assertEqual(status, 400, answer)
                self.assertLess(len(answer), 512)

    def test_methods(self):
        for method in ("GET", "PUT", "DELETE"):
            with self.subTest(method), self.gateway.wire() as wire:
                answer = wire.exchange(f"{method} {PATH} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), method)
                self.assertEqual((answer.status, answer.headers["Allow"]), (405, "POST"))

    def test_url_verification(self):
        body = json.dumps(
            {"token": "x", "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P", "type": "url_verification"}
        ).encode()
        status, answer = self.post(body, "application/json")
        self.assertEqual(status, 200)
        self.assertIn(b"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P", answer)
        self.assertEqual(self.post(body, "application/json", secret="unknown")[0], 401)

    def test_ssl_check(self):
        unsigned = {"X-Slack-Request-Timestamp": None, "X-Slack-Signature": None}
        for what, body, content_type, status in (
            ("as Slack sends it", form(ssl_check="1", token="x"), FORM, 200),
            ("with a payload", form(ssl_check="1", payload=interaction()), FORM, 200),
            ("0", form(ssl_check="0"), FORM, 401),
            ("true", form(ssl_check="true"), FORM, 401),
            ("empty", form(ssl_check=""), FORM, 401),
            ("JSON", b'{"ssl_check": 1}', "application/json", 401),
            ("form in JSON's clothes", form(ssl_check="1"), "application/json", 401),
        ):
            with self.subTest(what):
                answered, answer = self.post(body, content_type, headers=unsigned)
                self.assertEqual(answered, status)
                if status == 200:
                    self.assertEqual(answer, b"")

    def test_a_click_on_a_delivered_message(self):
        self.sandbox.post("interactivity", url=f"http://127.0.0.1:{self.gateway.port}{PATH}")
        self.gateway.post_webhook(notification("click@coder.com"))
        (message,) = self.sandbox.wait_for_count(1)
        button = next(block for block in message["blocks"] if block["type"] == "actions")["elements"][0]
        for _ in range(20):
            result = self.sandbox.click(message, button["action_id"])
            self.assertEqual((result["acknowledged"], result["status"]), (True, 200), result)
        self.assertEqual(len(self.sandbox.messages()), 1)

    def test_clicks_are_answered_while_slack_is_slow(self):
        self.sandbox.post("interactivity", url=f"http://127.0.0.1:{self.gateway.port}{PATH}")
        self.gateway.post_webhook(notification("slow@coder.com"))
        (message,) = self.sandbox.wait_for_count(1)
        button = next(block for block in message["blocks"] if block["type"] == "actions")["elements"][0]
        self.sandbox.fault("slow", ms=1000, count=40)
        for index in range(12):  # few enough that the burst of lookups covers all of them
            self.gateway.post_webhook(notification(f"slow{index}@coder.com"))
        for _ in range(10):
            result = self.sandbox.click(message, button["action_id"])
            self.assertTrue(result["acknowledged"], result)
            self.assertLess(result["ms"], 1000)
        self.sandbox.clear_faults()
        self.sandbox.wait_for_count(13, within=30)


class DocumentedExampleTest(unittest.TestCase):
    def test_it_is_too_old_by_now_but_its_secret_works(self):
        with Sandbox("--no-rate-limits") as sandbox, Gateway(sandbox, slack={"signing_secret": SECRET}) as gateway:
            headers = {"Content-Type": FORM, "X-Slack-Request-Timestamp": "1531420618", "X-Slack-Signature": SIGNATURE}
            self.assertEqual(gateway.post(PATH, BODY, headers)[0], 401)
            body = form(payload=interaction())
            self.assertEqual(gateway.post(PATH, body, {"Content-Type": FORM} | signed_headers(SECRET, body))[0], 200)


class WithoutSecretTest(unittest.TestCase):
    def test_actions_are_links(self):
        with Sandbox("--no-rate-limits") as sandbox, Gateway(sandbox, slack={"signing_secret": None}) as gateway:
            gateway.post_webhook(notification("links@coder.com"))
            (message,) = sandbox.wait_for_count(1)
            self.assertEqual([block for block in message["blocks"] if block["type"] == "actions"], [])
            self.assertIn("<http://127.0.0.1/workspaces|View workspaces>", json.dumps(message["blocks"]))
            body = form(payload=interaction())
            self.assertIn(gateway.post(PATH, body, {"Content-Type": FORM} | signed_headers("", body))[0], (401, 404))


if __name__ == "__main__":
    unittest.main()
