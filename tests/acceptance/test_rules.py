"""Pipeline rules, end to end: explain, render, config test, plan, and actual deliveries."""
import json
import os
import unittest
from pathlib import Path

import yaml

from harness import BUILD, AcceptanceCase, Gateway, Sandbox, configuration, run_belfry
from payloads import SOURCE, notification

PASSCODE = {"payload.notification_name": "One-Time Passcode", "payload.notification_template_id": "62f86a30-2330-4b61-a26d-311ff3b608cf"}
PLUGINS = {"BELFRY_PLUGIN_DIR": str(BUILD / "plugins")}

PROCESSORS = [
    {"name": "no-creation-noise", "when": {"name": "Workspace Created"}, "drop": "too noisy"},
    {"name": "tokens", "redact": ["/glpat-[0-9A-Za-z]{8,}/"]},
    {"name": "mark", "when": {"labels.reason": "/failed/"}, "set": {"severity": "error", "labels.team": "ops"}},
]
ROUTES = [
    {
        "name": "failures",
        "when": {"severity": "error"},
        "to": [{"sink": "slack", "channel": "C0123456789"}],
        "message": {"title": "{{labels.team}}: {{title}}", "body": "**{{labels.name}}** <@U1> {{{body}}}"},
        "continue": True,
    },
    {"name": "everyone", "to": ["slack"]},
]


class Commands(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sandbox = cls.enterClassContext(Sandbox("--no-rate-limits"))

    def setUp(self):
        self.directory = Path(self.enterContext(__import__("tempfile").TemporaryDirectory()))

    def write(self, name="belfry.yaml", processors=None, routes=None):
        written = configuration(self.sandbox, self.directory, 1, 2, routes=routes or ROUTES)
        if processors is not None:
            written["pipeline"]["processors"] = processors
        (self.directory / name).write_text(yaml.safe_dump(written, sort_keys=False))
        return self.directory / name

    def explain(self, payload, *arguments, **settings):
        file = self.write(**settings)
        done = run_belfry("explain", "--config", file, *arguments, "-", stdin=json.dumps(payload))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def test_examples_hold_their_cases(self):
        tables = sorted((SOURCE / "config/examples/tests").glob("*.yaml"))
        self.assertGreaterEqual(len(tables), 3)
        for cases in tables:
            with self.subTest(cases.name):
                done = run_belfry("config", "test", "--config", SOURCE / "config/examples" / cases.name, cases, env=PLUGINS)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertIn("all as expected", done.stdout)

    def test_a_case_that_does_not_hold_is_told_with_its_place(self):
        cases = self.directory / "cases.yaml"
        cases.write_text(
            """cases:
  - name: creations are delivered
    notification: { name: Workspace Created }
    expect: { deliveries: [{ sink: slack }] }
  - name: everything is wrong
    notification: { name: Workspace Deleted, recipient.email: ada@example.com, labels.reason: failed }
    expect:
      deliveries:
        - { sink: slack, to: C9, route: some, title: no, body: /nothing/, due_in: 1h, digest_in: 1m, fallback: [slack] }
  - name: dropped
    notification: { name: Workspace Deleted }
    expect: { dropped: /noisy/ }
"""
        )
        done = run_belfry("config", "test", "--config", self.write(processors=PROCESSORS), cases)
        self.assertEqual((done.returncode, done.stdout), (1, "3 cases, 3 failures\n"))
        lines = done.stderr.replace(f"{self.directory}/", "").splitlines()
        self.assertEqual(lines[0], 'cases.yaml:2:5: error: case "creations are delivered": it is dropped (too noisy); expected deliveries')
        wrong = [line.split('": ', 1)[1] for line in lines if line.startswith('cases.yaml:9:11: error: case "everything is wrong": ')]
        self.assertEqual(
            wrong,
            [
                "the address is C0123456789; expected C9",
                "the route is failures; expected some",
                "the fallback is []; expected [slack]",
                "the delay is 0s; expected 1h",
                "the time until its digest is none, since it is in no digest; expected 1m",
                'the title is "ops: Workspace Deleted"; expected "no"',
                'the body is " <@U1> A test notification."; expected /nothing/',
            ],
        )
        self.assertIn("it also goes to ada@example.com by sink slack, route everyone; that was not expected", done.stderr)
        self.assertTrue(lines[-1].endswith('case "dropped": it is not dropped; expected /noisy/'))

    def test_cases_that_cannot_be_read(self):
        cases = self.directory / "cases.yaml"
        file = self.write()
        for text, message in (
            ("cases: []", "cases is an empty list; write a list of cases"),
            ("case: [{}]", 'unknown key "case"; did you mean "cases"?'),
            ("cases: [{ name: a, notification: { nmae: x }, expect: { deliveries: [] } }]", 'unknown key "nmae"'),
            ("cases: [{ name: a, expect: { dropped: x } }]", "has no notification; write notification: { name: Workspace Deleted }, or payload: FILE.json"),
            ("cases: [{ name: a, notification: { name: x }, expect: {} }]", "expects nothing; write deliveries: [...], or dropped: the reason"),
            ("cases: [{ name: a, notification: { name: x }, at: noon, expect: { deliveries: [] } }]", 'write a time such as "2026-03-29T01:30:00Z"'),
            ("cases: [{ name: a, payload: none.json, expect: { deliveries: [] } }]", "none.json"),
        ):
            with self.subTest(text):
                cases.write_text(text)
                done = run_belfry("config", "test", "--config", file, self.directory / "cases.yaml")
                self.assertEqual(done.returncode, 1)
                self.assertIn(message, done.stderr)
        empty = self.directory / "none"
        empty.mkdir()
        done = run_belfry("config", "test", "--config", file, empty)
        self.assertEqual(done.returncode, 1)
        self.assertIn("has no cases", done.stderr)

    def test_explain(self):
        payload = notification("ada@example.com", **{"payload.labels": {"reason": "it failed", "name": "castle"}})
        document = json.loads(self.explain(payload, "--json", processors=PROCESSORS))
        self.assertIsNone(document["dropped"])
        self.assertEqual(
            [(d["route"], d["sink"], d["recipient"]) for d in document["deliveries"]],
            [("failures", "slack", "C0123456789"), ("everyone", "slack", "ada@example.com")],
        )
        self.assertEqual(
            [(e["kind"], e["name"], e["verdict"]) for e in document["trace"]],
            [
                ("processor", "no-creation-noise", "not matched"),
                ("processor", "tokens", "matched"),
                ("processor", "mark", "matched"),
                ("route", "failures", "matched"),
                ("route", "everyone", "matched"),
            ],
        )
        self.assertEqual(document["trace"][0]["why"], 'name is "Workspace Deleted", wanted "Workspace Created"')
        self.assertRegex(document["trace"][0]["where"], r"belfry\.yaml:\d+:\d+$")
        text = self.explain(payload, processors=PROCESSORS)
        for part in ("slack -> C0123456789, by route failures", "slack -> direct message to ada@example.com, by route everyone", "sets severity, sets labels.team"):
            self.assertIn(part, text)

    def test_explain_tells_when(self):
        routes = [
            {"name": "dig", "when": {"labels.reason": "dig"}, "to": ["slack"], "digest": {"window": "3d"}},
            {
                "name": "everyone",
                "to": ["slack"],
                "quiet_hours": {"from": "20:00", "to": "07:00", "time_zone": "Europe/Berlin"},
                "throttle": {"most": 2, "window": "1h"},
            },
        ]
        text = self.explain(notification(), "--at", "2026-01-15T22:00:00Z", routes=routes)
        for part in ("held until 2026-01-16T06:00:00.000Z", "quiet from 20:00 to 07:00 (Europe/Berlin), at most 2 within 1h", "given up at 2026-01-17T06:00:00.000Z"):
            self.assertIn(part, text)
        text = self.explain(notification(), "--at", "2026-01-15T12:00:00Z", routes=routes)
        self.assertNotIn("held", text)
        self.assertIn("quiet from 20:00", text)
        digest = notification(**{"payload.labels": {"reason": "dig"}})
        text = self.explain(digest, "--at", "2026-01-15T12:00:00Z", routes=routes)
        self.assertIn("sent at 2026-01-18T12:00:00.000Z", text)
        self.assertIn("given up at 2026-01-19T12:00:00.000Z", text)
        done = run_belfry("explain", "--config", self.write(routes=routes), "--at", "noon", "-", stdin=json.dumps(digest))
        self.assertEqual(done.returncode, 1)
        self.assertIn("write a time such as", done.stderr)

    def test_explain_says_why_something_is_dropped(self):
        payload = notification(**{"payload.notification_name": "Workspace Created"})
        document = json.loads(self.explain(payload, "--json", processors=PROCESSORS))
        self.assertEqual(document["dropped"], 'processor "no-creation-noise": too noisy')
        self.assertEqual(document["deliveries"], [])
        self.assertIn("dropped: processor", self.explain(payload, processors=PROCESSORS))

    def test_explain_shows_nothing_of_a_passcode(self):
        payload = notification(**PASSCODE, title="secret 987654", body="secret 987654")
        routes = [{"name": "some", "when": {"title": "/nothing/"}, "to": ["slack"]}, {"name": "everyone", "to": ["slack"]}]
        self.assertNotIn("987654", self.explain(payload, routes=routes))
        self.assertNotIn("987654", self.explain(payload, "--json", routes=routes))

    def test_render_has_the_words_of_the_route_and_no_markup_of_strangers(self):
        payload = notification("ada@example.com", **{"payload.labels": {"reason": "it failed", "name": "*x* <!here>"}}, body="token glpat-abcdefgh12")
        file = self.write(processors=PROCESSORS)
        done = run_belfry("render", "--config", file, "--sink", "slack", "-", stdin=json.dumps(payload))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        text = json.dumps(json.loads(done.stdout))
        self.assertIn('ops: Workspace', text)
        self.assertNotIn("glpat-", text)
        self.assertIn("[redacted]", text)
        self.assertNotIn("<!here>", text)
        self.assertNotIn("<@U1>", text)

    def test_schema(self):
        done = run_belfry("config", "schema")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(json.loads(done.stdout), json.loads((SOURCE / "config/belfry.schema.json").read_text()))


class Running(AcceptanceCase):
    """With one gateway: digests, throttling, deduplication and plan."""

    @classmethod
    def setUpClass(cls):
        cls.sandbox = cls.enterClassContext(Sandbox("--no-rate-limits"))
        routes = [
            {"name": "dig", "when": {"labels.reason": "dig"}, "to": ["slack"], "digest": {"window": "1s", "key": "{{labels.name}}"}},
            {"name": "thr", "when": {"labels.reason": "thr"}, "to": ["slack"], "throttle": {"most": 1, "window": "2s"}},
            *ROUTES,
        ]
        cls.gateway = Gateway(cls.sandbox, routes=routes, admin={"token": "token-of-the-administrator"})
        file = cls.gateway.directory / "belfry.yaml"
        written = yaml.safe_load(file.read_text())
        written["pipeline"]["processors"] = PROCESSORS + [{"name": "once", "when": {"labels.reason": "once"}, "dedupe": {"key": "{{title}}", "window": "5m"}}]
        file.write_text(yaml.safe_dump(written, sort_keys=False))
        cls.written = written
        cls.enterClassContext(cls.gateway)

    def post(self, email, reason, **members):
        labels = {"reason": reason, "name": members.pop("name", "dev")}
        self.assertEqual(self.gateway.post_webhook(notification(email, **{"payload.labels": labels}, **members))[0], 204)

    def test_a_digest_is_one_message_with_all_in_order(self):
        for i in range(3):
            self.post("dig@example.com", "dig", title=f"part {i}")
        self.post("dig@example.com", "dig", title="other", name="other")
        rows = self.sandbox.wait_for_count(2)
        text = next(json.dumps(row["blocks"]) for row in rows if "part 0" in json.dumps(row["blocks"]))
        self.assertLess(text.index("part 0"), text.index("part 1"))
        self.assertLess(text.index("part 1"), text.index("part 2"))
        self.assertNotIn("other", text)

    def test_what_is_too_much_comes_together_and_says_so(self):
        for i in range(4):
            self.post("thr@example.com", "thr", title=f"part {i}")
        rows = self.sandbox.wait_for_count(2)
        self.assertEqual(len(rows), 2)
        texts = [json.dumps(row["blocks"]) for row in rows]
        self.assertIn("part 0", texts[0])
        self.assertIn("More than 1 within 2s", texts[1])
        for i in (1, 2, 3):
            self.assertIn(f"part {i}", texts[1])

    def test_one_event_for_many_is_told_once_in_each_place(self):
        for _ in range(3):
            self.post("once@example.com", "once", title="the event")
        self.post("twice@example.com", "once", title="the event")
        rows = self.sandbox.wait_for_count(2)
        self.gateway.wait_idle()
        self.assertEqual(sorted(row["email"] for row in self.sandbox.messages()), ["once@example.com", "twice@example.com"])
        self.assertEqual(len(rows), 2)

    def plan(self, change, *arguments):
        candidate = json.loads(json.dumps(self.written))
        change(candidate["pipeline"])
        file = self.gateway.directory / "new.yaml"
        file.write_text(yaml.safe_dump(candidate, sort_keys=False))
        return run_belfry("plan", "--config", self.gateway.directory / "belfry.yaml", *arguments, file)

    def test_plan(self):
        self.post("plan@example.com", "plan", title="planned")
        self.post("plan@example.com", "it failed", title="planned")
        self.gateway.post_webhook(notification("plan@example.com", **{"payload.notification_name": "Workspace Created", "payload.labels": {"reason": "plan"}}))
        self.gateway.post_webhook(notification("plan@example.com", **PASSCODE, title="secret 987654"))
        self.gateway.wait_idle()

        done = self.plan(lambda pipeline: None, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        document = json.loads(done.stdout)
        self.assertEqual((document["changes"], document["groups"]), (0, []))
        self.assertEqual((document["same"], document["current"]), (True, str(self.gateway.directory / "belfry.yaml")))
        self.assertGreaterEqual(document["notifications"], 3)
        self.assertGreaterEqual(document["sensitive"], 1)

        def change(pipeline):
            pipeline["processors"][0:1] = []  # creations are delivered again
            pipeline["processors"].append({"name": "quiet", "when": {"labels.reason": "plan", "name": "Workspace Deleted"}, "drop": "quiet"})
            for route in pipeline["routes"]:
                if route["name"] == "failures":
                    route["message"] = {"title": "{{title}} failed"}

        done = self.plan(change, "--json", "--since", "1h")
        self.assertEqual(done.returncode, 0, done.stderr)
        groups = {(g["kind"], g["name"], g["destination"]): g for g in json.loads(done.stdout)["groups"]}
        self.assertEqual(groups["no longer", "Workspace Deleted", "direct"]["what"], 'dropped by processor "quiet": quiet')
        self.assertEqual(groups["newly", "Workspace Created", "direct"]["what"], 'by route everyone, was dropped by processor "no-creation-noise": too noisy')
        self.assertEqual(groups["differently", "Workspace Deleted", "C0123456789"]["what"], "different text")
        self.assertEqual(groups["no longer", "Workspace Deleted", "direct"]["examples"][0]["recipient"], "plan@example.com")
        self.assertNotIn("987654", done.stdout)

        self.assertEqual(self.plan(change, "--max-changes", "2").returncode, 3)
        self.assertEqual(self.plan(change, "--max-changes", "1000").returncode, 0)
        text = self.plan(change).stdout
        self.assertRegex(text, r"^compared: the configuration that the running gateway loaded from \S+/belfry\.yaml, with \S+/new\.yaml\n")
        self.assertIn("deliveries would change", text)
        self.assertIn('1 x "Workspace Created" to direct by sink slack', text)

    def test_plan_evaluates_dedupe(self):
        for _ in range(3):
            self.post("again@example.com", "once", title="one event, planned")
        self.gateway.wait_idle()

        def without(pipeline):
            pipeline["processors"] = [rule for rule in pipeline["processors"] if rule["name"] != "once"]

        groups = json.loads(self.plan(without, "--json").stdout)["groups"]
        (group,) = [group for group in groups if any(example["recipient"] == "again@example.com" for example in group["examples"])]
        self.assertEqual((group["kind"], group["what"]), ("newly", 'by route everyone, was deduplicated by processor "once" within 5m'))
        self.assertEqual(json.loads(self.plan(lambda pipeline: None, "--json").stdout)["changes"], 0)

    def test_plan_after_an_edit_in_place(self):
        """The comparison is with the configuration that the gateway has loaded, even if its file was edited since."""
        self.post("edit@example.com", "edit", title="edited")
        self.gateway.wait_idle()
        file = self.gateway.directory / "belfry.yaml"
        before = file.read_text()
        self.addCleanup(self.gateway.command, "reload")
        self.addCleanup(file.write_text, before)
        edited = json.loads(json.dumps(self.written))
        edited["pipeline"]["processors"].append({"name": "edit", "when": {"labels.reason": "edit"}, "drop": "edited"})
        file.write_text(yaml.safe_dump(edited, sort_keys=False))
        document = json.loads(self.gateway.command("plan", "--json", file).stdout)
        self.assertFalse(document["same"])
        self.assertEqual([group["what"] for group in document["groups"]], ['dropped by processor "edit": edited'])

        self.assertEqual(self.gateway.command("reload").returncode, 0)
        done = self.gateway.command("plan", file)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"^the running gateway already uses the text of \S+/belfry\.yaml, so nothing can differ")
        file.write_text(before)
        text = self.gateway.command("plan", file).stdout
        self.assertIn("newly\n", text, "the way back")

    def test_why_names_the_values_and_the_keys(self):
        self.gateway.post_webhook(notification("values@example.com", **{"payload.notification_name": "Workspace Created"}))
        text = self.gateway.command("why", "--to", "values@example.com").stdout
        self.assertRegex(" ".join(text.split()), r'Dropped by processor "no-creation-noise": too noisy\. It matched because name is "Workspace Created"')
        for _ in range(2):
            self.post("keys@example.com", "once", title="one event, explained")
        self.gateway.wait_idle()
        text = " ".join(self.gateway.command("why", "--to", "keys@example.com").stdout.split())
        self.assertRegex(
            text,
            r'deduplicated by processor "once": key "one event, explained" was sent within 5m\. It repeats notification \S+ \(msg_id \S+\), '
            r"received (on \S+ )?at \S+; its delivery \S+ was delivered at \S+\.",
        )

    def test_plan_that_cannot_be_made(self):
        self.assertIn('--since is "yesterday"', self.plan(lambda pipeline: None, "--since", "yesterday").stderr)
        done = self.plan(lambda pipeline: pipeline["routes"].pop())
        self.assertEqual(done.returncode, 1)
        self.assertIn("the last route must take everything", done.stderr)


class StormTest(unittest.TestCase):
    def test_what_cannot_be_sent_in_time_is_merged(self):
        with Sandbox("--no-rate-limits") as sandbox, Gateway(sandbox, delivery={"rate": "2/s", "rate_per_recipient": "2/s"}) as gateway:
            file = gateway.directory / "belfry.yaml"
            file.write_text(file.read_text() + "storm: { after: 10s }\n")
            gateway.stop()
            gateway.start()
            for i in range(60):
                self.assertEqual(gateway.post_webhook(notification(f"early{i % 3}@example.com", title=f"early {i}."))[0], 204)
            gateway.until(lambda: "notifications for the same recipient are merged" in gateway.log(), "the overload is detected")
            for i in range(30):
                self.assertEqual(gateway.post_webhook(notification("late@example.com", title=f"late {i}."))[0], 204)
            gateway.wait_idle(within=90)
            late = [json.dumps(row["blocks"]) for row in sandbox.messages(email="late@example.com")]
            self.assertLess(len(late), 5)
            self.assertIn("There are too many notifications to send one by one", late[0])
            gateway.until(lambda: "the backlog is back to normal" in gateway.log(), "the end of the overload is detected")
            self.assertEqual(len([row for row in sandbox.messages() if row["email"].startswith("early")]), 60)


if __name__ == "__main__":
    unittest.main()
