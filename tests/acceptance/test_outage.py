"""A remote that does not respond: shown in status, in metrics and to systemd, with a few log lines however many attempts fail."""
import json
import re
import unittest

from harness import Gateway, Sandbox, free_port
from notify_socket import NotifySocket
from payloads import notification

TOKEN = "a token for the admin API"
PEOPLE = 8  # within the plugin's burst of 20 lookups


class OutageTest(unittest.TestCase):
    def setUp(self):
        self.sandbox = self.enterContext(Sandbox("--no-rate-limits"))
        self.notified = self.enterContext(NotifySocket(0.4))
        self.gateway = Gateway(self.sandbox, admin={"token": TOKEN})
        self.addCleanup(self.gateway.__exit__, None)
        self.gateway.environment |= self.notified.environment

    def sink(self):
        return json.loads(self.gateway.command("status", "--json").stdout)["sinks"][0]

    def state(self, state):
        return self.gateway.metric("belfry_lane_state", sink="slack", state=state)

    def lines(self, words):
        return [line for line in self.gateway.log().splitlines() if words in line]

    def post(self, count=PEOPLE):
        for person in range(count):
            self.assertEqual(self.gateway.post_webhook(notification(f"person{person}@coder.com"))[0], 204)

    def test_from_its_begin_to_its_end(self):
        self.gateway.start()
        self.sandbox.fault("http", method="users.lookupByEmail", count=None)
        self.post()
        self.gateway.until(lambda: self.state("unreachable") == 1, "the outage is detected")
        self.assertEqual(self.state("open"), 0)
        self.gateway.until(lambda: self.gateway.metric("belfry_delivery_attempts_total", outcome="retry") >= 2 * PEOPLE, "each is retried")
        sink = self.sink()
        self.assertEqual((sink["state"], sink["release"]), ("unreachable", "belfry sinks release slack"))
        self.assertGreaterEqual(sink["failed_attempts"], 2 * PEOPLE)
        self.assertEqual(sink["last_error"]["reason"], sink["reason"])
        self.assertLessEqual(sink["since"], sink["last_error"]["at"])
        text = self.gateway.command("status").stdout
        self.assertRegex(text, r"(?m)^slack is unreachable \(server_error\): .*HTTP 5\d\d.*; \d+ attempts in a row have failed since 20")
        self.notified.wait_status("sink slack is unreachable: ")
        (begins,) = self.lines(" warning delivery: ")
        self.assertRegex(begins, r"delivery: sink is unreachable.* sink=slack reason=server_error .*attempts=3 ")
        self.assertEqual(self.lines("tried again sink="), [])

        self.sandbox.clear_faults()
        self.gateway.until(lambda: self.state("open") == 1, "the outage is over", within=60)
        self.gateway.wait_idle(60)
        sink = self.sink()
        self.assertEqual((sink["state"], sink["reason"], sink["failed_attempts"]), ("open", "", 0))
        self.assertEqual(sink["last_error"]["reason"], "server_error")
        (ends,) = self.lines("delivery: sink is reachable again")
        self.assertRegex(ends, r" info  .* sink=slack attempts=\d+ after=")
        self.assertGreaterEqual(int(re.search(r"attempts=(\d+)", ends)[1]), 2 * PEOPLE)
        self.gateway.stop()

    def test_nobody_listens_there(self):
        self.gateway.configure(admin={"token": TOKEN}, slack={"api_url": f"http://127.0.0.1:{free_port()}/api/"})
        self.gateway.start()
        self.post(1)
        self.gateway.until(lambda: self.state("unreachable") == 1, "a single delivery is enough, after some time")
        self.assertEqual(self.gateway.admin("/readyz")[0], 200)
        self.assertRegex(self.gateway.command("status").stdout, r"(?m)^slack is unreachable \(connection\): ")
        released = self.gateway.command("sinks", "release", "slack")
        self.assertEqual(released.returncode, 0, released.stderr)
        self.assertIn("slack was unreachable: ", released.stdout)
        self.gateway.stop()
        self.assertEqual(len(self.lines("sink is unreachable")), 1)


class SignalsTest(unittest.TestCase):
    def setUp(self):
        self.sandbox = self.enterContext(Sandbox("--no-rate-limits"))

    def gateway(self, **settings):
        gateway = Gateway(self.sandbox, admin={"token": TOKEN}, **settings)
        self.addCleanup(gateway.__exit__, None)
        return gateway

    def test_every_series_is_there_before_anything_happens(self):
        gateway = self.gateway()
        gateway.start()
        text = gateway.admin("/metrics")[1]
        for series in (
            'belfry_dead_letters_total{sink="slack"} 0', 'belfry_dead_letters{sink="slack"} 0', 'belfry_queue_depth{sink="slack",state="waiting"} 0',
            'belfry_queue_oldest_seconds{sink="slack"} 0', 'belfry_delivery_stalled{sink="slack"} 0',
            'belfry_deliveries_total{outcome="rejected",reason="",sink="slack"} 0', 'belfry_lane_state{sink="slack",state="unreachable"} 0',
            'belfry_notifications_received_total{result="accepted",source="coder"} 0', "belfry_clock_steps_total 0", "belfry_log_dropped_total 0",
        ):
            self.assertIn(f"\n{series}\n", text)
        self.sandbox.post("users", email="gone@coder.com", absent=True)
        gateway.post_webhook(notification("gone@coder.com"))
        gateway.until(lambda: gateway.metric("belfry_dead_letters_total", sink="slack") == 1, "the first dead letter increases the counter")
        gateway.stop()

    def test_what_a_digest_holds_is_not_due(self):
        gateway = self.gateway(routes=[{"name": "held", "to": ["slack"], "digest": {"window": "1h"}}])
        gateway.start()
        gateway.post_webhook(notification())
        gateway.until(lambda: gateway.metric("belfry_queue_depth", state="held") == 1, "the delivery is held")
        self.assertEqual(gateway.metric("belfry_queue_oldest_seconds"), 0)
        self.assertEqual(gateway.metric("belfry_delivery_stalled"), 0)
        text = gateway.command("status")
        self.assertEqual(text.returncode, 0)
        self.assertNotIn("needs at least", text.stdout)
        self.assertRegex(text.stdout, r"(?m)^slack holds back 1 \(.*\); the first is due at 20[\d-]+ [\d:]+ \S+$")
        gateway.stop()

    def test_a_missing_token_does_not_stop_the_intake(self):
        gateway = self.gateway(slack={"bot_token": "${env:BELFRY_TEST_NO_SUCH_VARIABLE}"})
        gateway.start()
        self.assertEqual(gateway.post_webhook(notification())[0], 204)
        self.assertEqual(gateway.metric("belfry_lane_state", sink="slack", state="parked"), 1)
        self.assertEqual(gateway.command("status").returncode, 1)
        gateway.stop()

    def test_only_check_repeats_the_warnings_of_a_configuration(self):
        gateway = self.gateway(server={"listen": "0.0.0.0:1"})
        (gateway.directory / "belfry.yaml").chmod(0o644)
        warned = gateway.command("check", "--file-only").stderr
        self.assertIn("a secret that is written in ", warned)
        self.assertIn("accepts notifications from anyone", warned)
        payload = gateway.directory / "payload.json"
        payload.write_text(json.dumps(notification()))
        for command in (
            ["explain", str(payload)], ["render", "--sink", "slack", str(payload)], ["plan", str(gateway.directory / "belfry.yaml")],
            ["config", "test", str(gateway.directory)], ["plugins", "list"], ["status"], ["reload"], ["sinks", "release", "slack"],
        ):
            self.assertNotIn("warning", gateway.command(*command).stderr, command)


class TextsTest(unittest.TestCase):
    def setUp(self):
        self.sandbox = self.enterContext(Sandbox("--no-rate-limits"))

    def test_an_error_shows_no_pattern(self):
        wrong = {
            "channel": "general", "api_url": "ftp://slack", "interactivity": {"path": "x y"}, "lookup": {"cache": "soon"}, "mention": "ada",
            "coder_url": "coder.example.com",
        }
        gateway = Gateway(self.sandbox, slack=wrong)
        self.addCleanup(gateway.__exit__, None)
        output = gateway.command("check", "--file-only").stderr
        for words in ("such as C0123456789", "must begin with http:// or https://", 'such as "/slack/events"', 'such as "24h"', "such as S0123456789"):
            self.assertIn(words, output)
        for line in output.splitlines():
            self.assertNotRegex(line, r"\^|\[[^\]]*\][*+]|\{\d", "a regular expression")

    def test_no_gateway_is_said_once(self):
        gateway = Gateway(self.sandbox, admin={"token": TOKEN})
        self.addCleanup(gateway.__exit__, None)
        for command in (["status"], ["reload"], ["sinks", "release", "slack"], ["backup", str(gateway.directory / "copy")]):
            output = gateway.command(*command).stderr
            self.assertEqual(output.count(f"127.0.0.1:{gateway.admin_port}"), 1, output)
            self.assertNotIn("?;", output)
            self.assertNotIn("lists its sinks", output)
            self.assertNotIn("backup: backup", output)


if __name__ == "__main__":
    unittest.main()
