"""Slack from within a company network: a real proxy that requires credentials, TLS with a private CA, client certificates."""
import base64
import os
import re
import signal
import tempfile
import unittest

from harness import Gateway, Sandbox, free_port
from proxies import Certificates, MutualTlsProxy, NamingProxy, Tinyproxy
from payloads import notification
from test_check import Configuration


class ProxyCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.certificates = Certificates(cls.enterClassContext(tempfile.TemporaryDirectory()))
        # For the test's own requests to the sandbox; the gateway uses the CA in its configuration.
        os.environ["SSL_CERT_FILE"] = cls.certificates["ca.crt"]
        cls.addClassCleanup(os.environ.pop, "SSL_CERT_FILE")

    def tls_sandbox(self):
        tls = ["--certificate", self.certificates["server.crt"], "--key", self.certificates["server.key"]]
        return self.enterContext(Sandbox("--no-rate-limits", *tls))

    def gateway(self, sandbox, environment=None, **settings):
        gateway = Gateway(sandbox, **settings)
        gateway.secrets.append(Tinyproxy.PASSWORD)
        gateway.secrets.append(base64.b64encode(f"{Tinyproxy.USER}:{Tinyproxy.PASSWORD}".encode()).decode())
        variables = ("https_proxy", "http_proxy", "no_proxy", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "SSL_CERT_FILE")
        gateway.environment |= dict.fromkeys(variables) | (environment or {})
        return self.enterContext(gateway)

    def http(self, **more):
        return {"ca_file": self.certificates["ca.crt"]} | more

    def post(self, gateway, *emails):
        for email in emails:
            self.assertEqual(gateway.post_webhook(notification(email))[0], 204)

    def wait_log(self, gateway, words):
        gateway.until(lambda: words in gateway.log(), f"in the log: {words}")

    def assert_nothing_lost(self, gateway, waiting):
        self.assertEqual(gateway.metric("belfry_dead_letters"), 0)
        self.assertEqual(gateway.metric("belfry_queue_depth", sink="slack"), waiting)


class RealProxyTest(ProxyCase):
    def setUp(self):
        self.sandbox = self.tls_sandbox()
        self.proxy = self.enterContext(Tinyproxy())
        self.target = f"127.0.0.1:{self.sandbox.port}"

    def test_one_tunnel_carries_everything_that_comes_one_after_the_other(self):
        gateway = self.gateway(self.sandbox, http=self.http(proxy=self.proxy.with_credentials()))
        for index in range(5):
            self.post(gateway, f"reader{index}@coder.com")
            self.sandbox.wait_for_count(index + 1)
            gateway.wait_idle()
        self.assertEqual(self.proxy.tunnels(), [self.target])
        self.assertNotIn("Proxy-Authorization", str(self.sandbox.calls()))

    def test_a_wrong_password_loses_nothing(self):
        gateway = Gateway(self.sandbox, http=self.http(proxy=f"http://belfry:${{file:proxy-password}}@127.0.0.1:{self.proxy.port}"))
        password = gateway.directory / "proxy-password"
        password.touch(mode=0o600)
        password.write_text("of-somebody-else")
        gateway.secrets += ["of-somebody-else", Tinyproxy.PASSWORD]
        self.enterContext(gateway)
        emails = [f"reader{index}@coder.com" for index in range(3)]
        self.post(gateway, *emails)
        refused = f"the proxy {self.proxy.url} refused the connection to {self.target}: 401; it rejected the user name and password"
        self.wait_log(gateway, "cannot reach Slack: " + refused)
        self.assert_nothing_lost(gateway, 3)
        self.assertEqual(self.sandbox.calls(), [])

        password.write_text(Tinyproxy.PASSWORD + "\n")
        gateway.process.send_signal(signal.SIGHUP)
        self.sandbox.wait_for_count(3, within=60)
        gateway.wait_idle()
        self.assertEqual(sorted(row["email"] for row in self.sandbox.messages()), emails)

    def test_no_password(self):
        gateway = self.gateway(self.sandbox, http=self.http(proxy=self.proxy.url))
        self.post(gateway, "reader@coder.com")
        self.wait_log(gateway, f"refused the connection to {self.target}: 407; it requires a user name and password")
        self.assert_nothing_lost(gateway, 1)

    def test_a_proxy_that_dies_with_calls_under_way(self):
        gateway = self.gateway(self.sandbox, http=self.http(proxy=self.proxy.with_credentials()))
        emails = {f"reader{index}@coder.com" for index in range(20)}
        self.sandbox.fault("slow", ms=1000, count=10)
        self.post(gateway, *emails)
        gateway.until(lambda: self.sandbox.calls("chat.postMessage"), "calls are under way")
        self.proxy.kill()
        self.post(gateway, "later@coder.com")
        self.wait_log(gateway, "sink is unreachable")
        self.assertEqual(gateway.metric("belfry_dead_letters"), 0)

        self.proxy.start()
        emails.add("later@coder.com")
        self.sandbox.wait_for(lambda rows: {row["email"] for row in rows} == emails, within=90)
        gateway.wait_idle(within=60)
        twice = len(self.sandbox.messages()) - len(emails)
        self.assertLessEqual(twice, gateway.metric("belfry_possible_duplicates_total"), "every duplicate must be counted")


class EnvironmentTest(ProxyCase):
    """Only the proxy can resolve slack.test."""

    def setUp(self):
        self.sandbox = self.tls_sandbox()
        self.proxy = self.enterContext(NamingProxy({"slack.test:443": self.sandbox.port}))
        self.url = f"http://127.0.0.1:{self.proxy.port}"

    def through(self, environment, api_url="https://slack.test/api/", **http):
        gateway = self.gateway(self.sandbox, environment, slack={"api_url": api_url}, http=self.http(**http))
        self.post(gateway, "reader@coder.com")
        return gateway

    def test_it_names_the_proxy(self):
        for variable in ("HTTPS_PROXY", "https_proxy"):
            with self.subTest(variable):
                self.sandbox.reset()
                self.through({variable: self.url, "NO_PROXY": "other.test"}).wait_idle()
                self.assertEqual(len(self.sandbox.messages()), 1)
        self.assertEqual(self.proxy.requested, ["slack.test:443"] * 2)

    def test_exceptions(self):
        gateway = self.through({"HTTPS_PROXY": self.url, "NO_PROXY": "other.test, .test"})
        self.wait_log(gateway, "cannot reach Slack: cannot resolve slack.test")
        self.assertEqual(self.proxy.requested, [])

    def test_this_machine_is_reached_directly(self):
        self.through({"HTTPS_PROXY": f"http://127.0.0.1:{free_port()}"}, self.sandbox.api_url).wait_idle()
        self.assertEqual(len(self.sandbox.messages()), 1)

    def test_the_sink_has_the_last_word(self):
        gateway = self.through({"HTTPS_PROXY": f"http://127.0.0.1:{free_port()}", "NO_PROXY": "*"}, proxy=self.url)
        gateway.wait_idle()
        self.assertEqual(self.proxy.requested, ["slack.test:443"])
        gateway = self.through({"HTTPS_PROXY": self.url}, proxy="none")
        self.wait_log(gateway, "cannot reach Slack: cannot resolve slack.test")

    def test_a_name_that_the_proxy_does_not_know(self):
        gateway = self.through({"HTTPS_PROXY": self.url}, "https://nowhere.test/api/")
        self.wait_log(gateway, f"cannot reach Slack: the proxy {self.url} refused the connection to nowhere.test:443: 502")
        self.assert_nothing_lost(gateway, 1)


class ClientCertificateTest(ProxyCase):
    def setUp(self):
        self.sandbox = self.enterContext(Sandbox("--no-rate-limits"))
        files = (self.certificates[name] for name in ("server.crt", "server.key", "ca.crt"))
        self.mtls_proxy = self.enterContext(MutualTlsProxy(self.sandbox.port, *files))
        self.slack = {"api_url": f"https://127.0.0.1:{self.mtls_proxy.port}/api/"}

    def test_is_shown_to_a_server_that_asks(self):
        http = self.http(client_certificate=self.certificates["client.crt"], client_key=self.certificates["client.key"])
        gateway = self.gateway(self.sandbox, slack=self.slack, http=http)
        self.post(gateway, "reader@coder.com")
        self.sandbox.wait_for_count(1)

    def test_without_it_nothing_is_lost(self):
        gateway = self.gateway(self.sandbox, slack=self.slack, http=self.http())
        self.post(gateway, "reader@coder.com")
        # Python's server closes the connection without an alert, so the gateway cannot log the reason.
        gateway.until(lambda: re.search(rf"cannot reach Slack: .*127\.0\.0\.1:{self.mtls_proxy.port}\b", gateway.log()), "the log names the server")
        self.assert_nothing_lost(gateway, 1)


class CheckTest(ProxyCase):
    def problems(self, http):
        text = f"""\
version: 1
store: {{ path: state/queue.db }}
sources: {{ coder: {{ type: coder }} }}
sinks:
  slack:
    plugin: slack
    config: {{ bot_token: xoxb-1 }}
    http: {{ {http} }}
pipeline: {{ routes: [ {{ name: everyone, to: [ slack ] }} ] }}
"""
        checked = Configuration(self).run("check", text)
        return [line.split("belfry.yaml:")[1] for line in checked.stderr.splitlines() if ": error: " in line]

    def test_files_are_tried_where_they_are_named(self):
        ca, certificate, key, other = (self.certificates[name] for name in ("ca.crt", "client.crt", "client.key", "server.key"))
        self.assertEqual(self.problems(f"ca_file: {ca}, client_certificate: {certificate}, client_key: {key}"), [])
        for http, wanted in (
            ("ca_file: /nowhere.pem", ["8:22: error: sinks.slack.http: CA file /nowhere.pem: No such file or directory"]),
            (f"ca_file: {key}", [f"8:22: error: sinks.slack.http: CA file {key}: no certificate"]),
            (f"client_certificate: {certificate}, client_key: /nowhere.key", ["8:33: error: sinks.slack.http: key /nowhere.key: No such file"]),
            (f"client_certificate: {certificate}, client_key: {other}", [f"8:33: error: sinks.slack.http: key {other}: key values mismatch"]),
            (f"client_certificate: {certificate}", ["8:5: error: sinks.slack.http has no client_key"]),
        ):
            with self.subTest(http):
                found = self.problems(http)
                self.assertEqual(len(found), len(wanted), found)
                for line, words in zip(found, wanted):
                    self.assertTrue(line.startswith(words), line)

    def test_a_password_is_never_shown(self):
        for url in ("socks5://user:hunter2@proxy", "http://user:hunter2@proxy:0", "http://user:hunter2@proxy/path"):
            found = self.problems(f'proxy: "{url}"')
            self.assertEqual(len(found), 1)
            self.assertTrue(found[0].startswith("8:20: error: sinks.slack.http.proxy is not "), found)
            self.assertNotIn("hunter2", found[0])


if __name__ == "__main__":
    unittest.main()
