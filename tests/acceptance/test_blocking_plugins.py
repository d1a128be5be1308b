"""Sinks whose plugins block: each delivery is made once, and other sinks do not wait.

BELFRY_BLOCKING_FULL=1 runs the burst with three seconds of work per delivery and the default timeout.
"""
import os
import statistics
import time
import unittest

from harness import Gateway, Sandbox
from payloads import notification
from test_hostile_plugins import p99, plugin_directory

FULL = bool(os.environ.get("BELFRY_BLOCKING_FULL"))
WORK, TIMEOUT = (3.0, None) if FULL else (0.3, "1200ms")
RECIPIENTS = 24


def to(sink, *addresses):
    return {"name": f"to-{sink}", "when": {"recipient.email": list(addresses)}, "to": [sink]}


class BurstTest(unittest.TestCase):
    """BlockingSink: 24 deliveries at once, which together take longer than the timeout of one delivery."""

    def burst(self, plugin_concurrency, sink_concurrency):
        with Sandbox("--no-rate-limits") as sandbox:
            gateway = Gateway(sandbox, plugins=plugin_directory(self, "blocks"))
            made = gateway.directory / "made"
            delivery = {"timeout": TIMEOUT, "concurrency": sink_concurrency, "rate": "60000/min"}
            gateway.configure(
                plugins=plugin_directory(self, "blocks"),
                sinks={
                    "bad": {
                        "plugin": "hostile",
                        "config": {"file": str(made), "work_ms": int(WORK * 1000), "concurrency": plugin_concurrency},
                        "delivery": {key: value for key, value in delivery.items() if value is not None},
                    }
                },
                routes=[{"name": "everyone", "to": ["bad"]}],
            )
            with gateway:
                for index in range(RECIPIENTS):
                    self.assertEqual(gateway.post_webhook(notification(f"reader{index}@coder.com"))[0], 204)
                ended = lambda: gateway.metric("belfry_deliveries_total", sink="bad", outcome="delivered") >= RECIPIENTS
                gateway.until(ended, "all deliveries", within=60 + RECIPIENTS * WORK)
                gateway.wait_idle()
                lines = made.read_text().split("\n")[:-1]
                self.assertEqual(len(lines), RECIPIENTS, "each delivery is made once")
                self.assertEqual(len({line.split()[0] for line in lines}), RECIPIENTS)
                self.assertFalse([line for line in lines if "again" in line])
                attempts = lambda outcome: gateway.metric("belfry_delivery_attempts_total", sink="bad", outcome=outcome)
                self.assertEqual((attempts("delivered"), attempts("retry")), (RECIPIENTS, 0))
                self.assertEqual(gateway.metric("belfry_possible_duplicates_total"), 0)

    def test_with_the_defaults(self):
        self.burst(plugin_concurrency=1, sink_concurrency=None)

    def test_with_more_at_once_than_the_pool_has_threads(self):
        self.burst(plugin_concurrency=16, sink_concurrency=None)

    @unittest.skipUnless(FULL, "BELFRY_BLOCKING_FULL is not set")
    def test_every_combination(self):
        for plugin_concurrency in (1, 2, 3, 16):
            for sink_concurrency in (1, 2, 16):
                with self.subTest(plugin=plugin_concurrency, sink=sink_concurrency):
                    self.burst(plugin_concurrency, sink_concurrency)


class BystanderTest(unittest.TestCase):
    """Two sinks that block for three seconds in each call, on a plugin pool of two threads."""

    POSTS = 100
    ROUNDS = 3
    BLOCKED = 3.0

    def setUp(self):
        self.sandbox = self.enterContext(Sandbox("--no-rate-limits"))
        bad = {"plugin": "hostile", "config": {"sleep_ms": int(self.BLOCKED * 1000)}}
        self.gateway = self.enterContext(
            Gateway(
                self.sandbox,
                plugins=plugin_directory(self, "sleeps"),
                sinks={"one": bad, "two": bad},
                routes=[to("one", "one@coder.com"), to("two", "two@coder.com"), {"name": "everyone", "to": ["slack"]}],
            )
        )

    def times(self, name):
        """Seconds from the webhook to Slack for each message, sent one after another."""
        times = []
        for index in range(self.POSTS):
            body = f"{name} {index}."
            start = time.time()
            self.assertEqual(self.gateway.post_webhook(notification(f"reader{index % 10}@coder.com", body=body))[0], 204)
            rows = self.sandbox.wait_for(lambda rows: [row for row in rows if body in row["text"]], within=30)
            times.append(next(row["received_at"] for row in rows if body in row["text"]) - start)
        return times

    def test_a_third_sink_does_not_wait_for_them(self):
        self.times("warm")
        before = [self.times(f"before-{number}") for number in range(self.ROUNDS)]
        # More deliveries than the blocking sinks can finish meanwhile, so that they block all the time.
        for _ in range(20):
            for email in ("one@coder.com", "two@coder.com"):
                self.assertEqual(self.gateway.post_webhook(notification(email))[0], 204)
        meanwhile = [self.times(f"meanwhile-{number}") for number in range(self.ROUNDS)]
        usual, best = statistics.median(map(p99, before)), min(map(p99, meanwhile))
        print(f"\np99 of {self.POSTS} messages: {usual * 1000:.1f} ms, {best * 1000:.1f} ms beside two sinks that block, ratio {best / usual:.2f}")
        # Within twice. The p99 of a hundred is nearly the slowest of them, which a busy machine with two processors delays by tens of
        # milliseconds whatever the gateway does. So the best of three rounds counts, and 100 ms always pass: a sink that is starved waits for
        # a blocked call, for up to three seconds, in every round.
        self.assertLess(best, max(2 * usual, 0.1))
        # A message that waits for a call now and then would hide in one round, but not here.
        self.assertLess(max(map(max, meanwhile)), self.BLOCKED / 2, "no message has waited for a blocked call")
        for sink in ("one", "two"):
            self.assertGreater(self.gateway.metric("belfry_queue_depth", sink=sink), 0, "the sink has blocked all the time")
        for sink in ("one", "two"):
            slow = lambda: self.gateway.metric("belfry_plugin_violations_total", sink=sink, kind="slow_call")
            self.gateway.until(slow, "the slow calls are counted", within=20)
            self.assertEqual(self.gateway.metric("belfry_lane_state", sink=sink, state="open"), 1)
        lines = [line for line in self.gateway.log().splitlines() if "the plugin blocks in its calls" in line]
        self.assertEqual(len(lines), 2, "one line per sink, not per call")
        self.assertIn("plugin=hostile", lines[0])
        self.gateway.kill()  # stopping would wait for the blocked calls


if __name__ == "__main__":
    unittest.main()
