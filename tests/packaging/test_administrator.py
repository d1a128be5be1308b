"""Administration of an installed gateway, as root and as an ordinary user: commands that see what the service sees, secrets with custom
names, an outage, refused requests and expiring certificates. One machine, in this order."""
import base64
import json
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from installed import NAME, PORT, Installed, make_certificate, point_at_sandbox, put_credential
from machine import Machine
from payloads import notification
from roots import Root, package, run
from slack_sandbox.process import Sandbox
from slack_sandbox.signing import signed_headers
from test_init import Terminal

USER = "ann"
FORM = "application/x-www-form-urlencoded"


class AdministratorTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.files = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.root = cls.enterClassContext(Root())
        new = cls.root.put(package("belfry"))
        cls.root.fetch(new)
        cls.machine = cls.enterClassContext(Machine(cls.root))
        cls.certificate, key = make_certificate(cls.files)
        tls = ["--certificate", str(cls.certificate), "--key", str(key)]
        cls.sandbox = cls.enterClassContext(Sandbox("--no-rate-limits", "--port", str(PORT), *tls))
        cls.gateway = Installed(cls.machine)
        cls.machine.run("apt-get", "install", "--yes", "--no-install-recommends", new)
        cls.machine.run("useradd", "--create-home", USER)
        cls.shipped = cls.gateway.configuration().read_text()

    def as_user(self, *command):
        return self.machine.try_run("runuser", "-u", USER, "--", *command)

    def etc(self, name):
        return self.root.path / "etc/belfry" / name

    def write(self, text):
        self.gateway.configuration().write_text(text)

    def restart(self):
        self.machine.run("systemctl", "reset-failed", "belfry")
        self.machine.run("systemctl", "restart", "belfry")
        self.gateway.until(lambda: self.gateway.readiness() == 200, "/readyz answers 200")

    def check(self, *options):
        return self.machine.try_run("belfry", "check", *options)

    def drop_in(self, text):
        directory = self.root.path / "etc/systemd/system/belfry.service.d"
        shutil.rmtree(directory, ignore_errors=True)
        if text:
            directory.mkdir(parents=True)
            (directory / "override.conf").write_text("[Service]\n" + text)
        self.machine.run("systemctl", "daemon-reload")

    def journal(self, *options):
        return self.machine.run("journalctl", "--unit=belfry", "--output=cat", *options)

    def make_key(self, name, days=9):
        tls = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=belfry.example.com"]
        run("openssl", "req", "-x509", *tls, "-days", str(days), "-keyout", self.etc(f"{name}.key"), "-out", self.etc(f"{name}.crt"))
        self.etc(f"{name}.key").chmod(0o600)

    def test_1_an_ordinary_user(self):
        for command in (["status"], ["check"], ["reload"]):
            code, output = self.as_user("belfry", *command)
            self.assertEqual(code, 1, output)
            self.assertRegex(output, "Permission denied|sudo", command)
        code, output = self.as_user("belfry", "init", "--no-questions")
        self.assertEqual(code, 1, output)
        code, output = self.as_user("env", "SLACK_BOT_TOKEN=xoxb-1-2-abc", "belfry", "init", "--no-questions")
        self.assertRegex(output, "run this as root, or name a directory of your own with --directory")
        home = f"/home/{USER}/belfry"
        code, output = self.as_user("env", "SLACK_BOT_TOKEN=xoxb-1-2-abc", "belfry", "init", "--no-questions", "--directory", home)
        self.assertEqual(code, 0, output)
        # The running service uses the default ports.
        config = Path(f"{self.root.path}{home}/belfry.yaml")
        config.write_text(config.read_text().replace("9664", "9665").replace("PORT:-6000", "PORT:-6001"))
        code, output = self.as_user("belfry", "check", "--config", f"{home}/belfry.yaml")
        self.assertEqual((code, output), (0, "the configuration is valid\n"))
        code, output = self.as_user("env", "BELFRY_LOG=debgu", "belfry", "check", "--config", f"{home}/belfry.yaml")
        self.assertEqual(code, 1, output)
        self.assertIn("BELFRY_LOG", output)

    def test_2_secrets_with_the_last_lines_of_init(self):
        put_credential(self.root, "slack-bot-token", self.sandbox.token)
        put_credential(self.root, "slack-signing-secret", self.sandbox.signing_secret)
        output = self.machine.run("belfry", "init", "--no-questions", "--keep")
        self.assertIn("kept: /etc/credstore/slack-bot-token\n", output)
        commands = re.search("(?m)^Then: (.*)$", output)[1]
        self.assertEqual(commands, "belfry check --online && systemctl enable --now belfry && systemctl restart belfry")
        password = (self.root.path / "etc/credstore/webhook-password").read_text()
        self.assertIn("kept: /etc/credstore/webhook-password", self.machine.run("belfry", "init", "--no-questions", "--force"))
        self.assertEqual((self.root.path / "etc/credstore/webhook-password").read_text(), password)
        (self.root.path / "etc/credstore/webhook-password").unlink()
        point_at_sandbox(self.root, self.certificate)
        type(self).good = self.gateway.configuration().read_text()
        self.machine.run("sh", "-c", commands)
        self.gateway.until(lambda: self.gateway.readiness() == 200, "/readyz answers 200")
        code, output = self.check()
        note = "/etc/belfry/belfry.yaml: note: checked as user belfry, which the gateway runs as"
        self.assertEqual((code, sorted(output.splitlines())), (0, [note, "the configuration is valid"]))

    def refuses(self, words):
        """Expects the error from `belfry check` as root, and that the service does not start."""
        code, output = self.check()
        self.assertEqual(code, 1, output)
        self.assertRegex(output, words)
        self.machine.run("systemctl", "stop", "belfry")
        self.assertNotEqual(self.machine.try_run("systemctl", "start", "belfry")[0], 0)
        self.machine.run("systemctl", "stop", "belfry")

    def test_3_check_as_root_sees_what_the_service_sees(self):
        mine = self.etc("conf.d/90-mine.yaml")
        mine.write_text("sinks: { mine: { plugin: console, config: {} } }\n")
        mine.chmod(0o600)
        self.refuses("90-mine.yaml cannot be read by user belfry, which the gateway runs as: Permission denied")
        self.machine.run("chgrp", "belfry", "/etc/belfry/conf.d/90-mine.yaml")
        mine.chmod(0o640)
        self.assertEqual(self.check()[0], 0)
        mine.unlink()

        self.make_key("tls", days=90)
        tls = self.good.replace("  # tls: { certificate: tls.crt, key: tls.key }", "  tls: { certificate: tls.crt, key: tls.key }")
        self.write(tls)
        self.refuses("/etc/belfry/tls.key.* cannot be read|/etc/belfry/tls.key.*Permission denied")
        self.etc("tls.key").chmod(0o644)
        code, output = self.check()
        self.assertRegex(output, "warning: .*tls.key.*others|tls.key.*others can read")
        shutil.move(self.etc("tls.crt"), self.root.path / "home/tls.crt")
        self.write(tls.replace("certificate: tls.crt", "certificate: /home/tls.crt"))
        self.refuses("/home/tls.crt is hidden from the service: its unit has ProtectHome=yes")

        self.write(self.good.replace('"127.0.0.1:${env:PORT:-6000}"', '"127.0.0.1:443"'))
        self.refuses("port 443 needs the capability CAP_NET_BIND_SERVICE")
        self.drop_in("AmbientCapabilities=CAP_NET_BIND_SERVICE\nCapabilityBoundingSet=CAP_NET_BIND_SERVICE\nPrivateUsers=no\n")
        code, output = self.check()
        self.assertEqual(code, 0, output)
        self.restart()
        self.assertIn("127.0.0.1:443", self.machine.run("belfry", "status", "--json"))
        self.drop_in("AmbientCapabilities=CAP_NET_BIND_SERVICE\nCapabilityBoundingSet=CAP_NET_BIND_SERVICE\n")
        self.refuses("port 443 needs the capability CAP_NET_BIND_SERVICE")
        self.drop_in("")

        # Before the first start there is no state directory.
        self.write(self.good)
        state = self.root.path / "var/lib/belfry"
        shutil.move(state, f"{state}.aside")
        mine.write_text("sinks: { mine: { plugin: console, config: {} } }\n")
        mine.chmod(0o600)
        self.assertIn("90-mine.yaml cannot be read by user belfry", self.check()[1])
        mine.unlink()
        self.assertEqual(self.check()[0], 0)
        shutil.move(f"{state}.aside", state)
        self.restart()

    def test_4_a_secret_with_a_name_of_ones_own(self):
        self.write(self.good.replace("${file:slack-bot-token:-${env:SLACK_BOT_TOKEN}}", "${file:other-bot-token}"))
        self.machine.run("systemctl", "restart", "belfry")
        self.gateway.until(lambda: self.gateway.readiness() == 200, "/readyz answers 200")
        code, output = self.machine.try_run("belfry", "status")
        self.assertEqual(code, 1)
        self.assertIn("LoadCredential=other-bot-token", output)
        put_credential(self.root, "other-bot-token", self.sandbox.token)
        self.drop_in("LoadCredential=other-bot-token\n")
        self.restart()
        self.assertEqual(self.machine.try_run("belfry", "status")[0], 0)
        self.drop_in("")
        self.write(self.good)
        self.restart()

    def test_5_an_outage(self):
        before = len(self.journal("--priority=warning").splitlines())
        self.sandbox.fault("http", method="users.lookupByEmail", count=None)
        for number in range(5):
            self.assertEqual(self.gateway.post_webhook(notification(f"person-{number}@example.com"))[0], 204)
        self.gateway.until(lambda: "unreachable" in self.machine.show("StatusText"), "systemctl status shows the outage", within=60)
        warnings = self.journal("--priority=warning").splitlines()[before:]
        self.assertEqual(len([line for line in warnings if "sink is unreachable" in line]), 1, warnings)
        code, status = self.machine.try_run("belfry", "status")
        self.assertEqual(code, 0, "no operator is needed")
        self.assertRegex(status, r"(?m)^slack is unreachable \(server_error\): ")
        print("\n--- journalctl -p warning\n" + "\n".join(warnings))
        print("--- systemctl status belfry\n" + "\n".join(self.machine.try_run("systemctl", "status", "belfry", "--lines=0")[1].splitlines()[:8]))
        print("--- belfry status\n" + status)
        self.sandbox.clear_faults()
        self.gateway.wait_idle(120)
        self.assertIn("sink is reachable again", self.journal())

    def test_6_a_wrong_signing_secret_and_a_certificate_that_ends(self):
        self.make_key("old", days=9)
        self.machine.run("chgrp", "belfry", "/etc/belfry/old.key")
        self.etc("old.key").chmod(0o640)
        self.write(self.good.replace("  # tls: { certificate: tls.crt, key: tls.key }", "  tls: { certificate: old.crt, key: old.key }"))
        self.restart()
        code, output = self.check()
        self.assertRegex(output, "warning: server.tls.certificate: the certificate CN=belfry.example.com .* in [89] days; renew it")
        self.assertIn("the certificate CN=belfry.example.com", self.machine.try_run("belfry", "status")[1])
        self.assertIn("the certificate CN=belfry.example.com", self.journal("--priority=warning"))
        print("\n--- belfry status, with a certificate that ends\n" + self.machine.try_run("belfry", "status")[1])
        self.write(self.good)
        self.restart()
        for _ in range(3):
            body = b"payload=%7B%22type%22%3A%22block_actions%22%7D"
            headers = {"Content-Type": FORM} | signed_headers("another-signing-secret-0123", body)
            self.assertEqual(self.gateway.post("/slack/events", body, headers)[0], 401)
        status = self.machine.try_run("belfry", "status")[1]
        self.assertRegex(
            status,
            r"3 requests at /slack/events were refused in the last hour \(401\), the latest at 20.*: the signature does not match the signing secret of "
            "sink slack",
        )
        self.assertEqual(self.gateway.post_webhook(notification(), path="/v1/webhook/")[0], 404)
        self.assertIn("did you mean /v1/webhook?", self.machine.try_run("belfry", "status")[1])
        print("--- belfry status, with a wrong signing secret\n" + status)
        print("--- journalctl -p warning\n" + "\n".join(self.journal("--priority=warning").splitlines()[-3:]))

    def test_7_commands_without_a_readable_configuration(self):
        self.write(self.good + "\nnonsense: true\n")
        code, output = self.machine.try_run("belfry", "status")
        self.assertIn("slack ", output)
        self.assertIn("nonsense", output)
        code, output = self.machine.try_run("belfry", "reload")
        self.assertEqual(code, 1)
        self.assertRegex(output, r"belfry.yaml:\d+:1: error: .*nonsense")
        self.gateway.configuration().unlink()
        self.assertIn("slack ", self.machine.try_run("belfry", "status")[1])
        without_admin = re.sub(r"(?m)^admin:\n(  .*\n)+", "", self.good)
        self.assertNotIn("admin:", without_admin)
        self.write(without_admin)
        self.machine.run("chgrp", "belfry", "/etc/belfry/belfry.yaml")
        self.machine.run("systemctl", "restart", "belfry")
        self.gateway.until(lambda: self.machine.try_run("belfry", "status")[0] == 0, "status answers without admin:")
        self.machine.run("belfry", "reload")
        self.write(self.good)
        self.restart()

    def test_8_the_journal(self):
        lines = [json.loads(line) for line in self.machine.run("journalctl", "--unit=belfry", "--output=json").splitlines()]
        own = [line for line in lines if line.get("_EXE") == "/usr/bin/belfry"]
        priorities = {line["PRIORITY"] for line in own}
        self.assertLessEqual({"3", "4", "6"}, priorities)
        for line in own:
            self.assertNotRegex(str(line["MESSAGE"]), r"^\d{4}-\d\d-\d\dT|^<\d>")

    def test_9_a_root_that_is_read_only(self):
        places = ("--property=ReadOnlyPaths=/", "--property=PrivateMounts=yes")
        done = self.machine.try_run("systemd-run", "--wait", "--pipe", "--quiet", *places, "belfry", "plugins", "list")
        self.assertNotIn("unexpected error", done[1])
        self.assertRegex(done[1], "slack|TMPDIR")

    def test_a_a_copy_that_was_put_back(self):
        state = self.root.path / "var/lib/belfry"
        self.sandbox.fault("http", method="users.lookupByEmail", count=None)
        self.assertEqual(self.gateway.post_webhook(notification("waits@example.com"))[0], 204)
        self.machine.run("systemctl", "stop", "belfry")
        shutil.copy(state / "belfry.db", self.files / "copy.db")
        self.sandbox.clear_faults()
        self.restart()
        self.sandbox.wait_for(lambda rows: any(row["email"] == "waits@example.com" for row in rows), 60)
        self.machine.run("systemctl", "stop", "belfry")
        (state / "belfry.db").write_bytes((self.files / "copy.db").read_bytes())
        self.restart()
        self.gateway.wait_idle(60)
        self.assertIn("the database was copied to this place", self.journal("--priority=warning"))
        sent = [row for row in self.sandbox.messages() if row["email"] == "waits@example.com"]
        # This sandbox grants im:history, so the sink finds the message and does not send it again.
        self.assertEqual(len(sent), 1, sent)

    def test_b_what_is_open_to_others_is_warned_of(self):
        listening = self.good.replace('"127.0.0.1:${env:PORT:-6000}"', '"0.0.0.0:6000"').replace('"127.0.0.1:9664"', '"0.0.0.0:9664"')
        passwords = ["the old password of the webhook", "the new password of the webhook"]
        for name, text in zip(("old-password", "new-password"), passwords):
            self.etc(name).write_text(text)
            self.etc(name).chmod(0o640)
            self.machine.run("chgrp", "belfry", f"/etc/belfry/{name}")
        both = re.sub(r"password: .*", 'password: ["${file:old-password}", "${file:new-password}"]', listening)
        self.write(both.replace("  # token:", "  token:").replace("${file:admin-token}", "${file:new-password}"))
        code, output = self.check()
        self.assertEqual(code, 0, output)
        self.assertRegex(output, "warning: .*0.0.0.0:6000 has no TLS")
        self.assertRegex(output, "warning: .*0.0.0.0:9664")
        self.restart()
        for text in passwords:
            basic = {"Authorization": "Basic " + base64.b64encode(f"coder:{text}".encode()).decode()}
            self.assertEqual(self.gateway.post_webhook(notification(), basic)[0], 204)
        self.assertEqual(self.gateway.post_webhook(notification())[0], 401)
        self.write(self.good)
        self.restart()
        self.assertIn('\nbelfry_dead_letters_total{sink="slack"} 0\n', self.gateway.admin("/metrics")[1])

    def test_c_secrets_of_a_container(self):
        secrets = "/run/container-secrets"
        self.machine.run("sh", "-c", f"mkdir {secrets} && mount -t tmpfs secrets {secrets} && echo xoxb-1-2-abc > {secrets}/token && chmod 444 {secrets}/token")
        self.machine.run("mount", "-o", "remount,ro", secrets)
        self.write(self.good.replace("${file:slack-bot-token:-${env:SLACK_BOT_TOKEN}}", f"${{file:{secrets}/token}}"))
        code, output = self.check()
        self.assertEqual(code, 1, output)
        self.assertRegex(output, "token can be read by others; its mount is read-only, so mount it with mode 0400")
        self.assertNotIn("chmod o= " + secrets, output)
        self.write(self.good)

    def test_d_init_asks_again_at_a_terminal(self):
        for number, user in enumerate(("root", USER)):
            directory = f"/home/{USER}/asked-{number}"
            terminal = Terminal(self, "init", "--directory", directory, program=self.machine.inside("runuser", "-u", user, "--", "/usr/bin/belfry"))
            terminal.answer("(empty: links): ", "")
            terminal.answer("(xoxb-..., not shown): ", "xoxb-1-2-abc")
            terminal.answer("(empty: 127.0.0.1:6000): ", "everywhere")
            terminal.answer("(empty: 127.0.0.1:6000): ", "127.0.0.1:6002")
            code, output = terminal.end()
            self.assertEqual(code, 0, output)
            self.assertEqual((self.root.path / directory[1:] / "slack-bot-token").read_text(), "xoxb-1-2-abc\n")

    def test_e_a_configuration_in_a_fresh_home(self):
        self.machine.run("systemctl", "stop", "belfry")  # the admin address by default is the same
        self.sandbox.post("reset")
        home = self.root.path / f"home/{USER}"
        shutil.copy(self.certificate, home / "ca.pem")
        (home / "try.yaml").write_text(
            "version: 1\nsources: { coder: { type: coder, path: /v1/webhook } }\n"
            f'sinks: {{ slack: {{ plugin: slack, config: {{ bot_token: {self.sandbox.token}, api_url: "https://{NAME}:{PORT}/api/" }}, http: {{ ca_file: ca.pem }} }} }}\n'
            'server: { listen: "127.0.0.1:6003" }\npipeline: { routes: [ { name: everyone, to: [ slack ] } ] }\n'
        )
        (home / "ca.pem").chmod(0o644)
        as_ann = ("runuser", "-u", USER, "--", "env", f"HOME=/home/{USER}", "belfry")
        config = ("--config", f"/home/{USER}/try.yaml")
        self.assertEqual(self.machine.try_run(*as_ann, "check", *config)[0], 0)
        self.assertFalse((home / ".local").exists())
        serve = subprocess.Popen(self.machine.inside(*as_ann, "serve", *config), stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(serve.wait, 20)
        self.addCleanup(serve.terminate)
        self.gateway.until(lambda: self.machine.try_run(*as_ann, "status", *config)[0] == 0, "status answers without admin:")
        self.gateway.port = 6003
        self.addCleanup(setattr, self.gateway, "port", 6000)
        self.assertEqual(self.gateway.post_webhook(notification("fresh@example.com"))[0], 204)
        self.sandbox.wait_for(lambda rows: any(row["email"] == "fresh@example.com" for row in rows))
        self.assertEqual((home / ".local/state/belfry").stat().st_mode & 0o777, 0o700)


if __name__ == "__main__":
    unittest.main(failfast=True)
