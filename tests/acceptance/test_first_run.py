"""Installed without secrets: the service stays up and stores notifications; the log, the commands, /readyz and systemd show which secret is
missing and where to put it."""
import base64
import os
import re
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import BUILD, Gateway, Sandbox, run_belfry
from notify_socket import NotifySocket
from payloads import SOURCE, notification

SHIPPED = SOURCE / "config/belfry.yaml"
SECRETS = {"SLACK_BOT_TOKEN": None, "SLACK_SIGNING_SECRET": None, "BELFRY_WEBHOOK_PASSWORD": None}
PASSWORD = "a password for the webhook"


class ShippedGateway(Gateway):
    """Runs the shipped configuration, with other paths and ports, and with credentials as systemd passes them."""

    def __init__(self, sandbox, notified):
        super().__init__(sandbox)
        text = SHIPPED.read_text()
        for ours, there in (
            (f"path: {self.directory}/state/belfry.db", "path: /var/lib/belfry/belfry.db"),
            (f'"unix:{self.directory}/admin.sock", "127.0.0.1:{self.admin_port}"', '"unix:/run/belfry/admin.sock", "127.0.0.1:9664"'),
            (f"[{BUILD}/plugins]", "[/usr/lib/belfry/plugins, /usr/local/lib/belfry/plugins]"),
            (f"      api_url: {sandbox.api_url}\n      # interactivity", "      # interactivity"),
        ):
            assert text.count(there) == 1, there
            text = text.replace(there, ours)
        (self.directory / "belfry.yaml").write_text(text)
        self.credentials = self.directory / "credentials"
        self.credentials.mkdir()
        self.environment |= SECRETS | notified.environment | {"CREDENTIALS_DIRECTORY": str(self.credentials), "PORT": str(self.port)}
        self.secrets.append(PASSWORD)

    def put(self, name, value, mode=0o600, directory=None):
        file = (directory or self.credentials) / name
        file.touch(mode=mode)
        file.write_text(value + "\n")
        file.chmod(mode)
        return file

    def output_of(self, *arguments):
        done = self.command(*arguments, env=self.environment)
        return done.stdout + done.stderr


class FirstRunTest(unittest.TestCase):
    def setUp(self):
        self.sandbox = self.enterContext(Sandbox("--no-rate-limits"))
        self.notified = self.enterContext(NotifySocket())
        self.gateway = ShippedGateway(self.sandbox, self.notified)
        self.addCleanup(self.gateway.__exit__, None)

    def ready(self):
        return self.notified.wait(lambda message: "READY" in message, within=40)["STATUS"]

    def reload(self):
        self.gateway.process.send_signal(signal.SIGHUP)
        return self.ready()

    def start_without_secrets(self):
        self.gateway.start()
        line = self.ready()
        self.assertEqual(self.gateway.post_webhook(notification())[0], 204)
        self.assertEqual(self.gateway.metric("belfry_queue_depth", sink="slack"), 1)
        return line

    def test_everybody_says_what_is_missing(self):
        line = self.start_without_secrets()
        for who, text in (
            ("the service manager", line),
            ("/readyz", self.gateway.admin("/readyz")[1]),
            ("the log", self.gateway.log()),
            ("check", self.gateway.output_of("check")),
            ("status", self.gateway.output_of("status")),
        ):
            for words in (
                "bot_token",
                f"{self.gateway.credentials}/slack-bot-token",
                "put it into /etc/credstore/slack-bot-token (under systemd, mode 0600)",
                "or set SLACK_BOT_TOKEN",
                "it is the Bot User OAuth Token (xoxb-...) under OAuth & Permissions of your app at https://api.slack.com/apps",
            ):
                with self.subTest(who=who, words=words):
                    self.assertIn(words, text)
        self.assertEqual(self.gateway.output_of("check").count("\n"), 1, "the other two secrets are optional")
        self.gateway.stop()

    def test_a_reload_after_the_secret_was_put_there(self):
        self.start_without_secrets()
        self.gateway.put("slack-bot-token", self.sandbox.token)
        self.assertRegex(self.reload(), r"^1 sink open, [01] waiting")
        self.sandbox.wait_for_count(1)
        self.assertEqual(self.gateway.readiness(), 200)
        self.assertEqual(self.gateway.output_of("check"), "the configuration is valid\n")
        self.gateway.stop()

    def test_a_restart_after_the_secret_was_put_there(self):
        self.start_without_secrets()
        self.gateway.stop()
        self.gateway.environment["SLACK_BOT_TOKEN"] = self.sandbox.token
        self.gateway.start()
        self.sandbox.wait_for_count(1)
        self.gateway.stop()

    def test_the_other_secrets_switch_things_on(self):
        self.gateway.put("slack-bot-token", self.sandbox.token)
        self.gateway.start()
        self.ready()
        self.assertEqual(self.gateway.post("/slack/events", b"", {})[0], 404)
        self.assertEqual(self.gateway.post_webhook(notification())[0], 204)
        self.gateway.put("webhook-password", PASSWORD)
        self.gateway.put("slack-signing-secret", self.sandbox.signing_secret)
        self.reload()
        self.assertEqual(self.gateway.post("/slack/events", b"", {})[0], 401)
        self.assertEqual(self.gateway.post_webhook(notification())[0], 401)
        authorization = {"Authorization": "Basic " + base64.b64encode(f"coder:{PASSWORD}".encode()).decode()}
        self.assertEqual(self.gateway.post_webhook(notification(), authorization)[0], 204)
        self.gateway.stop()

    def test_a_secret_that_others_can_read(self):
        file = self.gateway.put("slack-bot-token", self.sandbox.token, mode=0o644, directory=self.gateway.directory)
        sentence = f"the file {file} can be read by others; run: chmod o= {file}"
        line = self.start_without_secrets()
        for text in (line, self.gateway.admin("/readyz")[1], self.gateway.log(), self.gateway.output_of("check"), self.gateway.output_of("status")):
            self.assertIn(sentence, text)
        self.assertEqual(self.sandbox.calls(), [])
        subprocess.run(sentence.split("run: ")[1], shell=True, check=True)
        self.assertEqual(self.gateway.output_of("check"), "the configuration is valid\n")
        self.reload()
        self.sandbox.wait_for_count(1)
        # A running gateway keeps using a secret whose file becomes readable by others.
        file.chmod(0o644)
        self.assertRegex(self.reload(), f"^the new configuration was refused, .*{re.escape(sentence)}; 1 sink open, 0 waiting")
        self.assertEqual(self.gateway.post_webhook(notification())[0], 204)
        self.sandbox.wait_for_count(2)
        self.gateway.stop()

    def test_a_password_that_others_can_read(self):
        self.gateway.put("slack-bot-token", self.sandbox.token)
        file = self.gateway.put("webhook-password", PASSWORD, mode=0o604, directory=self.gateway.directory)
        served = self.gateway.command("serve", env=self.gateway.environment)
        self.assertEqual(served.returncode, 1)
        sentence = rf"error: sources\.coder\.auth\.basic\.password is a secret: the file {file} can be read by others; run: chmod o= {file}$"
        self.assertRegex(served.stderr, "(?m)" + sentence)
        self.assertRegex(self.notified.wait_status("cannot start: "), sentence)


@unittest.skipUnless(os.geteuid() == 0, "only root may change what /etc is, for one process")
class AdministratorTest(unittest.TestCase):
    """Commands run by root read systemd's credential store. /etc is a directory of the test."""

    def setUp(self):
        self.etc = Path(tempfile.mkdtemp(prefix="belfry-etc-"))
        self.addCleanup(shutil.rmtree, self.etc)
        (self.etc / "belfry").mkdir()
        text = SHIPPED.read_text().replace("[/usr/lib/belfry/plugins, /usr/local/lib/belfry/plugins]", f"[{BUILD}/plugins]")
        (self.etc / "belfry/belfry.yaml").write_text(text)
        possible = subprocess.run(["unshare", "--mount", "mount", "--bind", self.etc, "/etc"], capture_output=True, text=True)
        if possible.returncode != 0:
            self.skipTest(f"no mount namespace here: {possible.stderr.strip()}")

    def check(self):
        prefix = ["unshare", "--mount", "sh", "-c", f'mount --bind {self.etc} /etc && exec "$0" "$@"']
        checked = run_belfry("check", "--file-only", env=SECRETS | {"CREDENTIALS_DIRECTORY": None}, prefix=prefix)
        return checked.stdout + checked.stderr

    def test_check(self):
        self.assertIn("there is no file /etc/belfry/slack-bot-token and environment variable SLACK_BOT_TOKEN is not set", self.check())
        (self.etc / "credstore").mkdir(mode=0o700)
        self.assertIn("there is no file /etc/credstore/slack-bot-token or /etc/belfry/slack-bot-token and", self.check())
        (self.etc / "credstore/slack-bot-token").write_text("xoxb-1\n")
        self.assertEqual(self.check(), "the configuration is valid\n")


if __name__ == "__main__":
    unittest.main()
