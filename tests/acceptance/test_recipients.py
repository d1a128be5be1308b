"""Recipients and the calls that they cost, with the real gateway and the real plugin."""
import unittest

from harness import AcceptanceCase, Gateway, Sandbox
from payloads import notification

FALLBACK = "C0FALLBACK"
GROUP = "S0123456789"


class RoundTripsTest(AcceptanceCase):
    def calls_of(self, *recipients):
        """The methods called for one message to each recipient, sent one after another."""
        calls = self.sandbox.calls()
        after = calls[-1]["number"] if calls else 0
        for email in recipients:
            count = len(self.sandbox.messages())
            self.gateway.post_webhook(notification(email))
            self.sandbox.wait_for_count(count + 1)
        self.gateway.wait_idle()
        return [call["method"] for call in self.sandbox.calls(after=after)]

    def test_two_cold_one_warm_one_after_a_restart(self):
        lookup, post = "users.lookupByEmail", "chat.postMessage"
        self.assertEqual(self.calls_of("cold@coder.com"), [lookup, post])
        self.assertEqual(self.calls_of(*["cold@coder.com"] * 5), [post] * 5)
        self.gateway.stop()
        self.gateway.start()
        self.assertEqual(self.calls_of("cold@coder.com"), [post])


class FallbackTest(unittest.TestCase):
    def test_whom_slack_does_not_know(self):
        settings = {"slack": {"fallback_channel": FALLBACK, "mention": GROUP, "email_map": {"domains": {"coder.example": "corp.example"}}}}
        with Sandbox("--no-rate-limits") as sandbox:
            sandbox.post("channels", id=FALLBACK, name="fallback")
            sandbox.post("users", email="gone@corp.example", absent=True)
            sandbox.post("users", email="left@corp.example", deleted=True)
            with Gateway(sandbox, **settings) as gateway:
                gateway.post_webhook(notification("bobby@Coder.example"))
                sandbox.wait_for_count(1)
                for name in ("gone", "left"):
                    gateway.post_webhook(notification(f"{name}@coder.example", **{"payload.user_name": name.title()}))
                gateway.post_webhook(notification("", **{"payload.user_name": "Nameless", "payload.user_id": ""}))
                sandbox.wait_for_count(4)
                gateway.wait_idle()
                direct = [row for row in sandbox.messages() if row["email"]]
                self.assertEqual([row["email"] for row in direct], ["bobby@corp.example"])
                self.assertNotIn(GROUP, str(direct))
                fallen = sandbox.messages(name="#fallback")
                self.assertEqual(sorted(row["text"].split("\n")[0] for row in fallen), ["For Gone", "For Left", "For Nameless"])
                for row in fallen:
                    self.assertIn(f"<!subteam^{GROUP}>", str(row["blocks"]))
                self.assertEqual(gateway.metric("belfry_plugin_slack_fallback_channel_messages", sink="slack"), 3)
                passcode = {"payload.notification_template_id": "62f86a30-2330-4b61-a26d-311ff3b608cf"}
                gateway.post_webhook(notification("gone@coder.example", body="Use the code 123456.", **passcode))
                gateway.until(lambda: gateway.metric("belfry_deliveries_total", outcome="rejected"), "the passcode is rejected")
                self.assertEqual(len(sandbox.messages()), 4)


class PrefillTest(unittest.TestCase):
    def test_nobody_is_looked_up(self):
        with Sandbox("--no-rate-limits") as sandbox:
            for index in range(450):
                sandbox.post("users", email=f"user{index}@coder.com")
            with Gateway(sandbox, slack={"lookup": {"prefill": True}}) as gateway:
                # Three pages at 20 per minute, the first one at once.
                gateway.until(lambda: sandbox.calls("users.list"), "the first page")
                gateway.until(lambda: sandbox.calls("users.list")[0]["status"] == 200, "its response")
                gateway.until(lambda: len(sandbox.calls("users.list")) == 3, "the last page")
                gateway.until(lambda: "read 450 people from the member list" in gateway.log(), "all people are cached")
                for index in range(0, 450, 50):
                    gateway.post_webhook(notification(f"user{index}@coder.com"))
                sandbox.wait_for_count(9)
                self.assertEqual(sandbox.calls("users.lookupByEmail"), [])
                times = [call["at"] for call in sandbox.calls("users.list")]
                self.assertGreaterEqual(times[2] - times[0], 5.5, "20 a minute")


class OneTokenTest(unittest.TestCase):
    """Two sinks with the same token are a single application to Slack."""

    def sinks(self, sandbox, **delivery):
        config = {"bot_token": sandbox.token, "api_url": sandbox.api_url, "channel": "C0OTHER"}
        return {"other": {"plugin": "slack", "config": config, "delivery": {"rate": "60000/min", "rate_per_recipient": "100/s"} | delivery}}

    def test_what_slack_limits_for_one_is_limited_for_both(self):
        with Sandbox("--no-rate-limits") as sandbox:
            sandbox.post("channels", id="C0OTHER", name="other")
            routes = [
                {"name": "other", "when": {"recipient.email": "other@coder.com"}, "to": ["other"]},
                {"name": "everyone", "to": ["slack"]},
            ]
            with Gateway(sandbox, sinks=self.sinks(sandbox), routes=routes) as gateway:
                sandbox.fault("rate_limit", retry_after=3)
                gateway.post_webhook(notification("bobby@coder.com"))
                gateway.until(lambda: gateway.metric("belfry_lane_state", sink="slack", state="paused"), "the sink pauses")
                gateway.post_webhook(notification("other@coder.com"))
                sandbox.wait_for_count(2)
                refused, *taken = sandbox.calls("chat.postMessage")
                self.assertEqual((refused["status"], [call["status"] for call in taken]), (429, [200, 200]))
                for call in taken:
                    self.assertGreaterEqual(call["at"] - refused["at"], 3.0)
                    self.assertLess(call["at"] - refused["at"], 5.0)

    def test_they_have_to_agree_about_its_rates(self):
        with Sandbox("--no-rate-limits") as sandbox:
            gateway = Gateway(sandbox, sinks=self.sinks(sandbox, rate="10/min"))
            self.addCleanup(gateway.__exit__, None)
            checked = gateway.command("check")
            self.assertEqual(checked.returncode, 1)
            expected = r"belfry\.yaml:\d+:\d+: error: sinks\.other\.delivery: rate and rate_per_recipient differ from those of sinks\.slack"
            self.assertRegex(checked.stderr, expected)
            self.assertIn("bot_token", checked.stderr)
            gateway.configure(sinks=self.sinks(sandbox))
            self.assertEqual(gateway.command("check").returncode, 0)


if __name__ == "__main__":
    unittest.main()
