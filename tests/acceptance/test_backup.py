"""`belfry backup` under load: the copy contains everything that was answered with 204 before, and a gateway that starts from it elsewhere
sends nothing twice without the mark.

BELFRY_BACKUP_ROUNDS: number of rounds (3).
"""
import json
import os
import shutil
import sqlite3
import tempfile
import unittest
from pathlib import Path

from harness import Gateway, Sandbox, run_belfry
from payloads import notification
from test_kill9 import Load, arrivals, marked

TOKEN = {"token": "a-token-for-tests"}
ROUNDS = int(os.environ.get("BELFRY_BACKUP_ROUNDS", "3"))


def recorded(database):
    """The msg_ids in a queue that no gateway is using."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as store:
        return {msg_id for (msg_id,) in store.execute("SELECT msg_id FROM notifications")}


class BackupUnderLoadTest(unittest.TestCase):
    def forbid_looking(self, sandbox):
        sandbox.fault("error", method="conversations.history", error="missing_scope", count=None)

    def test_restored_elsewhere_nothing_is_missing_or_doubled_unmarked(self):
        with Sandbox("--no-rate-limits") as sandbox, tempfile.TemporaryDirectory() as place:
            # Slow responses, so that deliveries are in flight whenever a backup begins.
            sandbox.fault("slow", ms=8, count=None)
            # The sink may not check what has arrived, so that deliveries in doubt are sent again.
            self.forbid_looking(sandbox)
            gateway = Gateway(sandbox, admin=TOKEN)
            gateway.start()
            uncertain = set()  # answered with 204 between a backup and the loss of the machine
            try:
                with Load(gateway) as load:
                    for number in range(ROUNDS):
                        counted = len(load.acknowledged)
                        gateway.until(lambda: len(load.acknowledged) > counted + 40, "the gateway accepts")
                        before = set(load.acknowledged) - uncertain
                        copy = Path(place) / f"backup-{number}"
                        made = gateway.command("backup", copy, "--json")
                        self.assertEqual(made.returncode, 0, made.stderr)
                        after = len(load.acknowledged)
                        gateway.until(lambda: len(load.acknowledged) > after + 20, "the gateway keeps accepting after the backup")
                        self.assertEqual(before - recorded(copy), set(), "answered with 204 before the backup began, but not in it")
                        # The machine is lost; another one starts from the backup.
                        gateway.kill()
                        elsewhere = Gateway(sandbox, admin=TOKEN)
                        shutil.move(copy, elsewhere.directory / "state" / "belfry.db")
                        elsewhere.start()
                        uncertain |= set(load.acknowledged) - before
                        load.gateway = elsewhere
                        shutil.rmtree(gateway.directory)
                        gateway = elsewhere
                sandbox.clear_faults()
                self.forbid_looking(sandbox)
                gateway.wait_idle(within=120)
                gateway.stop()
                arrived = arrivals(sandbox)
                twice = {msg_id for msg_id, count in arrived.items() if count > 1}
                marks = marked(gateway)
                print(
                    f"{ROUNDS} backups: {len(load.acknowledged)} answered 204, {sum(arrived.values())} arrived, {len(twice)} arrived twice, "
                    f"{len(marks)} marked as possible duplicates"
                )
                known = recorded(gateway.directory / "state" / "belfry.db")
                self.assertEqual(set(load.acknowledged) - uncertain - known, set(), "answered with 204, but not in the queue")
                self.assertEqual(set(load.acknowledged) - uncertain - set(arrived), set(), "answered with 204, but never arrived")
                self.assertEqual(twice - marks, set(), "arrived twice without a mark")
                self.assertTrue(marks, "deliveries were waiting when the backups were taken")
            finally:
                gateway.kill()
                shutil.rmtree(gateway.directory, ignore_errors=True)


class BackupCommandTest(unittest.TestCase):
    def test_steps_of_the_guide(self):
        with Sandbox("--no-rate-limits") as sandbox, Gateway(sandbox, admin=TOKEN) as gateway:
            self.assertEqual(gateway.post_webhook(notification("reader@coder.com", msg_id="kept"))[0], 204)
            gateway.wait_idle()
            copy = gateway.directory / "copy.db"

            made = gateway.command("backup", copy)
            self.assertEqual(made.returncode, 0, made.stderr)
            self.assertIn("copy.db: ", made.stdout)
            self.assertEqual(copy.stat().st_mode & 0o777, 0o600)
            self.assertEqual([path.name for path in copy.parent.glob("*.partial")], [])
            self.assertEqual([path.name for path in copy.parent.glob("state/belfry-backup-*")], [])
            checked = run_belfry("check", "--backup", copy)
            self.assertEqual((checked.returncode, checked.stderr), (0, ""))
            self.assertIn("an intact backup, taken at ", checked.stdout)

            refused = gateway.command("backup", copy)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("exists already", refused.stderr)

            gateway.stop()
            second = gateway.directory / "second.db"
            made = gateway.command("backup", second, "--json")
            self.assertEqual(made.returncode, 0, made.stderr)
            self.assertEqual(json.loads(made.stdout)["bytes"], second.stat().st_size)

            database = gateway.directory / "state" / "belfry.db"
            database.unlink()
            shutil.copyfile(copy, database)
            gateway.start()
            status, _, _ = gateway.post_webhook(notification("reader@coder.com", msg_id="kept"))
            self.assertEqual(status, 204)
            gateway.wait_idle()
            self.assertEqual(len(sandbox.messages()), 1, "a delivery made before the backup is not repeated")

    def test_a_file_that_is_no_backup_is_refused(self):
        with tempfile.TemporaryDirectory() as place:
            file = Path(place) / "file"
            file.write_text("something else" * 1000)
            checked = run_belfry("check", "--backup", file)
            self.assertEqual(checked.returncode, 1)
            self.assertIn("not a Belfry database", checked.stderr)


if __name__ == "__main__":
    unittest.main()
