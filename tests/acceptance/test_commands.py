"""The commands as people and scripts use them: output, streams and exit codes."""
import json
import os
import re
import shutil
import socket
import sqlite3
import stat
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import yaml

from harness import BUILD, Gateway, Sandbox, free_port, run_belfry
from payloads import SOURCE, notification

TOKEN = "a token for the admin API"
ANYBODY_ELSES = Path("/etc/belfry/belfry.yaml")


def temporary_directory(case):
    directory = Path(tempfile.mkdtemp(prefix="belfry-acceptance-"))
    case.addCleanup(shutil.rmtree, directory)
    return directory


class UsageTest(unittest.TestCase):
    def test_exit_codes(self):
        for arguments, code in (
            (["--help"], 0),
            (["--version"], 0),
            (["serve", "--help"], 0),
            ([], 2),
            (["frobnicate"], 2),
            (["check", "--frobnicate"], 2),
            (["check", "one-too-many"], 2),
            (["render", "payload.json"], 2),
            (["render", "--sink", "slack"], 2),
            (["plugins"], 2),
            (["plugins", "show"], 2),
            (["slack", "manifest"], 2),
            (["check", "--config", "/no/such/file.yaml"], 1),
            (["serve", "--config", "/no/such/file.yaml"], 1),
            (["plugins", "list", "--config", "/no/such/file.yaml"], 1),
        ):
            with self.subTest(arguments):
                ended = run_belfry(*arguments)
                self.assertEqual(ended.returncode, code, ended.stderr)
                self.assertTrue(ended.stdout if code == 0 else ended.stderr, "no output")
                if code == 1:
                    self.assertIn("/no/such/file.yaml", ended.stderr)


class CheckTest(unittest.TestCase):
    def setUp(self):
        self.file = temporary_directory(self) / "belfry.yaml"

    def check(self, text, *options, **variables):
        self.file.write_text(text)
        return run_belfry("check", "--file-only", "--config", self.file, *options, env={"BELFRY_PLUGIN_DIR": str(BUILD / "plugins")} | variables)

    VALID = """\
version: 1
store: { path: queue.db }
sources: { coder: { type: coder } }
sinks:
  slack:
    plugin: slack
    config: { bot_token: "${env:BELFRY_TEST_TOKEN}" }
pipeline:
  routes:
    - { name: everyone, to: [ slack ] }
"""

    def test_valid(self):
        checked = self.check(self.VALID, BELFRY_TEST_TOKEN="xoxb-1")
        self.assertEqual((checked.returncode, checked.stdout, checked.stderr), (0, "the configuration is valid\n", ""))
        checked = self.check(self.VALID, "--json", BELFRY_TEST_TOKEN="xoxb-1")
        self.assertEqual((checked.returncode, json.loads(checked.stdout)), (0, {"valid": True, "problems": []}))
        self.assertEqual(os.listdir(self.file.parent), ["belfry.yaml"], "check leaves no files behind")

    def test_a_missing_secret(self):
        """The gateway would start and store notifications, but `check` still fails."""
        checked = self.check(self.VALID, BELFRY_TEST_TOKEN=None)
        self.assertEqual(checked.returncode, 1)
        self.assertRegex(checked.stderr, rf"^{self.file}:7:\d+: error: .*BELFRY_TEST_TOKEN")
        # The missing secret parks its sink; it does not keep the gateway from starting.
        self.assertEqual(self.check(self.VALID, "--startable", BELFRY_TEST_TOKEN=None).returncode, 0)

    def test_all_mistakes_at_once(self):
        text = self.VALID.replace("version: 1\n", 'version: 1\nserver: { lisen: "127.0.0.1:6000" }\n').replace("[ slack ]", "[ slak ]")
        text += '    - { name: everyone, when: { title: "/(/" }, to: [ slack ] }\n'
        checked = self.check(text, BELFRY_TEST_TOKEN="xoxb-1")
        self.assertEqual((checked.returncode, checked.stdout), (1, ""))
        lines = checked.stderr.splitlines()
        for line, column, words in ((2, 11, "lisen.*listen"), (11, 31, "slak.*slack"), (12, 15, "everyone"), (12, 40, "not a valid pattern")):
            with self.subTest(words):
                wanted = re.compile(rf"{self.file}:{line}:{column}: error: .*{words}")
                self.assertTrue(any(wanted.match(found) for found in lines), checked.stderr)
        document = json.loads(self.check(text, "--json", BELFRY_TEST_TOKEN="xoxb-1").stdout)
        self.assertFalse(document["valid"])
        places = [(problem["line"], problem["column"]) for problem in document["problems"] if problem["severity"] == "error"]
        self.assertEqual({problem["file"] for problem in document["problems"]}, {str(self.file)})
        self.assertEqual(places, [tuple(map(int, re.match(r".*?:(\d+):(\d+): error", line).groups())) for line in lines if ": error: " in line])

    def test_mistakes_that_only_the_plugin_can_see(self):
        text = self.VALID.replace("config: {", 'config: { colour: red, api_url: 17, interactivity: { path: "no slash" },')
        text = text.replace("[ slack ]", "[ { sink: slack, channel: general } ]")
        checked = self.check(text, BELFRY_TEST_TOKEN="xoxb-1")
        self.assertEqual(checked.returncode, 1)
        for words in (
            r"7:23: error: sinks\.slack\.config\.colour: unknown key",
            r"7:37: error: sinks\.slack\.config\.api_url: .* must be a string, not a whole number",
            r"7:64: error: sinks\.slack\.config\.interactivity\.path: .* must match",
            r"10:7: error: route everyone to slack/channel: .* must match",
        ):
            with self.subTest(words):
                self.assertRegex(checked.stderr, rf"(?m)^{self.file}:{words}")

    def test_a_secret_is_not_shown(self):
        checked = self.check(self.VALID.replace("config: {", "config: { signing_secret: { x: xoxb-hidden },"), BELFRY_TEST_TOKEN="xoxb-hidden-too")
        self.assertEqual(checked.returncode, 1)
        self.assertNotIn("hidden", checked.stdout + checked.stderr)


class RenderTest(unittest.TestCase):
    def setUp(self):
        self.directory = temporary_directory(self)
        self.token = "xoxb-2222-never-shown"
        self.secret = "signing-secret-never-shown"
        document = {
            "version": 1,
            "store": {"path": "queue.db"},
            "plugins": {"directories": [str(BUILD / "plugins")]},
            "sources": {"coder": {"type": "coder"}},
            "sinks": {
                "slack": {"plugin": "slack", "config": {"bot_token": self.token, "signing_secret": self.secret}},
                "console": {"plugin": "console"},
            },
            "pipeline": {"routes": [{"name": "everyone", "to": ["slack"], "fallback": ["console"]}]},
        }
        self.file = self.directory / "belfry.yaml"
        self.file.write_text(yaml.safe_dump(document))

    def render(self, payload, sink="slack", **options):
        return run_belfry("render", "--config", self.file, "--sink", sink, payload, **options)

    def test_every_payload(self):
        files = sorted((SOURCE / "tests/fixtures/coder").glob("*.json"))
        self.assertGreaterEqual(len(files), 10)
        jobs = [(file, sink) for file in files for sink in ("slack", "console")]
        with ThreadPoolExecutor(4) as pool:
            results = list(pool.map(lambda job: self.render(*job), jobs))
        for (file, sink), rendered in zip(jobs, results, strict=True):
            with self.subTest(file=file.name, sink=sink):
                if (file.name, sink) == ("no_email.json", "slack"):
                    self.assertEqual((rendered.returncode, rendered.stdout), (1, ""))
                    self.assertIn("no e-mail address", rendered.stderr)
                    continue
                self.assertEqual((rendered.returncode, rendered.stderr), (0, ""))
                requests = json.loads(rendered.stdout)
                self.assertTrue(requests)
                for request in requests:
                    self.assertEqual(set(request), {"method", "url", "headers", "body"})
                for secret in (self.token, self.secret):
                    self.assertNotIn(secret, rendered.stdout)
                if sink == "slack":
                    post = requests[-1]
                    self.assertEqual((post["method"], post["url"]), ("POST", "https://slack.com/api/chat.postMessage"))
                    self.assertEqual(post["headers"]["Authorization"], "Bearer ***")
                    header = next(block for block in post["body"]["blocks"] if block["type"] == "header")
                    self.assertTrue(header["text"]["text"])
        self.assertEqual(os.listdir(self.directory), ["belfry.yaml"], "render leaves no files behind")

    def test_from_standard_input(self):
        rendered = self.render("-", stdin=json.dumps(notification("bobby@coder.com")))
        self.assertEqual(rendered.returncode, 0, rendered.stderr)
        self.assertIn("Workspace", rendered.stdout)

    def test_mistakes(self):
        for payload, sink, stdin, words in (
            ("-", "nowhere", "{}", "nowhere"),
            ("/no/such/payload.json", "slack", "", "cannot read /no/such/payload.json"),
            ("-", "slack", "{", "-: .*JSON"),
            ("-", "slack", json.dumps(notification(title="")), "title"),
        ):
            with self.subTest(words):
                rendered = self.render(payload, sink, stdin=stdin)
                self.assertEqual((rendered.returncode, rendered.stdout), (1, ""))
                self.assertRegex(rendered.stderr, f"^belfry render: .*{words}")


class StatusTest(unittest.TestCase):
    def setUp(self):
        self.sandbox = self.enterContext(Sandbox("--no-rate-limits"))
        self.gateway = Gateway(self.sandbox)
        self.gateway.secrets.append(TOKEN)
        self.unix, self.tcp = f"unix:{self.gateway.directory}/admin.sock", f"127.0.0.1:{self.gateway.admin_port}"

    def listen(self, *addresses, token=None, **settings):
        self.gateway.configure(admin={"listen": list(addresses)} | ({"token": token} if token else {}), **settings)

    def refuses(self, words):
        for options in ((), ("--json",)):
            done = self.gateway.command("status", *options)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertRegex(done.stderr, rf"^belfry status: .*{words}.*\n$")
            self.assertNotIn(TOKEN, done.stderr)

    def shows_an_open_sink(self):
        text = self.gateway.command("status")
        self.assertEqual((text.returncode, text.stderr), (0, ""))
        self.assertRegex(text.stdout, r"^belfry \d+\.\d+\.\d+, ready, running since 20")
        self.assertRegex(text.stdout, r"(?m)^slack +slack +open +0 +0 +0 +0 +0 +-$")
        document = self.gateway.command("status", "--json")
        self.assertEqual((document.returncode, document.stderr), (0, ""))
        status = json.loads(document.stdout)
        self.assertEqual(set(status), {"version", "started_at", "configuration", "store", "listen", "ready", "reasons", "unrouted", "refused", "certificates", "notices", "last_reload", "sinks"})
        self.assertEqual((status["ready"], status["reasons"], status["unrouted"]), (True, [], 0))
        self.assertIsNone(status["last_reload"])
        (sink,) = status["sinks"]
        blocks = re.findall(r"```json\n(.*?)```", (SOURCE / "docs/reference/admin-api.md").read_text(), re.DOTALL)
        (documented,) = [document for document in map(json.loads, blocks) if "sinks" in document]
        self.assertEqual(set(sink), set(documented["sinks"][0]))
        self.assertEqual(set(status), set(documented))
        self.assertEqual({key: sink[key] for key in ("name", "plugin", "state", "dead_letters", "oldest")}, {"name": "slack", "plugin": "slack", "state": "open", "dead_letters": 0, "oldest": None})

    def test_over_the_unix_socket(self):
        self.listen(self.tcp, self.unix)
        with self.gateway:
            self.shows_an_open_sink()
            mode = stat.S_IMODE(os.stat(self.unix.removeprefix("unix:")).st_mode)
            self.assertEqual(mode & 0o007, 0, "other users have no access")
        self.assertFalse(os.path.exists(self.unix.removeprefix("unix:")))

    def test_over_tcp_with_the_token(self):
        self.listen(self.tcp, token=TOKEN)
        with self.gateway:
            self.shows_an_open_sink()
            self.assertEqual(self.gateway.admin("/api/v1/status")[0], 401)
            self.listen(self.tcp, token="another one")
            self.refuses("refused the admin token")
            self.listen(self.tcp)
            self.refuses("refused the admin token")

    def test_over_tcp_without_a_token(self):
        with self.gateway:
            self.assertEqual(self.gateway.admin("/api/v1/status")[0], 404)
            self.refuses("answered 404: .*admin\\.token")

    def test_nobody_there(self):
        self.addCleanup(self.gateway.__exit__, None)
        self.listen(self.tcp, self.unix)
        self.refuses("no gateway answers \\(.*admin\\.sock.*; is it running")

    def test_a_sink_without_its_secret(self):
        self.listen(self.tcp, self.unix, slack={"bot_token": "${env:BELFRY_TEST_NO_SUCH_VARIABLE}"})
        self.addCleanup(self.gateway.__exit__, None)
        self.gateway.start()
        self.assertEqual(self.gateway.post_webhook(notification())[0], 204)
        done = self.gateway.command("status")
        self.assertEqual((done.returncode, done.stderr), (1, ""), "an operator is needed")
        text = done.stdout
        self.assertRegex(text, r"^belfry \S+, ready, ")
        self.assertRegex(text, r"(?m)^slack +slack +parked +1 +0 +0 +0 +0 +20")
        self.assertRegex(text, r"(?m)^slack is parked \(missing_secret\): .*BELFRY_TEST_NO_SUCH_VARIABLE")
        self.assertRegex(text, r"(?m)^slack sends nothing until then; deliveries due: 1$")
        done = self.gateway.command("status", "--json")
        self.assertEqual(done.returncode, 1)
        status = json.loads(done.stdout)
        self.assertEqual((status["ready"], status["reasons"]), (True, []), "notifications are accepted")
        self.assertEqual((status["sinks"][0]["state"], status["sinks"][0]["waiting"]), ("parked", 1))
        self.gateway.stop()
        self.listen(self.tcp, self.unix)
        self.gateway.start()
        self.sandbox.wait_for_count(1)
        self.gateway.wait_idle()
        self.shows_an_open_sink()
        self.gateway.stop()

    def test_dead_letters(self):
        self.listen(self.unix, self.tcp)
        with self.gateway:
            self.sandbox.post("users", email="gone@coder.com", absent=True)
            self.gateway.post_webhook(notification("gone@coder.com"))
            self.gateway.until(lambda: self.gateway.metric("belfry_dead_letters") == 1, "a dead letter")
            status = json.loads(self.gateway.command("status", "--json").stdout)
            self.assertEqual((status["sinks"][0]["state"], status["sinks"][0]["dead_letters"]), ("open", 1))
            shown = self.gateway.command("status")
            self.assertRegex(shown.stdout, r"(?m)^slack +slack +open +0 +0 +0 +0 +1 +-$")
            self.assertEqual(shown.returncode, 1, "an operator has to decide")


class PluginsTest(unittest.TestCase):
    def plugins(self, *arguments, directory=BUILD / "plugins"):
        file = temporary_directory(self) / "belfry.yaml"
        document = CheckTest.VALID + f"plugins: {{ directories: [ {directory} ] }}\n"
        file.write_text(document)
        return run_belfry("plugins", *arguments, "--config", file)

    def test_list(self):
        listed = self.plugins("list")
        self.assertEqual((listed.returncode, listed.stderr), (0, ""))
        for name in ("slack", "console"):
            self.assertRegex(listed.stdout, rf"(?m)^{name}  \S+  .+  \({BUILD}/plugins/{name}\.so\)$")
        document = json.loads(self.plugins("list", "--json").stdout)
        found = {entry["types"][0]["type"]: entry for entry in document}
        self.assertLessEqual({"slack", "console"}, set(found))
        self.assertEqual((found["slack"]["file"], found["slack"]["refusal"]), (str(BUILD / "plugins/slack.so"), None))

    def test_list_nothing(self):
        for directory in ("/no/such/directory", temporary_directory(self)):
            listed = self.plugins("list", directory=directory)
            self.assertEqual((listed.returncode, listed.stdout), (0, f"no plugins found in {directory}\n"))
            self.assertEqual(json.loads(self.plugins("list", "--json", directory=directory).stdout), [])

    def test_show(self):
        shown = self.plugins("show", "slack")
        self.assertEqual((shown.returncode, shown.stderr), (0, ""))
        schema = json.loads((SOURCE / "plugins/slack/schema.json").read_text())
        for name, member in schema["properties"].items():
            self.assertIn(f"\n  {name}  (", shown.stdout)
            self.assertIn(member["description"], shown.stdout)
        self.assertRegex(shown.stdout, r"bot_token  \(secret, required, identifies the account\)")
        document = json.loads(self.plugins("show", "slack", "--json").stdout)
        self.assertEqual(document["types"][0]["schema"], schema)

    def test_show_what_is_not_there(self):
        shown = self.plugins("show", "slak")
        self.assertEqual((shown.returncode, shown.stdout), (1, ""))
        self.assertIn('did you mean "slack"?', shown.stderr)


class ManifestTest(unittest.TestCase):
    """Limits: Slack's app manifest reference, docs.slack.dev."""

    def test_manifest(self):
        for url, request_url in (
            ("https://belfry.example.com", "https://belfry.example.com/slack/events"),
            ("https://belfry.example.com/", "https://belfry.example.com/slack/events"),
            ("https://example.com:8443/belfry", "https://example.com:8443/belfry/slack/events"),
            ("https://example.com/ --path /slack/production", "https://example.com/slack/production"),
            ("https://example.com/belfry --path /slack/production", "https://example.com/belfry/slack/production"),
        ):
            with self.subTest(url):
                printed = run_belfry("slack", "manifest", "--url", *url.split())
                self.assertEqual((printed.returncode, printed.stderr), (0, ""))
                manifest = yaml.safe_load(printed.stdout)
                self.assertLessEqual(set(manifest), {"_metadata", "display_information", "features", "oauth_config", "settings"})
                display = manifest["display_information"]
                self.assertTrue(1 <= len(display["name"]) <= 35)
                self.assertLessEqual(len(display["description"]), 140)
                self.assertRegex(display["background_color"], "^#([0-9A-Fa-f]{3}){1,2}$")
                self.assertTrue(1 <= len(manifest["features"]["bot_user"]["display_name"]) <= 80)
                self.assertTrue(manifest["features"]["app_home"]["messages_tab_enabled"])
                self.assertLessEqual({"chat:write", "users:read", "users:read.email"}, set(manifest["oauth_config"]["scopes"]["bot"]))
                self.assertEqual(manifest["settings"]["interactivity"], {"is_enabled": True, "request_url": request_url})
                self.assertIs(manifest["settings"]["socket_mode_enabled"], False)

    def test_the_other_ways(self):
        for option, interactivity, wanted in (
            ("--socket-mode", {"is_enabled": True}, ["bot_token", "app_token"]),
            ("--links", None, ["bot_token"]),
        ):
            with self.subTest(option):
                printed = run_belfry("slack", "manifest", option)
                self.assertEqual((printed.returncode, printed.stderr), (0, ""))
                settings = yaml.safe_load(printed.stdout)["settings"]
                self.assertEqual(settings.get("interactivity"), interactivity)
                self.assertIs(settings["socket_mode_enabled"], option == "--socket-mode")
                self.assertNotIn("@", printed.stdout)
                self.assertEqual(re.findall(r"(?m)^# - (\w+): ", printed.stdout), wanted)
        self.assertEqual(run_belfry("slack", "manifest", "--links", "--socket-mode").returncode, 2)
        self.assertEqual(run_belfry("slack", "manifest", "--socket-mode", "--path", "/slack/production").returncode, 2)

    def test_what_is_no_url(self):
        for url in ("", "belfry.example.com", "ftp://example.com", "https://", 'https://example.com/" x: y', "https://" + "a" * 3_500):
            with self.subTest(url[:40]):
                printed = run_belfry("slack", "manifest", "--url", url)
                self.assertEqual((printed.returncode, printed.stdout), (1, ""))
                self.assertIn("https://", printed.stderr)
        for path in ("slack/events", '/"', "/a b", "/" + "a" * 3_500):
            with self.subTest(path[:40]):
                printed = run_belfry("slack", "manifest", "--url", "https://example.com", f"--path={path}")
                self.assertEqual((printed.returncode, printed.stdout), (1, ""))
                self.assertIn("--path", printed.stderr)


class WithoutAFileTest(unittest.TestCase):
    """With the environment of the Bolt application from Coder's guide."""

    def setUp(self):
        if ANYBODY_ELSES.exists():
            self.skipTest(f"there is {ANYBODY_ELSES}")
        self.sandbox = self.enterContext(Sandbox("--no-rate-limits"))
        self.gateway = FileLessGateway(self.sandbox)
        self.addCleanup(self.gateway.__exit__, None)

    def test_it_checks(self):
        checked = run_belfry("check", env=self.gateway.environment)
        self.assertEqual(checked.returncode, 0, checked.stderr)
        self.assertRegex(checked.stderr, rf"warning: anyone who can reach \[::\]:{self.gateway.port} can send .*auth")

    def test_a_variable_is_missing(self):
        for command in ("serve", "check"):
            ended = run_belfry(command, env=self.gateway.environment | {"SLACK_BOT_TOKEN": None})
            self.assertEqual(ended.returncode, 1)
            self.assertIn("SLACK_BOT_TOKEN is not set", ended.stderr)
            ended = run_belfry(command, env=self.gateway.environment | {"PORT": "65536"})
            self.assertEqual(ended.returncode, 1)
            self.assertIn('PORT is "65536"', ended.stderr)

    def test_it_renders(self):
        payload = json.dumps(notification())
        rendered = run_belfry("render", "--sink", "slack", "-", stdin=payload, env=self.gateway.environment)
        self.assertEqual(rendered.returncode, 0, rendered.stderr)
        self.assertEqual(json.loads(rendered.stdout)[-1]["url"], "https://slack.com/api/chat.postMessage")
        self.assertNotIn(self.sandbox.token, rendered.stdout)

    def test_it_serves(self):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", 9664)) == 0:
                self.skipTest("another gateway has the default admin address, which cannot be changed without a file")
        self.gateway.start()
        state = self.gateway.directory / "state/belfry"
        self.assertEqual(stat.S_IMODE(state.stat().st_mode), 0o700)
        self.assertIn("belfry.db", os.listdir(state))
        self.assertRegex(self.gateway.log(), rf"warning: anyone who can reach \[::\]:{self.gateway.port} can send ")
        for address in ("127.0.0.1", "::1"):
            with socket.create_connection((address, self.gateway.port), timeout=5):
                pass
        self.assertEqual(self.gateway.post("/slack/events", b"unsigned", {})[0], 401)
        # An address that needs no lookup: without a file, the URL of Slack cannot be changed to the sandbox.
        self.assertEqual(self.gateway.post_webhook(notification(""))[0], 204)
        rejected = {"sink": "slack", "outcome": "rejected", "reason": "no_address"}
        self.gateway.until(lambda: self.gateway.metric("belfry_deliveries_total", **rejected) == 1, "the Slack sink got the delivery")
        self.gateway.stop()


class FileLessGateway(Gateway):
    def __init__(self, sandbox):
        super().__init__(sandbox)
        (self.directory / "belfry.yaml").unlink()
        self.arguments = ["serve"]
        self.admin_port = 9664
        self.environment |= {
            "SLACK_BOT_TOKEN": sandbox.token,
            "SLACK_SIGNING_SECRET": sandbox.signing_secret,
            "PORT": str(self.port),
            "BELFRY_PLUGIN_DIR": str(BUILD / "plugins"),
            "STATE_DIRECTORY": None,
        }


class RefusedStartTest(unittest.TestCase):
    """A failed start prints one line with advice and exits with 1."""

    @classmethod
    def setUpClass(cls):
        cls.sandbox = cls.enterClassContext(Sandbox("--no-rate-limits"))

    def setUp(self):
        self.gateway = Gateway(self.sandbox)
        self.addCleanup(self.gateway.__exit__, None)

    def refuses(self, gateway, *words, prefix=()):
        served = gateway.command("serve", prefix=prefix)
        self.assertEqual(served.returncode, 1, served.stderr)
        # Warnings may precede the error, for example about a plugin that takes long to scan under a sanitizer.
        (line,) = [line for line in served.stderr.splitlines() if " warning " not in line]
        self.assertRegex(line, r" error cannot start why=")
        for word in words:
            self.assertIn(word, line)

    def test_the_port_is_in_use(self):
        with socket.create_server(("127.0.0.1", self.gateway.port)):
            self.refuses(self.gateway, "server.listen", f"port {self.gateway.port} is in use", "choose another port")

    def test_the_admin_port_is_in_use(self):
        with socket.create_server(("127.0.0.1", self.gateway.admin_port)):
            self.refuses(self.gateway, "admin.listen", f"port {self.gateway.admin_port} is in use", "choose another port")

    def test_a_second_gateway_on_the_same_database(self):
        with Gateway(self.sandbox) as first:
            shutil.rmtree(self.gateway.directory / "state")
            (self.gateway.directory / "state").symlink_to(first.directory / "state")
            self.refuses(self.gateway, "belfry.db: in use by another process", "stop")
            self.assertEqual(first.post_webhook(notification())[0], 204)

    def test_a_newer_database(self):
        self.gateway.start()
        self.gateway.stop()
        with closing(sqlite3.connect(self.gateway.directory / "state/belfry.db", isolation_level=None)) as database:
            database.execute("PRAGMA user_version = 99")
        self.refuses(self.gateway, "belfry.db: written by a newer Belfry (schema 99", "install that version")

    def test_no_database_at_all(self):
        (self.gateway.directory / "state/belfry.db").write_text("Dear diary, today nothing was delivered.\n" * 100)
        self.refuses(self.gateway, "belfry.db: not a Belfry database", "check store.path")

    def test_a_directory_that_is_not_there(self):
        (self.gateway.directory / "state").rmdir()
        self.refuses(self.gateway, "state cannot be used: No such file or directory", "create it", "store.path")
        self.assertFalse((self.gateway.directory / "state").exists())

    def test_a_directory_that_cannot_be_read(self):
        state = self.gateway.directory / "state"
        state.chmod(0)
        # Root can read everything, unless it drops that capability.
        prefix = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
        self.refuses(self.gateway, "state cannot be used: Permission denied", "mode 700", "store.path", prefix=prefix)
        state.chmod(0o700)

    def test_a_certificate_that_is_not_there(self):
        self.gateway.configure(server={"tls": {"certificate": "no.crt", "key": "no.key"}})
        served = self.gateway.command("serve")
        self.assertEqual(served.returncode, 1)
        self.assertIn("no.crt", served.stderr)


if __name__ == "__main__":
    unittest.main()
