"""Living messages: later events about the same workspace edit the existing message or reply in its thread."""
import unittest

from harness import AcceptanceCase, Gateway, Sandbox
from payloads import notification


def about(workspace, body, email="bobby@coder.com"):
    labels = {"name": workspace, "reason": "x"}
    return notification(email, title=f"Workspace {workspace}", body=body, **{"payload.labels": labels})


class LivingCase(AcceptanceCase):
    def setUp(self):
        super().setUp()
        # A different person for each test, because the sink stores threads.
        self.email = f"{self.id().rpartition('.')[2]}@coder.com"

    def send(self, workspace, body):
        self.assertEqual(self.gateway.post_webhook(about(workspace, body, self.email))[0], 204)
        self.gateway.wait_idle()
        return sorted(self.sandbox.messages(email=self.email), key=lambda row: row["ts"])


class EditTest(LivingCase):
    settings = {"slack": {"update": "per_workspace"}}

    def test_the_message_shows_the_newest(self):
        self.send("dev", "is building.")
        self.send("other", "is building.")
        rows = self.send("dev", "has been built.")
        self.assertEqual([row["updates"] for row in rows], [1, 0])
        self.assertIn("has been built.", rows[0]["text"])
        self.assertNotIn("is building.", rows[0]["text"])
        self.assertIn("has been built.", str(rows[0]["blocks"]))
        self.assertEqual(self.sandbox.calls("chat.update")[-1]["warnings"], [])

    def test_it_survives_a_restart(self):
        self.send("dev", "one.")
        self.gateway.kill()
        self.gateway.start()
        rows = self.send("dev", "two.")
        self.assertEqual([row["updates"] for row in rows], [1])

    def test_what_slack_does_not_let_be_changed_is_followed_by_a_new_message(self):
        (first,) = self.send("dev", "one.")
        self.sandbox.post("message", channel=first["channel"], ts=first["ts"], deleted=True)
        (second,) = self.send("dev", "two.")
        self.assertNotEqual(second["ts"], first["ts"])
        self.sandbox.post("rules", edit_window=0)
        rows = self.send("dev", "three.")
        self.sandbox.post("rules", edit_window=None)
        self.assertEqual([row["updates"] for row in rows], [0, 0])
        rows = self.send("dev", "four.")
        self.assertEqual([row["updates"] for row in rows], [0, 1])

    def test_what_waits_is_not_overtaken(self):
        self.sandbox.fault("rate_limit", email=self.email, retry_after=1, error="rate_limited")
        self.gateway.post_webhook(about("dev", "one.", self.email))
        rows = self.send("dev", "two.")
        self.assertEqual([row["updates"] for row in rows], [1])
        self.assertIn("two.", rows[0]["text"])

    def test_trouble_in_the_middle_changes_it_once_or_again_to_the_same(self):
        self.send("dev", "one.")
        for kind in ("reset_after_apply", "truncated", "reset_after_read"):
            self.sandbox.fault(kind, method="chat.update", email=self.email)
            rows = self.send("dev", f"{kind} passed.")
            self.assertEqual(len(rows), 1)
            self.assertIn(f"{kind} passed.", rows[0]["text"])
            self.assertNotIn("repeat", str(rows[0]["blocks"]))


class ThreadTest(LivingCase):
    settings = {"slack": {"update": {"key": "{{labels.name}}", "as": "thread"}}}

    def test_later_events_are_replies(self):
        self.send("dev", "one.")
        rows = self.send("dev", "two.")
        self.send("other", "alone.")
        rows = self.send("dev", "three.")
        first = rows[0]
        self.assertEqual([row["thread_ts"] for row in rows], [None, first["ts"], None, first["ts"]])

    def test_a_locked_thread_is_followed_by_a_new_message(self):
        (first,) = self.send("dev", "one.")
        self.sandbox.post("message", channel=first["channel"], ts=first["ts"], locked=True)
        rows = self.send("dev", "two.")
        self.assertEqual([row["thread_ts"] for row in rows], [None, None])
        rows = self.send("dev", "three.")
        self.assertEqual(rows[2]["thread_ts"], rows[1]["ts"])


class OutOfOrderTest(unittest.TestCase):
    def test_an_older_event_that_comes_late_goes_below_the_newer_one(self):
        with Sandbox("--no-rate-limits") as sandbox:
            sandbox.post("channels", id="C9", archived=True)
            # Urgent notifications go to a channel first, which refuses them after a while; by then a newer one has reached the person.
            urgent = {
                "plugin": "slack",
                "config": {"bot_token": sandbox.token, "api_url": sandbox.api_url, "channel": "C9"},
                "delivery": {"rate": "60000/min", "rate_per_recipient": "100/s"},  # as for the other sink, which has the same token
            }
            routes = [
                {"name": "urgent", "when": {"title": "Workspace dev failed"}, "to": ["urgent"], "fallback": ["slack"]},
                {"name": "everyone", "to": ["slack"]},
            ]
            settings = {"slack": {"update": "{{labels.name}}"}, "sinks": {"urgent": urgent}, "routes": routes}
            with Gateway(sandbox, **settings) as gateway:
                sandbox.fault("rate_limit", channel="C9", retry_after=2, error="rate_limited")
                gateway.post_webhook(about("dev", "older.") | {"title": "Workspace dev failed", "title_markdown": "Workspace dev failed"})
                gateway.post_webhook(about("dev", "newer."))
                gateway.wait_idle()
                rows = sorted(sandbox.messages(), key=lambda row: row["ts"])
                self.assertEqual([row["updates"] for row in rows], [0, 0])
                self.assertIn("newer.", rows[0]["text"])
                self.assertIn("older.", rows[1]["text"])
                self.assertEqual([row["thread_ts"] for row in rows], [None, rows[0]["ts"]])


class KilledTest(unittest.TestCase):
    def test_a_first_message_that_a_crash_kept_from_being_remembered_is_found(self):
        with Sandbox("--no-rate-limits") as sandbox, Gateway(sandbox, slack={"update": "per_workspace"}) as gateway:
            sandbox.fault("slow", ms=30_000)
            gateway.post_webhook(about("dev", "one."))
            sandbox.wait_for_count(1)
            gateway.kill()
            gateway.start()
            gateway.wait_idle()
            gateway.post_webhook(about("dev", "two."))
            gateway.wait_idle()
            self.assertEqual([row["updates"] for row in sandbox.messages()], [1])

    def test_an_edit_that_a_crash_cut_off_is_made_once_more(self):
        with Sandbox("--no-rate-limits") as sandbox, Gateway(sandbox, slack={"update": "per_workspace"}) as gateway:
            gateway.post_webhook(about("dev", "one."))
            sandbox.wait_for_count(1)
            gateway.wait_idle()
            sandbox.fault("slow", method="chat.update", ms=30_000)
            gateway.post_webhook(about("dev", "two."))
            sandbox.wait_for(lambda rows: rows[0]["updates"] == 1)
            gateway.kill()
            gateway.start()
            gateway.wait_idle()
            (row,) = sandbox.messages()
            self.assertIn("two.", row["text"])
            self.assertEqual(gateway.metric("belfry_possible_duplicates_total"), 0)


if __name__ == "__main__":
    unittest.main()
