"""Authentication of sources: HTTP Basic, bearer token, client certificate."""
import base64
import ssl
import subprocess
import tempfile
import unittest
from pathlib import Path

from harness import Gateway, Sandbox
from payloads import notification
from wire import webhook


class CredentialsTest(unittest.TestCase):
    def with_auth(self, auth, **settings):
        sandbox = self.enterContext(Sandbox("--no-rate-limits"))
        return self.enterContext(Gateway(sandbox, auth=auth, **settings))

    def refused(self, gateway, authorization, scheme):
        headers = {"Authorization": authorization} if authorization is not None else {}
        status, answered, body = gateway.post_webhook(notification(), headers)
        self.assertEqual(status, 401, authorization)
        self.assertTrue(answered["WWW-Authenticate"].startswith(scheme))
        self.assertLess(len(body), 512)

    def test_basic(self):
        gateway = self.with_auth({"basic": {"username": "coder", "password": "open: sésame"}})
        gateway.secrets.append("open: sésame")

        def basic(text):
            return "Basic " + base64.b64encode(text.encode()).decode()

        self.assertEqual(gateway.post_webhook(notification(), {"Authorization": basic("coder:open: sésame")})[0], 204)
        self.assertEqual(
            gateway.post_webhook(notification(), {"Authorization": basic("coder:open: sésame").replace("Basic", "bAsIc")})[0], 204
        )
        for wrong in (
            None,
            "",
            "Basic",
            "Basic !!!",
            "Bearer x",
            basic("coder:open"),
            basic("coder"),
            basic("Coder:open: sésame"),
            basic(":"),
            basic(""),
        ):
            with self.subTest(wrong):
                self.refused(gateway, wrong, "Basic")
        self.assertEqual(gateway.metric("belfry_notifications_received_total", result="unauthorized"), 10)

    def test_bearer(self):
        gateway = self.with_auth({"bearer": "a-long-bearer-token"})
        gateway.secrets.append("a-long-bearer-token")
        self.assertEqual(gateway.post_webhook(notification(), {"Authorization": "Bearer a-long-bearer-token"})[0], 204)
        for wrong in (
            None,
            "Bearer",
            "Bearer ",
            "Bearer a-long-bearer-toke",
            "Bearer a-long-bearer-tokenx",
            "a-long-bearer-token",
            "Basic YTpi",
        ):
            with self.subTest(wrong):
                self.refused(gateway, wrong, "Bearer")

    def test_credentials_come_before_the_body(self):
        gateway = self.with_auth({"bearer": "a-long-bearer-token"})
        self.assertEqual(gateway.post_webhook(b"{")[0], 401)

    def test_client_certificate(self):
        directory = Path(self.enterContext(tempfile.TemporaryDirectory()))
        for authority in ("ca", "other"):
            openssl(
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                "1",
                "-subj",
                f"/CN={authority}",
                "-keyout",
                directory / f"{authority}.key",
                "-out",
                directory / f"{authority}.crt",
            )
        for name, authority in (("server", "ca"), ("client", "ca"), ("untrusted", "other")):
            extension = directory / f"{name}.ext"
            extension.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
            openssl(
                "req",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-subj",
                f"/CN={name}",
                "-keyout",
                directory / f"{name}.key",
                "-out",
                directory / f"{name}.csr",
            )
            openssl(
                "x509",
                "-req",
                "-in",
                directory / f"{name}.csr",
                "-CA",
                directory / f"{authority}.crt",
                "-CAkey",
                directory / f"{authority}.key",
                "-CAcreateserial",
                "-days",
                "1",
                "-extfile",
                extension,
                "-out",
                directory / f"{name}.crt",
            )
        tls = {"certificate": str(directory / "server.crt"), "key": str(directory / "server.key"), "client_ca": str(directory / "ca.crt")}
        gateway = self.with_auth({"client_certificate": True}, server={"tls": tls})

        def context(name):
            made = ssl.create_default_context(cafile=str(directory / "ca.crt"))
            if name:
                made.load_cert_chain(directory / f"{name}.crt", directory / f"{name}.key")
            return made

        with gateway.wire(tls=context("client")) as wire:
            for _ in range(3):
                self.assertEqual(wire.exchange(webhook(notification())).status, 204)
        for name in (None, "untrusted"):
            with self.subTest(name), self.assertRaises((ssl.SSLError, ConnectionError)):
                with gateway.wire(tls=context(name)) as wire:
                    wire.exchange(webhook(notification()))
        with self.subTest("old TLS"), self.assertRaises((ssl.SSLError, ConnectionError)):
            old = context("client")
            old.set_ciphers("DEFAULT:@SECLEVEL=0")  # otherwise the client refuses
            old.minimum_version, old.maximum_version = ssl.TLSVersion.MINIMUM_SUPPORTED, ssl.TLSVersion.TLSv1_1
            with gateway.wire(tls=old) as wire:
                wire.exchange(webhook(notification()))
        with self.subTest("no TLS"), gateway.wire() as wire:
            wire.send(webhook(notification()))
            self.assertNotIn(b" 204 ", read_all(wire))


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def read_all(wire):
    try:
        return wire.file.read()
    except ConnectionError:
        return b""


if __name__ == "__main__":
    unittest.main()
