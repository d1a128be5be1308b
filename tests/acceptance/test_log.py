"""The log: its formats, priorities in systemd's journal, levels, the path of each notification, and repeated faults."""
import json
import os
import pty
import re
import subprocess
import threading
import unittest
import uuid

from harness import BUILD, Gateway, Sandbox, environment, run_belfry
from payloads import notification

TOKEN = "a token for the admin API"
PRIORITY = re.compile(r"<([3467])>(?!\d{4}-\d\d-\d\dT)")
STAMPED = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z (debug|info |warning|error) ")
FIELD = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|[^\s"=\\]+)(?: |$)')


def fields(line):
    """The fields of a logfmt line; fails if the line has anything else."""
    found, at = {}, 0
    while at < len(line):
        field = FIELD.match(line, at)
        if not field:
            raise AssertionError(f"not logfmt at column {at + 1}: {line}")
        found[field[1]] = json.loads(field[2]) if field[2].startswith('"') else field[2]
        at = field.end()
    return found


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


class TerminalGateway(Gateway):
    """A gateway whose standard error is a terminal. Its output is copied to the log file."""

    def spawn(self):
        controller, terminal = pty.openpty()
        self.process = subprocess.Popen(
            [BUILD / "bin/belfry", *self.arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=terminal, cwd=self.directory,
            env=environment(self.environment),
        )
        os.close(terminal)

        def copy():
            with open(self.directory / "log", "ab", buffering=0) as log:
                try:
                    while piece := os.read(controller, 65536):
                        log.write(piece)
                except OSError:
                    pass  # the other end is closed
            os.close(controller)

        self.reader = threading.Thread(target=copy)
        self.reader.start()


class FormatTest(LogCase):
    def serve_once(self, gateway):
        gateway.start()
        self.assertEqual(gateway.post_webhook(notification())[0], 204)
        gateway.wait_idle()
        gateway.stop()
        return gateway.log().splitlines()

    def assert_records(self, records):
        for record in records:
            self.assertRegex(record["time"], r"^\d{4}-\d\d-\d\dT[\d:.]+Z$")
            self.assertIn(record["level"], ("debug", "info", "warn", "error"))
        (delivered,) = [record for record in records if record["event"] == "delivered"]
        self.assertEqual((delivered["level"], delivered["component"], delivered["sink"]), ("info", "delivery", "slack"))

    def test_elsewhere_it_is_logfmt(self):
        self.assert_records([fields(line) for line in self.serve_once(self.gateway(log={"format": "auto"}))])

    def test_json(self):
        records = [json.loads(line) for line in self.serve_once(self.gateway(log={"format": "json"}))]
        self.assert_records(records)
        (delivered,) = [record for record in records if record["event"] == "delivered"]
        self.assertEqual(delivered["attempt"], 1, "a number is a number")

    def test_on_a_terminal_it_is_text(self):
        gateway = TerminalGateway(self.sandbox, log={"format": "auto"})
        self.addCleanup(gateway.__exit__, None)
        (gateway.directory / "log").touch()
        gateway.start()
        gateway.stop()
        gateway.reader.join()
        lines = gateway.log().splitlines()
        self.assertTrue(lines)
        for line in lines:
            self.assertRegex(line, f"^{STAMPED.pattern}")

    def test_in_the_journal_each_line_of_logfmt_has_its_priority(self):
        gateway = self.journaled(log={"format": "logfmt"})
        lines = self.serve_once(gateway)
        self.assertTrue(lines)
        for line in lines:
            self.assertRegex(line, r"^<[3467]>time=")
            self.assertIn("event", fields(line[3:]))

    def test_a_reload_changes_the_format(self):
        gateway = self.gateway(admin={"token": TOKEN})
        gateway.start()
        before = len(gateway.log())
        gateway.configure(admin={"token": TOKEN}, log={"format": "json"})
        self.assertEqual(gateway.command("reload").returncode, 0)
        gateway.until(lambda: '"the new configuration is in use"' in gateway.log()[before:], "a line in the new format")
        gateway.stop()
        self.assertEqual(json.loads(gateway.log().splitlines()[-1])["event"], "stopped")

    def test_a_refused_start_follows_a_configured_format(self):
        gateway = self.gateway(server={"lisen": "x"}, log={"format": "json"})
        gateway.spawn()
        self.assertEqual(gateway.process.wait(30), 1)
        gateway.process = None
        records = [json.loads(line) for line in gateway.log().splitlines()]
        (record,) = [record for record in records if 'unknown key "lisen"' in record["event"]]
        self.assertEqual(record["level"], "error")

    def test_untrusted_text_stays_in_its_value(self):
        forged = 'm\nlevel=error event=forged \x1b[2J\u009b31m\u202e" x=1'
        for form, read in (("text", None), ("logfmt", fields), ("json", json.loads)):
            with self.subTest(form):
                gateway = self.gateway(log={"format": form, "level": "debug"})
                gateway.start()
                self.assertEqual(gateway.post_webhook(notification(msg_id=f"{form} {forged}"))[0], 204)
                gateway.wait_idle()
                gateway.stop()
                log = gateway.log()
                for forbidden in ("\x1b", "\u009b", "\u202e", "\nlevel=error"):
                    self.assertNotIn(forbidden, log)
                if read is None:
                    for line in log.splitlines():
                        self.assertRegex(line, f"^{STAMPED.pattern}")
                else:
                    ids = {record["msg_id"] for record in map(read, log.splitlines()) if "msg_id" in record}
                    self.assertEqual(ids, {f"{form} {forged}".replace("\x1b", "")}, "intake removes ESC")


class DebugTest(LogCase):
    def test_a_notification_can_be_followed(self):
        email = "ada.lovelace@coder.com"
        gateway = self.gateway(
            routes=[{"name": "builds", "when": {"name": "Workspace Autobuild Failed"}, "to": ["slack"]}, {"name": "everyone", "to": ["slack"]}]
        )
        gateway.environment["BELFRY_LOG"] = "debug"
        gateway.start()
        payload = notification(email)
        self.assertEqual(gateway.post_webhook(payload)[0], 204)
        gateway.wait_idle()
        gateway.stop()
        lines = gateway.log().splitlines()
        def line(*words):
            found = [line for line in lines if all(word in line for word in words)]
            self.assertTrue(found, f"{words} in\n" + "\n".join(lines))
            return found[0]

        msg_id = f"msg_id={payload['msg_id']}"
        ident = re.search(r" notification=(\S+)", line("webhook: received", msg_id, f"recipient={email}"))[1]
        ids = (ident, msg_id)
        line("webhook: stored", *ids)
        line("pipeline: route not matched", *ids, "route=builds", "wanted")
        line("pipeline: route matched", *ids, "route=everyone")
        delivery = re.search(r" delivery=(\S+)", line("pipeline: delivery planned", *ids, "sink=slack"))[1]
        line("delivery: attempt begins", *ids, "sink=slack", delivery, "attempt=1")
        line("delivery: attempt ended", *ids, "sink=slack", delivery, "outcome=delivered", "took=")
        line("delivery: delivered", *ids, "sink=slack", delivery, "attempt=1")
        host = self.sandbox.api_url.split("/")[2]
        line("HTTP request", "sink=slack", delivery, "method=POST", f"host={host}", "status=200", "took=")

    def test_the_recipient_is_named_at_debug_only(self):
        gateway = self.gateway()
        gateway.start()
        payload = notification("grace.hopper@coder.com")
        self.assertEqual(gateway.post_webhook(payload)[0], 204)
        gateway.wait_idle()
        gateway.stop()
        self.assertIn(f"msg_id={payload['msg_id']}", gateway.log())
        self.assertNotIn("grace.hopper", gateway.log())

    def test_the_parts_of_a_digest_can_be_followed(self):
        routes = [{"name": "everyone", "to": ["slack"], "digest": {"window": "1s"}}]
        gateway = self.gateway(routes=routes, log={"level": "debug"})
        gateway.start()
        payloads = [notification(body=f"part {number}") for number in range(3)]
        for payload in payloads:
            self.assertEqual(gateway.post_webhook(payload)[0], 204)
        gateway.wait_idle()
        gateway.stop()
        lines = gateway.log().splitlines()
        delivered = [line for line in lines if "delivery: delivered" in line]
        for payload in payloads:
            (part,) = [line for line in lines if "part of a digest" in line and payload["msg_id"] in line]
            delivery = re.search(r" delivery=\S+", part)[0]
            self.assertEqual(len([line for line in delivered if delivery in line]), 1)


class RepeatTest(LogCase):
    COUNT = 1000

    def test_a_fault_of_many_recipients_is_one_line_and_a_count(self):
        gateway = self.gateway()
        gateway.start()
        for _ in range(self.COUNT):
            self.assertEqual(gateway.post_webhook(notification("", **{"payload.user_id": str(uuid.uuid4())}))[0], 204)
        gateway.until(lambda: gateway.metric("belfry_dead_letters") == self.COUNT, "all are rejected", within=120)
        gateway.stop()
        lines = [line for line in gateway.log().splitlines() if "delivery: rejected" in line]
        self.assertRegex(lines[0], r" delivery=\S+ .*reason=no_address")
        counted = 0
        for line in lines:
            more = re.search(r"rejected \.\.\. and (\d+) more in the last minute sink=slack reason=no_address .*more=(\d+)$", line)
            self.assertEqual(bool(more), " delivery=" not in line, line)
            counted += int(more[1]) if more else 1
        self.assertEqual(counted, self.COUNT)
        self.assertLessEqual(len(lines), 12, "two lines a minute")


class LevelTest(LogCase):
    def test_a_reload_changes_the_level(self):
        gateway = self.gateway(admin={"token": TOKEN}, log={"level": "error"})
        gateway.start()
        self.assertEqual(gateway.log(), "")
        gateway.configure(admin={"token": TOKEN}, log={"level": "debug"})
        self.assertEqual(gateway.command("reload").returncode, 0)
        self.assertEqual(gateway.post_webhook(notification())[0], 204)
        gateway.until(lambda: "delivery: attempt ended" in gateway.log(), "lines of that level")
        gateway.wait_idle()
        gateway.configure(admin={"token": TOKEN}, log={"level": "error"})
        self.assertEqual(gateway.command("reload").returncode, 0)
        unseen = notification()
        self.assertEqual(gateway.post_webhook(unseen)[0], 204)
        gateway.wait_idle()
        gateway.stop()
        self.assertNotIn(unseen["msg_id"], gateway.log())
        self.assertNotIn("stopped", gateway.log())

    def test_the_variable_takes_precedence(self):
        gateway = self.gateway(log={"level": "debug"})
        gateway.environment["BELFRY_LOG"] = "error"
        gateway.start()
        self.assertEqual(gateway.post_webhook(notification())[0], 204)
        gateway.wait_idle()
        gateway.stop()
        self.assertEqual(gateway.log(), "")

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
