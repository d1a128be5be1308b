"""Injected faults and rate limits, over HTTP."""
import http.client
import time
import unittest
import urllib.error
from concurrent.futures import ThreadPoolExecutor

from case import SandboxCase
from slack_sandbox.limits import PER_CHANNEL


class FaultsTest(SandboxCase):
    def post(self):
        return self.sandbox.raw_api("chat.postMessage", channel=self.user(), text="x")

    def test_without_effect(self):
        for kind, members, status, part in (
            ("http", {"status": 503}, 503, b"<!DOCTYPE html>"),
            ("http", {"status": 302, "body": ""}, 302, b""),
            ("garbage", {}, 200, b"not JSON"),
            ("error", {"error": "fatal_error", "extra": {"needed": "x"}}, 200, b'"needed": "x"'),
            ("rate_limit", {"retry_after": 7}, 429, b"ratelimited"),
        ):
            with self.subTest(kind):
                self.sandbox.fault(kind, **members)
                answer = self.post()
                self.assertEqual(answer[0], status)
                self.assertIn(part, answer[2])
                self.assertEqual(self.sandbox.messages(), [])
        self.assertEqual(answer[1]["Retry-After"], "7")
        self.assertEqual(self.post()[0], 200)

    def test_resets(self):
        for kind, arrived in (("reset_before", 0), ("reset_after_read", 0), ("reset_after_apply", 1)):
            with self.subTest(kind):
                self.sandbox.fault(kind)
                with self.assertRaises((ConnectionResetError, http.client.RemoteDisconnected, urllib.error.URLError)):
                    self.post()
                self.assertEqual(len(self.sandbox.messages()), arrived)
                self.assertEqual(self.sandbox.calls()[-1]["fault"], kind)

    def test_an_answer_that_breaks_off(self):
        self.sandbox.fault("truncated")
        with self.assertRaises(http.client.IncompleteRead):
            self.post()
        self.assertEqual(len(self.sandbox.messages()), 1)

    def test_slow(self):
        self.sandbox.fault("slow", ms=400)
        started = time.monotonic()
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(self.post)
            self.sandbox.wait_for_count(1)
            self.assertLess(time.monotonic() - started, 0.4)
            self.assertEqual(answer.result()[0], 200)
        self.assertGreaterEqual(time.monotonic() - started, 0.4)

    def test_only_the_named_person_and_only_so_often(self):
        one, other = self.user("one@coder.com"), self.user("other@coder.com")
        self.sandbox.fault("error", email="one@coder.com", count=2)
        outcomes = [self.call("chat.postMessage", channel=channel, text="x")["ok"] for channel in (one, other, one, one)]
        self.assertEqual(outcomes, [False, True, False, True])
        self.sandbox.fault("error", method="users.lookupByEmail", email="other@coder.com", error="users_not_found", count=None)
        self.assertFalse(any(self.sandbox.lookup("other@coder.com")["ok"] for _ in range(3)))
        self.assertTrue(self.sandbox.lookup("one@coder.com")["ok"])
        self.sandbox.clear_faults()
        self.assertTrue(self.sandbox.lookup("other@coder.com")["ok"])

    def test_mistakes_in_the_request(self):
        for members in ({"kind": "explode", "method": "x"}, {"kind": "http"}, {"kind": "http", "method": "x", "colour": 1}):
            with self.subTest(members), self.assertRaises(ValueError):
                self.sandbox.post("faults", **members)


class RateLimitTest(SandboxCase):
    options = ()

    def test_a_channel(self):
        one, other = self.user("one@coder.com"), self.user("other@coder.com")
        for _ in range(PER_CHANNEL.burst):
            self.assertTrue(self.call("chat.postMessage", channel=one, text="x")["ok"])
        status, headers, answer = self.sandbox.api("chat.postMessage", channel=one, text="x")
        self.assertEqual((status, headers["Retry-After"], answer), (429, "1", {"ok": False, "error": "rate_limited"}))
        direct = self.sandbox.messages()[0]["channel"]
        self.assertEqual(self.sandbox.api("chat.postMessage", channel=direct, text="x")[0], 429)
        self.assertTrue(self.call("chat.postMessage", channel=other, text="x")["ok"])


if __name__ == "__main__":
    unittest.main()
