"""The database file is removed, replaced, restored or on a failing disk, under a running gateway and before a start."""
import os
import shutil
import sqlite3
import subprocess
import time
import unittest

from harness import BUILD, Gateway, Sandbox, run_belfry
from payloads import notification


def picture(directory):
    """Name -> (contents, modification time, mode) of each file in a directory."""
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode) for path in directory.iterdir() if path.is_file()}


class StoreFilesTest(unittest.TestCase):
    def setUp(self):
        self.sandbox = self.enterContext(Sandbox("--no-rate-limits"))
        self.gateway = self.enterContext(Gateway(self.sandbox, admin={"token": "a-token-for-status"}))
        self.state = self.gateway.directory / "state"
        self.database = self.state / "belfry.db"

    def post(self, name):
        return self.gateway.post_webhook(notification("reader@coder.com", body=f"body of {name}.", msg_id=name))[0]

    def assert_ready(self, status, *words):
        found, text = self.gateway.admin("/readyz")
        self.assertEqual(found, status, text)
        for word in words:
            self.assertIn(word, text)

    def until_ready(self):
        self.gateway.until(lambda: self.gateway.readiness() == 200, "/readyz answers 200 again")

    def test_a_removed_file_is_noticed_and_used_again_when_it_is_back(self):
        self.assertEqual(self.post("before"), 204)
        self.gateway.wait_idle()
        self.database.rename(self.state / "away")
        for number in range(3):
            self.assertEqual(self.post(f"refused-{number}"), 503)
        self.gateway.until(lambda: self.gateway.readiness() == 503, "/readyz answers 503")
        self.assert_ready(503, str(self.database), "was removed or moved while in use", "put it back")
        self.assertIn("was removed or moved while in use", self.gateway.log())
        self.gateway.until(lambda: "was removed or moved" in self.gateway.command("status").stdout, "belfry status shows why the gateway is not ready")
        self.assertFalse(self.database.exists())
        (self.state / "away").rename(self.database)
        self.until_ready()
        self.assertEqual(self.post("after"), 204)
        self.gateway.wait_idle()
        # Everything answered with 204 is there at the next start.
        self.gateway.stop()
        with sqlite3.connect(self.database) as store:
            known = {msg_id for (msg_id,) in store.execute("SELECT msg_id FROM notifications")}
        self.assertLessEqual({"before", "after"}, known)

    def test_a_directory_that_is_swapped_is_noticed(self):
        self.state.rename(self.gateway.directory / "old")
        shutil.copytree(self.gateway.directory / "old", self.state)
        self.assertEqual(self.post("refused"), 503)
        shutil.rmtree(self.state)
        (self.gateway.directory / "old").rename(self.state)
        self.until_ready()
        self.assertEqual(self.post("after"), 204)

    def test_a_removed_log_costs_nothing(self):
        (self.state / "belfry.db-wal").unlink()
        self.assertEqual(self.post("one"), 204)
        self.assertEqual(self.post("two"), 204)
        self.gateway.wait_idle()
        self.gateway.kill()
        self.gateway.start()
        self.assertEqual([self.post("one"), self.post("two")], [204, 204])
        self.gateway.wait_idle()
        self.assertEqual(len(self.sandbox.messages()), 2, "both were already stored")

    def test_a_restored_file_survives_the_log_of_another(self):
        for number in range(20):
            self.assertEqual(self.post(f"early-{number}"), 204)
        self.gateway.wait_idle()
        self.gateway.stop()
        backup = self.database.read_bytes()
        self.gateway.start()
        self.assertEqual(self.post("between"), 204)
        self.gateway.wait_idle()
        self.gateway.stop()
        self.gateway.start()
        for number in range(20):
            self.assertEqual(self.post(f"late-{number}"), 204)
        self.gateway.kill()
        self.database.write_bytes(backup)

        before = picture(self.state)
        for _ in range(2):
            refused = run_belfry(*self.gateway.arguments, env=self.gateway.environment)
            self.assertEqual(refused.returncode, 1)
            self.assertIn(f"{self.database}-wal", refused.stderr)
            self.assertIn("move belfry.db-wal away", refused.stderr)
            self.assertEqual(picture(self.state), before, "a refused start must not write")
        (self.state / "belfry.db-wal").unlink()
        self.gateway.start()
        self.assertEqual(self.post("early-3"), 204)


FAULTS = os.environ.get("BELFRY_DISK_FAULTS")


@unittest.skipUnless(FAULTS, "BELFRY_DISK_FAULTS does not name the library that injects disk faults")
class FailingDiskTest(unittest.TestCase):
    """System calls of the gateway on the database fail with EIO while a file exists."""

    def setUp(self):
        self.sandbox = self.enterContext(Sandbox("--no-rate-limits"))
        self.gateway = self.enterContext(Gateway(self.sandbox))
        self.gateway.stop()
        self.switch = self.gateway.directory / "faults"
        self.gateway.environment |= {"LD_PRELOAD": FAULTS, "DISK_FAULTS": str(self.switch)}

    def post(self, name):
        return self.gateway.post_webhook(notification("reader@coder.com", body=f"body of {name}.", msg_id=name))[0]

    def test_it_says_what_happened_and_recovers(self):
        self.gateway.start()
        kept = []
        for number, calls in enumerate(("write", "sync", "read write sync", "sync read", "write")):
            name = f"kept-{number}"
            self.assertEqual(self.post(name), 204)
            kept.append(name)
            self.switch.write_text(calls)
            self.assertEqual(self.post(f"refused-{number}"), 503)
            self.gateway.until(lambda: self.gateway.readiness() == 503, "/readyz answers 503")
            text = self.gateway.admin("/readyz")[1]
            self.assertIn("Input/output error", text)
            self.assertNotIn("damaged", text)
            self.switch.unlink()
            self.gateway.until(lambda: self.gateway.readiness() == 200, "/readyz answers 200 when the disk works again")
        self.assertEqual(self.post("after"), 204)
        self.gateway.wait_idle()
        self.assertNotIn("damaged", self.gateway.log())
        self.gateway.kill()
        self.gateway.start()
        bodies = {row["text"] for row in self.sandbox.messages()}
        for name in kept:
            self.assertTrue(any(f"body of {name}." in body for body in bodies), f"{name} was answered with 204 and lost")

    def test_a_start_on_a_failing_disk_says_so(self):
        self.switch.write_text("read")
        refused = run_belfry(*self.gateway.arguments, env=self.gateway.environment)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("Input/output error", refused.stderr)
        self.assertNotIn("damaged", refused.stderr)
        self.switch.unlink()
        self.gateway.start()


def can_mount():
    return os.geteuid() == 0 and shutil.which("mount") is not None


@unittest.skipUnless(can_mount(), "mounting a small file system needs root")
class FullDiskTest(unittest.TestCase):
    """On a file system of 24 MiB."""

    def setUp(self):
        self.sandbox = self.enterContext(Sandbox("--no-rate-limits"))
        self.gateway = Gateway(self.sandbox)
        self.state = self.gateway.directory / "state"
        # Space for the private copies of the plugins, which are large with a sanitizer, and little more.
        size = sum(file.stat().st_size for file in (BUILD / "plugins").glob("*.so")) + (16 << 20)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", self.state], check=True)
        self.addCleanup(self.clean_up)
        self.ballast = self.state / "ballast"

    def clean_up(self):
        self.gateway.kill()
        subprocess.run(["umount", "--lazy", self.state], check=False)
        shutil.rmtree(self.gateway.directory, ignore_errors=True)

    def fill(self, leave):
        """Fills the disk except for about `leave` bytes."""
        with open(self.ballast, "wb", buffering=0) as file:
            for size in (1 << 20, 4096):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    pass
            file.truncate(file.tell() - leave)

    def post(self, name, size=100):
        return self.gateway.post_webhook(notification(f"{name}@coder.com", body=f"body of {name}. " + "x" * size, msg_id=name))[0]

    def accept_backlog(self):
        """Accepts deliveries that are still waiting when the disk becomes full."""
        self.sandbox.fault("slow", ms=1_500, count=None)
        for number in range(40):
            self.assertEqual(self.post(f"kept-{number}"), 204)

    def assert_delivered(self):
        texts = [row["text"] for row in self.sandbox.messages()]
        for number in range(40):
            self.assertTrue(any(f"body of kept-{number}." in text for text in texts), f"kept-{number} was accepted and not delivered")

    def refuse_and_agree(self):
        self.assertEqual(self.post("refused", 200_000), 503)
        for number in range(3):
            self.assertEqual(self.gateway.readiness(), 503, "/readyz agrees with the webhook")
            self.assertEqual(self.post(f"refused-{number}", 200_000), 503)
            self.assertIn("the disk is full", self.gateway.admin("/readyz")[1])

    def until_there_is_room(self):
        self.ballast.unlink()
        self.gateway.until(lambda: self.gateway.readiness() == 200, "/readyz answers 200 when there is free space")
        self.assertEqual(self.post("refused", 200_000), 204)
        self.gateway.wait_idle()

    def test_what_is_stored_is_delivered_and_nothing_new_is_accepted(self):
        self.gateway.start()
        self.accept_backlog()
        self.fill(leave=40_000)
        self.refuse_and_agree()
        self.sandbox.clear_faults()
        self.gateway.wait_idle(within=60)
        self.assert_delivered()
        self.assertEqual(self.gateway.readiness(), 503, "there is still too little free space")
        self.assertIn("nothing new is accepted", self.gateway.log())
        self.until_there_is_room()
        self.gateway.stop()

    def test_it_starts_on_a_full_disk(self):
        for reserve in (True, False):
            with self.subTest(reserve=reserve):
                self.gateway.start()
                self.accept_backlog()
                self.gateway.kill()
                if not reserve:
                    for name in self.state.glob("*-reserve"):
                        name.unlink()
                self.fill(leave=0)
                self.sandbox.clear_faults()
                self.gateway.spawn()
                self.gateway.until(lambda: self.gateway.readiness() is not None, "the gateway runs")
                # The start has checkpointed the write-ahead log, which frees some space.
                self.gateway.until(lambda: self.post(f"more-{time.monotonic_ns()}", 200_000) == 503, "webhooks get 503")
                self.assertEqual(self.gateway.readiness(), 503, "/readyz agrees with the webhook")
                self.assertIn("the disk is full", self.gateway.admin("/readyz")[1])
                self.until_there_is_room()
                self.assert_delivered()
                self.gateway.stop()


if __name__ == "__main__":
    unittest.main()
