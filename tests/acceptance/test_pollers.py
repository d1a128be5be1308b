"""Monitoring does not slow webhooks down: eight clients poll /metrics in a loop, while 100,000 deliveries wait.

BELFRY_POLLER_SECONDS: duration of each phase (1). Phases alternate, so that other load on the machine affects both equally.
"""
import multiprocessing
import os
import socket
import sqlite3
import threading
import time
import unittest
from contextlib import closing

from harness import Gateway, Sandbox
from payloads import notification
from wire import webhook

SECONDS = float(os.environ.get("BELFRY_POLLER_SECONDS", "1"))
PHASES = 4
TRIES = 4
WAITING = 100_000
POLLERS = 8
SENDERS = 4


def poll(port, path, running, answers):
    """Polls over one connection in a loop."""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    while True:
        running.wait()
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection, connection.makefile("rb") as file:
            while running.is_set():
                connection.sendall(request)
                length = 0
                while (line := file.readline().strip()):
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                file.read(length)
                with answers.get_lock():
                    answers.value += 1


def accepts(port, seconds):
    """The number of notifications accepted in that time, over a few connections."""
    counts = [0] * SENDERS
    until = time.monotonic() + seconds

    def send(which):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection, connection.makefile("rb") as file:
            while time.monotonic() < until:
                connection.sendall(webhook(notification(f"reader{which}@coder.com"), headers={"Content-Type": "application/json"}))
                if not file.readline().startswith(b"HTTP/1.1 204"):
                    raise AssertionError("not accepted")
                while file.readline().strip():
                    pass
                counts[which] += 1

    threads = [threading.Thread(target=send, args=(which,)) for which in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts)


def fill(gateway, count):
    """Duplicates the waiting delivery `count` times, each with its own recipient."""
    with closing(sqlite3.connect(gateway.directory / "state" / "belfry.db")) as tables, tables:
        tables.row_factory = sqlite3.Row

        def one(table, where, *values):
            return dict(tables.execute(f"SELECT * FROM {table} WHERE {where}", values).fetchone())

        def add(table, template, changes):
            sql = f"INSERT INTO {table}({', '.join(template)}) VALUES({', '.join('?' * len(template))})"
            tables.executemany(sql, (tuple((template | changes(i)).values()) for i in range(1000, 1000 + count)))

        delivery = one("deliveries", "finished_at IS NULL")
        add("notifications", one("notifications", "row = ?", delivery["notification"]), lambda i: {"row": i, "id": f"n{i}", "msg_id": f"m{i}"})
        add("texts", one("texts", "notification = ?", delivery["notification"]), lambda i: {"notification": i})
        add("queues", one("queues", "row = ?", delivery["queue"]),
            lambda i: {"row": i, "destination": f"direct:r{i}@coder.com", "ready_at": delivery["due_at"]})
        add("deliveries", delivery, lambda i: {"row": i, "id": f"d{i}", "notification": i, "queue": i, "state": "waiting"})


class PollersTest(unittest.TestCase):
    def compare(self, gateway, path):
        port = gateway.admin_port
        running, answers = multiprocessing.Event(), multiprocessing.Value("Q", 0)
        pollers = [multiprocessing.Process(target=poll, args=(port, path, running, answers), daemon=True) for _ in range(POLLERS)]
        for poller in pollers:
            poller.start()
        try:
            for attempt in range(TRIES):
                totals = {False: 0, True: 0}
                for phase in range(2 * PHASES):
                    polled = phase % 4 in (1, 2)
                    running.set() if polled else running.clear()
                    totals[polled] += accepts(gateway.port, SECONDS)
                ratio = totals[True] / totals[False]
                per_second = {polled: count / (PHASES * SECONDS) for polled, count in totals.items()}
                print(f"{path}: {per_second[False]:.0f} accepts/s, {per_second[True]:.0f} with {POLLERS} pollers "
                      f"({answers.value} answers): {ratio:.2f}")
                if ratio >= 0.9:
                    break
        finally:
            for poller in pollers:
                poller.kill()
                poller.join()
        self.assertGreaterEqual(ratio, 0.9)

    def test_accepts_go_on(self):
        with Sandbox("--no-rate-limits") as sandbox, Gateway(sandbox, delivery={"rate": "1/h"}) as gateway:
            for number in range(2):
                self.assertEqual(gateway.post_webhook(notification(f"first{number}@coder.com"))[0], 204)
            sandbox.wait_for_count(1)
            gateway.stop()
            fill(gateway, WAITING)
            gateway.start(within=120)
            self.assertGreaterEqual(gateway.metric("belfry_queue_depth", sink="slack", state="waiting"), WAITING)
            for path in ("/metrics", "/readyz"):
                with self.subTest(path):
                    self.compare(gateway, path)
            gateway.kill()
            gateway.start(within=120)
            sandbox.wait_for_count(3)  # each start sends one
            gateway.until(lambda: gateway.metric("belfry_queue_depth", sink="slack", state="in_flight") == 0, "the outcome is recorded")
            self.check_counts(gateway)

    def check_counts(self, gateway):
        """After kill -9, the counts match the database."""
        shown = {state: gateway.metric("belfry_queue_depth", sink="slack", state=state) for state in ("waiting", "in_flight", "backoff", "held")}
        gateway.kill()
        with closing(sqlite3.connect(gateway.directory / "state" / "belfry.db")) as tables:
            counted, = tables.execute("SELECT count(*) FROM deliveries WHERE finished_at IS NULL").fetchone()
        self.assertEqual(sum(shown.values()), counted, shown)


if __name__ == "__main__":
    unittest.main()
