"""Rate limits, with the time as an argument."""
import unittest

from slack_sandbox.limits import METHODS, PER_CHANNEL, PER_WORKSPACE, TIER_3, Limits


class LimitsTest(unittest.TestCase):
    def setUp(self):
        self.limits = Limits()

    def spend(self, count, method, channel=None, now=0.0):
        for _ in range(count):
            self.assertIsNone(self.limits.take(method, channel, now))

    def test_a_channel_takes_a_burst_then_one_a_second(self):
        self.spend(PER_CHANNEL.burst, "chat.postMessage", "D1")
        self.assertEqual(self.limits.take("chat.postMessage", "D1", 0.0), ("rate_limited", 1))
        self.spend(1, "chat.postMessage", "D2")
        self.assertEqual(self.limits.take("chat.postMessage", "D1", 0.9), ("rate_limited", 1))
        self.assertIsNone(self.limits.take("chat.postMessage", "D1", 1.0))
        self.assertIsNotNone(self.limits.take("chat.postMessage", "D1", 1.0))

    def test_waiting_as_told_is_always_enough(self):
        self.spend(TIER_3.burst, "users.lookupByEmail")
        now = 0.0
        for _ in range(20):
            error, seconds = self.limits.take("users.lookupByEmail", None, now)
            self.assertEqual(error, "ratelimited")
            self.assertIsInstance(seconds, int)
            now += seconds
            self.assertIsNone(self.limits.take("users.lookupByEmail", None, now))

    def test_the_workspace_has_a_limit_too(self):
        for index in range(PER_WORKSPACE.burst):
            self.spend(1, "chat.postMessage", f"D{index}")
        self.assertEqual(self.limits.take("chat.postMessage", "D-new", 0.0), ("ratelimited", 1))

    def test_a_refused_call_takes_nothing(self):
        self.spend(PER_CHANNEL.burst, "chat.postMessage", "D1")
        for _ in range(1000):
            self.limits.take("chat.postMessage", "D1", 0.0)
        self.spend(PER_WORKSPACE.burst - PER_CHANNEL.burst, "chat.postMessage", None)

    def test_methods_do_not_share(self):
        self.spend(TIER_3.burst, "users.lookupByEmail")
        self.spend(TIER_3.burst, "chat.update")

    def test_an_idle_bucket_fills_no_higher_than_its_burst(self):
        for method, rate in METHODS.items():
            with self.subTest(method):
                self.spend(rate.burst, method, now=1e6)
                self.assertIsNotNone(self.limits.take(method, None, 1e6))


if __name__ == "__main__":
    unittest.main()
