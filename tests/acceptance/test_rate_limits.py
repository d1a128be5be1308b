"""429: the gateway waits exactly as long as Slack requires, only where it applies, and loses or reorders nothing."""
import datetime
import json
import re
import time
import unittest

from harness import AcceptanceCase, Gateway, Sandbox
from payloads import notification

ADMIN_TOKEN = "a token for the admin API"
TOLERANCE = 2.0  # seconds; a loaded machine


class RateLimitsTest(AcceptanceCase):
    def posts(self, email, after=0):
        user = self.sandbox.lookup(email)["user"]["id"]
        return [call for call in self.sandbox.calls("chat.postMessage", after) if call["arguments"]["channel"] == user]

    def test_one_reader_waits_and_others_go_on(self):
        self.sandbox.fault("rate_limit", email="limited@coder.com", retry_after=3, error="rate_limited")
        self.gateway.post_webhook(notification("limited@coder.com", body="first."))
        self.gateway.until(lambda: self.posts("limited@coder.com"), "the refused call")
        self.gateway.post_webhook(notification("limited@coder.com", body="second."))
        for index in range(20):
            self.gateway.post_webhook(notification(f"free{index}@coder.com"))
        rows = self.sandbox.wait_for_count(22, within=30)
        refused, *taken = self.posts("limited@coder.com")
        self.assertEqual((refused["status"], [call["status"] for call in taken]), (429, [200, 200]))
        waited = taken[0]["at"] - refused["at"]
        self.assertGreaterEqual(waited, 3.0)
        self.assertLess(waited, 3.0 + TOLERANCE)
        limited = sorted((row for row in rows if row["email"] == "limited@coder.com"), key=lambda row: row["ts"])
        self.assertEqual([re.search("first|second", row["text"])[0] for row in limited], ["first", "second"])
        self.assertLess(max(row["received_at"] for row in rows if row["email"] != "limited@coder.com"), taken[0]["at"])
        self.assertGreaterEqual(self.gateway.metric("belfry_delivery_attempts_total", outcome="rate_limited"), 1)

    def test_the_lookup_is_limited(self):
        after = self.sandbox.calls()[-1]["number"] if self.sandbox.calls() else 0
        self.gateway.post_webhook(notification("known@coder.com"))
        self.sandbox.wait_for_count(1)
        self.sandbox.fault("rate_limit", method="users.lookupByEmail", retry_after=2)
        self.gateway.post_webhook(notification("new@coder.com"))
        self.gateway.until(
            lambda: any(call["status"] == 429 for call in self.sandbox.calls("users.lookupByEmail", after)), "the refused lookup"
        )
        self.sandbox.wait_for_count(2, within=20)
        refused, again = [
            call for call in self.sandbox.calls("users.lookupByEmail", after) if call["arguments"]["email"] == "new@coder.com"
        ]
        self.assertGreaterEqual(again["at"] - refused["at"], 2.0)
        self.assertLess(again["at"] - refused["at"], 2.0 + TOLERANCE)

    def test_being_limited_is_no_failure(self):
        self.sandbox.fault("rate_limit", email="often@coder.com", retry_after=1, count=3)
        self.gateway.post_webhook(notification("often@coder.com"))
        self.sandbox.wait_for_count(1, within=20)
        times = [call["at"] for call in self.posts("often@coder.com")]
        self.assertEqual(len(times), 4)
        for earlier, later in zip(times, times[1:]):
            self.assertGreaterEqual(later - earlier, 1.0)
            self.assertLess(later - earlier, 1.0 + TOLERANCE)


class RealLimitsTest(unittest.TestCase):
    def test_more_than_a_channel_takes(self):
        with Sandbox() as sandbox, Gateway(sandbox) as gateway:
            for index in range(16):
                gateway.post_webhook(notification("busy@coder.com", body=f"number {index}."))
            sandbox.wait_for_count(16, within=40)
            gateway.wait_idle()
            rows = sorted(sandbox.messages(), key=lambda row: row["ts"])
            self.assertEqual([re.search(r"number (\d+)\.", row["text"])[1] for row in rows], [str(index) for index in range(16)])
            self.assertIn(429, [call["status"] for call in sandbox.calls("chat.postMessage")])

    def test_the_default_rates_keep_within_them(self):
        with Sandbox() as sandbox, Gateway(sandbox, delivery={"rate": "300/min", "rate_per_recipient": "1/s"}) as gateway:
            for index in range(6):
                gateway.post_webhook(notification("busy@coder.com", body=f"number {index}."))
            sandbox.wait_for_count(6, within=30)
            self.assertEqual({call["status"] for call in sandbox.calls("chat.postMessage")}, {200})


class ImplausibleLimitTest(AcceptanceCase):
    """A Retry-After of years: the message is not lost, the pause is limited and shown, and a command ends it."""

    settings = {"admin": {"token": ADMIN_TOKEN}}

    def test_it_is_said_and_released(self):
        self.gateway.secrets.append(ADMIN_TOKEN)
        self.gateway.post_webhook(notification("known@coder.com"))  # so that the address is cached
        self.sandbox.wait_for_count(1)
        self.sandbox.fault("rate_limit", retry_after=99_999_999)
        start = time.time()
        self.assertEqual(self.gateway.post_webhook(notification("known@coder.com", body="late."))[0], 204)
        self.gateway.until(lambda: self.gateway.metric("belfry_lane_state", sink="slack", state="paused") == 1, "the pause")
        self.assertEqual(self.gateway.metric("belfry_dead_letters"), 0)
        sink = json.loads(self.gateway.command("status", "--json").stdout)["sinks"][0]
        until = datetime.datetime.fromisoformat(sink["until"].replace("Z", "+00:00")).timestamp()
        self.assertLess(until - start, 3_700, "at most an hour")
        self.assertEqual(sink["release"], "belfry sinks release slack")
        status = self.gateway.command("status")
        self.assertRegex(status.stdout, r"(?m)^slack is paused \(.*\): .*; next try at 20[^;]+; to try now, run: belfry sinks release --config \S+ slack$")
        released = self.gateway.command("sinks", "release", "slack")
        self.assertEqual((released.returncode, released.stderr), (0, ""))
        self.assertEqual(released.stdout, "slack was paused: its deliveries are tried now\n")
        self.sandbox.wait_for_count(2)
        self.gateway.wait_idle()
        self.assertEqual(self.gateway.metric("belfry_lane_state", sink="slack", state="open"), 1)
        self.assertIn("sink is released by an operator", self.gateway.log())

    def test_names_that_are_none(self):
        for name in ("unknown", "../status", "", "slack/"):
            with self.subTest(name):
                answer = self.gateway.command("sinks", "release", name)
                self.assertNotEqual(answer.returncode, 0)
                self.assertIn("belfry status", answer.stderr)


if __name__ == "__main__":
    unittest.main()
