"""kill -9 at random moments while digests and throttles collect: each notification ends up in exactly one message, in order.

BELFRY_KILL_ROUNDS: number of kills (10). BELFRY_KILL_SEED: repeats the moments of an earlier run.
"""
import collections
import json
import os
import random
import re
import time
import unittest

from harness import Gateway, Sandbox
from test_kill9 import Load

ROUNDS = int(os.environ.get("BELFRY_KILL_ROUNDS", "10"))
SEED = os.environ.get("BELFRY_KILL_SEED", str(time.time_ns()))
ROUTES = [
    {"name": "collected", "when": {"recipient.email": "/^reader[0-9]*[02468]@/"}, "to": ["slack"], "digest": {"window": "1s"}},
    {"name": "everyone", "to": ["slack"], "throttle": {"most": 1, "window": "1s"}},
]


def numbers_in(row):
    """The numbers of the notifications in one message, from top to bottom."""
    return [int(number) for number in re.findall(r"load number (\d+)\.", json.dumps(row["blocks"]))]


class SlowLoad(Load):
    """Slow enough that no digest has more entries than a message can show."""

    def next(self):
        time.sleep(0.05)
        return super().next()


class DigestKill9Test(unittest.TestCase):
    def test_each_is_in_exactly_one_message(self):
        moments = random.Random(SEED)
        print(f"BELFRY_KILL_SEED={SEED}")
        with Sandbox("--no-rate-limits") as sandbox, Gateway(sandbox, routes=ROUTES) as gateway:
            sandbox.fault("slow", ms=8, count=None)
            with SlowLoad(gateway) as load:
                for _ in range(ROUNDS):
                    time.sleep(moments.uniform(0.1, 1.5))
                    gateway.kill()
                    gateway.start()
                counted = len(load.acknowledged)
                gateway.until(lambda: len(load.acknowledged) > counted, "the gateway accepts again")
            sandbox.clear_faults()
            gateway.wait_idle(within=120)
            gateway.stop()

            rows = sandbox.messages()
            found = collections.Counter(number for row in rows for number in numbers_in(row))
            wanted = {int(msg_id.removeprefix("load-")) for msg_id in load.acknowledged}
            together = sum(1 for row in rows if len(numbers_in(row)) > 1)
            print(f"{ROUNDS} kills: {len(wanted)} answered 204, in {len(rows)} messages, {together} of them with more than one")
            self.assertEqual(wanted - set(found), set(), "lost")
            self.assertEqual({number for number, count in found.items() if count > 1}, set(), "in more than one message")
            self.assertGreater(together, 0)
            for row in rows:
                self.assertLessEqual(len(numbers_in(row)), 20)


if __name__ == "__main__":
    unittest.main()
