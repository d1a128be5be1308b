"""Tokens: replaced in their file while the gateway runs, renewed by rotation, and used for several workspaces at once."""
import os
import time
import unittest

from harness import Gateway, Sandbox
from payloads import notification

CLIENT = {"client_id": "12.34", "client_secret": "a-client-secret"}
FIRST_REFRESH = "xoxe-1-first-refresh"


class TokenCase(unittest.TestCase):
    def setUp(self):
        self.sandbox = self.enterContext(Sandbox("--no-rate-limits"))

    def send(self, gateway, email="bobby@coder.com"):
        self.assertEqual(gateway.post_webhook(notification(email))[0], 204)

    def assert_never_parked(self, gateway):
        self.assertNotIn("parked", gateway.log())
        self.assertEqual(gateway.metric("belfry_delivery_attempts_total", outcome="misconfigured"), 0)


class FileTest(TokenCase):
    def gateway(self, **slack):
        gateway = Gateway(self.sandbox, slack={"bot_token": "${file:bot-token}", "signing_secret": "${file:signing-secret}"} | slack)
        self.addCleanup(gateway.__exit__, None)
        self.replace(gateway, "bot-token", self.sandbox.token)
        self.replace(gateway, "signing-secret", self.sandbox.signing_secret)
        return gateway

    def replace(self, gateway, name, text, mode=0o600):
        """Replaces the file atomically, with a newline at the end, as an editor would."""
        new = gateway.directory / (name + ".new")
        new.touch(mode=mode)
        new.chmod(mode)
        new.write_text(text + "\n")
        os.replace(new, gateway.directory / name)

    def test_a_token_is_replaced_while_the_gateway_runs(self):
        gateway = self.gateway()
        gateway.start()
        self.send(gateway)
        self.sandbox.wait_for_count(1)
        for round in range(1, 6):
            token = f"xoxb-replaced-{round}-0123456789"
            gateway.secrets.append(token)
            self.replace(gateway, "bot-token", token)
            self.sandbox.post("token", value=token)
            self.send(gateway)
            self.sandbox.wait_for_count(1 + round)
        gateway.wait_idle()
        self.assert_never_parked(gateway)
        self.assertEqual([call["error"] for call in self.sandbox.calls() if call["error"]], [], "nothing was tried with an old token")
        self.assertIn("a secret has been read again", gateway.log())

    def test_a_token_that_slack_refuses_while_it_is_replaced(self):
        gateway = self.gateway()
        gateway.start()
        token = "xoxb-replaced-0123456789"
        gateway.secrets.append(token)
        self.sandbox.post("token", value=token)
        self.sandbox.fault("slow", "users.lookupByEmail", ms=1000)
        self.send(gateway)
        gateway.until(lambda: self.sandbox.calls("users.lookupByEmail"), "Slack has received the old token, but not responded yet")
        self.replace(gateway, "bot-token", token)
        self.sandbox.wait_for_count(1)
        gateway.wait_idle()
        self.assertEqual([call["error"] for call in self.sandbox.calls()], ["invalid_auth", None, None])
        self.assert_never_parked(gateway)

    def test_a_file_that_cannot_be_used_leaves_the_last_token(self):
        gateway = self.gateway()
        gateway.start()
        file = gateway.directory / "bot-token"
        for spoil in (file.unlink, lambda: file.write_text(""), lambda: self.replace(gateway, "bot-token", "xoxb-for-all-to-see", 0o644)):
            spoil()
            self.send(gateway)
        self.sandbox.wait_for_count(3)
        gateway.wait_idle()
        self.assert_never_parked(gateway)
        complaints = [line for line in gateway.log().splitlines() if "cannot be read again" in line]
        self.assertEqual(len(complaints), 1, "the same problem is reported once")
        self.assertIn("/bot_token", complaints[0])
        self.replace(gateway, "bot-token", self.sandbox.token)
        self.send(gateway)
        self.sandbox.wait_for_count(4)

    def test_a_signing_secret_is_replaced_while_the_gateway_runs(self):
        gateway = self.gateway()
        gateway.start()
        self.sandbox.post("interactivity", url=f"http://127.0.0.1:{gateway.port}/slack/events")
        self.send(gateway)
        message = self.sandbox.wait_for_count(1)[0]
        button = next(block for block in message["blocks"] if block["type"] == "actions")["elements"][0]["action_id"]
        self.assertEqual(self.sandbox.click(message, button)["status"], 200)
        self.sandbox.post("interactivity", signing_secret="another-signing-secret")
        self.assertEqual(self.sandbox.click(message, button)["status"], 401)
        gateway.secrets.append("another-signing-secret")
        self.replace(gateway, "signing-secret", "another-signing-secret")
        self.assertEqual(self.sandbox.click(message, button)["status"], 200)


class RotationTest(TokenCase):
    def gateway(self, lives=43_200, grace=0, refresh=FIRST_REFRESH):
        self.sandbox.post("rotation", refresh_token=FIRST_REFRESH, lives=lives, grace=grace, **CLIENT)
        rotation = CLIENT | ({"refresh_token": refresh} if refresh else {})
        gateway = Gateway(self.sandbox, slack={"token_rotation": rotation}, admin={"token": "a token for the admin API"})
        gateway.secrets += [CLIENT["client_secret"], FIRST_REFRESH, "xoxe.xoxb-1-sandbox-access", "xoxe-1-sandbox-refresh"]
        self.addCleanup(gateway.__exit__, None)
        return gateway

    def trades(self, error=None):
        return [call for call in self.sandbox.calls() if call["method"].startswith("oauth.v2.") and call["error"] == error]

    def expire_configured(self):
        self.sandbox.post("token", accepted=False, error="token_expired")

    def test_the_configured_token_has_expired_already(self):
        gateway = self.gateway()
        self.expire_configured()
        gateway.start()
        for index in range(10):
            self.send(gateway, f"reader{index}@coder.com")
        self.sandbox.wait_for_count(10)
        gateway.wait_idle()
        self.assertEqual(len(self.trades()), 1, "one renewal for all deliveries")
        self.assert_never_parked(gateway)
        self.assertEqual(gateway.metric("belfry_plugin_slack_token_renewals"), 1)

    def test_over_many_life_times(self):
        # With a lifetime of two hours and two seconds, each token is due for renewal after two seconds.
        gateway = self.gateway(lives=7202)
        self.expire_configured()
        gateway.start()
        sent = 0
        deadline = time.monotonic() + 60
        while len(self.trades()) < 4 and time.monotonic() < deadline:
            self.send(gateway)
            sent += 1
            self.sandbox.wait_for_count(sent)
        self.assertGreaterEqual(len(self.trades()), 4)
        self.assertEqual(self.trades("invalid_refresh_token"), [])
        self.assert_never_parked(gateway)

    def test_a_restart_goes_on_where_it_was(self):
        gateway = self.gateway()
        self.expire_configured()
        gateway.start()
        self.send(gateway)
        self.sandbox.wait_for_count(1)
        gateway.wait_idle()
        gateway.stop()
        gateway.start()
        self.send(gateway)
        self.sandbox.wait_for_count(2)
        self.assertEqual(len(self.trades()), 1)

    def test_killed_in_the_middle_of_a_renewal(self):
        gateway = self.gateway(grace=60)
        self.expire_configured()
        gateway.start()
        self.sandbox.fault("slow", "oauth.v2.access", ms=20_000)
        self.send(gateway)
        gateway.until(self.trades, "Slack has issued a new pair that the gateway has not received")
        gateway.kill()
        gateway.start()
        self.sandbox.wait_for_count(1, within=60)
        gateway.wait_idle(within=60)
        self.assertEqual(len(self.trades()), 2, "the refresh token was used once more, within the grace period")

    def test_a_wait_of_years_ends_when_the_sink_is_released(self):
        gateway = self.gateway()
        self.sandbox.fault("rate_limit", "oauth.v2.access", retry_after=99_999_999)
        gateway.start()
        self.send(gateway)
        self.sandbox.wait_for_count(1)
        gateway.until(lambda: "the next try is in 60 min, or at once after belfry sinks release" in gateway.log(), "the bounded pause is logged")
        time.sleep(11)  # longer than the pause after any other failure
        self.send(gateway, "second@coder.com")
        self.sandbox.wait_for_count(2)
        gateway.wait_idle()
        self.assertEqual([call["status"] for call in self.trades()], [429], "the pause lasts")
        released = gateway.command("sinks", "release", "slack")
        self.assertEqual(released.returncode, 0, released.stderr)
        self.send(gateway, "third@coder.com")
        gateway.until(lambda: [call["status"] for call in self.trades()] == [429, 200], "the token is renewed")
        self.sandbox.wait_for_count(3)
        self.assert_never_parked(gateway)

    def test_a_refresh_token_that_is_used_up_parks_with_what_to_do(self):
        gateway = self.gateway(refresh="xoxe-1-used-up-long-ago")
        gateway.secrets.append("xoxe-1-used-up-long-ago")
        self.expire_configured()
        gateway.start()
        self.send(gateway)
        parked = gateway.until(lambda: [line for line in gateway.log().splitlines() if "parked" in line], "the lane is parked")
        for word in ("token_not_renewed", "invalid_refresh_token", "token_rotation.refresh_token"):
            self.assertIn(word, parked[0])
        self.assertEqual(gateway.metric("belfry_queue_depth", sink="slack"), 1)

    def test_a_token_from_before_rotation_is_exchanged(self):
        gateway = self.gateway(refresh=None)
        gateway.start()
        self.send(gateway)
        self.sandbox.wait_for_count(1)
        gateway.until(lambda: gateway.metric("belfry_plugin_slack_token_renewals") == 1, "the token has been exchanged")
        self.expire_configured()
        self.send(gateway)
        self.sandbox.wait_for_count(2)
        self.assertEqual([call["method"] for call in self.trades()], ["oauth.v2.exchange"])
        self.assert_never_parked(gateway)

    def test_two_sinks_with_one_token_renew_it_once(self):
        self.sandbox.post("rotation", refresh_token=FIRST_REFRESH, **CLIENT)
        self.expire_configured()
        rotation = CLIENT | {"refresh_token": FIRST_REFRESH}
        config = {"bot_token": self.sandbox.token, "api_url": self.sandbox.api_url, "token_rotation": rotation, "channel": "C0TWO"}
        self.sandbox.post("channels", id="C0TWO")
        gateway = Gateway(
            self.sandbox,
            slack={"token_rotation": rotation},
            sinks={"other": {"plugin": "slack", "config": config, "delivery": {"rate": "60000/min", "rate_per_recipient": "100/s"}}},
            routes=[{"name": "first", "to": ["slack"], "continue": True}, {"name": "second", "to": ["other"]}],
        )
        gateway.secrets += ["xoxe.xoxb-1-sandbox-access", "xoxe-1-sandbox-refresh"]
        self.addCleanup(gateway.__exit__, None)
        gateway.start()
        self.send(gateway)
        self.sandbox.wait_for_count(2)
        self.assertEqual(len(self.trades()), 1)
        self.assertEqual(self.trades("invalid_refresh_token"), [])


class TwoWorkspacesTest(TokenCase):
    """The same people in two workspaces: caches and limits are kept apart."""

    def test_side_by_side(self):
        second = self.enterContext(Sandbox("--no-rate-limits", token="xoxb-second-0123456789", signing_secret="second-signing-secret"))
        config = {
            "bot_token": second.token,
            "signing_secret": second.signing_secret,
            "api_url": second.api_url,
            "interactivity": {"path": "/slack/second"},
        }
        gateway = Gateway(
            self.sandbox,
            sinks={"second": {"plugin": "slack", "config": config}},
            routes=[{"name": "first", "to": ["slack"], "continue": True}, {"name": "second", "to": ["second"]}],
        )
        gateway.secrets += [second.token, second.signing_secret]
        self.addCleanup(gateway.__exit__, None)
        # So that the same person has a different id in each workspace.
        for index in range(5):
            second.lookup(f"shift{index}@coder.com")
        gateway.start()
        people = [f"reader{index}@coder.com" for index in range(10)]
        for email in people:
            self.send(gateway, email)
        for sandbox in (self.sandbox, second):
            sandbox.wait_for_count(10)
            self.assertEqual(sorted(row["email"] for row in sandbox.messages()), sorted(people))
            self.assertEqual(len(sandbox.calls("users.lookupByEmail")), 10 + (5 if sandbox is second else 0))
            self.assertEqual([call["error"] for call in sandbox.calls() if call["error"]], [])

        # One token is revoked; the other workspace is not affected.
        second.post("token", accepted=False, error="token_revoked")
        self.send(gateway)
        self.sandbox.wait_for_count(11)
        gateway.until(lambda: gateway.metric("belfry_lane_state", sink="second", state="parked") == 1, "the second lane is parked")
        self.assertEqual(gateway.metric("belfry_lane_state", sink="slack", state="open"), 1)
        self.send(gateway, "later@coder.com")
        self.sandbox.wait_for_count(12)


if __name__ == "__main__":
    unittest.main()
