"""The log: priorities in systemd's journal, and the path of each notification with BELFRY_LOG=debug."""
import os
import re
import unittest

from harness import Gateway, Sandbox, run_belfry
from payloads import notification

TOKEN = "a token for the admin API"
PRIORITY = re.compile(r"<([3467])>(?!\d{4}-\d\d-\d\dT)")
STAMPED = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z (debug|info |warning|error) ")


class LogCase(unittest.TestCase):
    def setUp(self):
        self.sandbox = self.enterContext(Sandbox("--no-rate-limits"))

    def gateway(self, **settings):
        gateway = Gateway(self.sandbox, **settings)
        self.addCleanup(gateway.__exit__, None)
        (gateway.directory / "log").touch()
        return gateway

    def journaled(self, **settings):
        """As under systemd, where standard output and standard error are connected to the journal."""
        gateway = self.gateway(**settings)
        log = os.stat(gateway.directory / "log")
        gateway.environment["JOURNAL_STREAM"] = f"{log.st_dev}:{log.st_ino}"
        return gateway

    def priorities(self, gateway):
        """{priority: text of its lines}. Checks that each line has a priority and no timestamp."""
        found = {}
        for line in gateway.log().splitlines():
            self.assertRegex(line, f"^{PRIORITY.pattern}")
            found[line[1]] = found.get(line[1], "") + line[3:] + "\n"
        return found


class JournalTest(LogCase):
    def test_each_line_has_its_priority_and_no_time(self):
        gateway = self.journaled()
        gateway.configure(server={"listen": f"0.0.0.0:{gateway.port}"}, slack={"bot_token": "${env:BELFRY_TEST_NO_SUCH_VARIABLE}"})
        gateway.spawn()
        gateway.until(lambda: "ready" in gateway.log(), "the gateway is ready")
        gateway.stop()
        found = self.priorities(gateway)
        self.assertIn("delivery: sink is parked", found["3"])
        self.assertIn("accepts notifications from anyone", found["4"])
        self.assertIn("ready version=", found["6"])

    def test_what_keeps_it_from_starting(self):
        gateway = self.journaled(server={"lisen": "x", "max_body": "much"})
        gateway.spawn()
        self.assertEqual(gateway.process.wait(30), 1)
        gateway.process = None
        found = self.priorities(gateway)
        self.assertIn("unknown key", found["3"])
        self.assertIn("much", found["3"])

    def test_a_refused_reload(self):
        gateway = self.journaled(admin={"token": TOKEN})
        gateway.start()
        gateway.configure(admin={"token": TOKEN}, server={"lisen": "x"})
        self.assertEqual(gateway.command("reload").returncode, 1)
        self.assertIn("unknown key", self.priorities(gateway)["3"])

    def test_elsewhere_each_line_has_its_level(self):
        gateway = self.gateway(server={"lisen": "x"})
        gateway.environment["JOURNAL_STREAM"] = "1:1"  # inherited, but another stream
        gateway.spawn()
        self.assertEqual(gateway.process.wait(30), 1)
        gateway.process = None
        for line in gateway.log().splitlines():
            self.assertRegex(line, rf"^({STAMPED.pattern}|/\S+: (error|warning): )")


class DebugTest(LogCase):
    def test_a_notification_can_be_followed(self):
        gateway = self.gateway(
            routes=[{"name": "builds", "when": {"name": "Workspace Autobuild Failed"}, "to": ["slack"]}, {"name": "everyone", "to": ["slack"]}]
        )
        gateway.environment["BELFRY_LOG"] = "debug"
        gateway.start()
        payload = notification()
        self.assertEqual(gateway.post_webhook(payload)[0], 204)
        gateway.wait_idle()
        gateway.stop()
        lines = [line for line in gateway.log().splitlines() if " debug " in line]
        def line(*words):
            found = [line for line in lines if all(word in line for word in words)]
            self.assertTrue(found, f"{words} in\n" + "\n".join(lines))
            return found[0]

        ident = re.search(r" notification=(\S+)", line("webhook: received", f"msg_id={payload['msg_id']}"))[1]
        line("webhook: stored", ident)
        line("pipeline: route not matched", ident, "route=builds", "wanted")
        line("pipeline: route matched", ident, "route=everyone")
        delivery = re.search(r" delivery=(\S+)", line("pipeline: delivery planned", ident, "sink=slack"))[1]
        line("delivery: attempt begins", delivery, "attempt=1")
        line("delivery: attempt ended", delivery, "outcome=delivered", "took=")
        host = self.sandbox.api_url.split("/")[2]
        line("HTTP request", "sink=slack", "method=POST", f"host={host}", "status=200", "took=")


class LevelTest(LogCase):
    def test_a_level_that_there_is_not_is_refused_by_every_command(self):
        gateway = self.gateway()
        gateway.start()
        for command in (["status"], ["reload"], ["plugins", "list"], ["backup", str(gateway.directory / "copy")], ["sinks", "release", "slack"]):
            answer = gateway.command(*command, env={"BELFRY_LOG": "verbose"})
            self.assertEqual(answer.returncode, 2, command)
            self.assertEqual(answer.stderr, 'belfry: environment variable BELFRY_LOG is "verbose"; write debug, info, warn or error\n')
        self.assertEqual(run_belfry("--version", env={"BELFRY_LOG": "verbose"}).returncode, 0)


if __name__ == "__main__":
    unittest.main()
