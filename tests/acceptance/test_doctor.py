"""`belfry doctor` finds prepared problems of a running system and names the remedy of each, without a gateway and with a broken configuration
as well, and within its time limit."""
import ctypes
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from harness import BUILD, Gateway, Sandbox
from payloads import notification

DEAD = "127.0.0.78"  # the test of the name server binds port 53 of it and never responds
OWNER = 65533  # owner of a state directory; a uid without a user name
LIMIT = 15.0  # seconds


class DoctorCase(unittest.TestCase):
    def setUp(self):
        self.sandbox = self.enterContext(Sandbox("--no-rate-limits"))

    def gateway(self, running=True, **settings):
        """A gateway that listens for commands on a Unix socket, so that they need no token."""
        gateway = Gateway(self.sandbox)
        self.addCleanup(gateway.__exit__, None)
        (gateway.directory / "log").touch()
        admin = {"listen": [f"unix:{gateway.directory}/admin.sock", f"127.0.0.1:{gateway.admin_port}"]}
        self.settings = {"admin": admin} | settings
        gateway.configure(**self.settings)
        if running:
            gateway.start()
        return gateway

    def examine(self, gateway, **options):
        """(exit code, findings). The secrets of the gateway appear nowhere."""
        done = gateway.command("doctor", "--json", env=gateway.environment, **options)
        for secret in gateway.secrets:
            self.assertNotIn(secret, done.stdout + done.stderr)
        document = json.loads(done.stdout)
        counted = [sum(finding["severity"] == severity for finding in document["findings"]) for severity in ("urgent", "warning", "note")]
        self.assertEqual([document["urgent"], document["warnings"], document["notes"]], counted)
        order = [("urgent", "warning", "note").index(finding["severity"]) for finding in document["findings"]]
        self.assertEqual(order, sorted(order), "most urgent first")
        self.assertEqual(done.returncode, 1 if document["urgent"] else 0, done.stdout)
        return [self.without_configuration(finding, f" --config {gateway.directory}/belfry.yaml") for finding in document["findings"]]

    def without_configuration(self, finding, option):
        """Every command names the configuration, so that it can be copied; the tests name the rest."""
        for key in ("found", "remedy", "command"):
            text = finding[key] or ""
            self.assertEqual(re.findall(rf"belfry (?:check|status|reload|doctor|deliveries \w+|sinks \w+)(?!\w)(?!{re.escape(option)})", text), [], text)
            finding[key] = text.replace(option, "") or finding[key]
        for consequence in finding.get("consequences", []):
            self.without_configuration(consequence, option)
        return finding

    def finds(self, findings, severity, found, remedy, command=None):
        """Exactly one finding matches all of it."""
        texts = json.dumps(findings, indent=2)
        matching = [finding for finding in findings if re.search(found, finding["found"])]
        self.assertEqual(len(matching), 1, f"{found} in\n{texts}")
        finding = matching[0]
        self.assertEqual(finding["severity"], severity, texts)
        self.assertRegex(finding["remedy"], remedy)
        self.assertEqual(finding["command"], command)
        return finding


class ProblemsTest(DoctorCase):
    def important(self, findings):
        return [finding for finding in findings if finding["severity"] != "note" and finding["area"] != "disk"]

    def test_all_is_well(self):
        gateway = self.gateway()
        self.assertEqual(self.important(self.examine(gateway)), [])
        shown = gateway.command("doctor", env=gateway.environment)
        self.assertEqual(shown.returncode, 0, shown.stdout)
        self.assertRegex(shown.stdout, r"^nothing to do\n$|\n0 urgent, \d+ warnings?, \d+ notes?\n$")
        self.assertEqual(self.sandbox.messages(), [])
        gateway.stop()

    def test_the_gateway_is_not_running(self):
        findings = self.examine(self.gateway(running=False))
        self.finds(findings[:1], "urgent", "^the gateway is not running: ", "start it with belfry serve")
        self.assertEqual(self.important(findings[1:]), [], "everything else is in order, and was examined")

    def test_another_program_on_the_port(self):
        gateway = self.gateway(running=False)
        with socket.create_server(("127.0.0.1", gateway.port)):
            findings = self.examine(gateway)
        self.assertRegex(findings[0]["found"], "the gateway is not running")
        self.finds(findings, "urgent", f"port {gateway.port} is in use by another program", "^Stop it or choose another port$", "belfry check")

    def test_an_invalid_configuration(self):
        gateway = self.gateway()
        file = gateway.directory / "belfry.yaml"
        file.write_text(file.read_text().replace("rate: 60000/min", "rate: often"))
        findings = self.examine(gateway)
        self.finds(findings, "urgent", r"belfry\.yaml:\d+:\d+: .*rate", ".", "belfry check")
        self.finds(findings, "warning", r"belfry\.yaml was changed at .*, and the gateway last read its configuration at ", ".", "belfry reload")
        self.assertEqual(gateway.command("reload", env=gateway.environment).returncode, 1)
        findings = self.examine(gateway)
        entry = self.finds(findings, "urgent", r"^\S*belfry\.yaml:\d+:\d+: .*rate", ".", "belfry check")
        self.finds(entry["consequences"], "urgent", r"^the configuration read at .* was refused, and the previous one is in use: .*rate", ".", "belfry check && belfry reload")
        self.assertFalse([finding for finding in findings if "was changed at" in finding["found"]])
        file.write_text("sinks: [\n")
        gateway.kill()
        findings = self.examine(gateway)
        self.assertRegex(findings[0]["found"], "the gateway is not running")
        self.finds(findings, "urgent", r"belfry\.yaml:\d+:\d+: ", ".", "belfry check")

    def test_a_configuration_that_is_not_in_use_yet(self):
        gateway = self.gateway()
        gateway.configure(**self.settings, delivery={"rate": "50000/min"})
        findings = self.examine(gateway)
        self.finds(findings, "warning", r"belfry\.yaml was changed at ", "^Make the gateway use the new configuration$", "belfry reload")
        self.assertEqual(gateway.command("reload", env=gateway.environment).returncode, 0)
        self.assertEqual(self.important(self.examine(gateway)), [])
        gateway.stop()

    def test_a_certificate(self):
        gateway = self.gateway(running=False)
        certificate, key = gateway.directory / "tls.crt", gateway.directory / "tls.key"
        request = gateway.directory / "tls.csr"
        command = ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=belfry.test", "-keyout", key]
        subprocess.run([*command, "-out", request], check=True, capture_output=True)
        signing = ["openssl", "x509", "-req", "-in", request, "-signkey", key, "-days", "-1", "-out", certificate]
        subprocess.run(signing, check=True, capture_output=True)
        gateway.configure(**self.settings, server={"tls": {"certificate": str(certificate), "key": str(key)}})
        findings = self.examine(gateway)
        self.finds(findings, "urgent", r"server\.tls\.certificate: the certificate CN=belfry\.test in .* expired on ", "^Renew it, and reload", f"openssl x509 -noout -enddate -in {certificate}")
        self.finds(findings, "urgent", "has no subject alternative name", "Renew it with the name", f"openssl x509 -noout -text -in {certificate}")
        names = "subjectAltName=DNS:belfry.test,IP:192.0.2.7"
        subprocess.run([*command, "-x509", "-days", "10", "-addext", names, "-out", certificate], check=True, capture_output=True)
        findings = self.examine(gateway)
        self.finds(findings, "warning", r"expires on .*, in (9|10) days", "^Renew it, and reload", f"openssl x509 -noout -enddate -in {certificate}")
        self.finds(findings, "note", r"is valid for belfry\.test, 192\.0\.2\.7, but not for the name of this machine", "Coder's webhook endpoint", f"openssl x509 -noout -ext subjectAltName -in {certificate}")

    def test_dead_letters(self):
        gateway = self.gateway()
        self.sandbox.post("users", email="gone@coder.com", absent=True)
        gateway.post_webhook(notification("gone@coder.com"))
        gateway.until(lambda: gateway.metric("belfry_dead_letters") == 1, "a dead letter")
        self.finds(self.examine(gateway), "warning", "^sink slack has 1 dead letter,", "belfry deliveries retry --dead --sink slack", "belfry deliveries list --state dead --sink slack")
        gateway.stop()

    def test_a_token_that_slack_refuses(self):
        gateway = self.gateway()
        self.sandbox.post("token", accepted=False, error="account_inactive")
        gateway.post_webhook(notification())
        gateway.until(lambda: gateway.metric("belfry_lane_state", sink="slack", state="parked") == 1, "the sink is parked")
        findings = self.examine(gateway)
        entry = self.finds(findings, "urgent", r"sinks\.slack\.config\.bot_token: Slack answered account_inactive", "Bot User OAuth Token|[Cc]opy", "belfry check --online")
        self.finds(entry["consequences"], "urgent", r"^sink slack is parked \(account_inactive\) since .*; 1 delivery is waiting", "replace a rejected token", "belfry sinks release slack")
        self.assertEqual([finding["found"] for finding in self.important(findings)], [entry["found"]], "one entry for one cause")
        gateway.kill()

    def test_a_parked_sink_and_its_dead_letters(self):
        gateway = self.gateway()
        self.sandbox.post("users", email="gone@coder.com", absent=True)
        gateway.post_webhook(notification("gone@coder.com"))
        gateway.until(lambda: gateway.metric("belfry_dead_letters") == 1, "a dead letter")
        self.sandbox.post("token", accepted=False, error="account_inactive")
        gateway.post_webhook(notification("ada@coder.com"))
        gateway.until(lambda: gateway.metric("belfry_lane_state", sink="slack", state="parked") == 1, "the sink is parked")
        findings = self.examine(gateway)
        self.assertEqual(len(self.important(findings)), 1, findings)
        self.assertEqual(sorted(found["found"].split(",")[0].split(" (")[0] for found in findings[0]["consequences"]), ["sink slack has 1 dead letter", "sink slack is parked"])
        shown = gateway.command("doctor", env=gateway.environment).stdout
        self.assertRegex(shown, r"(?m)^urgent: .*account_inactive.*\n    .*\n    run: belfry check --config \S+ --online\n    also: sink slack is parked")
        gateway.kill()

    def test_a_log_with_addresses(self):
        gateway = self.gateway()
        self.assertEqual(gateway.command("log-level", "debug", env=gateway.environment).returncode, 0)
        self.finds(self.examine(gateway), "note", "^the log level is debug: ", "Change it to info", "belfry log-level info")
        gateway.configure(**self.settings, log={"level": "debug"})
        self.assertEqual(gateway.command("reload", env=gateway.environment).returncode, 0)
        self.finds(self.examine(gateway), "note", "^the log level is debug: ", "Set log.level to info", "belfry reload")
        gateway.stop()

    def test_a_sink_that_was_removed(self):
        other = {"other": {"plugin": "console", "delivery": {"rate": "1/min"}}}
        gateway = self.gateway(sinks=other, routes=[{"name": "both", "to": ["slack", "other"]}])
        for _ in range(3):
            gateway.post_webhook(notification())
        gateway.until(lambda: gateway.metric("belfry_deliveries_total", sink="other", outcome="delivered") == 1, "one delivery is within the rate")
        gateway.configure(admin=self.settings["admin"])
        self.assertEqual(gateway.command("reload", env=gateway.environment).returncode, 0)
        self.finds(self.examine(gateway), "urgent", r"^sink other is orphaned \(no_such_sink\).*; 2 deliveries are waiting", "^Add the sink to the configuration again", "belfry deliveries list --sink other")
        gateway.kill()

    def test_a_plugin_that_is_refused(self):
        plugins = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, plugins)
        for plugin in (BUILD / "plugins").glob("*.so"):
            shutil.copy(plugin, plugins)
        (plugins / "zz_broken.so").write_text("not a shared library")
        gateway = self.gateway(plugins=plugins)
        self.finds(self.examine(gateway), "warning", rf"^plugin {plugins}/zz_broken\.so was refused: ", "remove the file", "belfry plugins list")
        gateway.stop()

    def test_a_state_directory_that_cannot_be_written(self):
        gateway = self.gateway(running=False)
        state = gateway.directory / "state"
        gateway.directory.chmod(0o755)
        if os.geteuid() == 0:
            os.chown(state, OWNER, OWNER)
            os.chown(gateway.directory / "belfry.yaml", OWNER, OWNER)
        state.chmod(0o500)
        self.finds(self.examine(gateway), "urgent", r"^store: the directory \S*state cannot be used: Permission denied", "^Create it, owned by user", "belfry check")
        state.chmod(0o755)
        findings = self.examine(gateway)
        self.finds(findings, "warning", r"the state directory \S*state has mode 755, expected 700", "only the user of the gateway", f"chmod 700 {state}")
        state.chmod(0o700)

    @unittest.skipUnless(os.geteuid() == 0, "only root may mount")
    def test_a_disk_that_is_nearly_full(self):
        gateway = self.gateway(running=False)
        mount = f'mount -t tmpfs -o size=32m,mode=700 belfry-test {gateway.directory}/state && exec "$@"'
        prefix = ["unshare", "--mount", "sh", "-c", mount, "sh"]
        if subprocess.run([*prefix, "true"], capture_output=True).returncode != 0:
            self.skipTest("no mount namespace here")
        self.finds(self.examine(gateway, prefix=prefix), "urgent", r"^the file system of \S*state has 32 MiB of 32 MiB free; at least 512 MiB", "Free some space|accepts no notifications", f"du -xh --max-depth=2 {gateway.directory}/state")

    def test_the_clock(self):
        class Timex(ctypes.Structure):
            _fields_ = [("modes", ctypes.c_uint), ("rest", ctypes.c_byte * 252)]

        state = ctypes.CDLL(None).adjtimex(ctypes.byref(Timex()))
        findings = [finding for finding in self.examine(self.gateway(running=False)) if "not synchronized" in finding["found"]]
        if state == 5:  # TIME_ERROR
            self.finds(findings, "note", "the clock is not synchronized", "Enable time synchronization", "timedatectl set-ntp true")
        else:
            self.assertEqual(findings, [])

    @unittest.skipUnless(os.geteuid() == 0, "only root may become somebody else")
    def test_as_an_ordinary_user(self):
        gateway = self.gateway()
        gateway.directory.chmod(0o755)
        (gateway.directory / "belfry.yaml").chmod(0o600)
        program = gateway.directory / "belfry"
        shutil.copy(BUILD / "bin/belfry", program)
        program.chmod(0o755)
        command = ["setpriv", f"--reuid={OWNER}", f"--regid={OWNER}", "--clear-groups", program, "doctor", "--json", "--config", gateway.directory / "belfry.yaml"]
        done = subprocess.run(command, env=os.environ | gateway.environment, capture_output=True, text=True, timeout=60)
        findings = json.loads(done.stdout)["findings"]
        as_root = f"sudo belfry doctor --config {gateway.directory / 'belfry.yaml'}"
        self.finds(findings, "warning", r"^could not be examined as this user: .*belfry\.yaml: cannot be read: Permission denied", "as root", as_root)
        self.finds(findings, "warning", "^the (gateway was not found|status of the gateway cannot be read)", "as root", as_root)
        self.assertEqual(done.returncode, 0, "nothing that this user sees is urgent")
        gateway.stop()


@unittest.skipUnless(os.geteuid() == 0, "needs root, for port 53 and a mount namespace")
class TimeLimitTest(DoctorCase):
    def test_a_name_server_that_never_responds(self):
        silent = self.enterContext(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        silent.bind((DEAD, 53))
        directory = Path(self.enterContext(tempfile.TemporaryDirectory()))
        (directory / "resolv.conf").write_text(f"nameserver {DEAD}\noptions timeout:30 attempts:5\n")
        (directory / "nsswitch.conf").write_text("hosts: files dns\n")
        mounts = " && ".join(f"mount --bind {directory}/{name} /etc/{name}" for name in ("resolv.conf", "nsswitch.conf"))
        gateway = self.gateway(running=False, slack={"api_url": "http://slack-dead.test/api/"})
        began = time.monotonic()
        findings = self.examine(gateway, prefix=["unshare", "-m", "sh", "-c", mounts + ' && exec "$@"', "sh"])
        took = time.monotonic() - began
        print(f"\nwith a name server that never responds: {took:.1f} s")
        self.assertLess(took, LIMIT)
        self.assertTrue([finding for finding in findings if finding["area"] == "remotes"], findings)
        self.assertRegex(findings[0]["found"], "the gateway is not running")

    def test_a_gateway_that_does_not_answer(self):
        gateway = self.gateway(running=False)
        with socket.socket(socket.AF_UNIX) as silent:
            silent.bind(str(gateway.directory / "admin.sock"))
            silent.listen()
            began = time.monotonic()
            findings = self.examine(gateway)
            self.assertLess(time.monotonic() - began, LIMIT)
        self.assertRegex(findings[0]["found"], "^the gateway does not respond: ")


if __name__ == "__main__":
    unittest.main()
