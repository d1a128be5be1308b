"""A database with damaged rows: the gateway starts, reports the unreadable rows, and delivers everything else."""
import re
import sqlite3
import unittest
from contextlib import closing

from harness import Gateway, Sandbox
from payloads import notification

# name: how to damage the delivery of the recipient with that name.
DAMAGES = {
    "gone": "DELETE FROM notifications WHERE row = (SELECT notification FROM deliveries WHERE row = {row})",
    "text": "UPDATE texts SET text = '[' WHERE notification = (SELECT notification FROM deliveries WHERE row = {row})",
    "overrides": "UPDATE deliveries SET overrides = '{{' WHERE row = {row}",
    "fallback": "UPDATE deliveries SET fallback = 'mail' WHERE row = {row}",
    "kind": "UPDATE deliveries SET kind = 'x' WHERE row = {row}",
    "state": "UPDATE deliveries SET state = 'x' WHERE row = {row}",
    "sink": "UPDATE deliveries SET sink = 'x' WHERE row = {row}",
    "queue": "UPDATE deliveries SET queue = 4711 WHERE row = {row}",
    "destination": "UPDATE queues SET destination = 'x' WHERE row = (SELECT queue FROM deliveries WHERE row = {row})",
    "due": "UPDATE deliveries SET due_at = 'x' WHERE row = {row}",
    "joins": "UPDATE deliveries SET joins_at = 'x' WHERE row = {row}",
    "expires": "UPDATE deliveries SET expires_at = 'x' WHERE row = {row}",
    "finished": "UPDATE deliveries SET finished_at = 'x' WHERE row = {row}",
    "route": "UPDATE deliveries SET route = X'FF' WHERE row = {row}",
}
HEALTHY = ["ada", "grace", "edsger"]


class DamagedRowsTest(unittest.TestCase):
    def test_the_others_arrive(self):
        with Sandbox("--no-rate-limits") as sandbox, Gateway(sandbox) as gateway:
            sandbox.post("token", accepted=False, error="token_revoked")
            for name in [*DAMAGES, *HEALTHY]:
                self.assertEqual(gateway.post_webhook(notification(f"{name}@coder.com", body=f"for {name}"))[0], 204)
            gateway.stop()
            with closing(sqlite3.connect(gateway.directory / "state" / "belfry.db")) as tables, tables:
                for name, damage in DAMAGES.items():
                    row, = tables.execute("SELECT row FROM deliveries WHERE email = ?", (f"{name}@coder.com",)).fetchone()
                    # Attempted deliveries are in back-off; make everything due.
                    tables.execute("UPDATE deliveries SET due_at = joins_at, open_attempt = 0 WHERE row = ?", (row,))
                    tables.executescript(damage.format(row=row))
                tables.execute("UPDATE queues SET ready_at = 0")
                tables.execute("UPDATE deliveries SET due_at = joins_at WHERE typeof(due_at) = 'integer' AND typeof(joins_at) = 'integer'")
            sandbox.post("token", accepted=True)
            gateway.start()
            sandbox.wait_for_count(len(HEALTHY), within=60)
            gateway.until(lambda: gateway.metric("belfry_dead_letters") == len(DAMAGES), "each damaged delivery is a dead letter", 60)
            gateway.wait_idle()
            self.assertEqual(gateway.post_webhook(notification("ada@coder.com"))[0], 204)
            sandbox.wait_for_count(len(HEALTHY) + 1, within=60)
            self.assertEqual(gateway.readiness(), 200)
            gateway.stop()
            # Rows with the same damage are one line and a count.
            lines = [line for line in gateway.log().splitlines() if "cannot be read and is a dead letter now" in line]
            counted = sum(int(found[1]) if (found := re.search(r" more=(\d+)$", line)) else 1 for line in lines)
            self.assertEqual(counted, len(DAMAGES), "\n".join(lines))


if __name__ == "__main__":
    unittest.main()
