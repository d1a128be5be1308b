"""The commands for operators against a running gateway: deliveries, why, send, audit, log-level, status --watch; piped and on a terminal."""
import datetime
import errno
import fcntl
import getpass
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
import unittest
import uuid

import yaml
from harness import BUILD, Gateway, Sandbox, environment, run_belfry
from payloads import notification

ESCAPES = "\x1b[31mred\x1b]0;owned\x07 \u202eevil \u009b2J"


class Terminal:
    """A command on a pseudo-terminal of a given size."""

    def __init__(self, *arguments, env=None, columns=120, rows=40):
        self.main, side = pty.openpty()
        fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        variables = environment({"TERM": "xterm", "NO_COLOR": None} | (env or {}))
        self.process = subprocess.Popen([BUILD / "bin/belfry", *arguments], stdin=side, stdout=side, stderr=side, env=variables)
        os.close(side)
        self.output = b""

    @property
    def text(self):
        return self.output.decode(errors="ignore").replace("\r\n", "\n")

    def read_until(self, condition, what, within=30.0):
        """Reads until the condition holds for the text so far, or until the end if it is None."""
        deadline = time.monotonic() + within
        while condition is None or not condition(self.text):
            if not select.select([self.main], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise AssertionError(f"timeout after {within} s, waiting for: {what}\n{self.text}")
            try:
                part = os.read(self.main, 65536)
            except OSError as error:  # the other side is closed
                if error.errno != errno.EIO:
                    raise
                part = b""
            if not part:
                if condition is None:
                    return self.text
                raise AssertionError(f"the command ended, waiting for: {what}\n{self.text}")
            self.output += part
        return self.text

    def end(self):
        """The exit code and all output."""
        self.read_until(None, "the end of the command")
        return self.process.wait(30), self.text

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.main)


class OperatorCase(unittest.TestCase):
    """One gateway, with a Unix socket for its commands, for all tests of the class."""

    @classmethod
    def setUpClass(cls):
        cls.sandbox = cls.enterClassContext(Sandbox("--no-rate-limits"))
        gateway = Gateway(cls.sandbox)
        gateway.configure(admin={"listen": [f"127.0.0.1:{gateway.admin_port}", f"unix:{gateway.directory}/admin.sock"]})
        cls.gateway = cls.enterClassContext(gateway)

    def setUp(self):
        self.sandbox.clear_faults()
        self.person = f"{uuid.uuid4().hex[:8]}@coder.com"

    def succeeds(self, *arguments, code=0, **options):
        """The standard output of a command."""
        done = self.gateway.command(*arguments, **options)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout

    def fails(self, *arguments, code=1):
        """The standard error of a command that prints no result."""
        done = self.gateway.command(*arguments)
        self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
        return done.stderr

    def terminal(self, *arguments, **options):
        terminal = Terminal(*arguments, "--config", self.gateway.directory / "belfry.yaml", **options)
        self.addCleanup(terminal.close)
        return terminal

    def deliver(self, count=1, **members):
        """Accepts notifications for this test's person and waits for their end; returns the msg_ids."""
        payloads = [notification(self.person, **members) for _ in range(count)]
        for payload in payloads:
            self.assertEqual(self.gateway.post_webhook(payload)[0], 204)
        self.gateway.wait_idle()
        return [payload["msg_id"] for payload in payloads]

    def kill_letters(self, count=1, **members):
        """As deliver(), but Slack refuses all of them for good."""
        self.sandbox.fault("error", error="restricted_action", count=None)
        sent = self.deliver(count, **members)
        self.sandbox.clear_faults()
        return sent

    def listed(self, *filters):
        return json.loads(self.succeeds("deliveries", "list", "--to", self.person, "--json", *filters))["deliveries"]


class ListTest(OperatorCase):
    def test_filters_and_order(self):
        first, second = self.deliver(1, **{"payload.notification_name": "First"}) + self.deliver(1, **{"payload.notification_name": "Second"})
        dead = self.kill_letters()
        self.assertEqual([one["msg_id"] for one in self.listed()], [*dead, second, first], "newest first")
        self.assertEqual([one["msg_id"] for one in self.listed("--state", "dead")], dead)
        self.assertEqual([one["msg_id"] for one in self.listed("--name", "First")], [first])
        self.assertEqual([one["msg_id"] for one in self.listed("--since", "1h", "--sink", "slack", "--state", "delivered")], [second, first])
        self.assertEqual(self.listed("--since", "2099-01-31T09:00:00Z"), [])

    def test_more_than_a_page(self):
        self.deliver(5)
        done = self.gateway.command("deliveries", "list", "--to", self.person, "--limit", "3")
        self.assertEqual((done.returncode, len(done.stdout.splitlines())), (0, 4), done.stdout)
        self.assertEqual(done.stderr, "3 shown, newest first; --limit N shows more\n")
        self.assertEqual(len(self.listed("--limit", "5")), 5)

    def test_a_pipe_gets_plain_text(self):
        (msg_id,) = self.deliver()
        text = self.succeeds("deliveries", "list", "--to", self.person)
        (delivery,) = self.listed()
        header, row = text.splitlines()
        self.assertEqual(header.split(), ["CREATED", "STATE", "SINK", "TO", "EVENT", "TRIES", "ID", "REASON"])
        self.assertRegex(row, rf"^20[\d-]+ [\d:]+ \S+ +delivered +slack +{self.person} +Workspace Deleted +1 +{delivery['id']} ")
        self.assertNotRegex(text, "[\x1b\t…]")
        self.assertEqual(delivery["msg_id"], msg_id)

    def test_times_are_local(self):
        self.deliver()
        for zone, abbreviation in (("Asia/Tokyo", "JST"), ("UTC", "UTC")):
            self.assertRegex(self.succeeds("deliveries", "list", "--to", self.person, env={"TZ": zone}), rf"(?m)^20[\d-]+ [\d:]+ {abbreviation} ")

    def test_a_terminal_gets_colours_and_columns_that_fit(self):
        self.kill_letters()
        for columns in (80, 120, 200):
            code, text = self.terminal("deliveries", "list", "--to", self.person, columns=columns).end()
            self.assertEqual(code, 0, text)
            self.assertIn("\x1b[31mdead\x1b[0m", text)
            self.assertIn(self.listed()[0]["id"], text)
            plain = re.sub(r"\x1b\[\d*m", "", text)
            self.assertLessEqual(max(map(len, plain.splitlines())), columns, plain)
            self.assertNotIn("\x1b", plain)
            _, text = self.terminal("deliveries", "list", "--to", self.person, columns=columns, env={"NO_COLOR": "1"}).end()
            self.assertNotIn("\x1b", text)

    def test_mistakes(self):
        for arguments, words in (
            (["--state", "deaf"], '--state is "deaf"; write waiting, '),
            (["--since", "yesterday"], '--since is "yesterday"; write a duration'),
            (["--sink", "slak"], "slak.*slack"),
            (["--limit", "0"], "--limit"),
            (["--limit", "many"], "--limit"),
        ):
            self.assertRegex(self.fails("deliveries", "list", *arguments, code=2), words)


class ShowTest(OperatorCase):
    def test_by_each_id(self):
        (msg_id,) = self.deliver()
        (delivery,) = self.listed()
        for name in (msg_id, delivery["id"], delivery["notification"]):
            text = self.succeeds("deliveries", "show", name)
            for words in (msg_id, delivery["id"], delivery["notification"], "Workspace \"dev\" deleted", "Your workspace dev was deleted.", "delivered"):
                self.assertIn(words, text)
            self.assertRegex(text, r"(?m)^  receipt +\{")
            self.assertRegex(text, r"(?m)^  attempt 1 +20.*delivered")
            document = json.loads(self.succeeds("deliveries", "show", name, "--json"))
            self.assertEqual([one["id"] for one in document["matches"][0]["deliveries"]], [delivery["id"]])

    def test_unknown_ids(self):
        for name in (str(uuid.uuid4()), "../status", "a b?c#d", "ü", ESCAPES):
            done = self.gateway.command("deliveries", "show", name)
            # Control characters cannot be part of an id.
            self.assertEqual((done.returncode, done.stdout), (2 if name == ESCAPES else 1, ""))
            self.assertRegex(done.stderr, r"^belfry deliveries show: .+\n$")
            self.assertNotIn("\x1b", done.stderr)
        self.assertEqual(self.gateway.command("deliveries", "show", "").returncode, 2)

    def test_nothing_in_a_notification_reaches_the_terminal(self):
        (msg_id,) = self.deliver(1, title=ESCAPES, body=ESCAPES, **{"payload.notification_name": ESCAPES, "payload.user_name": ESCAPES})
        for arguments in (
            ["deliveries", "list", "--to", self.person],
            ["deliveries", "show", msg_id],
            ["deliveries", "show", msg_id, "--json"],
            ["why", msg_id],
            ["why", "--to", self.person],
        ):
            with self.subTest(arguments):
                code, text = self.terminal(*arguments, columns=400, env={"NO_COLOR": "1"}).end()
                self.assertEqual(code, 0, text)
                self.assertNotRegex(text, "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
                self.assertIn("red", text)

    def test_a_passcode_is_not_shown(self):
        passcode = "q7z9-passcode"
        (msg_id,) = self.deliver(1, **{"payload.notification_name": "One-Time Passcode", "payload.labels": {"one_time_passcode": passcode}})
        document = json.loads(self.succeeds("deliveries", "show", msg_id, "--json"))
        self.assertTrue(document["matches"][0]["notification"]["sensitive"])
        for arguments in (["deliveries", "show", msg_id], ["deliveries", "show", msg_id, "--json"], ["why", msg_id]):
            self.assertNotIn(passcode, self.succeeds(*arguments))


class ChangeTest(OperatorCase):
    def test_by_id(self):
        self.kill_letters(3)
        retried, discarded, left = self.listed()
        self.assertEqual(self.succeeds("deliveries", "retry", retried["id"], "--dry-run"), "1 delivery would be queued again\n")
        self.assertEqual(len(self.listed("--state", "dead")), 3, "a dry run changes nothing")
        self.assertEqual(self.succeeds("deliveries", "retry", retried["id"], "--reason", "Slack is back"), "1 delivery queued again\n")
        self.gateway.wait_idle()
        self.assertEqual(self.succeeds("deliveries", "discard", discarded["id"], "--reason", "left the company"), "1 delivery discarded\n")
        self.assertEqual({one["id"]: one["state"] for one in self.listed()}, {retried["id"]: "delivered", discarded["id"]: "discarded", left["id"]: "dead"})

        # Unchanged ones are listed with their reason; the others are changed.
        unknown = str(uuid.uuid4())
        done = self.gateway.command("deliveries", "discard", left["id"], retried["id"], unknown, "--reason", "gone")
        self.assertEqual((done.returncode, done.stdout), (1, "1 delivery discarded\n"), done.stderr)
        for name in (retried["id"], unknown):
            self.assertRegex(done.stderr, rf"(?m)^belfry deliveries discard: {name} left unchanged: .+$")
        self.gateway.wait_idle()
        self.assertEqual(self.listed("--state", "dead"), [])
        done = self.gateway.command("deliveries", "retry", unknown, "--json")
        self.assertEqual((done.returncode, [one["id"] for one in json.loads(done.stdout)["unchanged"]]), (1, [unknown]))

    def test_more_ids_than_fit_into_a_request(self):
        self.kill_letters(2)
        ids = [one["id"] for one in self.listed()]
        unknown = [str(uuid.uuid4()) for _ in range(2_100)]
        done = self.gateway.command("deliveries", "retry", ids[0], *unknown, ids[1], "--json")
        self.assertEqual(done.returncode, 1, done.stderr)
        document = json.loads(done.stdout)
        self.assertEqual((sorted(document["changed"]), len(document["unchanged"])), (sorted(ids), 2_100))
        self.gateway.wait_idle()

    def test_all_dead_letters_that_match(self):
        self.kill_letters(250, **{"payload.notification_name": "Bulk"})
        self.kill_letters(2, **{"payload.notification_name": "Kept"})
        mine = ["--dead", "--to", self.person, "--name", "Bulk"]
        self.assertEqual(self.succeeds("deliveries", "retry", *mine, "--dry-run"), "250 deliveries would be queued again\n")
        self.assertEqual(self.succeeds("deliveries", "retry", *mine, "--reason", "Slack is back"), "250 deliveries queued again\n")
        self.gateway.wait_idle(60)
        self.assertEqual(len(self.listed("--state", "delivered", "--limit", "1000")), 250)
        self.assertEqual(self.succeeds("deliveries", "retry", *mine), "0 deliveries queued again\n")
        discarded = self.succeeds("deliveries", "discard", "--dead", "--to", self.person, "--reason", "not needed", "--json")
        self.assertEqual({key: json.loads(discarded)[key] for key in ("state", "changed", "unchanged")}, {"state": "done", "changed": 2, "unchanged": 0})
        self.assertEqual(len(self.listed("--state", "discarded")), 2)

    def test_discarding_on_a_terminal_is_confirmed(self):
        self.kill_letters()
        mine = ["deliveries", "discard", "--dead", "--to", self.person, "--reason", "not needed"]
        for answer, code, left in ((b"n\n", 1, 1), (b"y\n", 0, 0)):
            terminal = self.terminal(*mine)
            terminal.read_until(lambda text: "Discard 1 dead letter?" in text, "the question")
            os.write(terminal.main, answer)
            self.assertEqual(terminal.end()[0], code, terminal.text)
            self.assertEqual(len(self.listed("--state", "dead")), left)

    def test_mistakes(self):
        for arguments in (
            ["retry"],
            ["retry", "an-id", "--dead"],
            ["retry", "an-id", "--sink", "slack"],
            ["retry", "--dead", "--since", "yesterday"],
            ["retry", "--dead", "--sink", "slak"],
            ["discard", "an-id"],
            ["discard", "--dead"],
        ):
            with self.subTest(arguments):
                self.assertRegex(self.fails("deliveries", *arguments, code=2), rf"^belfry deliveries {arguments[0]}: ")


class AuditTest(OperatorCase):
    def test_changes_are_recorded_with_the_name_of_the_user(self):
        self.kill_letters()
        (delivery,) = self.listed()
        self.succeeds("deliveries", "retry", delivery["id"], "--reason", f"for {self.person}")
        self.gateway.wait_idle()
        (action,) = [one for one in json.loads(self.succeeds("audit", "--json"))["actions"] if one["reason"] == f"for {self.person}"]
        self.assertEqual((action["action"], action["deliveries"]), ("retry", 1))
        self.assertIn(f"uid {os.getuid()}", action["by"])
        text = self.succeeds("audit")
        self.assertRegex(text, rf"(?m)^20.* retry +\S.*uid {os.getuid()}.* 1 .*for {self.person}$")
        self.assertIn(getpass.getuser() if os.getuid() else "root", text)
        self.assertIn("--limit N shows more", self.gateway.command("audit", "--limit", "1").stderr)


class WhyTest(OperatorCase):
    def test_the_newest_is_the_last(self):
        first, second = self.deliver() + self.kill_letters()
        text = self.succeeds("why", "--to", self.person)
        older, newer = text.rstrip("\n").split("\n\n")
        for paragraph, state in ((older, "delivered"), (newer, "dead")):
            (delivery,) = self.listed("--state", state)
            self.assertIn(delivery["notification"], paragraph)
        document = json.loads(self.succeeds("why", "--to", self.person, "--json"))
        self.assertEqual({one["msg_id"] for one in document["explanations"]}, {first, second})

    def test_paragraphs_are_wrapped_on_a_terminal(self):
        (msg_id,) = self.kill_letters()
        code, text = self.terminal("why", msg_id, columns=90, env={"NO_COLOR": "1"}).end()
        self.assertEqual(code, 0, text)
        self.assertGreater(len(text.splitlines()), 2, text)
        self.assertLessEqual(max(map(len, text.splitlines())), 90)

    def test_nothing_arrived(self):
        self.deliver()
        done = self.gateway.command("why", "--to", "nobody@coder.com")
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        self.assertIn("nobody@coder.com", done.stdout)
        self.assertRegex(self.fails("why", code=2), "--to EMAIL")
        self.assertRegex(self.fails("why", "--to", "nobody", code=2), "e-mail")


class SendTest(OperatorCase):
    def test_it_arrives(self):
        text = self.succeeds("send", "--to", self.person, "--title", "A test", "--body", "Hello", "--severity", "error")
        self.assertRegex(text, rf"^slack, {self.person}: delivered, receipt \{{.*\}}\n$")
        (message,) = self.sandbox.messages(email=self.person)
        self.assertIn("A test", json.dumps(message))

    def test_it_does_not_arrive(self):
        self.sandbox.fault("error", error="restricted_action", count=None)
        self.assertRegex(self.succeeds("send", "--to", self.person, code=1), rf"^slack, {self.person}: dead \(restricted_action\)")
        self.sandbox.clear_faults()
        self.sandbox.fault("http", count=None)
        done = self.gateway.command("send", "--to", self.person, "--timeout", "1s")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"did not arrive within 1s; to follow it, run: belfry deliveries show --config \S+/belfry\.yaml \S+$")
        self.sandbox.clear_faults()
        self.gateway.command("sinks", "release", "slack")
        self.gateway.wait_idle(60)

    def test_mistakes(self):
        self.assertEqual(self.gateway.command("send").returncode, 2)
        self.assertIn("e-mail", self.fails("send", "--to", "nobody", code=2))
        self.assertIn("slack", self.fails("send", "--to", self.person, "--sink", "slak"))
        self.assertIn("error", self.fails("send", "--to", self.person, "--severity", "loud", code=2))


class SendByRulesTest(unittest.TestCase):
    """A test notification goes where the rules send it; --sink passes them."""

    @classmethod
    def setUpClass(cls):
        sandbox = cls.enterClassContext(Sandbox("--no-rate-limits"))
        gateway = Gateway(sandbox)
        now = datetime.datetime.now(datetime.timezone.utc)
        hours = {"from": f"{now - datetime.timedelta(hours=2):%H:%M}", "to": f"{now + datetime.timedelta(hours=2):%H:%M}", "time_zone": "UTC"}

        def route(name, to=("slack",), **more):
            return {"name": name, "when": {"recipient.email": f"{name}@coder.com"}, "to": list(to)} | more

        routes = [
            route("quiet", quiet_hours=hours),
            route("daily", digest={"window": "1h"}),
            route("both", to=("slack", "console")),
            {"name": "everyone", "to": ["slack"]},
        ]
        gateway.configure(
            admin={"listen": [f"127.0.0.1:{gateway.admin_port}", f"unix:{gateway.directory}/admin.sock"]},
            sinks={"console": {"plugin": "console"}},
            routes=routes,
        )
        file = gateway.directory / "belfry.yaml"
        written = yaml.safe_load(file.read_text())
        written["pipeline"]["processors"] = [
            {"name": "mute", "when": {"recipient.email": "mute@coder.com"}, "drop": "not today"},
            {"name": "once", "dedupe": {"key": "{{name}}", "window": "24h"}},
        ]
        file.write_text(yaml.safe_dump(written, sort_keys=False))
        cls.gateway = cls.enterClassContext(gateway)

    def send(self, name, *options):
        return self.gateway.command("send", "--to", f"{name}@coder.com", *options)

    def test_every_sink_of_its_routes_sends_it_and_dedupe_does_not_apply(self):
        for _ in range(2):
            done = self.send("both")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertEqual(sorted(re.findall(r"(?m)^(\w+), both@coder\.com: delivered", done.stdout)), ["console", "slack"])

    def test_one_that_a_rule_holds_is_reported_with_the_command_that_sends_it_now(self):
        for name, rule in (("quiet", "quiet hours"), ("daily", "the digest")):
            done = self.send(name)
            self.assertEqual((done.returncode, done.stderr), (3, ""), done.stdout)
            line = rf'^slack, {name}@coder\.com: held until 20[\d-]+ [\d:]+ \S+ by {rule} of route "{name}"; to send now, run: belfry (.*)\n$'
            self.assertRegex(done.stdout, line)
            command = re.match(line, done.stdout)[1]
            self.assertRegex(command, rf"^send --config \S+ --to {name}@coder\.com --sink slack$")
            at_once = run_belfry(*command.split())
            self.assertEqual(at_once.returncode, 0, at_once.stdout + at_once.stderr)

    def test_one_that_the_rules_send_nowhere_is_refused_and_not_stored(self):
        past = r"; nothing was sent; to send it past the rules, name a sink with --sink: console, slack\n$"
        done = self.send("mute")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        why = r'it is dropped by processor "mute": not today \(recipient\.email is "mute@coder\.com"\)'
        self.assertRegex(done.stderr, rf"^belfry send: {why}{past}")
        self.assertEqual(self.send("mute", "--sink", "console").returncode, 0)
        explained = json.loads(self.gateway.command("why", "--to", "mute@coder.com", "--json").stdout)["explanations"]
        self.assertEqual(len(explained), 1, "only the one past the rules")


class RetryOfANotificationTest(unittest.TestCase):
    """A notification that was dropped or deduplicated is sent on an operator's request."""

    def test_the_present_rules_route_it_once(self):
        sandbox = self.enterContext(Sandbox("--no-rate-limits"))
        gateway = Gateway(sandbox)
        gateway.configure(admin={"listen": [f"127.0.0.1:{gateway.admin_port}", f"unix:{gateway.directory}/admin.sock"]})
        file = gateway.directory / "belfry.yaml"
        written = yaml.safe_load(file.read_text())
        once = {"name": "once", "dedupe": {"key": "{{name}}", "window": "24h"}}

        def write(*processors):
            written["pipeline"]["processors"] = [*processors, once]
            file.write_text(yaml.safe_dump(written, sort_keys=False))

        write({"name": "mute", "when": {"name": "Muted"}, "drop": "not today"})
        self.enterContext(gateway)
        person = f"{uuid.uuid4().hex[:8]}@coder.com"

        def send(name):
            payload = notification(person, **{"payload.notification_name": name})
            self.assertEqual(gateway.post_webhook(payload)[0], 204)
            gateway.wait_idle()
            return payload["msg_id"]

        def listed():
            return json.loads(gateway.command("deliveries", "list", "--to", person, "--json").stdout)["deliveries"]

        # The rules drop it again: nothing changes, and the command names the rule.
        muted = send("Muted")
        done = gateway.command("deliveries", "retry", muted)
        self.assertEqual((done.returncode, done.stdout), (1, "0 deliveries queued again\n"), done.stderr)
        self.assertIn(f'{muted} left unchanged: was not sent: it is dropped by processor "mute": not today', done.stderr)
        self.assertEqual(listed(), [])

        # With other rules it is sent, once, however often the command runs, and across a crash.
        write()
        self.assertEqual(gateway.command("reload").returncode, 0)
        done = gateway.command("deliveries", "retry", muted, "--reason", "asked for it")
        self.assertEqual((done.returncode, done.stdout), (0, "1 delivery queued again\n"), done.stderr)
        gateway.kill()
        gateway.start()
        done = gateway.command("deliveries", "retry", muted)
        self.assertEqual((done.returncode, done.stdout), (1, "0 deliveries queued again\n"), done.stderr)
        gateway.wait_idle()
        self.assertEqual([one["state"] for one in listed()], ["delivered"])
        why = gateway.command("why", muted).stdout
        self.assertRegex(why.replace("\n", " "), r'Routed again .*by .*uid \d+\): asked for it\..* Route "\S+" chose .*Sent at ')
        (action,) = [one for one in json.loads(gateway.command("audit", "--json").stdout)["actions"] if one["action"] == "retry"]
        self.assertEqual((action["reason"], action["deliveries"]), ("asked for it", 1))

        # Dedupe does not apply to a retry.
        send("Repeated")
        repeated = send("Repeated")
        self.assertEqual(len(listed()), 2)
        self.assertEqual(gateway.command("deliveries", "retry", repeated).stdout, "1 delivery queued again\n")
        gateway.wait_idle()
        self.assertEqual([one["state"] for one in listed()], ["delivered"] * 3)
        self.assertEqual(gateway.metric("belfry_operator_actions_total", action="retry"), 1, "since the crash")


class LogLevelTest(OperatorCase):
    def test_it_changes_while_running(self):
        before = self.succeeds("log-level").strip()
        self.assertEqual(self.succeeds("log-level", "debug"), "the log level is now debug\n")
        self.assertEqual(json.loads(self.succeeds("log-level", "--json")), {"level": "debug"})
        self.succeeds("log-level", before)
        self.assertRegex(self.fails("log-level", "loud", code=2), "debug, info, warn")


class StatusTest(OperatorCase):
    def test_it_names_the_command_for_dead_letters(self):
        self.kill_letters()
        text = self.succeeds("status", code=1)
        command = re.search(r"(?m)^slack has \d+ dead letters?; to see why, run: belfry (.*)$", text)[1]
        self.assertIn(self.listed()[0]["id"], run_belfry(*command.split()).stdout)
        self.succeeds("deliveries", "discard", "--dead", "--reason", "a test", "--yes")
        self.succeeds("status")

    def test_a_terminal_is_redrawn(self):
        watch = self.terminal("status", "--watch", "--interval", "100ms", env={"NO_COLOR": "1"})
        watch.read_until(lambda text: text.count("\x1b[Hbelfry ") >= 3, "three times")
        watch.process.send_signal(signal.SIGINT)
        code, text = watch.end()
        self.assertEqual((code, text.count("\x1b[2J")), (0, 1), text)
        self.assertEqual(set(re.findall(r"\x1b\[\d*[A-Za-z]", text)), {"\x1b[2J", "\x1b[H", "\x1b[K", "\x1b[J"})

    def watch_pipe(self, gateway, *arguments):
        command = [BUILD / "bin/belfry", "status", "--watch", "--interval", "100ms", *arguments, "--config", gateway.directory / "belfry.yaml"]
        watch = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.addCleanup(watch.stdout.close)
        self.addCleanup(lambda: watch.poll() is None and watch.kill())
        return watch

    def read_line(self, watch, words):
        """Reads up to a line with these words; a test that waits in vain ends with the timeout of the test program."""
        for line in watch.stdout:
            if words in line:
                return line
        raise AssertionError(f"the command ended without {words}")

    def test_it_outlives_the_gateway(self):
        gateway = Gateway(self.sandbox)
        gateway.configure(admin={"listen": [f"127.0.0.1:{gateway.admin_port}", f"unix:{gateway.directory}/admin.sock"]})
        with gateway:
            watch = self.watch_pipe(gateway)
            self.assertRegex(self.read_line(watch, "----"), r"^---- 20[\d-]+ [\d:]+ \S+$")
            self.read_line(watch, ", ready, running since")
            gateway.stop()
            self.read_line(watch, "no gateway answers")
            gateway.start()
            self.read_line(watch, ", ready, running since")
            watch.send_signal(signal.SIGTERM)
            self.assertEqual(watch.wait(30), 0)

    def test_json_is_a_document_per_line(self):
        watch = self.watch_pipe(self.gateway, "--json")
        for _ in range(2):
            self.assertEqual(json.loads(watch.stdout.readline())["sinks"][0]["name"], "slack")
        watch.send_signal(signal.SIGINT)
        self.assertEqual(watch.wait(30), 0)

    def test_mistakes(self):
        for interval in ("0s", "2", "2h", "often"):
            self.assertRegex(self.fails("status", "--watch", "--interval", interval, code=2), "--interval is .*2s")
        self.assertEqual(self.gateway.command("status", "--interval", "2s").returncode, 2, "it needs --watch")


class NoGatewayTest(unittest.TestCase):
    def test_every_command_reports_it(self):
        with Sandbox("--no-rate-limits") as sandbox:
            gateway = Gateway(sandbox)
            self.addCleanup(gateway.__exit__, None)
            for arguments in (
                ["deliveries", "list"],
                ["deliveries", "show", "an-id"],
                ["deliveries", "retry", "an-id"],
                ["deliveries", "discard", "--dead", "--reason", "x"],
                ["why", "an-id"],
                ["send", "--to", "bobby@coder.com"],
                ["audit"],
                ["log-level"],
            ):
                with self.subTest(arguments):
                    done = gateway.command(*arguments)
                    self.assertEqual((done.returncode, done.stdout), (1, ""))
                    self.assertRegex(done.stderr, r"^belfry [a-z -]+: no gateway answers .*is it running")


if __name__ == "__main__":
    unittest.main()
