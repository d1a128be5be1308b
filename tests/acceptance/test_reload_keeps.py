"""A reload keeps what has not changed and replaces what has: connections, sinks, their queues, plugins."""
import json
import shutil
import ssl
import unittest

from harness import BUILD
from payloads import notification
from slack_sandbox.process import APP_TOKEN
from slack_sandbox.signing import signed_headers
from test_credentials import openssl
from test_hostile_plugins import plugin_directory
from test_interactions import FORM, PATH, form, interaction
from test_reload_takeover import TOKEN, ReloadCase
from wire import Wire, webhook

# The two WebSockets identify the instance of the sink.
SOCKETS = {"signing_secret": None, "app_token": APP_TOKEN}
EVERYONE = [{"name": "everybody", "to": ["slack"]}]
OTHER_SECRET = "another-signing-secret-0123"


def numbers(sockets):
    """The numbers of the connections, which identify them; their other members are counters."""
    return {socket["number"] for socket in sockets}


def exchanged(sandbox, before):
    now = numbers(sandbox.sockets()["open"])
    return len(now) == 2 and now.isdisjoint(before)


class StaysTest(ReloadCase):
    sandbox_options = ("--no-rate-limits", "--socket-mode")

    def test_connections_and_a_sink_that_is_the_same(self):
        gateway = self.gateway(slack=SOCKETS)
        before = numbers(self.sandbox.wait_for_sockets(2))
        with Wire(gateway.port) as wire:
            self.assertEqual(wire.exchange(webhook(notification())).status, 204)
            gateway.configure(slack=SOCKETS, routes=EVERYONE, server={"max_body": "64KiB", "threads": 3})
            self.reload(gateway)
            answer = wire.exchange(webhook(notification()))
            self.assertEqual((answer.status, answer.closes), (204, False))
            self.assertEqual(wire.exchange(webhook(notification(body="x" * 70_000))).status, 413, "the new limit applies to the connection")
        self.assertEqual(numbers(self.sandbox.wait_for_sockets(2)), before)
        self.assertIn("server.threads is 3, and 2 are in use; restart the gateway to change it", gateway.log())
        gateway.configure(slack=SOCKETS | {"footer": False}, routes=EVERYONE)
        self.reload(gateway)
        gateway.until(lambda: exchanged(self.sandbox, before), "both WebSockets are new")

    def test_a_pause(self):
        gateway = self.gateway()
        self.sandbox.fault("rate_limit", retry_after=60)
        gateway.post_webhook(notification())
        gateway.until(lambda: gateway.metric("belfry_lane_state", state="paused") == 1, "the sink is paused")
        for concurrency in (16, 3):  # an unchanged sink, and a changed one with the same account
            gateway.configure(routes=EVERYONE, delivery={"concurrency": concurrency})
            self.reload(gateway)
            gateway.until(lambda: gateway.metric("belfry_lane_state", state="paused") == 1, "the sink is still paused")
        self.assertEqual(self.sandbox.messages(), [])


class TlsTest(ReloadCase):
    def certificate(self, gateway, name):
        where = gateway.directory
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", where / "tls.key")
        named = ("-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2")
        openssl("req", "-x509", *key, *named, "-out", where / "tls.crt")
        return ssl.create_default_context(cafile=where / "tls.crt")

    def test_on_renewed_and_off(self):
        gateway = self.gateway()
        first = self.certificate(gateway, "first")
        secure = {"server": {"tls": {"certificate": "tls.crt", "key": "tls.key"}}}
        with Wire(gateway.port) as plain:
            self.assertEqual(plain.exchange(webhook(notification())).status, 204)
            gateway.configure(**secure)
            self.reload(gateway)
            self.assertTrue(plain.closed(), "connections without TLS are closed")
        with Wire(gateway.port, tls=first) as kept:
            self.assertEqual(kept.exchange(webhook(notification())).status, 204)
            second = self.certificate(gateway, "second")
            self.reload(gateway)
            self.assertEqual(kept.exchange(webhook(notification())).status, 204, "the connection continues with its certificate")
            with Wire(gateway.port, tls=second) as fresh:
                self.assertEqual(fresh.exchange(webhook(notification())).status, 204)
            with self.assertRaises(ssl.SSLCertVerificationError):
                Wire(gateway.port, tls=first)
            gateway.configure()
            self.reload(gateway)
            self.assertTrue(kept.closed())
        self.assertEqual(gateway.post_webhook(notification())[0], 204)


class ExchangedTest(ReloadCase):
    sandbox_options = ("--no-rate-limits", "--socket-mode")

    def test_a_sink_that_goes_and_comes_back(self):
        other = {"other": {"plugin": "console", "delivery": {"rate": "1/min"}}}
        routes = [{"name": "both", "to": ["slack", "other"]}]
        gateway = self.gateway(sinks=other, routes=routes)
        for _ in range(3):
            gateway.post_webhook(notification())
        gateway.until(lambda: self.delivered(gateway, "other") == 1 and self.delivered(gateway) == 3, "everything within the rates is delivered")
        gateway.configure()
        self.assertIn("sink other is orphaned", self.reload(gateway))
        self.assertEqual(gateway.metric("belfry_queue_depth", sink="other", state="waiting"), 2)
        gateway.post_webhook(notification())
        gateway.until(lambda: self.delivered(gateway) == 4, "the other sink continues")
        other["other"]["delivery"]["rate"] = "6000/min"
        gateway.configure(sinks=other, routes=routes)
        self.reload(gateway)
        gateway.until(lambda: self.delivered(gateway, "other") == 3, "the kept deliveries are made")

    def test_the_path_of_a_plugin(self):
        gateway = self.gateway()
        gateway.secrets.append(OTHER_SECRET)
        body = form(payload=interaction())

        def answers(path=PATH):
            return [gateway.post(path, body, {"Content-Type": FORM} | signed_headers(secret, body))[0] for secret in (self.sandbox.signing_secret, OTHER_SECRET)]

        self.assertEqual(answers(), [200, 401])
        gateway.configure(slack={"signing_secret": OTHER_SECRET})
        self.reload(gateway)
        self.assertEqual(answers(), [401, 200])
        gateway.configure(slack={"signing_secret": OTHER_SECRET, "interactivity": {"path": "/elsewhere"}})
        self.reload(gateway)
        self.assertEqual((answers(), answers("/elsewhere")), ([404, 404], [401, 200]))

    def test_plugin_files(self):
        directory = plugin_directory(self)
        (directory / "console.so").unlink()
        settings = {"plugins": directory, "sinks": {"console": {"plugin": "console"}}, "routes": [{"name": "both", "to": ["slack", "console"]}]}
        gateway = self.gateway(plugins=directory)
        gateway.configure(**settings)
        self.assertIn('no plugin offers the type "console"', self.reload(gateway))
        shutil.copy(BUILD / "plugins/console.so", directory)
        self.reload(gateway)
        gateway.post_webhook(notification())
        gateway.until(lambda: self.delivered(gateway, "console") == 1, "the added plugin delivers")

        gateway.configure(slack=SOCKETS, **settings)
        self.reload(gateway)
        before = numbers(self.sandbox.wait_for_sockets(2))
        replaced = directory / "slack.so.new"
        replaced.write_bytes((directory / "slack.so").read_bytes() + b"another build")
        replaced.rename(directory / "slack.so")
        self.reload(gateway)
        gateway.until(lambda: exchanged(self.sandbox, before), "the new plugin file is in use")

    def test_one_that_does_not_start_changes_nothing(self):
        directory = plugin_directory(self, "fails_start")
        gateway = self.gateway(plugins=directory, slack=SOCKETS, admin={"token": TOKEN})
        before = numbers(self.sandbox.wait_for_sockets(2))
        sinks = {"bad": {"plugin": "hostile"}}
        gateway.configure(plugins=directory, slack=SOCKETS | {"footer": False}, admin={"token": TOKEN}, sinks=sinks)
        self.assertRegex(self.reload(gateway), r"refused, the previous one is still in use: .*sinks\.bad: .*does not start")
        self.assertEqual(numbers(self.sandbox.wait_for_sockets(2)), before, "the new instance is closed again")
        self.assertEqual([sink["name"] for sink in json.loads(gateway.command("status", "--json").stdout)["sinks"]], ["slack"])


if __name__ == "__main__":
    unittest.main()
