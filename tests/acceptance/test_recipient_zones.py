"""Quiet hours in the recipient's time zone: the named zone applies until Slack has reported the recipient's own."""
import json
import unittest
from datetime import datetime, timedelta, timezone

from harness import AcceptanceCase, Gateway, Sandbox
from payloads import notification

HERE, THERE = "UTC", "Asia/Tokyo"  # neither has daylight saving time


def quiet_now_there():
    """Quiet hours around the current time of day in THERE, nine hours ahead of HERE."""
    there = datetime.now(timezone.utc) + timedelta(hours=9)
    clock = [(there + timedelta(hours=hours)).strftime("%H:%M") for hours in (-2, 2)]
    return {"from": clock[0], "to": clock[1], "time_zone": ["recipient", HERE]}


class RecipientZonesTest(AcceptanceCase):
    @classmethod
    def setUpClass(cls):
        cls.sandbox = cls.enterClassContext(Sandbox("--no-rate-limits"))
        cls.gateway = cls.enterClassContext(Gateway(cls.sandbox, routes=[{"name": "everyone", "to": ["slack"], "quiet_hours": quiet_now_there()}]))

    def post(self, email, title):
        self.assertEqual(self.gateway.post_webhook(notification(email, title=title))[0], 204)

    def wait_held(self, count):
        self.gateway.until(lambda: self.gateway.metric("belfry_queue_depth", state="held") == count, f"{count} are held")

    def test_the_zone_that_slack_tells_counts_from_then_on(self):
        self.sandbox.post("users", email="sora@example.com", tz=THERE)
        self.post("Sora@Example.com", "where is she")
        self.assertEqual(self.sandbox.wait_for_count(1)[0]["email"], "sora@example.com")
        self.post("sora@example.com", "asleep")
        self.wait_held(1)
        self.post("bob@example.com", "his zone is unknown")
        self.sandbox.wait_for_count(2)
        self.post("bob@example.com", "it is day where he is")
        self.sandbox.wait_for_count(3)

        self.gateway.stop()
        self.gateway.start()
        self.post("SORA@example.com", "still asleep")
        self.wait_held(2)
        self.post("bob@example.com", "still day")
        self.sandbox.wait_for_count(4)
        self.assertEqual([row["email"] for row in self.sandbox.messages()].count("sora@example.com"), 1)
        self.assertEqual(len(self.sandbox.calls("users.lookupByEmail")), 2)

        explained = self.gateway.command("explain", "--json", "-", stdin=json.dumps(notification("sora@example.com")))
        self.assertEqual((explained.returncode, explained.stderr), (0, ""))
        (delivery,) = json.loads(explained.stdout)["deliveries"]
        self.assertTrue(delivery["own_time_zone"])
        explained = self.gateway.command("explain", "-", stdin=json.dumps(notification("sora@example.com")))
        self.assertIn("the recipient's own zone applies once a sink has reported it", explained.stdout)
        self.assertNotIn("held until", explained.stdout)


if __name__ == "__main__":
    unittest.main()
