"""kill -9 exactly between Slack's acceptance and its record in the store, and interrupted responses: with im:history nothing arrives twice;
without it, duplicates are marked and counted.

BELFRY_KILL_ROUNDS: number of kills (5).
"""
import collections
import os
import time
import unittest

from harness import Gateway, Sandbox
from payloads import notification
from test_kill9 import marked

ROUNDS = int(os.environ.get("BELFRY_KILL_ROUNDS", "5"))
RECIPIENTS = 7
BLIND = ("--scopes", "chat:write,users:read,users:read.email")
REPEAT = "may be a repeat"


def arrivals(sandbox):
    """msg_id -> its messages, oldest first"""
    found = collections.defaultdict(list)
    for row in sorted(sandbox.messages(), key=lambda row: row["ts"]):
        found[row["metadata"]["event_payload"]["msg_id"]].append(row)
    return found


def is_marked(row):
    return REPEAT in str(row["blocks"])


class KilledBetweenTest(unittest.TestCase):
    def rounds(self, sandbox, gateway, copies):
        """The msg_ids that were sent, and the number of possible duplicates counted. Each must arrive `copies` times."""
        sent, counted = [], 0.0
        took = time.monotonic()
        for number in range(ROUNDS):
            # The message arrives at once; its response would come long after the kill.
            sandbox.fault("slow", ms=30_000)
            payload = notification(f"killed{number % RECIPIENTS}@coder.com", msg_id=f"round-{number}")
            self.assertEqual(gateway.post_webhook(payload)[0], 204)
            sandbox.wait_for_count(number * copies + 1)
            gateway.kill()
            gateway.start()
            sandbox.wait_for_count((number + 1) * copies)
            gateway.wait_idle()
            sent.append(payload["msg_id"])
            counted += gateway.metric("belfry_possible_duplicates_total", sink="slack")
        print(f"{ROUNDS} rounds of {1000 * (time.monotonic() - took) / ROUNDS:.0f} ms", end=": ")
        return sent, counted

    def report(self, sent, arrived, marks, counted):
        twice = sum(1 for rows in arrived.values() if len(rows) > 1)
        lost = len(set(sent) - set(arrived))
        print(f"{len(sent)} sent, {lost} lost, {twice} arrived twice, {len(marks)} marked in their record, {counted:.0f} counted")

    def test_with_the_history_nothing_arrives_twice(self):
        with Sandbox("--no-rate-limits") as sandbox, Gateway(sandbox) as gateway:
            sent, counted = self.rounds(sandbox, gateway, copies=1)
            gateway.stop()
            arrived, marks = arrivals(sandbox), marked(gateway)
            self.report(sent, arrived, marks, counted)
            self.assertEqual({msg_id: len(rows) for msg_id, rows in arrived.items()}, dict.fromkeys(sent, 1))
            self.assertEqual((marks, counted), (set(), 0))
            self.assertFalse(any(is_marked(rows[0]) for rows in arrived.values()))

    def test_without_it_each_repeat_is_marked_and_counted(self):
        with Sandbox("--no-rate-limits", *BLIND) as sandbox, Gateway(sandbox) as gateway:
            sent, counted = self.rounds(sandbox, gateway, copies=2)
            gateway.stop()
            arrived, marks = arrivals(sandbox), marked(gateway)
            self.report(sent, arrived, marks, counted)
            self.assertEqual({msg_id: len(rows) for msg_id, rows in arrived.items()}, dict.fromkeys(sent, 2))
            self.assertEqual((marks, counted), (set(sent), ROUNDS))
            for rows in arrived.values():
                self.assertEqual([is_marked(row) for row in rows], [False, True], "the second copy is marked for the reader")
            self.assertIn("im:history", gateway.log())


class BrokenAnswerTest(unittest.TestCase):
    """After an interrupted response, the sink checks for the message before it sends it again."""

    def deliver(self, sandbox, gateway, kind, **members):
        """Delivers a notification whose first attempt gets this fault, and returns its messages."""
        email = f"{kind.replace('_', '.')}@coder.com"
        sandbox.fault(kind, email=email, **members)
        gateway.post_webhook(notification(email, msg_id=kind))
        gateway.until(lambda: sandbox.messages(email=email), "the message arrives")
        gateway.wait_idle()
        return sandbox.messages(email=email)

    def test_with_the_history(self):
        with Sandbox("--no-rate-limits") as sandbox, Gateway(sandbox) as gateway:
            for kind, members in (("reset_after_apply", {}), ("truncated", {}), ("reset_after_read", {}), ("http", {"status": 503})):
                with self.subTest(kind):
                    rows = self.deliver(sandbox, gateway, kind, **members)
                    self.assertEqual([is_marked(row) for row in rows], [False])
            self.assertEqual(gateway.metric("belfry_possible_duplicates_total"), 0)
            gateway.stop()
            self.assertEqual(marked(gateway), set())

    def test_slack_shows_late_what_it_has_accepted(self):
        with Sandbox("--no-rate-limits") as sandbox, Gateway(sandbox) as gateway:
            sandbox.post("rules", history_lag=3)
            self.assertEqual(len(self.deliver(sandbox, gateway, "reset_after_apply")), 1)

    def test_without_the_history(self):
        with Sandbox("--no-rate-limits", *BLIND) as sandbox, Gateway(sandbox) as gateway:
            self.assertEqual([is_marked(row) for row in self.deliver(sandbox, gateway, "reset_after_apply")], [False, True])
            self.assertEqual([is_marked(row) for row in self.deliver(sandbox, gateway, "reset_after_read")], [True])
            self.assertEqual(gateway.metric("belfry_possible_duplicates_total"), 2)
            self.assertEqual(len(sandbox.calls("conversations.history")) + len(sandbox.calls("conversations.open")), 1)

    def test_an_answer_that_takes_too_long(self):
        with Sandbox("--no-rate-limits") as sandbox, Gateway(sandbox, delivery={"timeout": "1s"}) as gateway:
            sandbox.post("rules", history_lag=3)
            rows = self.deliver(sandbox, gateway, "slow", ms=30_000)
            self.assertEqual([is_marked(row) for row in rows], [False], "the sink waits until Slack would show the message")
            self.assertEqual(gateway.metric("belfry_possible_duplicates_total"), 0)

    def test_what_was_not_posted_by_its_deadline_is_no_repeat(self):
        with Sandbox("--no-rate-limits", *BLIND) as sandbox, Gateway(sandbox, delivery={"timeout": "1s"}) as gateway:
            rows = self.deliver(sandbox, gateway, "slow", method="users.lookupByEmail", ms=30_000)
            self.assertEqual([is_marked(row) for row in rows], [False])
            self.assertEqual(gateway.metric("belfry_possible_duplicates_total"), 0)


if __name__ == "__main__":
    unittest.main()
