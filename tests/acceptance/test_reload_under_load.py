"""Consecutive reloads under full load: nothing is lost or delivered twice, requests are not delayed, and nothing leaks.

BELFRY_RELOADS: number of reloads (30; 1000 for a full run). Every tenth configuration is invalid; the others change routes and sinks.
"""
import http.client
import json
import os
import re
import statistics
import threading
import time
import unittest
import uuid
from collections import Counter
from pathlib import Path

from harness import Gateway, Sandbox
from payloads import notification
from wire import Wire, webhook

RELOADS = int(os.environ.get("BELFRY_RELOADS", "30"))
MANY = 200  # with fewer reloads, p99 depends on a few dozen requests and mostly measures the scheduler of a busy machine
HICCUP = 0.010  # seconds
CLIENTS = 4
TOKEN = "a token for the admin API"
FAST = {"rate": "600000/min", "rate_per_recipient": "1000/s"}
NUMBER = re.compile(r"number ([0-9a-f-]{36})")


def variant(index):
    """Each notification goes to one sink in every variant. `mirror` is removed and added again; its deliveries are kept meanwhile."""
    sinks = {
        "console": {"plugin": "console", "config": {"format": "json"}, "delivery": FAST | {"concurrency": 4 + index % 3}},
        "mirror": {"plugin": "console", "config": {"format": "json"}, "delivery": FAST | {"timeout": f"{5 + index // 2 % 4}s"}},
    }
    to_slack = {"name": "some", "when": {"recipient.username": "slack"}, "to": ["slack"]}
    to_mirror = {"name": f"mirror-{index % 5}", "when": {"recipient.email": "/[02468]@/"}, "to": ["mirror"]}
    rest = {"name": "rest", "to": ["console"]}
    if index % 4 == 3:
        del sinks["mirror"]
        return {"sinks": sinks, "routes": [to_slack, rest]}
    routes = [to_slack, to_mirror, rest] if index % 2 == 0 else [to_mirror, to_slack, rest]
    return {"sinks": sinks, "routes": routes, "slack": {"footer": index % 4 == 0}}


def invalid(index):
    wrong = variant(index)
    if index % 20 < 10:
        wrong["routes"] = [{"name": "nowhere", "to": ["nobody"]}]
    else:
        wrong["sinks"]["console"]["config"] = {"colour": "red"}
    return wrong


class Clients:
    """Context manager: each client sends one request after another over one connection, which must never break."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.accepted, self.failures, self.times = [], [], []
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(index,)) for index in range(CLIENTS)]

    def run(self, client):
        with Wire(self.gateway.port) as wire:
            for round in range(10**9):
                if self.ended.is_set():
                    return
                number = str(uuid.uuid4())
                user = "slack" if round % 25 == 0 else "somebody"
                request = webhook(notification(f"reader{client}{round % 40}@coder.com", body=f"number {number}", **{"payload.user_username": user}))
                began = time.monotonic()
                try:
                    status = wire.exchange(request).status
                except (OSError, EOFError, http.client.HTTPException) as problem:
                    return self.failures.append(repr(problem))
                self.times.append((began, time.monotonic()))
                if status == 204:
                    self.accepted.append(number)
                else:
                    self.failures.append(status)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join()


def p99(times):
    return statistics.quantiles(times, n=100)[98]


class UnderLoadTest(unittest.TestCase):
    def setUp(self):
        self.sandbox = self.enterContext(Sandbox("--no-rate-limits"))
        self.gateway = Gateway(self.sandbox, admin={"token": TOKEN}, **variant(0))
        self.gateway.secrets.append(TOKEN)
        self.gateway.environment["BELFRY_LOG"] = "error"
        self.enterContext(self.gateway)
        self.printed = Counter()

    def reload(self):
        """(status, result, (begin, end))"""
        connection = http.client.HTTPConnection("127.0.0.1", self.gateway.admin_port, timeout=60)
        began = time.monotonic()
        connection.request("POST", "/api/v1/reload", headers={"Authorization": f"Bearer {TOKEN}"})
        answer = connection.getresponse()
        verdict = json.loads(answer.read())
        connection.close()
        return answer.status, verdict, (began, time.monotonic())

    def figures(self):
        process = Path(f"/proc/{self.gateway.process.pid}")
        rss = int(re.search(r"VmRSS:\s+(\d+)", (process / "status").read_text())[1]) / 1024
        return {"rss": rss, "threads": len(list((process / "task").iterdir())), "descriptors": len(list((process / "fd").iterdir()))}

    def settled(self, accepted):
        """Waits until everything accepted is delivered. Truncates the output of the console plugin once it has been read."""
        self.gateway.wait_idle(within=300)
        with open(self.gateway.directory / "log", "r+b") as log:
            for line in log:
                if line.startswith(b"{"):
                    self.printed[NUMBER.search(line.decode())[1]] += 1
            log.truncate(0)
        numbers = self.printed + Counter(NUMBER.search(row["text"])[1] for row in self.sandbox.messages())
        self.assertEqual([number for number, times in numbers.items() if times > 1], [], "delivered twice")
        self.assertEqual(set(accepted) - set(numbers), set(), "lost")

    def load(self, reloads):
        """Times of requests without and with a reload in progress. They alternate, so that other load on the machine affects both."""
        windows, quiet = [], []
        with Clients(self.gateway) as clients:
            self.gateway.until(lambda: len(clients.accepted) > 500, "the load has started")
            for index in range(1, reloads + 1):
                bad = index % 10 == 0
                self.gateway.configure(admin={"token": TOKEN}, **(invalid(index) if bad else variant(index)))
                status, verdict, window = self.reload()
                self.assertEqual((status, verdict["success"]), (422, False) if bad else (200, True), verdict)
                windows.append(window)
                done = len(clients.accepted)
                pause = window[1] + (window[1] - window[0])
                self.gateway.until(lambda: time.monotonic() > pause and len(clients.accepted) > done, "requests without a reload")
                quiet.append((window[1], time.monotonic()))
            self.gateway.configure(admin={"token": TOKEN}, **variant(0))
            self.assertEqual(self.reload()[0], 200)
        return clients, self.within(clients, quiet), self.within(clients, windows), windows

    def within(self, clients, windows):
        """The times of requests that were in progress during one of the windows."""
        found, at = [], 0
        for began, ended in sorted(clients.times):
            while at < len(windows) and windows[at][1] < began:
                at += 1
            if at < len(windows) and windows[at][0] < ended:
                found.append(ended - began)
        return found

    def test_nobody_notices(self):
        first, *_ = self.load(10)  # one-time allocations are done by now
        self.settled(first.accepted)
        before = self.figures()
        clients, quiet, reloading, windows = self.load(RELOADS)
        self.settled(first.accepted + clients.accepted)
        after = self.gateway.until(
            lambda: self.figures() if self.figures()["threads"] <= before["threads"] else None, "no more threads than before", within=90
        )
        lasted = [end - begin for begin, end in windows]
        print(
            f"\n{len(windows)} reloads of {statistics.mean(lasted) * 1e3:.0f} ms (longest {max(lasted) * 1e3:.0f} ms), "
            f"{len(clients.accepted)} notifications; p99 of accepts {p99(quiet) * 1e3:.2f} ms without, {p99(reloading) * 1e3:.2f} ms during reloads "
            f"({len(quiet)} and {len(reloading)} requests; median {statistics.median(quiet) * 1e3:.2f} and {statistics.median(reloading) * 1e3:.2f} ms, "
            f"longest {max(quiet) * 1e3:.1f} and {max(reloading) * 1e3:.1f} ms); before {before}, after {after}"
        )
        self.assertEqual(first.failures + clients.failures, [])
        self.assertEqual(self.gateway.metric("belfry_possible_duplicates_total"), 0)
        self.assertLessEqual(p99(reloading), 2 * p99(quiet) + (0 if RELOADS >= MANY else HICCUP))
        self.assertLessEqual(after["descriptors"], before["descriptors"] + 2)
        self.assertLess(after["rss"], before["rss"] * 1.2 + 20)


if __name__ == "__main__":
    unittest.main()
