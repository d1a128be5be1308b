"""Standard error that nobody reads, or that cannot be written: the gateway still accepts, delivers, responds and exits, and counts the
lines that it drops. BELFRY_UNREAD_NOTIFICATIONS: number of notifications (300)."""
import fcntl
import os
import re
import subprocess
import threading
import time
import unittest
from pathlib import Path

from harness import BUILD, Gateway, Sandbox, environment
from payloads import notification

COUNT = int(os.environ.get("BELFRY_UNREAD_NOTIFICATIONS", "300"))
F_SETPIPE_SZ = 1031
LINE = re.compile(rb"^\d{4}-\d\d-\d\dT[\d:.]+Z (debug|info |warning|error) ")
DROPPED = re.compile(rb"log lines were dropped.* count=(\d+)")


class PipedGateway(Gateway):
    """A gateway whose standard error is a pipe of 4 KiB that nobody reads until read_on()."""

    def __init__(self, sandbox, **settings):
        super().__init__(sandbox, **settings)
        self.environment["BELFRY_LOG"] = "debug"
        (self.directory / "log").touch()

    def spawn(self):
        self.reading, writing = os.pipe()
        fcntl.fcntl(writing, F_SETPIPE_SZ, 4096)
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [BUILD / "bin/belfry", *self.arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=writing, cwd=self.directory,
            env=environment(self.environment),
        )
        os.close(writing)

    def read_on(self):
        """Starts to copy the pipe to the log file."""
        def copy():
            with open(self.directory / "log", "ab", buffering=0) as log, os.fdopen(self.reading, "rb", buffering=0) as pipe:
                while piece := pipe.read(65536):
                    log.write(piece)

        self.reader = threading.Thread(target=copy)
        self.reader.start()


class UnreadTest(unittest.TestCase):
    def setUp(self):
        self.sandbox = self.enterContext(Sandbox("--no-rate-limits"))

    def test_a_pipe_that_nobody_reads(self):
        # Refused deliveries and debug lines fill the pipe.
        gateway = PipedGateway(self.sandbox, delivery={"rate": "1000000/min", "rate_per_recipient": "1000000/min"})
        self.addCleanup(gateway.__exit__, None)
        gateway.start()
        sent = 0
        # Precondition: the pipe and the buffer in front of it are full.
        while sent < COUNT:
            self.assertEqual(gateway.post_webhook(notification(f"reader{sent % 50}@coder.com", body=f"notice-{sent}"))[0], 204)
            self.assertEqual(gateway.post("/nowhere", b"", {})[0], 404)
            sent += 1
        self.sandbox.wait_for_count(COUNT, within=60 + COUNT / 20)
        gateway.wait_idle(60)
        self.assertEqual(len(self.sandbox.messages()), COUNT)
        self.assertEqual(gateway.admin("/readyz")[0], 200)
        begun = time.monotonic()
        gateway.terminate()
        gateway.wait_ended(within=30)
        print(f"\n{COUNT} notifications, ended {time.monotonic() - begun:.1f} s after SIGTERM")
        os.close(gateway.reading)

    def test_what_was_dropped_is_counted_and_said(self):
        gateway = PipedGateway(self.sandbox)
        self.addCleanup(gateway.__exit__, None)
        gateway.start()
        # A refused reload logs a line per error; repeat until the pipe and the buffer in front of it are full.
        faults = "".join(f"{'x' * 100}{number}: 1\n" for number in range(1000))
        (gateway.directory / "belfry.yaml").write_text("version: 1\n" + faults)
        deadline = time.monotonic() + 120
        while gateway.metric("belfry_log_dropped_total") == 0:
            self.assertLess(time.monotonic(), deadline, "the log must fill up")
            gateway.process.send_signal(1)
            time.sleep(0)
        gateway.read_on()
        gateway.until(lambda: DROPPED.search((gateway.directory / "log").read_bytes()), "the log reports how many", within=60)
        gateway.stop()
        gateway.reader.join()
        lines = (gateway.directory / "log").read_bytes().splitlines()
        counted = sum(int(found[1]) for line in lines if (found := DROPPED.search(line)))
        self.assertGreater(counted, 0)
        times = [line.split()[0] for line in lines if LINE.match(line)]
        self.assertEqual(times, sorted(times), "in the order in which they were logged")

    def serves(self, **streams):
        gateway = Gateway(self.sandbox)
        self.addCleanup(gateway.__exit__, None)
        (gateway.directory / "log").touch()
        gateway.process = subprocess.Popen(
            [BUILD / "bin/belfry", *gateway.arguments], stdin=subprocess.DEVNULL, cwd=gateway.directory, env=environment(gateway.environment), **streams
        )
        gateway.until(lambda: gateway.readiness() == 200, "/readyz answers 200")
        self.assertEqual(gateway.post_webhook(notification())[0], 204)
        gateway.wait_idle()
        return gateway

    def test_a_reader_that_has_gone(self):
        reading, writing = os.pipe()
        os.close(reading)
        gateway = self.serves(stderr=writing)
        os.close(writing)
        gateway.until(lambda: gateway.metric("belfry_log_dropped_total") > 0, "the lines are counted")
        gateway.stop()

    def test_a_disk_that_is_full(self):
        with open("/dev/full", "wb") as full:
            gateway = self.serves(stderr=full)
        gateway.until(lambda: gateway.metric("belfry_log_dropped_total") > 0, "the lines are counted")
        gateway.stop()

    def test_no_standard_error_at_all(self):
        """Log lines must not end up in the database, which would otherwise get the descriptor of the closed stream."""
        gateway = Gateway(self.sandbox)
        self.addCleanup(gateway.__exit__, None)
        (gateway.directory / "log").touch()
        command = ["sh", "-c", 'exec "$@" >&- 2>&- <&-', "sh", str(BUILD / "bin/belfry"), *map(str, gateway.arguments)]
        gateway.process = subprocess.Popen(command, cwd=gateway.directory, env=environment(gateway.environment))
        gateway.until(lambda: gateway.readiness() == 200, "/readyz answers 200")
        self.assertEqual(gateway.post_webhook(notification())[0], 204)
        gateway.wait_idle()
        for stream in range(3):
            self.assertEqual(os.readlink(f"/proc/{gateway.process.pid}/fd/{stream}"), "/dev/null")
        gateway.stop()
        for file in (gateway.directory / "state").rglob("*"):
            if file.is_file():
                self.assertNotIn(b"reading the configuration", file.read_bytes(), file)

    def test_a_start_that_is_refused(self):
        """The process exits although its errors do not fit into the pipe."""
        gateway = PipedGateway(self.sandbox)
        self.addCleanup(gateway.__exit__, None)
        wrong = "".join(f"wrong{number}: {'x' * 80}\n" for number in range(400))
        (gateway.directory / "belfry.yaml").write_text(wrong)
        gateway.spawn()
        self.assertEqual(gateway.process.wait(60), 1)
        gateway.process = None
        os.close(gateway.reading)


if __name__ == "__main__":
    unittest.main()
