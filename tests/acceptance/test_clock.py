"""Sets the wall clock while deliveries are in every phase, and while the gateway is off: nothing is lost, nothing arrives twice, and
nothing arrives later than its pause, back-off or window allows.

tests/support/wall_clock_shim.c sets the clock of the gateway only. Prints a table of the seconds from the start of each phase to the
arrival.
"""
import mmap
import os
import sqlite3
import struct
import time
import unittest
from contextlib import closing
from pathlib import Path

from harness import BUILD, Gateway, Sandbox
from payloads import notification

HOUR = 3600
MOVES = {"-1 h": -HOUR, "+8 d": 8 * 24 * HOUR, "-10 d": -10 * 24 * HOUR}
TOLERANCE = 12.0  # seconds, for a loaded machine; without compensation a delivery takes an hour or more
WINDOW = 5
VISIBLE = 5  # after a crash, the sink waits until Slack would show a message that it has accepted
PROMISED = {"idle": 0, "in flight": 0, "back-off": 4, "queue paused": 4, "sink paused": 4, "held": WINDOW}
PROMISED |= {"back-off at restart": 10, "held at restart": WINDOW, "leased at restart": VISIBLE}
PROMISED |= {"back-off at reboot": 10, "held at reboot": WINDOW, "leased at reboot": VISIBLE}
ROUTES = [
    {"name": "held", "when": {"recipient.email": "/^held/"}, "to": ["slack"], "digest": {"window": f"{WINDOW}s"}},
    {"name": "everyone", "to": ["slack"]},
]


class WallClock:
    """The wall clock of processes that are started with `environment`, and the time since the machine was started, as they see it."""

    def __init__(self, directory):
        path = Path(directory) / "wall-clock"
        path.write_bytes(bytes(16))
        with open(path, "r+b") as file:
            self._bytes = mmap.mmap(file.fileno(), 16)
        self._ahead, self._boot = 0, 0
        libraries = [os.environ.get("BELFRY_PRELOAD"), str(BUILD / "tests/wall_clock_shim.so")]
        self.environment = {"LD_PRELOAD": ":".join(filter(None, libraries)), "BELFRY_TEST_WALL_CLOCK": str(path)}

    def move(self, seconds):
        self._ahead += seconds * 1000
        self._write()

    def reboot(self, uptime=5):
        """Only while no process uses the clock: the machine was started `uptime` seconds ago."""
        self._boot = int((uptime - time.clock_gettime(time.CLOCK_BOOTTIME)) * 1000)
        self._write()

    def _write(self):
        self._bytes[:] = struct.pack("<qq", self._ahead, self._boot)


class Round:
    """One gateway whose clock is moved by `seconds`: while it runs, while it is off, and while its machine is."""

    def __init__(self, case, sandbox, seconds):
        self.case, self.sandbox, self.seconds = case, sandbox, seconds
        self.took, self.began, self.sent = {}, {}, {}

    def play(self):
        with Gateway(self.sandbox, routes=ROUTES) as gateway:
            self.gateway = gateway
            gateway.stop()
            self.clock = WallClock(gateway.directory)
            gateway.environment |= self.clock.environment
            gateway.start()
            self.while_it_runs()
            self.while_it_is_off("restart", self.seconds, gateway.stop)
            self.case.assertEqual(gateway.metric("belfry_clock_steps_total"), 1, "one step in this process, noticed at its start")
            self.while_it_is_off("reboot", self.seconds, self.shut_down)
            self.while_its_leases_are_open("restart", -self.seconds, gateway.kill)
            self.while_its_leases_are_open("reboot", -self.seconds, self.cut_power)
            self.nothing_lost_or_twice()
        return self.took

    # ---- phases while the clock moves

    def post(self, phase, email, count=1):
        self.began[phase] = time.monotonic()
        self.sent[email] = self.sent.get(email, []) + [notification(email) for _ in range(count)]
        for payload in self.sent[email][-count:]:
            self.case.assertEqual(self.gateway.post_webhook(payload)[0], 204, phase)

    def fail(self, phase, email, kind, **members):
        """Posts a notification whose first attempt gets this fault."""
        self.sandbox.fault(kind, email=email, **members)
        self.post(phase, email)
        self.gateway.until(lambda: self.calls_with(kind), f"{phase}: the first attempt")

    def calls_with(self, kind):
        return [call for call in self.sandbox.calls("chat.postMessage", self.after) if call["fault"] == kind]

    def arrived(self, phase, email, count=1):
        promised = PROMISED[phase]
        self.sandbox.wait_for(lambda rows: sum(row["email"] == email for row in rows) >= count, promised + TOLERANCE)
        self.took[phase] = time.monotonic() - self.began[phase]

    def while_it_runs(self):
        self.after = self.last_call()
        self.post("held", "held1@coder.com", 2)
        self.fail("back-off", "backoff@coder.com", "http")
        self.fail("queue paused", "paused@coder.com", "rate_limit", retry_after=4, error="rate_limited")
        self.sandbox.fault("slow", email="flying@coder.com", ms=2500)
        self.post("in flight", "flying@coder.com")
        self.sandbox.wait_for(lambda rows: any(row["email"] == "flying@coder.com" for row in rows))
        self.clock.move(self.seconds)
        self.gateway.until(lambda: self.gateway.metric("belfry_clock_steps_total") == 1, "the step is noticed")
        self.case.assertLess(self.gateway.metric("belfry_queue_oldest_seconds"), 60)
        self.post("idle", "idle@coder.com")
        for phase, email in (("idle", "idle"), ("in flight", "flying"), ("back-off", "backoff"), ("queue paused", "paused"), ("held", "held1")):
            self.arrived(phase, f"{email}@coder.com")
        self.while_the_sink_is_paused()

    def while_the_sink_is_paused(self):
        self.after = self.last_call()
        self.fail("sink paused", "limited@coder.com", "rate_limit", retry_after=4)
        self.clock.move(-self.seconds)
        self.arrived("sink paused", "limited@coder.com")
        self.gateway.until(lambda: self.gateway.metric("belfry_clock_steps_total") == 2, "the step back is noticed")
        self.gateway.wait_idle()

    def while_it_is_off(self, end, step, turn_off):
        self.after = self.last_call()
        held, waiting = f"held at {end}", f"back-off at {end}"
        self.post(held, f"held-{end}@coder.com", 2)
        self.fail(waiting, f"{end}@coder.com", "http", count=2)
        turn_off()
        self.clock.move(step)
        self.gateway.start()
        self.began |= {phase: time.monotonic() for phase in (held, waiting)}
        self.arrived(held, f"held-{end}@coder.com")
        self.arrived(waiting, f"{end}@coder.com")

    def while_its_leases_are_open(self, end, step, turn_off):
        """The holder of a lease is gone, and the clock moves before the lease has run out."""
        self.after = self.last_call()
        phase, email = f"leased at {end}", f"leased-{end}@coder.com"
        self.sandbox.fault("slow", "users.lookupByEmail", email=email, ms=60_000)
        self.post(phase, email)
        self.gateway.until(lambda: self.sandbox.calls("users.lookupByEmail", self.after), f"{phase}: the attempt has begun")
        turn_off()
        self.clock.move(step)
        self.gateway.start()
        self.began[phase] = time.monotonic()
        self.arrived(phase, email)

    def shut_down(self):
        self.gateway.stop()
        self.reboot()

    def cut_power(self):
        self.gateway.kill()
        self.reboot()

    def reboot(self):
        """As the next process sees it, the machine has been started again since the clock was saved."""
        self.clock.reboot()
        with closing(sqlite3.connect(self.gateway.directory / "state/belfry.db", isolation_level=None)) as store:
            store.execute("UPDATE clock SET boot_id = 'an earlier boot'")

    def last_call(self):
        calls = self.sandbox.calls()
        return calls[-1]["number"] if calls else 0

    # ---- results

    def nothing_lost_or_twice(self):
        self.gateway.wait_idle()
        for payload in (payload for payloads in self.sent.values() for payload in payloads):
            self.case.assertEqual(self.gateway.post_webhook(payload)[0], 204, "the same notification again")
        self.gateway.wait_idle()
        for name in ("belfry_dead_letters", "belfry_possible_duplicates_total"):
            self.case.assertEqual(self.gateway.metric(name), 0, name)
        counts = {email: len(self.sandbox.messages(email=email)) for email in self.sent}
        self.case.assertEqual(counts, dict.fromkeys(self.sent, 1), "each notification in one message")


class ClockTest(unittest.TestCase):
    def test_a_step_changes_no_duration(self):
        table = {}
        for name, seconds in MOVES.items():
            with self.subTest(name), Sandbox("--no-rate-limits") as sandbox:
                table[name] = Round(self, sandbox, seconds).play()
        print("\nseconds to arrival".ljust(22) + "".join(name.rjust(9) for name in ["promised", *table]))
        for phase, promised in PROMISED.items():
            print(phase.ljust(21) + f"{promised:9d}" + "".join(f"{took.get(phase, float('nan')):9.1f}" for took in table.values()))


if __name__ == "__main__":
    unittest.main()
