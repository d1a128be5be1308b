"""kill -9 at random moments under load: every notification answered with 204 arrives, and duplicates carry the mark.

BELFRY_KILL_ROUNDS: number of kills (10). BELFRY_KILL_SEED: repeats the moments of an earlier run.
"""
import collections
import http.client
import json
import os
import queue
import random
import re
import sqlite3
import threading
import time
import unittest

from harness import Gateway, Sandbox
from payloads import notification

ROUNDS = int(os.environ.get("BELFRY_KILL_ROUNDS", "10"))
SEED = os.environ.get("BELFRY_KILL_SEED", str(time.time_ns()))
SENDERS = 4
RECIPIENTS = 40


class Load:
    """Sends notifications as Coder does: without a 2xx, it sends the same msg_id again."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.acknowledged = []
        self.again = queue.SimpleQueue()
        self.stopping = threading.Event()
        self.numbers = iter(range(10**9))
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.work) for _ in range(SENDERS)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def next(self):
        try:
            return self.again.get_nowait()
        except queue.Empty:
            with self.lock:
                number = next(self.numbers)
            return notification(f"reader{number % RECIPIENTS}@coder.com", body=f"load number {number}.", msg_id=f"load-{number}")

    def work(self):
        while not self.stopping.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", self.gateway.port, timeout=20)
            payload = self.next()
            try:
                while not self.stopping.is_set():
                    connection.request("POST", "/v1/webhook", json.dumps(payload), {"Content-Type": "application/json"})
                    answer = connection.getresponse()
                    answer.read()
                    if answer.status != 204:
                        raise OSError(f"answered {answer.status}")
                    self.acknowledged.append(payload["msg_id"])
                    payload = None
                    payload = self.next()
            except (OSError, http.client.HTTPException):
                self.stopping.wait(0.02)  # the gateway is down; Coder waits minutes
            finally:
                connection.close()
                if payload:
                    self.again.put(payload)


def arrivals(sandbox):
    """msg_id -> number of arrivals"""
    found = collections.Counter()
    for row in sandbox.messages():
        found["load-" + re.search(r"load number (\d+)\.", row["text"])[1]] += 1
    return found


def marked(gateway):
    """The msg_ids whose delivery is marked as a possible duplicate. The gateway must have stopped."""
    with sqlite3.connect(f"file:{gateway.directory}/state/belfry.db?mode=ro", uri=True) as store:
        rows = store.execute(
            "SELECT n.msg_id FROM deliveries d JOIN notifications n ON n.row = d.notification WHERE d.possible_duplicate = 1"
        )
        return {msg_id for (msg_id,) in rows}


class Kill9Test(unittest.TestCase):
    def test_nothing_is_lost_and_duplicates_are_marked(self):
        moments = random.Random(SEED)
        print(f"BELFRY_KILL_SEED={SEED}")
        with Sandbox("--no-rate-limits") as sandbox, Gateway(sandbox) as gateway:
            # Slow responses, so that kills often happen between a message and its response.
            sandbox.fault("slow", ms=8, count=None)
            with Load(gateway) as load:
                for _ in range(ROUNDS):
                    time.sleep(moments.uniform(0.02, 0.7))
                    gateway.kill()
                    gateway.start()
                counted = len(load.acknowledged)
                gateway.until(lambda: len(load.acknowledged) > counted, "the gateway accepts again")
            sandbox.clear_faults()
            gateway.wait_idle(within=120)
            possible = gateway.metric("belfry_possible_duplicates_total", sink="slack")
            gateway.stop()

            arrived = arrivals(sandbox)
            twice = {msg_id for msg_id, count in arrived.items() if count > 1}
            marks = marked(gateway)
            print(
                f"{ROUNDS} kills: {len(load.acknowledged)} answered 204, {sum(arrived.values())} arrived, {len(twice)} arrived twice, "
                f"{len(marks)} marked as possible duplicates ({possible:.0f} counted since the last start)"
            )
            self.assertGreater(len(load.acknowledged), ROUNDS * 5)
            self.assertEqual(set(load.acknowledged) - set(arrived), set(), "answered 204 and lost")
            self.assertEqual(twice - marks, set(), "arrived twice without a mark")
            # A kill can only duplicate deliveries in flight, which is at most one per recipient.
            self.assertLessEqual(len(marks), ROUNDS * RECIPIENTS)


if __name__ == "__main__":
    unittest.main()
