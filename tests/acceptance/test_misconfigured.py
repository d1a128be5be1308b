"""A token that Slack rejects parks the lane: everything is kept, the log shows what to do, and the lane reopens by itself."""
import os
import subprocess
import unittest

from harness import BUILD, Gateway, Sandbox
from payloads import notification


class MisconfiguredTest(unittest.TestCase):
    def setUp(self):
        self.sandbox = self.enterContext(Sandbox("--no-rate-limits"))

    def parked(self, gateway):
        return gateway.metric("belfry_lane_state", sink="slack", state="parked") == 1

    def kept(self, gateway):
        return gateway.metric("belfry_queue_depth", sink="slack")

    def check(self, break_it, fix_it, words):
        gateway = self.enterContext(Gateway(self.sandbox))
        break_it()
        for index in range(5):
            self.assertEqual(gateway.post_webhook(notification(f"reader{index}@coder.com"))[0], 204)
        gateway.until(lambda: self.parked(gateway), "the lane is parked")
        self.assertEqual(gateway.post_webhook(notification("later@coder.com"))[0], 204)
        self.assertEqual(self.kept(gateway), 6)
        self.assertEqual(gateway.metric("belfry_dead_letters", sink="slack"), 0)
        self.assertEqual(gateway.readiness(), 200, "webhooks are still accepted")
        line = next(line for line in gateway.log().splitlines() if "parked" in line)
        for word in words:
            self.assertIn(word, line)
        calls = len(self.sandbox.calls())
        self.assertLess(calls, 20, "a parked lane makes few calls")
        fix_it()
        self.sandbox.wait_for_count(6, within=60)
        gateway.until(lambda: gateway.metric("belfry_lane_state", sink="slack", state="open") == 1, "the lane is open")
        gateway.wait_idle(within=60)
        self.assertEqual(len(self.sandbox.messages()), 6)

    def test_a_revoked_token(self):
        self.check(
            lambda: self.sandbox.post("token", accepted=False, error="token_revoked"),
            lambda: self.sandbox.post("token", accepted=True),
            ["slack", "token_revoked"],
        )

    def test_a_wrong_token(self):
        self.check(
            lambda: self.sandbox.post("token", value="xoxb-somebody-elses"),
            lambda: self.sandbox.post("token", value=self.sandbox.token),
            ["slack", "invalid_auth", "bot_token"],
        )

    def test_a_missing_scope(self):
        self.check(
            lambda: self.sandbox.post("token", scopes=["users:read.email", "users:read"]),
            lambda: self.sandbox.post("token", scopes=["users:read.email", "users:read", "chat:write"]),
            ["slack", "missing_scope", "chat:write"],
        )

    def test_other_people_do_not_park_the_lane(self):
        gateway = self.enterContext(Gateway(self.sandbox))
        self.sandbox.post("users", email="gone@coder.com", absent=True)
        gateway.post_webhook(notification("gone@coder.com"))
        gateway.until(lambda: gateway.metric("belfry_dead_letters") == 1, "a dead letter")
        self.assertFalse(self.parked(gateway))

    def test_no_token_at_all(self):
        gateway = Gateway(self.sandbox, slack={"bot_token": "${env:BELFRY_TEST_NO_SUCH_VARIABLE}"})
        self.addCleanup(gateway.__exit__, None)
        gateway.start()
        self.assertRegex(gateway.admin("/readyz")[1], r"^ready\nnote: sink slack cannot run: .*BELFRY_TEST_NO_SUCH_VARIABLE")
        self.assertIn("BELFRY_TEST_NO_SUCH_VARIABLE", gateway.log())
        self.assertTrue(self.parked(gateway))
        self.assertEqual(gateway.post_webhook(notification())[0], 204)
        self.assertEqual(self.kept(gateway), 1)
        self.assertEqual(self.sandbox.calls(), [])
        gateway.stop()
        gateway.configure()
        gateway.start()
        self.sandbox.wait_for_count(1)

    def test_a_configuration_that_is_wrong_is_not_started(self):
        gateway = Gateway(self.sandbox, server={"lisen": "x"})
        self.addCleanup(gateway.__exit__, None)
        ended = subprocess.run(
            [BUILD / "bin/belfry", "serve", "--config", gateway.directory / "belfry.yaml"],
            capture_output=True,
            text=True,
            timeout=20,
            env=os.environ | {"HOME": str(gateway.directory)},
        )
        self.assertEqual(ended.returncode, 1)
        self.assertRegex(ended.stderr, r"belfry\.yaml:\d+:\d+: error: .*lisen.*listen")


if __name__ == "__main__":
    unittest.main()
