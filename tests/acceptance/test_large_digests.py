"""Digests of very large notifications stay within the size of a message, even those that an older version has let grow, and memory stays
small.

BELFRY_LARGE_MEMBERS: number of notifications (60; the bound also holds for 500). BELFRY_LARGE_BYTES: text in each (just under 1 MiB, the
limit of a request).
"""
import os
import re
import sqlite3
import unittest
from contextlib import closing
from pathlib import Path

from harness import Gateway, Sandbox
from payloads import notification

MEMBERS = int(os.environ.get("BELFRY_LARGE_MEMBERS", "60"))
BYTES = int(os.environ.get("BELFRY_LARGE_BYTES", str(1024 * 1024 - 2000)))
RECIPIENTS = 20  # more than the concurrency of the sink
PEAK = 128 * 1024  # KiB
COLLECTED = [{"name": "collected", "to": ["slack"], "digest": {"window": "1h"}}]


def peak(gateway):
    """The peak resident memory of the process so far, in KiB."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{gateway.process.pid}/status").read_text())[1])


def large(email, number):
    text = f"load number {number}. " + "lorem *ipsum* " * 75_000
    return notification(email, body=f"load number {number}.", body_markdown=text[:BYTES])


class LargeDigestsTest(unittest.TestCase):
    def is_small(self, *peaks):
        if os.environ.get("BELFRY_MEMORY") != "unknown":
            self.assertLess(max(peaks), PEAK)

    def database(self, gateway):
        return sqlite3.connect(gateway.directory / "state" / "belfry.db")

    def merge_all(self, gateway):
        """Merges everything collected into one digest that is due, as older versions did."""
        with closing(self.database(gateway)) as tables, tables:
            tables.execute("UPDATE digest_members SET digest = (SELECT min(digest) FROM digest_members)")
            tables.execute("DELETE FROM deliveries WHERE row > (SELECT min(row) FROM deliveries)")
            tables.execute("DELETE FROM open_digests")
            tables.execute("UPDATE deliveries SET joins_at = 0, due_at = 0")
            tables.execute("UPDATE queues SET ready_at = 0, deliveries = 1")
            members, = tables.execute("SELECT count(*) FROM digest_members").fetchone()
        self.assertEqual(members, MEMBERS)

    def test_memory_stays_small(self):
        with Sandbox("--no-rate-limits") as sandbox, Gateway(sandbox, routes=COLLECTED) as gateway:
            for number in range(MEMBERS):
                self.assertEqual(gateway.post_webhook(large("bobby@coder.com", number))[0], 204)
            accepting = peak(gateway)
            gateway.stop()
            self.merge_all(gateway)
            gateway.start(within=120)
            gateway.wait_idle(within=600)
            sending = peak(gateway)
            print(f"{MEMBERS} members of {BYTES} bytes: peak {accepting // 1024} MiB while accepting, {sending // 1024} MiB while sending")
            self.assertEqual(gateway.metric("belfry_dead_letters"), 0)
            sandbox.refresh()
            self.assertEqual(len(sandbox.messages()), MEMBERS, "each notification exceeds a digest, so it becomes one of its own")
            self.is_small(accepting, sending)

    def test_many_at_once(self):
        with Sandbox("--no-rate-limits") as sandbox, Gateway(sandbox) as gateway:
            sandbox.fault("slow", ms=50, count=None)
            for number in range(MEMBERS):
                self.assertEqual(gateway.post_webhook(large(f"reader{number % RECIPIENTS}@coder.com", number))[0], 204)
            gateway.wait_idle(within=600)
            found = peak(gateway)
            print(f"{MEMBERS} notifications of {BYTES} bytes for {RECIPIENTS} people: peak {found // 1024} MiB")
            sandbox.refresh()
            self.assertEqual(len(sandbox.messages()), MEMBERS)
            self.is_small(found)


if __name__ == "__main__":
    unittest.main()
