"""Requests that the listeners refuse, and expiring certificates, show in the log, in `belfry status` and in the metrics."""
import json
import re
import unittest

from harness import Gateway, Sandbox
from payloads import notification
from slack_sandbox.signing import signed_headers
from test_credentials import openssl
from test_interactions import FORM, PATH, form, interaction
from test_reload_takeover import TOKEN
from wire import WEBHOOK

WRONG_SECRET = "another-signing-secret-0123"
TIME = r"20[\d-]+ [\d:]+ \S+"


class RefusalsTest(unittest.TestCase):
    def gateway(self, **settings):
        sandbox = self.enterContext(Sandbox("--no-rate-limits"))
        return self.enterContext(Gateway(sandbox, admin={"token": TOKEN}, **settings))

    def status(self, gateway):
        return gateway.command("status").stdout

    def test_a_wrong_signing_secret(self):
        gateway = self.gateway()
        body = form(payload=interaction())
        for _ in range(12):
            headers = {"Content-Type": FORM} | signed_headers(WRONG_SECRET, body)
            self.assertEqual(gateway.post(PATH, body, headers)[0], 401)
        reason = "the signature does not match the signing secret of sink slack"
        self.assertRegex(self.status(gateway), rf"12 requests at /slack/events were refused in the last hour \(401\), the latest at {TIME}: {reason}")
        self.assertEqual(gateway.metric("belfry_inbound_requests_total", sink="slack", result="refused"), 12)
        self.assertEqual(gateway.metric("belfry_http_requests_total", listener="server", code="401"), 12)
        right = {"Content-Type": FORM} | signed_headers(gateway.sandbox.signing_secret, body)
        self.assertEqual(gateway.post(PATH, body, right)[0], 200)
        self.assertEqual(gateway.metric("belfry_inbound_requests_total", sink="slack", result="verified"), 1)
        self.assertEqual(gateway.log().count("requests are refused"), 1, "one line per minute")

    def test_a_slash_too_many(self):
        gateway = self.gateway()
        status, _, answer = gateway.post_webhook(notification(), path=WEBHOOK + "/")
        self.assertEqual(status, 404)
        reason = f"nothing is served at this path; did you mean {WEBHOOK}?"
        self.assertEqual(answer.decode().strip(), reason)
        self.assertRegex(
            self.status(gateway), rf"1 request at {WEBHOOK}/ was refused in the last hour \(404\), the latest at {TIME}: {re.escape(reason)}"
        )
        self.assertIn(f"path={WEBHOOK}/", gateway.log())

    def test_a_flood_is_one_line(self):
        gateway = self.gateway(auth={"bearer": "a-long-bearer-token"})
        for _ in range(300):
            self.assertEqual(gateway.post_webhook(notification(), {"Authorization": "Bearer wrong"})[0], 401)
        self.assertEqual(gateway.log().count("requests are refused"), 1)
        refused = f"300 requests at {WEBHOOK} (source coder) were refused in the last hour (401), the latest at "
        shown = gateway.command("status")
        self.assertIn(refused, shown.stdout)
        self.assertEqual(shown.returncode, 0, "every client can cause refusals")
        self.assertIn(refused, gateway.command("doctor").stdout)
        (document,) = json.loads(gateway.command("status", "--json").stdout)["refused"]
        self.assertEqual((document["owner"], document["count"]), ("source coder", 300))
        self.assertRegex(document["latest_at"], r"^20[\d-]+T[\d:.]+Z$")
        self.assertEqual(gateway.metric("belfry_notifications_received_total", result="unauthorized"), 300)

    def test_a_certificate_that_ends_soon(self):
        sandbox = self.enterContext(Sandbox("--no-rate-limits"))
        gateway = Gateway(sandbox)
        self.addCleanup(gateway.__exit__, None)
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", gateway.directory / "tls.key")
        openssl("req", "-x509", *key, "-subj", "/CN=belfry.example.com", "-days", "9", "-out", gateway.directory / "tls.crt")
        gateway.configure(admin={"token": TOKEN}, server={"tls": {"certificate": "tls.crt", "key": "tls.key"}})
        gateway.start()
        warning = "server.tls.certificate: the certificate CN=belfry.example.com"
        checked = gateway.command("check")
        self.assertRegex(checked.stdout + checked.stderr, f"warning: {warning}.* in [89] days; renew it")
        shown = gateway.command("status")
        self.assertIn(warning, shown.stdout)
        self.assertRegex(shown.stdout, r"renew it, then run: belfry reload")
        self.assertEqual(shown.returncode, 1)
        self.assertEqual(gateway.log().count(warning), 1)
        self.assertGreater(gateway.metric("belfry_certificate_expiry_timestamp_seconds", file=str(gateway.directory / "tls.crt")), 1.7e9)


if __name__ == "__main__":
    unittest.main()
