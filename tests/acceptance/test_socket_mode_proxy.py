"""Socket Mode through a proxy that requires credentials (tinyproxy): both calls and WebSockets use its tunnels."""
import os
import tempfile

from harness import Gateway, Sandbox
from proxies import Certificates, Tinyproxy
from test_socket_mode import METRIC, SocketModeCase


class ProxyTest(SocketModeCase):
    def setUp(self):
        self.certificates = Certificates(self.enterContext(tempfile.TemporaryDirectory()))
        # For the test's own requests to the sandbox.
        os.environ["SSL_CERT_FILE"] = self.certificates["ca.crt"]
        self.addCleanup(os.environ.pop, "SSL_CERT_FILE")
        tls = ("--certificate", self.certificates["server.crt"], "--key", self.certificates["server.key"])
        self.sandbox = self.enterContext(Sandbox(*self.sandbox_options, *tls))
        self.proxy = self.enterContext(Tinyproxy())
        self.target = f"127.0.0.1:{self.sandbox.port}"

    def begin(self, proxy):
        self.gateway = Gateway(
            self.sandbox,
            slack={"signing_secret": None, "app_token": self.sandbox.app_token},
            http={"ca_file": self.certificates["ca.crt"], "proxy": proxy},
        )
        self.gateway.secrets += [self.sandbox.app_token, Tinyproxy.PASSWORD]
        self.gateway.environment |= {"SSL_CERT_FILE": None}
        self.enterContext(self.gateway)

    def test_clicks_and_a_refresh(self):
        self.begin(self.proxy.with_credentials())
        self.connected()
        results, stop = self.keep_clicking(self.button())
        self.sandbox.socket("disconnect", reason="warning", close_after=4)
        self.gateway.until(lambda: len(self.sandbox.sockets()["connections"]) >= 4, "new connections")
        self.connected()
        stop()
        self.assertEqual([result for result in results if not result["acknowledged"]], [])
        self.assertGreaterEqual(self.proxy.tunnels().count(self.target), 5, "four WebSockets and the calls")
        self.assertEqual(set(self.proxy.tunnels()), {self.target})

    def test_a_proxy_that_dies(self):
        self.begin(self.proxy.with_credentials())
        self.connected()
        button = self.button()
        self.proxy.kill()
        self.connected(0)
        self.proxy.start()
        self.connected()
        self.acknowledged(button)

    def test_a_wrong_password(self):
        self.begin(self.proxy.with_credentials("of-somebody-else"))
        self.gateway.until(lambda: "Socket Mode: cannot reach Slack: the proxy" in self.gateway.log(), "the log gives the reason")
        self.assertEqual(self.gateway.metric(METRIC), 0)
        self.assertEqual(self.sandbox.sockets()["connections"], [])
