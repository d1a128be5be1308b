"""An unreadable configuration, file or variable is an error. It must never count as absent, because without a configuration the gateway
accepts requests from anyone. The commands run as an ordinary user, with the test's own /etc."""
import base64
import os
import resource
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import BUILD, Gateway, Sandbox, free_port, run_belfry
from notify_socket import NotifySocket
from payloads import notification

NOBODY = 65534
VARIABLES = ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_APP_TOKEN", "BELFRY_WEBHOOK_PASSWORD", "CREDENTIALS_DIRECTORY", "STATE_DIRECTORY", "PORT")
NOTHING = {name: None for name in VARIABLES}
PASSWORD = "a password for the webhook"
TEXT = """\
version: 1
server: { listen: "127.0.0.1:1" }
sources: { coder: { type: coder } }
sinks: { slack: { plugin: slack, config: { bot_token: xoxb-1 } } }
pipeline: { routes: [ { name: everyone, to: [ slack ] } ] }
"""


def close(path, mode=0o700):
    os.chown(path, 0, 0)
    path.chmod(mode)


@unittest.skipUnless(os.geteuid() == 0, "only root may become somebody else, and change what /etc is for one process")
class UnreadableCase(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp(prefix="belfry-etc-"))
        self.addCleanup(shutil.rmtree, self.root)
        self.root.chmod(0o755)
        self.etc = self.root / "etc"
        (self.etc / "belfry").mkdir(parents=True)
        for path in (self.etc, self.etc / "belfry"):
            path.chmod(0o755)
        self.file = self.etc / "belfry/belfry.yaml"
        # Every variable that the gateway needs without a file is set, so that it would start if it took the file for absent.
        self.port = free_port()
        self.state = self.root / "state"
        self.state.mkdir(mode=0o700)
        os.chown(self.state, NOBODY, NOBODY)
        self.program = self.root / "belfry"
        shutil.copy(BUILD / "bin/belfry", self.program)
        self.program.chmod(0o755)
        possible = subprocess.run(["unshare", "--mount", "mount", "--bind", self.etc, "/etc"], capture_output=True, text=True)
        if possible.returncode != 0:
            self.skipTest(f"no mount namespace here: {possible.stderr.strip()}")

    def write(self, text=TEXT):
        self.file.write_text(text)
        self.file.chmod(0o644)

    def run_as_nobody(self, *arguments, env=None):
        variables = NOTHING | {"SLACK_BOT_TOKEN": "xoxb-1", "PORT": str(self.port), "STATE_DIRECTORY": str(self.state)} | (env or {})
        change = f'mount --bind {self.etc} /etc && exec setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups {self.program} "$@"'
        command = ["timeout", "20", "unshare", "--mount", "sh", "-c", change, "belfry", *arguments]
        environment = {key: value for key, value in (os.environ | variables).items() if value is not None}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)

    def refused(self, words, *, commands=("serve", "check", "status", "reload"), env=None):
        for command in commands:
            with self.subTest(command):
                ended = self.run_as_nobody(command, env=env)
                self.assertEqual(ended.returncode, 1, ended.stderr)
                self.assertRegex(ended.stderr, rf"(?m)^/etc/belfry/belfry\.yaml: error: {words}")
                self.assertNotIn("anyone who can reach", ended.stderr)


class ConfigurationTest(UnreadableCase):
    def test_a_directory_of_others(self):
        self.write()
        close(self.etc / "belfry")
        denied = rf"cannot be read: Permission denied \(user {NOBODY} may not search /etc/belfry\); let the user of the gateway read it"
        self.refused(denied + "; other users need sudo for this command$")

    def test_a_directory_of_others_without_the_file(self):
        close(self.etc / "belfry")
        self.refused("cannot be read: Permission denied")

    def test_a_file_of_others(self):
        self.write()
        close(self.file, 0o600)
        self.refused("cannot be read: Permission denied; let the user of the gateway read it")

    def test_every_other_reason(self):
        def link_to_nothing():
            self.file.symlink_to("/srv/elsewhere/belfry.yaml")

        def directory_link_to_nothing():
            (self.etc / "belfry").rmdir()
            (self.etc / "belfry").symlink_to("/srv/elsewhere")

        def loop():
            self.file.symlink_to("belfry.yaml")

        def no_directory():
            (self.etc / "belfry").rmdir()
            (self.etc / "belfry").write_text("")

        def pipe():
            os.mkfifo(self.file)

        for make, words in (
            (link_to_nothing, r"cannot be read: No such file or directory \(symbolic link /etc/belfry/belfry\.yaml to /srv/elsewhere/belfry\.yaml\)"),
            (directory_link_to_nothing, r"cannot be read: No such file or directory \(symbolic link /etc/belfry to /srv/elsewhere\)"),
            (loop, "cannot be read: Too many levels of symbolic links"),
            (no_directory, "cannot be read: Not a directory"),
            (pipe, "is a device, not a file; name a file"),
            (self.file.mkdir, "is a directory; name a file"),
        ):
            with self.subTest(getattr(make, "__name__", make)):
                make()
                self.refused(words, commands=["serve", "check"])
                shutil.rmtree(self.etc / "belfry") if (self.etc / "belfry").is_dir() and not (self.etc / "belfry").is_symlink() else (self.etc / "belfry").unlink()
                (self.etc / "belfry").mkdir()
                (self.etc / "belfry").chmod(0o755)

    def test_an_empty_file_is_no_configuration(self):
        self.write("")
        for command in ("serve", "check"):
            ended = self.run_as_nobody(command)
            self.assertEqual(ended.returncode, 1)
            self.assertRegex(ended.stderr, r"^/etc/belfry/belfry\.yaml:.*error: ")
            self.assertNotIn("anyone who can reach", ended.stderr)

    def test_no_file_is_none(self):
        checked = self.run_as_nobody("check", env={"BELFRY_PLUGIN_DIR": "/nonexistent"})
        self.assertIn("warning: anyone who can reach", checked.stderr)
        (self.etc / "belfry").rmdir()
        checked = self.run_as_nobody("check", env={"BELFRY_PLUGIN_DIR": "/nonexistent"})
        self.assertIn("warning: anyone who can reach", checked.stderr)

    def test_a_file_that_was_named(self):
        ended = self.run_as_nobody("serve", "--config", "/etc/belfry/belfry.yaml")
        self.assertEqual(ended.returncode, 1)
        self.assertRegex(ended.stderr, r"error: does not exist; write one with `belfry init`, or name another with --config")

    def test_what_the_file_names(self):
        """An optional file counts as missing only if it does not exist."""
        include = self.etc / "belfry/conf.d"
        include.mkdir()
        include.chmod(0o755)
        secret = self.etc / "belfry/webhook-password"
        secret.write_text(PASSWORD)
        auth = TEXT.replace("{ type: coder }", '{ type: coder, auth: { basic: { username: coder, password: "${file:webhook-password:-}" } } }')
        plugins = self.root / "plugins"
        plugins.mkdir()
        plugins.chmod(0o755)

        def credentials():
            directory = self.root / "credentials"
            directory.mkdir(mode=0o700, exist_ok=True)
            return {"CREDENTIALS_DIRECTORY": str(directory)}

        def link(path, target="/srv/elsewhere"):
            path.unlink() if path.is_file() else path.rmdir()
            path.symlink_to(target)

        for name, text, change, words, env in (
            ("a secret of others", auth, lambda: close(secret, 0o600), "webhook-password cannot be read: Permission denied", {}),
            ("credentials of others", auth, lambda: None, "webhook-password cannot be read: Permission denied", credentials()),
            ("no credentials directory", auth, lambda: None, "no directory /nonexistent, which CREDENTIALS_DIRECTORY names", {"CREDENTIALS_DIRECTORY": "/nonexistent"}),
            ("included files of others", "include: conf.d/*.yaml\n" + TEXT, lambda: close(include), r"include searches /etc/belfry/conf\.d, which cannot be read: Permission denied", {}),
            ("a directory of plugins", f"plugins: {{ directories: [ {plugins} ] }}\n" + TEXT, lambda: close(plugins), "plugins.directories: .*Permission denied", {}),
            ("a secret that is a link to nothing", auth, lambda: link(secret), "webhook-password cannot be read: No such file or directory .symbolic link", {}),
            ("included files behind a link", "include: conf.d/*.yaml\n" + TEXT, lambda: link(include), r"include searches /etc/belfry/conf\.d, which cannot be read: No such file or directory .symbolic link", {}),
            ("plugins behind a link", f"plugins: {{ directories: [ {plugins} ] }}\n" + TEXT, lambda: link(plugins), "plugins.directories: .*cannot be listed: No such file or directory .symbolic link", {}),
        ):
            with self.subTest(name):
                self.write(text)
                change()
                for command in ("serve", "check"):
                    ended = self.run_as_nobody(command, env=env)
                    self.assertEqual(ended.returncode, 1, ended.stderr)
                    self.assertRegex(ended.stderr, words)

    def test_cases_of_others(self):
        self.write()
        cases = self.root / "cases"
        cases.mkdir()
        close(cases)
        ended = self.run_as_nobody("config", "test", str(cases), env={"BELFRY_PLUGIN_DIR": str(BUILD / "plugins")})
        self.assertEqual(ended.returncode, 1)
        self.assertNotIn("has no cases", ended.stderr)


class WithoutAFileTest(unittest.TestCase):
    """Without a file, each environment variable is either honoured or refused."""

    def setUp(self):
        self.sandbox = self.enterContext(Sandbox("--no-rate-limits"))
        self.notified = self.enterContext(NotifySocket())
        self.gateway = Gateway(self.sandbox)
        self.addCleanup(self.gateway.__exit__, None)
        self.gateway.admin_port = 9664  # fixed without a file
        self.gateway.arguments = ["serve"]
        self.gateway.environment |= NOTHING | self.notified.environment | {
            "SLACK_BOT_TOKEN": self.sandbox.token,
            "PORT": str(self.gateway.port),
            "STATE_DIRECTORY": str(self.gateway.directory / "state"),
            "BELFRY_PLUGIN_DIR": str(BUILD / "plugins"),
        }
        if Path("/etc/belfry/belfry.yaml").exists():
            self.skipTest("this machine has a configuration")

    def ready(self):
        self.gateway.spawn()
        return self.notified.wait(lambda message: "READY" in message, within=40)

    def test_a_password_is_asked_for(self):
        self.gateway.environment["BELFRY_WEBHOOK_PASSWORD"] = PASSWORD
        self.gateway.secrets.append(PASSWORD)
        self.ready()
        self.assertNotIn("anyone who can reach", self.gateway.log())
        self.assertEqual(self.gateway.post_webhook(notification())[0], 401)
        wrong = {"Authorization": "Basic " + base64.b64encode(f"root:{PASSWORD}".encode()).decode()}
        self.assertEqual(self.gateway.post_webhook(notification(), wrong)[0], 401)
        right = {"Authorization": "Basic " + base64.b64encode(f"coder:{PASSWORD}".encode()).decode()}
        self.assertEqual(self.gateway.post_webhook(notification(), right)[0], 204)
        self.gateway.stop()

    def test_no_password_is_warned_of(self):
        self.ready()
        self.assertRegex(self.gateway.log(), r"warning: anyone who can reach \[::\]:\d+ can send notifications; set BELFRY_WEBHOOK_PASSWORD")
        self.assertEqual(self.gateway.post_webhook(notification())[0], 204)
        self.gateway.stop()

    def test_what_cannot_be_honoured_is_refused(self):
        for name, value, words in (
            ("BELFRY_WEBHOOK_PASSWORD", "", "environment variable BELFRY_WEBHOOK_PASSWORD is empty; give it the password"),
            ("BELFRY_LOG", "verbose", 'environment variable BELFRY_LOG is "verbose"; write debug, info, warn or error'),
            ("BELFRY_CORE_FILES", "1", 'environment variable BELFRY_CORE_FILES is "1"; write yes or no'),
            ("PORT", "http", 'environment variable PORT is "http"'),
        ):
            with self.subTest(name):
                for command in ("serve", "check"):
                    ended = run_belfry(command, env=self.gateway.environment | {name: value})
                    self.assertEqual(ended.returncode, 1)
                    self.assertIn(words, ended.stderr)


class NoCoreFileTest(unittest.TestCase):
    def test_the_limit(self):
        before = resource.getrlimit(resource.RLIMIT_CORE)
        try:
            resource.setrlimit(resource.RLIMIT_CORE, (1 << 20, before[1] if before[1] > 1 << 20 or before[1] < 0 else 1 << 20))
        except (OSError, ValueError) as refused:
            self.skipTest(f"the limit cannot be raised here: {refused}")
        self.addCleanup(resource.setrlimit, resource.RLIMIT_CORE, before)
        with Sandbox("--no-rate-limits") as sandbox, Gateway(sandbox) as gateway:
            limits = Path(f"/proc/{gateway.process.pid}/limits").read_text()
            self.assertRegex(limits, r"(?m)^Max core file size +0 ")


if __name__ == "__main__":
    unittest.main()
