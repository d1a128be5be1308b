"""A 429 for one recipient delays no other: compares how long 999 messages take with and without one rate-limited recipient among 1,000.

By default one round, whose assertion holds on a busy machine as well: nobody else waits nearly as long as the limited recipient.
BELFRY_ISOLATION_ROUNDS=2, on a quiet machine: the distributions are the same with and without.
"""
import os
import time
import unittest

from harness import Gateway, Sandbox
from payloads import notification

RECIPIENTS = 1_000
PER_SECOND = 80  # well below the capacity of the sandbox, so that it is not the bottleneck
RETRY_AFTER = 30
ROUNDS = int(os.environ.get("BELFRY_ISOLATION_ROUNDS", 0))  # of each kind; the fastest one counts, because other load only adds time
LIMITED = 10  # the index of the recipient: early, so that the others come after the 429


def address(index):
    return f"user{index}@coder.com"


def best(rounds):
    return {name: min(figures[name] for figures, _ in rounds) for name in ("p50", "p99", "max")}


def distribution(seconds):
    ordered = sorted(seconds)
    return {name: ordered[min(len(ordered) - 1, int(len(ordered) * share))] for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1))}


class IsolationTest(unittest.TestCase):
    def measure(self, limited):
        """Seconds from the webhook's 204 to the message, for all recipients but the limited one; and the seconds for that one."""
        settings = {"slack": {"lookup": {"per_minute": 1_000_000}}}
        with Sandbox("--no-rate-limits") as sandbox, Gateway(sandbox, **settings) as gateway:
            # Everybody gets a message first, so that the measurement contains no lookups.
            for index in range(RECIPIENTS):
                gateway.post_webhook(notification(address(index), body="first."))
            sandbox.wait_for_count(RECIPIENTS, within=120)
            gateway.wait_idle()
            if limited:
                sandbox.fault("rate_limit", email=address(LIMITED), retry_after=RETRY_AFTER, error="rate_limited")
            accepted = {}
            begin = time.monotonic()
            for index in range(RECIPIENTS):
                time.sleep(max(0.0, begin + index / PER_SECOND - time.monotonic()))
                gateway.post_webhook(notification(address(index), body="second."))
                accepted[address(index)] = time.time()
            rows = sandbox.wait_for_count(2 * RECIPIENTS, within=RETRY_AFTER + 60)
            took = {row["email"]: row["received_at"] - accepted[row["email"]] for row in rows if "second." in row["text"]}
            self.assertEqual(len(took), RECIPIENTS)
            one = took.pop(address(LIMITED))
            statuses = [call["status"] for call in sandbox.calls("chat.postMessage")]
            self.assertEqual(statuses.count(429), 1 if limited else 0)
            return distribution(took.values()), one

    def report(self, limited):
        figures, one = self.measure(limited)
        name = f"one recipient limited, for {one:.2f} s" if limited else "nobody limited"
        print(f"{name}: " + ", ".join(f"{key} {value * 1000:.1f} ms" for key, value in figures.items()))
        if limited:
            self.assertGreaterEqual(one, RETRY_AFTER - 0.1)
            self.assertLess(figures["max"], RETRY_AFTER / 3)
        return figures, one

    def test_one_limited_recipient_among_a_thousand(self):
        if not ROUNDS:
            self.report(limited=True)
            return
        rounds = {False: [], True: []}
        for limited in (False, True) * ROUNDS:
            rounds[limited].append(self.report(limited))
        without, with_one = best(rounds[False]), best(rounds[True])
        self.assertLess(with_one["p50"], without["p50"] * 1.5 + 0.02)
        self.assertLess(with_one["p99"], without["p99"] * 1.5 + 0.1)
        self.assertLess(with_one["max"], without["max"] * 2 + 0.5)
        for _, one in rounds[True]:
            self.assertLess(one, RETRY_AFTER + 2)


if __name__ == "__main__":
    unittest.main()
