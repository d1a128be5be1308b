"""`belfry check` and `belfry serve` report every mistake in a configuration in one run, whichever stage finds it: the file's own rules, the
schema of a plugin, the plugin itself, the routes, or conflicting paths. Mere consequences of a mistake are not reported.
"""
import json
import re
import shutil
import tempfile
import unittest
from pathlib import Path

from harness import BUILD, Gateway, Sandbox, run_belfry


def column_of(text, row, what):
    line = text.splitlines()[row - 1] if what else ""
    if line.count(what) != 1:
        raise AssertionError(f"expected {what} exactly once in this line: {line}")
    return line.index(what) + 1


class Configuration:
    """A configuration file in its own temporary directory."""

    def __init__(self, case, plugins=None):
        self.directory = Path(tempfile.mkdtemp(prefix="belfry-acceptance-"))
        case.addCleanup(shutil.rmtree, self.directory)
        self.file = self.directory / "belfry.yaml"
        (self.directory / "state").mkdir(mode=0o700)
        self.environment = {"BELFRY_PLUGIN_DIR": str(plugins or BUILD / "plugins"), "BELFRY_TEST_TOKEN": None}

    def run(self, command, text, *options):
        self.file.write_text(text)
        # These configurations use the default addresses, which may be in use on this machine.
        here = ["--file-only"] if command == "check" else []
        return run_belfry(command, "--config", self.file, *here, *options, env=self.environment)


class OneRunCase(unittest.TestCase):
    def assert_problems(self, text, *wanted, plugins=None, serve=True):
        """`wanted`: all errors in order, as (line, text at the position, regular expression for the whole message)."""
        configuration = Configuration(self, plugins)
        checked = configuration.run("check", text)
        self.assertEqual((checked.returncode, checked.stdout), (1, ""))
        found = [line for line in checked.stderr.splitlines() if ": error: " in line]
        places = [(row, column_of(text, row, what)) for row, what, _ in wanted]
        for line, (row, column), (_, _, words) in zip(found, places, wanted):
            self.assertRegex(line, rf"^{re.escape(str(configuration.file))}:{row}:{column}: error: {words}$")
        self.assertEqual(len(found), len(wanted), checked.stderr)
        document = json.loads(configuration.run("check", text, "--json").stdout)
        self.assertEqual([(p["line"], p["column"]) for p in document["problems"] if p["severity"] == "error"], places)
        if serve:
            served = configuration.run("serve", text)
            self.assertEqual((served.returncode, served.stderr), (1, checked.stderr))


class AtOnceTest(OneRunCase):
    def test_mistakes_that_the_file_and_the_plugins_tell(self):
        self.assert_problems(
            """\
version: 1
server: { lisen: "127.0.0.1:6000" }
store: { path: state/queue.db }
sources: { coder: { type: coder } }
sinks:
  slack:
    plugin: slack
    config: { bot_token: "${env:BELFRY_TEST_TOKEN}", colour: red, api_url: 17 }
    delivery: { rate: 5 }
  mail: { plugin: smpt }
pipeline:
  routes:
    - { name: failures, when: { title: "/(/" }, to: [ slak, { sink: slack, channel: general } ] }
    - { name: everyone, to: [ slack, mail ] }
""",
            (2, "lisen", 'unknown key "lisen" in server; did you mean "listen"\\?'),
            (8, '"${env', "sinks\\.slack\\.config\\.bot_token: environment variable BELFRY_TEST_TOKEN is not set; set it; it is the Bot User OAuth Token .*"),
            (8, "red", 'sinks\\.slack\\.config\\.colour: unknown key "colour".*'),
            (8, "17", "sinks\\.slack\\.config\\.api_url: .* must be a string.*"),
            (9, "5", 'sinks\\.slack\\.delivery\\.rate is "5".*'),
            (10, "mail", 'sinks\\.mail: no plugin offers the type "smpt".*'),
            (13, "{ name: failures", "route failures to slack/channel: .* must match .*"),
            (13, '"/(/"', 'pipeline\\.routes\\[0\\]\\.when\\.title is "/\\(/", which is not a valid pattern.*'),
            (13, "slak", 'pipeline\\.routes\\[0\\]\\.to\\[0\\] is "slak", which is not a sink; did you mean "slack"\\?'),
        )

    def test_what_follows_from_a_mistake_is_not_another(self):
        self.assert_problems(
            """\
version: 1
store: { path: state/queue.db }
plugins: { directory: [ /opt/belfry ] }
sources: { coder: { path: webhook }, other: { path: /v1/webhook } }
sinks:
  mistyped: { plugin: slack, confg: { bot_token: x } }
  unreadable: { plugin: slack, config: { bot_token: "${env" } }
  meant: { plugin: slack, config: { bot_tokn: x } }
  merged: { plugin: slack, config: { <<: { bot_token: x }, channel: general } }
  no-plugin: { plguin: slack }
  elsewhere: { plugin: unheard-of }
  list: [ slack ]
pipeline:
  routes:
    - { name: everyone, to: [ mistyped, unreadable, meant, merged, no-plugin, elsewhere, { sink: list, channel: "${env" } ] }
""",
            (3, "directory", 'unknown key "directory" in plugins.*'),
            (4, "webhook }, other", "sources\\.coder\\.path is .*"),
            (6, "confg", 'unknown key "confg" in sinks\\.mistyped; did you mean "config"\\?'),
            (7, '"${env"', "sinks\\.unreadable\\.config\\.bot_token: a reference has no closing.*"),
            (8, "x }", 'sinks\\.meant\\.config\\.bot_tokn: unknown key "bot_tokn"; did you mean "bot_token"\\?'),
            (9, "<<", "merge keys .* are not supported.*"),
            (9, "general", "sinks\\.merged\\.config\\.channel: .* must match .*"),
            (10, "plguin", 'unknown key "plguin" in sinks\\.no-plugin; did you mean "plugin"\\?'),
            (12, "[ slack ]", "sinks\\.list is a list; write a mapping .*"),
            (15, '"${env"', "pipeline\\.routes\\[0\\]\\.to\\[6\\]\\.channel: a reference has no closing.*"),
        )

    def test_a_missing_section_of_sinks_hides_nothing_else(self):
        self.assert_problems(
            "version: 1\nstore: { path: state/queue.db }\nsources: { coder: { colour: red } }\nsink: { slack: { plugin: slack } }\n"
            "pipeline: { routes: [ { name: everyone, to: [ slack ], max_age: 5 } ] }\n",
            (3, "colour", 'unknown key "colour" in sources\\.coder.*'),
            (4, "sink:", 'unknown key "sink"; did you mean "sinks"\\?'),
            (5, "5", "pipeline\\.routes\\[0\\]\\.max_age is .*"),
        )

    def test_what_is_no_yaml_is_one_mistake(self):
        self.assert_problems("version: 1\nsinks: [\n", (3, "", "a \\[ that is never closed.*"))

    def test_without_a_file(self):
        configuration = Configuration(self)
        variables = {"PORT": "http", "SLACK_BOT_TOKEN": None, "SLACK_SIGNING_SECRET": "s" * 32, "HOME": str(configuration.directory)}
        variables |= configuration.environment
        for command in ("check", "serve"):
            with self.subTest(command):
                ended = run_belfry(command, env=variables)
                self.assertEqual(ended.returncode, 1)
                errors = [line for line in ended.stderr.splitlines() if line.startswith("error: ")]
                self.assertEqual(len(errors), 2, ended.stderr)
                self.assertIn("PORT", errors[0])
                self.assertIn("SLACK_BOT_TOKEN", errors[1])


class ServeTest(unittest.TestCase):
    def test_a_refused_start_names_missing_secrets_too(self):
        """Alone, a missing secret only parks its sink."""
        with Sandbox("--no-rate-limits") as sandbox:
            console = {"plugin": "console", "config": {"colour": "red"}}
            gateway = Gateway(sandbox, slack={"bot_token": "${env:BELFRY_TEST_TOKEN}"}, sinks={"console": console})
            self.addCleanup(gateway.__exit__, None)
            served = gateway.command("serve", env={"BELFRY_TEST_TOKEN": None})
            self.assertEqual(served.returncode, 1)
            self.assertRegex(served.stderr, r"(?s)belfry\.yaml:\d+:\d+: error: sinks\.slack\.config\.bot_token: .*BELFRY_TEST_TOKEN.*colour")
            self.assertIn("cannot start", served.stderr)


class PathsTest(OneRunCase):
    """Each path of the public listener belongs to one source or sink."""

    def configuration(self, sinks, sources="{ coder: { type: coder } }"):
        names = [line.split(":")[0] for line in sinks.splitlines()]
        routes = ", ".join(name.strip() for name in names)
        sinks = "".join(f"  {line}\n" for line in sinks.splitlines())
        return (
            f"version: 1\nstore: {{ path: state/queue.db }}\nsources: {sources}\nsinks:\n{sinks}"
            f"pipeline: {{ routes: [ {{ name: everyone, to: [ {routes} ] }} ] }}\n"
        )

    def assert_taken(self, text, line, what, where, path, owner, **options):
        wanted = f"{where}: requests at {path} go to {owner} already; give one of the two another path"
        self.assert_problems(text, (line, what, re.escape(wanted)), serve=False, **options)
        configuration = Configuration(self, options.get("plugins"))
        served = configuration.run("serve", text)
        self.assertEqual(served.returncode, 1)
        self.assertIn(f":{line}:{column_of(text, line, what)}: error: {wanted}", served.stderr)
        self.assertIn("cannot start", served.stderr)

    def test_two_sinks_with_the_default(self):
        sink = "{ plugin: slack, config: { bot_token: x, signing_secret: y } }"
        text = self.configuration(f"one: {sink}\ntwo: {sink}")
        self.assert_taken(text, 6, "two", "sinks.two.config.interactivity.path", "/slack/events", "sinks.one")

    def test_two_sinks_with_what_is_written(self):
        sink = "{ plugin: slack, config: { bot_token: x, signing_secret: y, interactivity: { path: /clicks } } }"
        text = self.configuration(f"two: {sink}\none: {sink}")
        self.assert_taken(text, 6, "/clicks", "sinks.one.config.interactivity.path", "/clicks", "sinks.two")

    def test_a_sink_and_a_source(self):
        text = self.configuration("slack: { plugin: slack, config: { bot_token: x, signing_secret: y, interactivity: { path: /v1/webhook } } }")
        self.assert_taken(text, 5, "/v1/webhook", "sinks.slack.config.interactivity.path", "/v1/webhook", "sources.coder")

    def test_the_second_is_the_one_further_down(self):
        sink = "{ plugin: slack, config: { bot_token: x, signing_secret: y } }"
        text = self.configuration(f"slack: {sink}")
        sources = "sources: { coder: { path: /slack/events } }\n"
        text = text.replace("sources: { coder: { type: coder } }\n", "") + sources
        self.assert_taken(text, 6, "/slack/events", "sources.coder.path", "/slack/events", "sinks.slack")

    def test_any_plugin(self):
        plugins = Path(tempfile.mkdtemp(prefix="belfry-plugins-"))
        self.addCleanup(shutil.rmtree, plugins)
        shutil.copy(BUILD / "hostile/services.so", plugins)
        text = self.configuration("one: { plugin: hostile }", "{ coder: { type: coder, path: /in/status } }")
        self.assert_taken(text, 5, "one", "sinks.one", "/in/status", "sources.coder", plugins=plugins)

    def test_two_sources(self):
        text = self.configuration("con: { plugin: console }", "{ one: { path: /in }, two: { path: /in } }")
        self.assert_problems(text, (3, "/in } }", "sources\\.two has the same path as sources\\.one; give each its own path"))

    def test_each_its_own(self):
        sink = "{ plugin: slack, config: { bot_token: x, signing_secret: y, interactivity: { path: /%s } } }"
        text = self.configuration(f"one: {sink % 'one'}\ntwo: {sink % 'two'}\nwithout: {{ plugin: slack, config: {{ bot_token: x }} }}")
        checked = Configuration(self).run("check", text)
        self.assertEqual((checked.returncode, checked.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
