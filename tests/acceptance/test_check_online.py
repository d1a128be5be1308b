"""`belfry check --online` checks with Slack that a configuration will work, without changing anything."""
import json
import re
import unittest

from harness import Gateway, Sandbox, free_port
from payloads import notification

CLIENT = {"client_id": "12.34", "client_secret": "a-client-secret"}


class OnlineTest(unittest.TestCase):
    def setUp(self):
        self.sandbox = self.enterContext(Sandbox("--no-rate-limits"))

    def gateway(self, **settings):
        gateway = Gateway(self.sandbox, **settings)
        self.addCleanup(gateway.__exit__, None)
        return gateway

    def check(self, gateway, *options):
        checked = gateway.command("check", "--online", *options)
        for secret in gateway.secrets:
            self.assertNotIn(secret, checked.stdout + checked.stderr)
        return checked

    def test_all_is_well(self):
        gateway = self.gateway()
        checked = self.check(gateway)
        self.assertEqual((checked.returncode, checked.stdout), (0, "the configuration is valid\n"), checked.stderr)
        self.assertRegex(checked.stderr, r"belfry\.yaml:\d+:\d+: note: sinks\.slack\.config\.bot_token: the token is good: workspace Sandbox ")
        self.assertNotRegex(checked.stderr, r": (error|warning): ")
        self.assertEqual({call["method"] for call in self.sandbox.calls()}, {"auth.test", "blocks.validate"})
        self.assertEqual([call["error"] for call in self.sandbox.calls()], [None, None])
        self.assertEqual(self.sandbox.messages(), [])

    def test_without_online_nobody_is_asked(self):
        checked = self.gateway().command("check")
        self.assertEqual((checked.returncode, checked.stderr), (0, ""))
        self.assertEqual(self.sandbox.calls(), [])

    def test_as_json(self):
        document = json.loads(self.check(self.gateway(), "--json").stdout)
        self.assertTrue(document["valid"])
        self.assertEqual({problem["severity"] for problem in document["problems"]}, {"note"})

    def test_a_token_that_slack_refuses(self):
        self.sandbox.post("token", accepted=False, error="account_inactive")
        checked = self.check(self.gateway())
        self.assertEqual((checked.returncode, checked.stdout), (1, ""))
        self.assertRegex(checked.stderr, r":\d+:\d+: error: sinks\.slack\.config\.bot_token: Slack answered account_inactive .*; copy the Bot User")

    def test_scopes(self):
        self.sandbox.post("token", scopes=["chat:write", "users:read"])
        checked = self.check(self.gateway())
        self.assertEqual(checked.returncode, 1)
        self.assertRegex(checked.stderr, r": error: .* lacks the scope users:read\.email.*; add it under OAuth & Permissions")
        self.assertRegex(checked.stderr, r": warning: .* lacks the scope im:history")

    def test_slack_cannot_be_reached(self):
        checked = self.check(self.gateway(slack={"api_url": f"http://127.0.0.1:{free_port()}/api/"}))
        self.assertEqual(checked.returncode, 1)
        self.assertRegex(checked.stderr, r": error: sinks\.slack\.config\.bot_token: cannot reach Slack")

    def test_each_sink_is_asked(self):
        self.sandbox.post("channels", id="C0123456789")
        config = {"bot_token": "xoxb-somebody-elses", "api_url": self.sandbox.api_url, "channel": "C0123456789"}
        gateway = self.gateway(sinks={"other": {"plugin": "slack", "config": config}, "log": {"plugin": "console"}})
        checked = self.check(gateway)
        self.assertEqual(checked.returncode, 1)
        self.assertRegex(checked.stderr, r": note: sinks\.slack\.config\.bot_token: the token is good")
        self.assertRegex(checked.stderr, r": error: sinks\.other\.config\.bot_token: Slack answered invalid_auth")
        self.assertRegex(checked.stderr, r": note: sinks\.log: plugin console has no online check")

    def test_channels_that_the_app_is_not_a_member_of(self):
        scopes = ["chat:write", "users:read", "users:read.email", "im:history", "im:write", "channels:history", "channels:read"]
        self.sandbox.post("token", scopes=scopes)
        self.sandbox.post("channels", id="C0000000001", name="members")
        for number in (2, 3, 4):
            self.sandbox.post("channels", id=f"C000000000{number}", name=f"others-{number}", member=False)
        target = lambda number: [{"sink": "slack", "channel": f"C000000000{number}"}]  # noqa: E731
        routes = [
            {"name": "members", "when": {"name": "Workspace Deleted"}, "to": target(1)},
            {"name": "others", "when": {"name": "Workspace Created"}, "to": target(2), "routes": [{"name": "inner", "when": {"source": "coder"}, "to": target(3)}]},
            {"name": "again", "when": {"name": "Test Notification"}, "to": target(2)},
            {"name": "rest", "to": ["slack"]},
        ]
        gateway = self.gateway(slack={"fallback_channel": "C0000000004"}, routes=routes)
        checked = self.check(gateway)
        self.assertEqual(checked.returncode, 1)
        errors = [line for line in checked.stderr.splitlines() if ": error: " in line]
        found = sorted(re.search(r": error: (.*?): the app is not a member of the channel (\S+ \(#\S+\)): .*; invite the app", line).groups() for line in errors)
        self.assertEqual(found, [
            ("route inner to slack/channel", "C0000000003 (#others-3)"),
            ("route others to slack/channel", "C0000000002 (#others-2)"),
            ("sinks.slack.config.fallback_channel", "C0000000004 (#others-4)"),
        ])
        self.assertRegex(checked.stderr, r": note: route members to slack/channel: the app is a member of the channel C0000000001 \(#members\)")
        self.assertEqual({call["method"] for call in self.sandbox.calls()}, {"auth.test", "blocks.validate", "conversations.info"})
        self.assertEqual(self.sandbox.messages(), [])
        self.sandbox.post("token", scopes=[*scopes, "chat:write.public"])
        self.assertEqual(self.check(gateway).returncode, 0)

    def test_what_is_wrong_with_one_sink_does_not_hide_another(self):
        gateway = self.gateway(sinks={"other": {"plugin": "slack", "config": {"bot_token": "${env:BELFRY_TEST_NO_SUCH_VARIABLE}"}}})
        checked = self.check(gateway)
        self.assertEqual(checked.returncode, 1)
        self.assertIn("BELFRY_TEST_NO_SUCH_VARIABLE", checked.stderr)
        self.assertIn("the token is good", checked.stderr)

    def test_the_running_gateway_is_left_alone(self):
        self.sandbox.post("rotation", refresh_token="xoxe-1-first-refresh", **CLIENT)
        self.sandbox.post("token", accepted=False, error="token_expired")
        gateway = self.gateway(slack={"token_rotation": CLIENT | {"refresh_token": "xoxe-1-first-refresh"}})
        gateway.secrets += ["xoxe.xoxb-1-sandbox-access", "xoxe-1-sandbox-refresh", CLIENT["client_secret"]]
        checked = self.check(gateway)
        self.assertEqual(checked.returncode, 0, checked.stderr)
        self.assertRegex(checked.stderr, r": warning: sinks\.slack\.config\.bot_token: the configured token has expired")
        self.assertEqual(self.sandbox.calls("oauth.v2.access"), [])
        gateway.start()
        gateway.post_webhook(notification())
        self.sandbox.wait_for_count(1)
        self.assertEqual(self.check(gateway).returncode, 0)
        gateway.post_webhook(notification("later@coder.com"))
        self.sandbox.wait_for_count(2)
        self.assertEqual(len(self.sandbox.calls("oauth.v2.access")), 1)

    def test_not_with_startable(self):
        self.assertEqual(self.gateway().command("check", "--online", "--startable").returncode, 2)


if __name__ == "__main__":
    unittest.main()
