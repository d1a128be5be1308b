"""The process: options, TLS, speed."""
import http.client
import json
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.request
from pathlib import Path

from slack_sandbox.process import Sandbox


class StartTest(unittest.TestCase):
    def test_domains_and_address_file(self):
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory, "address.json")
            with Sandbox("--users", "coder.com,Example.org", "--address-file", str(path)) as sandbox:
                self.assertEqual(json.loads(path.read_text())["url"], sandbox.url)
                self.assertTrue(sandbox.lookup("a@example.ORG")["ok"])
                self.assertFalse(sandbox.lookup("a@other.org")["ok"])

    def test_tls(self):
        with tempfile.TemporaryDirectory() as directory:
            key, certificate = Path(directory, "key.pem"), Path(directory, "certificate.pem")
            subprocess.run(
                [
                    "openssl",
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
                    "/CN=127.0.0.1",
                    "-addext",
                    "subjectAltName=IP:127.0.0.1",
                    "-keyout",
                    key,
                    "-out",
                    certificate,
                ],
                check=True,
                capture_output=True,
            )
            with Sandbox("--certificate", str(certificate), "--key", str(key)) as sandbox:
                self.assertTrue(sandbox.url.startswith("https://"))
                context = ssl.create_default_context(cafile=str(certificate))
                with urllib.request.urlopen(sandbox.api_url + "auth.test", timeout=10, context=context) as answer:
                    self.assertEqual(json.loads(answer.read())["error"], "not_authed")

    def test_it_is_fast_enough_for_load_tests(self):
        with Sandbox("--no-rate-limits") as sandbox:
            user = sandbox.lookup("bobby@coder.com")["user"]["id"]
            body = json.dumps(
                {"channel": user, "text": "text", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "s" * 300}}]}
            )
            headers = {"Authorization": f"Bearer {sandbox.token}", "Content-Type": "application/json; charset=utf-8"}
            started = time.monotonic()

            def work():
                connection = http.client.HTTPConnection("127.0.0.1", sandbox.port)
                for _ in range(250):
                    connection.request("POST", "/api/chat.postMessage", body, headers)
                    connection.getresponse().read()
                connection.close()

            threads = [threading.Thread(target=work) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            elapsed = time.monotonic() - started
            self.assertEqual(len(sandbox.messages()), 1000)
            print(f"{1000 / elapsed:.0f} posts/s")
            self.assertGreater(1000 / elapsed, 200)


if __name__ == "__main__":
    unittest.main()
