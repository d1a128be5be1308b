"""`belfry init`: writes all files and secrets or none, from options, the environment or a terminal; the gateway then runs with them."""
import base64
import os
import pty
import re
import select
import shutil
import stat
import subprocess
import tempfile
import termios
import time
import unittest
from pathlib import Path

import yaml

from harness import BUILD, Gateway, Sandbox, environment, run_belfry
from payloads import SOURCE, notification

TOKEN = "xoxb-2222-3333-abcdefghijkl"
APP_TOKEN = "xapp-1-A0-1-0123456789abcdef"
SECRET = "0123456789abcdef0123456789abcdef"
NOTHING = {"SLACK_BOT_TOKEN": None, "SLACK_SIGNING_SECRET": None, "SLACK_APP_TOKEN": None, "BELFRY_WEBHOOK_PASSWORD": None, "CREDENTIALS_DIRECTORY": None}
SECRETS = ("slack-bot-token", "slack-signing-secret", "webhook-password")


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


class InitCase(unittest.TestCase):
    def setUp(self):
        self.home = Path(tempfile.mkdtemp(prefix="belfry-init-"))
        self.addCleanup(shutil.rmtree, self.home)
        self.directory = self.home / "belfry"

    def init(self, *options, env=None, **more):
        return run_belfry("init", "--directory", self.directory, *options, env=NOTHING | (env or {}), **more)

    def check(self):
        env = NOTHING | {"BELFRY_PLUGIN_DIR": str(BUILD / "plugins")}
        checked = run_belfry("check", "--file-only", "--config", self.directory / "belfry.yaml", env=env)
        self.assertEqual((checked.returncode, checked.stdout, checked.stderr), (0, "the configuration is valid\n", ""))

    def file(self, text):
        file = self.home / "given"
        file.write_text(text)
        return file

    def refused(self, ended, words):
        self.assertEqual((ended.returncode, ended.stdout), (1, ""))
        self.assertRegex(ended.stderr, rf"^belfry init: .*{words}.*\n$")
        for secret in (TOKEN, SECRET):
            self.assertNotIn(secret, ended.stderr)
        return ended.stderr


class OptionsTest(InitCase):
    def test_what_others_included_is_not_judged_but_used(self):
        (self.directory / "conf.d").mkdir(parents=True)
        (self.directory / "conf.d/10-broken.yaml").write_text("sinsk: {}\n")
        ended = self.init("--bot-token-file", self.file(TOKEN))
        self.assertEqual((ended.returncode, ended.stderr), (0, ""), ended.stderr)
        env = NOTHING | {"BELFRY_PLUGIN_DIR": str(BUILD / "plugins")}
        checked = run_belfry("check", "--file-only", "--config", self.directory / "belfry.yaml", env=env)
        self.assertEqual(checked.returncode, 1)
        self.assertIn(f'{self.directory}/conf.d/10-broken.yaml:1:1: error: unknown key "sinsk"; did you mean "sinks"?\n', checked.stderr)

    def test_everything_from_files_and_standard_input(self):
        secrets = ["--bot-token-file", self.file(f"{TOKEN}\r\n"), "--signing-secret-file", "-"]
        ended = self.init(*secrets, "--url", "https://belfry.example.com", stdin=SECRET)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""), ended.stderr)
        self.assertEqual(sorted(path.name for path in self.directory.iterdir()), ["belfry.yaml", *SECRETS[:2], "state", SECRETS[2]])
        self.assertEqual((self.directory / "slack-bot-token").read_text(), TOKEN + "\n")
        self.assertEqual((self.directory / "slack-signing-secret").read_text(), SECRET + "\n")
        for name in SECRETS:
            self.assertEqual(mode(self.directory / name), 0o600)
        self.assertEqual(mode(self.directory / "belfry.yaml"), 0o640)
        password = (self.directory / "webhook-password").read_text().strip()
        self.assertRegex(password, r"^[\w-]{32}$")
        self.assertIn(
            f"\n\nCODER_NOTIFICATIONS_METHOD=webhook\nCODER_NOTIFICATIONS_WEBHOOK_ENDPOINT=http://coder:{password}@127.0.0.1:6000/v1/webhook\n\n",
            ended.stdout,
        )
        self.assertIn("request_url: \"https://belfry.example.com/slack/events\"\n", ended.stdout)
        self.assertNotIn(TOKEN, ended.stdout)
        self.assertNotIn(SECRET, ended.stdout)
        self.check()

    def test_from_the_environment(self):
        env = {"SLACK_BOT_TOKEN": "xoxe." + TOKEN, "BELFRY_WEBHOOK_PASSWORD": "open:sesame@home"}
        ended = self.init("--listen", "[::1]:7000", env=env)
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        self.assertFalse((self.directory / "slack-signing-secret").exists())
        self.assertIn("http://coder:open%3Asesame%40home@[::1]:7000/v1/webhook\n", ended.stdout)
        manifest = yaml.safe_load(re.search(r"(?s)\n\n(#.*?)\n\nFor the environment of Coder", ended.stdout)[1])
        self.assertNotIn("interactivity", manifest["settings"], "no buttons without an address")
        self.check()

    def test_socket_mode(self):
        ended = self.init("--socket-mode", "--app-token-file", self.file(APP_TOKEN), env={"SLACK_BOT_TOKEN": TOKEN})
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        self.assertEqual((self.directory / "slack-app-token").read_text(), APP_TOKEN + "\n")
        self.assertEqual(mode(self.directory / "slack-app-token"), 0o600)
        self.assertIn("socket_mode_enabled: true\n", ended.stdout)
        self.assertNotIn("request_url", ended.stdout)
        self.assertNotIn(APP_TOKEN, ended.stdout)
        self.check()
        self.assertEqual(self.init("--socket-mode", "--url", "https://belfry.example.com").returncode, 2)

    def test_two_passwords_differ(self):
        seen = set()
        for index in range(2):
            self.directory = self.home / str(index)
            self.init(env={"SLACK_BOT_TOKEN": TOKEN})
            seen.add((self.directory / "webhook-password").read_text())
        self.assertEqual(len(seen), 2)

    def test_what_is_wrong_is_said_and_nothing_is_written(self):
        cases = (
            ([], {}, "there is no bot token; name a file with --bot-token-file, .*api.slack.com/apps"),
            ([], {"SLACK_BOT_TOKEN": "xoxp-1-2"}, "SLACK_BOT_TOKEN: that is a user token .*begins with xoxb-"),
            ([], {"SLACK_BOT_TOKEN": "xapp-1-2"}, "SLACK_BOT_TOKEN: that is an app-level token"),
            ([], {"SLACK_BOT_TOKEN": SECRET}, "SLACK_BOT_TOKEN: that is not a bot token, which begins with xoxb- or xoxe.xoxb-"),
            ([], {"SLACK_BOT_TOKEN": "xoxb-"}, "the bot token is malformed"),
            ([], {"SLACK_BOT_TOKEN": TOKEN + " x"}, "the bot token is malformed"),
            ([], {"SLACK_BOT_TOKEN": TOKEN, "SLACK_SIGNING_SECRET": TOKEN}, "SLACK_SIGNING_SECRET: that is a token; .* under Basic Information"),
            ([], {"SLACK_BOT_TOKEN": TOKEN, "BELFRY_WEBHOOK_PASSWORD": "short"}, "at least 12 characters"),
            ([], {"SLACK_BOT_TOKEN": TOKEN, "SLACK_APP_TOKEN": TOKEN}, "SLACK_APP_TOKEN: the app-level token begins with xapp-"),
            (["--app-token-file", APP_TOKEN], {"SLACK_BOT_TOKEN": TOKEN}, "a secret does not belong on the command line"),
            (["--bot-token-file", TOKEN], {}, "a secret does not belong on the command line"),
            (["--bot-token-file", "/no/such/file"], {}, "cannot read /no/such/file"),
            (["--bot-token-file", self.home], {}, "cannot read "),
            (["--bot-token-file", "-"], {}, "-: the bot token is empty"),
            (["--url", "belfry.example.com"], {"SLACK_BOT_TOKEN": TOKEN}, "--url is the public base URL"),
            (["--listen", "everywhere"], {"SLACK_BOT_TOKEN": TOKEN}, "server.listen is .everywhere."),
        )
        for options, env, words in cases:
            with self.subTest(words):
                self.refused(self.init(*options, env=env), words)
                left = [path for path in self.home.rglob("*") if path.is_file()]
                self.assertEqual(left, [])
        self.assertEqual(run_belfry("init", "--bot-token", TOKEN).returncode, 2)

    def test_files_that_are_there_stay(self):
        self.assertEqual(self.init(env={"SLACK_BOT_TOKEN": TOKEN}).returncode, 0)
        before = {path: path.read_text() for path in self.directory.iterdir() if path.is_file()}
        for path in before:
            with self.subTest(path.name):
                token = {"SLACK_BOT_TOKEN": TOKEN + "other"}
                kept = self.directory / path.name
                others = [other for other in before if other != path]
                for other in others:
                    other.rename(self.home / other.name)
                if path.name == "belfry.yaml":
                    kept.write_text("version: 1\n")
                    sentence = f"{kept} is not what init would write; nothing was written; --keep leaves it as it is, --force replaces it and keeps a copy"
                    self.refused(self.init(env=token), sentence)
                    self.assertEqual(kept.read_text(), "version: 1\n")
                    kept.write_text(before[path])
                else:
                    given = token | {"BELFRY_WEBHOOK_PASSWORD": "another-password"}
                    self.refused(self.init(env=given), f"{kept} exists; nothing was written; --force replaces it")
                    self.assertEqual(kept.read_text(), before[path])
                self.assertEqual([left.name for left in self.directory.iterdir() if left.is_file()], [path.name], "no file is left")
                for other in others:
                    (self.home / other.name).rename(other)
        both = {"SLACK_BOT_TOKEN": TOKEN + "other", "BELFRY_WEBHOOK_PASSWORD": "another-password"}
        self.refused(self.init(env=both), "slack-bot-token and .*webhook-password exist; nothing was written; --force replaces them")

    def test_again_with_the_same_answers(self):
        """Nothing changes, especially not the password, which Coder may already use."""
        first = self.init(env={"SLACK_BOT_TOKEN": TOKEN})
        before = {path: path.read_text() for path in self.directory.iterdir() if path.is_file()}
        for env in ({"SLACK_BOT_TOKEN": TOKEN}, {}):
            again = self.init(env=env)
            self.assertEqual((again.returncode, again.stderr), (0, ""))
            self.assertNotIn("written: ", again.stdout)
            for name in ("slack-bot-token", "webhook-password"):
                self.assertIn(f"kept: {self.directory / name}\n", again.stdout)
            endpoint = re.compile("ENDPOINT=.*")
            self.assertEqual(endpoint.findall(again.stdout), endpoint.findall(first.stdout))
        self.assertEqual({path: path.read_text() for path in self.directory.iterdir() if path.is_file()}, before)

    def test_keep_and_force(self):
        self.init(env={"SLACK_BOT_TOKEN": TOKEN})
        configuration = self.directory / "belfry.yaml"
        mine = configuration.read_text() + "# mine\n"
        configuration.write_text(mine)
        for name in SECRETS:
            (self.directory / name).unlink(missing_ok=True)
        self.assertEqual(self.init("--keep", env={"SLACK_BOT_TOKEN": TOKEN}).returncode, 0)
        self.assertEqual(configuration.read_text(), mine)
        self.check()
        password = (self.directory / "webhook-password").read_text()
        ended = self.init("--force", env={"SLACK_BOT_TOKEN": TOKEN + "new"})
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        self.assertNotIn("# mine", configuration.read_text())
        copy = self.directory / "belfry.yaml.old"
        self.assertEqual((copy.read_text(), mode(copy)), (mine, 0o640))
        self.assertIn(f"written: {copy}\n", ended.stdout)
        self.assertEqual((self.directory / "webhook-password").read_text(), password, "Coder may already use it")
        configuration.write_text(mine + "# again\n")
        self.assertEqual(self.init("--force").returncode, 0)
        self.assertEqual((copy.read_text(), (self.directory / "belfry.yaml.old.1").read_text()), (mine, mine + "# again\n"))
        self.assertEqual((self.directory / "slack-bot-token").read_text(), TOKEN + "new\n")
        self.assertEqual(mode(self.directory / "slack-bot-token"), 0o600)
        self.check()

    def test_a_directory_that_cannot_be_written(self):
        self.directory = Path("/proc/belfry")
        sentence = "cannot be (written|created): .*; run this as root, or name a directory of your own with --directory"
        self.refused(self.init(env={"SLACK_BOT_TOKEN": TOKEN}), sentence)

    def test_a_message_is_delivered_with_what_it_wrote(self):
        with Sandbox("--no-rate-limits") as sandbox:
            gateway = InitialisedGateway(sandbox)
            gateway.secrets.append(gateway.password)
            with gateway:
                self.assertEqual(gateway.post_webhook(notification())[0], 401)
                authorization = {"Authorization": "Basic " + base64.b64encode(f"coder:{gateway.password}".encode()).decode()}
                self.assertEqual(gateway.post_webhook(notification(), authorization)[0], 204)
                sandbox.wait_for_count(1)
                status = gateway.command("status", env=NOTHING)
                self.assertRegex(status.stdout, r"(?m)^slack +slack +open ")


class InitialisedGateway(Gateway):
    """Runs the configuration written by init, with changed Slack URL and admin port (init writes a fixed one)."""

    def __init__(self, sandbox):
        super().__init__(sandbox)
        shutil.rmtree(self.directory)
        env = NOTHING | {"SLACK_BOT_TOKEN": sandbox.token, "SLACK_SIGNING_SECRET": sandbox.signing_secret}
        made = run_belfry("init", "--directory", self.directory, "--listen", f"127.0.0.1:{self.port}", env=env)
        assert made.returncode == 0, made.stderr
        file = self.directory / "belfry.yaml"
        text = file.read_text().replace("127.0.0.1:9664", f"127.0.0.1:{self.admin_port}")
        file.write_text(text.replace("    config:\n", f"    config:\n      api_url: {sandbox.api_url}\n"))
        self.password = (self.directory / "webhook-password").read_text().strip()
        self.environment |= NOTHING | {"BELFRY_PLUGIN_DIR": str(BUILD / "plugins")}


class Terminal:
    """A person at a real terminal, who reads the output and types answers. `program`: the command that runs belfry."""

    def __init__(self, case, *arguments, env=None, program=(BUILD / "bin/belfry",)):
        master, slave = pty.openpty()
        self.master = master
        case.addCleanup(os.close, master)
        changes = NOTHING | (env or {})
        streams = {"stdin": slave, "stdout": slave, "stderr": slave}
        command = [*program, *arguments]
        self.process = subprocess.Popen(command, **streams, env=environment(changes), start_new_session=True)
        os.close(slave)
        self.seen = ""
        self.looked_at = 0  # length of the output that has been read

    def read(self, until, within=20):
        """The output up to and including `until`; None: to the end."""
        deadline = time.monotonic() + within
        start = self.looked_at
        while until is None or until not in self.seen[start:]:
            ready, _, _ = select.select([self.master], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise AssertionError(f"no {until!r} within {within} s; output: {self.seen!r}")
            try:
                text = os.read(self.master, 65536).decode()
            except OSError:  # the other end is closed
                text = ""
            if not text:
                if until is None:
                    break
                raise AssertionError(f"the command ended without {until!r}; output: {self.seen!r}")
            self.seen += text.replace("\r\n", "\n")
        self.looked_at = len(self.seen) if until is None else self.seen.index(until, start) + len(until)
        return self.seen[start : self.looked_at]

    def type(self, text):
        os.write(self.master, (text + "\n").encode())

    def answer(self, question, text):
        self.read(question)
        self.type(text)

    def end(self):
        rest = self.read(None)
        return self.process.wait(20), rest


class QuestionsTest(InitCase):
    def test_a_person_answers(self):
        terminal = Terminal(self, "init", "--directory", self.directory)
        url, token = "(empty: links): ", "(xoxb-..., not shown): "
        terminal.answer(url, "belfry.example.com")
        self.assertIn("\nthat is not a valid base URL\n", terminal.read(url))
        terminal.type("")  # no buttons, so no prompt for a signing secret
        terminal.answer(token, SECRET)
        self.assertIn("that is not a bot token", terminal.read(token))
        terminal.type("")
        self.assertIn("the bot token is empty", terminal.read(token))
        terminal.type(f"  {TOKEN} ")
        listen = "(empty: 127.0.0.1:6000): "
        terminal.answer(listen, "everywhere")
        self.assertIn("everywhere", terminal.read(listen))
        terminal.type("127.0.0.1:7000")
        code, rest = terminal.end()
        self.assertEqual(code, 0, terminal.seen)
        self.assertIn("@127.0.0.1:7000/v1/webhook\n", rest)
        self.assertEqual((self.directory / "slack-bot-token").read_text(), TOKEN + "\n")
        self.assertFalse((self.directory / "slack-signing-secret").exists())
        self.assertEqual(terminal.seen.count("display_information:"), 1)
        self.assertNotIn(TOKEN, terminal.seen)
        self.assertNotIn(SECRET, terminal.seen)
        self.check()

    def test_with_buttons(self):
        terminal = Terminal(self, "init", "--directory", self.directory, "--url", "https://belfry.example.com/")
        terminal.answer("(xoxb-..., not shown): ", TOKEN)
        self.assertIn('request_url: "https://belfry.example.com/slack/events"', terminal.seen)
        terminal.answer("(not shown; empty: no buttons): ", SECRET)
        terminal.answer("(empty: 127.0.0.1:6000): ", "")
        self.assertEqual(terminal.end()[0], 0)
        self.assertEqual((self.directory / "slack-signing-secret").read_text(), SECRET + "\n")
        self.assertNotIn(SECRET, terminal.seen)
        self.check()

    def test_with_socket_mode(self):
        terminal = Terminal(self, "init", "--directory", self.directory)
        terminal.answer("(empty: links): ", "socket")
        terminal.answer("(xoxb-..., not shown): ", TOKEN)
        self.assertIn("socket_mode_enabled: true\n", terminal.seen)
        terminal.answer("(xapp-..., not shown; empty: no buttons): ", TOKEN)
        self.assertIn("begins with xapp-", terminal.read("no buttons): "))
        terminal.type(APP_TOKEN)
        terminal.answer("(empty: 127.0.0.1:6000): ", "")
        self.assertEqual(terminal.end()[0], 0)
        self.assertEqual((self.directory / "slack-app-token").read_text(), APP_TOKEN + "\n")
        self.assertNotIn(APP_TOKEN, terminal.seen)
        self.check()

    def test_only_what_is_not_given_is_asked_for(self):
        terminal = Terminal(self, "init", "--directory", self.directory, "--listen", "127.0.0.1:6000", env={"SLACK_BOT_TOKEN": TOKEN})
        code, rest = terminal.end()
        self.assertEqual(code, 0)
        self.assertNotIn("? ", rest)
        self.directory = self.home / "second"
        terminal = Terminal(self, "init", "--directory", self.directory, "--no-questions")
        code, rest = terminal.end()
        self.assertEqual(code, 1)
        self.assertRegex(rest, "^belfry init: there is no bot token; ")

    def test_nobody_is_asked_in_vain(self):
        self.directory.mkdir()
        (self.directory / "belfry.yaml").write_text("version: 1\n")
        code, rest = Terminal(self, "init", "--directory", self.directory).end()
        self.assertEqual(code, 1)
        self.assertRegex(rest, "^belfry init: .*belfry.yaml is not what init would write; ")

    def test_a_person_who_leaves(self):
        terminal = Terminal(self, "init", "--directory", self.directory)
        terminal.answer("(empty: links): ", "")
        terminal.read("not shown): ")
        os.write(terminal.master, b"\x04")
        code, rest = terminal.end()
        self.assertEqual((code, self.directory.exists()), (1, False))
        self.assertIn("belfry init: the input ended before the last answer; nothing was written", rest)

    def test_a_signal_puts_the_terminal_back(self):
        terminal = Terminal(self, "init", "--directory", self.directory)
        terminal.answer("(empty: links): ", "")
        terminal.read("not shown): ")
        self.assertFalse(termios.tcgetattr(terminal.master)[3] & termios.ECHO)
        terminal.process.terminate()
        self.assertEqual(terminal.process.wait(20), -15)
        self.assertTrue(termios.tcgetattr(terminal.master)[3] & termios.ECHO)
        self.assertFalse(self.directory.exists())


@unittest.skipUnless(os.geteuid() == 0, "only root may change what /etc is, for one process")
class PackagedTest(unittest.TestCase):
    """In /etc/belfry, as the package creates it for the service's group, with systemd's credential store. Both belong to the test."""

    GROUP = 4242

    def setUp(self):
        self.etc = Path(tempfile.mkdtemp(prefix="belfry-etc-"))
        self.addCleanup(shutil.rmtree, self.etc)
        (self.etc / "belfry").mkdir(mode=0o750)
        os.chown(self.etc / "belfry", 0, self.GROUP)
        shutil.copy(SOURCE / "config/belfry.yaml", self.etc / "belfry")
        possible = subprocess.run(["unshare", "--mount", "mount", "--bind", self.etc, "/etc"], capture_output=True, text=True)
        if possible.returncode != 0:
            self.skipTest(f"no mount namespace here: {possible.stderr.strip()}")

    def init(self, systemd, *options):
        run = "mkdir -p /run/systemd/system && " if systemd else ""
        script = f'mount --bind {self.etc} /etc && mount -t tmpfs belfry-test /run && {run}exec "$0" "$@"'
        ended = run_belfry("init", *options, env=NOTHING | {"SLACK_BOT_TOKEN": TOKEN}, prefix=["unshare", "--mount", "sh", "-c", script])
        self.assertEqual((ended.returncode, ended.stderr), (0, ""))
        return ended.stdout

    def test_with_systemd(self):
        output = self.init(True)
        store = self.etc / "credstore"
        self.assertEqual((mode(store), sorted(path.name for path in store.iterdir())), (0o700, ["slack-bot-token", "webhook-password"]))
        for file in store.iterdir():
            self.assertEqual((mode(file), file.stat().st_gid), (0o600, 0))
        self.assertEqual((self.etc / "belfry/belfry.yaml").read_text(), (SOURCE / "config/belfry.yaml").read_text())
        self.assertNotIn("/etc/belfry/belfry.yaml", output, "the shipped configuration exists already and is not touched")
        self.assertIn("Then: belfry check --online && systemctl enable --now belfry\n", output)

    def test_without_systemd_the_service_can_read_them(self):
        (self.etc / "belfry/belfry.yaml").unlink()
        self.init(False)
        for name in ("belfry.yaml", "slack-bot-token", "webhook-password"):
            file = self.etc / "belfry" / name
            self.assertEqual((mode(file), file.stat().st_gid), (0o640, self.GROUP))


if __name__ == "__main__":
    unittest.main()
