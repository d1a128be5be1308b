"""SIGHUP: a configuration with errors changes nothing and is reported; a valid one is applied while deliveries wait and requests arrive."""
import json
import re
import signal
import socket
import threading
import unittest
import uuid

from harness import Gateway, Sandbox, free_port
from notify_socket import NotifySocket
from payloads import notification
from test_hostile_plugins import plugin_directory
from wire import Wire, webhook

TOKEN = "a token for the admin API"


class ReloadCase(unittest.TestCase):
    sandbox_options = ("--no-rate-limits",)

    def setUp(self):
        self.sandbox = self.enterContext(Sandbox(*self.sandbox_options))

    def gateway(self, watchdog=None, **settings):
        gateway = Gateway(self.sandbox, **settings)
        gateway.secrets.append(TOKEN)
        self.notified = self.enterContext(NotifySocket(watchdog))
        gateway.environment |= self.notified.environment
        self.enterContext(gateway)
        self.notified.wait(lambda message: "READY" in message)
        return gateway

    def reload(self, gateway, within=40):
        """Reloads and returns the status line afterwards."""
        gateway.process.send_signal(signal.SIGHUP)
        reloading = self.notified.wait(lambda message: "RELOADING" in message)
        self.assertGreater(int(reloading["MONOTONIC_USEC"]), 0)
        return self.notified.wait(lambda message: "READY" in message, within)["STATUS"]

    def delivered(self, gateway, sink="slack"):
        return gateway.metric("belfry_deliveries_total", sink=sink, outcome="delivered")

    def success(self, gateway):
        return gateway.metric("belfry_config_last_reload_success")


class Newcomers:
    """Context manager: posts each notification over a new connection, and some over a persistent one. Every response must be 204."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.accepted, self.failures = [], []
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self.run) for _ in range(2)]

    def run(self):
        with Wire(self.gateway.port) as kept:
            while not self.ended.is_set():
                self.post(kept)
                with Wire(self.gateway.port) as fresh:
                    self.post(fresh)

    def post(self, wire):
        body = f"number {uuid.uuid4()}"
        try:
            status = wire.exchange(webhook(notification(f"reader{len(self.accepted) % 20}@coder.com", body=body))).status
        except (OSError, EOFError) as problem:
            status = repr(problem)
        (self.accepted if status == 204 else self.failures).append(body if status == 204 else status)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join()


class TakenOverTest(ReloadCase):
    def test_nothing_is_lost_or_twice_and_nobody_is_refused(self):
        gateway = self.gateway(delivery={"rate": "1200/min"})
        pid = gateway.process.pid
        with Newcomers(gateway) as newcomers:
            for round in range(3):
                self.sandbox.wait_for_count(20 * (round + 1))
                gateway.configure(delivery={"rate": "1200/min", "concurrency": 2 + round})
                line = self.reload(gateway)
                self.assertRegex(line, r"^1 sink open, \d+ waiting")
                self.assertGreater(gateway.metric("belfry_queue_depth"), 0, "deliveries wait meanwhile")
        self.assertEqual(newcomers.failures, [])
        gateway.configure()
        self.reload(gateway)
        self.sandbox.wait_for_count(len(newcomers.accepted), within=60)
        gateway.wait_idle()
        bodies = [re.search(r"number [0-9a-f-]{36}", row["text"])[0] for row in self.sandbox.messages()]
        self.assertEqual(sorted(bodies), sorted(newcomers.accepted))
        self.assertEqual(gateway.process.pid, pid)
        self.assertEqual(gateway.metric("belfry_possible_duplicates_total"), 0)
        self.assertEqual(gateway.metric("belfry_notifications_received_total", result="accepted"), len(newcomers.accepted), "the counters continue")
        self.assertEqual(self.success(gateway), 1)

    def test_what_is_new_holds(self):
        gateway = self.gateway(admin={"token": TOKEN})
        started = json.loads(gateway.command("status", "--json").stdout)["started_at"]
        unauthorized = {"Authorization": "Bearer wrong"}
        self.assertEqual(gateway.post_webhook(notification(), unauthorized)[0], 204)
        gateway.configure(auth={"bearer": "a-long-bearer-token"}, admin={"token": TOKEN})
        gateway.secrets.append("a-long-bearer-token")
        self.reload(gateway)
        self.assertEqual(gateway.post_webhook(notification(), unauthorized)[0], 401)
        self.assertEqual(gateway.post_webhook(notification(), {"Authorization": "Bearer a-long-bearer-token"})[0], 204)
        self.sandbox.wait_for_count(2)
        status = json.loads(gateway.command("status", "--json").stdout)
        self.assertEqual((status["last_reload"]["success"], status["last_reload"]["errors"]), (True, []))
        self.assertEqual(status["started_at"], started)

    def test_other_addresses(self):
        gateway = self.gateway()
        before = gateway.port
        gateway.port = free_port()
        gateway.configure()
        self.reload(gateway)
        self.assertEqual(gateway.post_webhook(notification())[0], 204)
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", before)).close()
        # The same port on all interfaces: it becomes free only once the previous listener is closed.
        gateway.configure(server={"listen": f"0.0.0.0:{gateway.port}"})
        self.reload(gateway)
        self.assertEqual(gateway.post_webhook(notification())[0], 204)
        self.sandbox.wait_for_count(2)

    def test_nobody_waits_for_an_attempt_in_flight(self):
        gateway = self.gateway(watchdog=1)
        self.sandbox.fault("slow", ms=8000)
        gateway.post_webhook(notification("first@coder.com", body="one"))
        self.sandbox.wait_for_count(1)
        gateway.configure(delivery={"concurrency": 3})
        self.reload(gateway)
        gateway.post_webhook(notification("first@coder.com", body="two"))
        gateway.post_webhook(notification("second@coder.com"))
        gateway.until(lambda: self.delivered(gateway) == 1, "the new instance of the sink works")
        self.assertEqual(gateway.metric("belfry_queue_depth", state="in_flight"), 1, "the attempt of the old instance continues")
        self.assertEqual(gateway.metric("belfry_queue_depth", state="waiting"), 1, "the next delivery in its queue waits")
        gateway.wait_idle()
        self.assertEqual([re.search("one|two", row["text"])[0] for row in self.sandbox.messages(email="first@coder.com")], ["one", "two"])
        self.assertEqual(len(self.sandbox.messages()), 3)
        self.assertEqual(gateway.metric("belfry_possible_duplicates_total"), 0)

    def test_with_a_plugin_that_hangs(self):
        routes = [{"name": "bad", "when": {"recipient.email": "spin@coder.com"}, "to": ["spin"]}, {"name": "everyone", "to": ["slack"]}]
        settings = {
            "plugins": plugin_directory(self, "spins_for_ever"),
            "sinks": {"spin": {"plugin": "hostile", "delivery": {"timeout": "1s"}}},
            "routes": routes,
        }
        gateway = self.gateway(**settings)
        gateway.post_webhook(notification("spin@coder.com"))
        gateway.until(lambda: gateway.metric("belfry_lane_state", sink="spin", state="hung") == 1, "the lane is hung", within=20)
        gateway.configure(plugins=settings["plugins"])
        self.assertIn("sink spin is orphaned", self.reload(gateway))
        self.assertEqual(gateway.post_webhook(notification("after@coder.com"))[0], 204)
        self.sandbox.wait_for_count(1)
        self.assertEqual(gateway.metric("belfry_lane_state", sink="spin", state="orphaned"), 1, "its deliveries are kept")
        gateway.terminate()
        gateway.wait_ended(within=60)


class RefusedTest(ReloadCase):
    def setUp(self):
        super().setUp()
        self.subject = self.gateway(admin={"token": TOKEN})

    def refused(self, *words, **settings):
        """Reloads with settings for configure(), or with the file as it is, and expects a refusal."""
        gateway = self.subject
        if settings:
            gateway.configure(**({"admin": {"token": TOKEN}} | settings))
        before = len(self.sandbox.messages())
        line = self.reload(gateway)
        self.assertRegex(line, "^the new configuration was refused, the previous one is still in use: .*; 1 sink open, 0 waiting$")
        self.assertEqual(self.success(gateway), 0)
        self.assertEqual(gateway.post_webhook(notification())[0], 204)
        self.sandbox.wait_for_count(before + 1)
        gateway.wait_idle()
        shown = gateway.command("status")
        self.assertEqual(shown.returncode, 1, "an operator has to fix the file")
        file = gateway.directory / "belfry.yaml"
        self.assertIn(f"was refused, the previous one is still in use; fix these errors, then run: belfry reload --config {file}\n", shown.stdout)
        self.assertRegex(shown.stdout, r"(?m)^slack +slack +open ")
        document = json.loads(gateway.command("status", "--json").stdout)
        self.assertTrue(document["ready"])
        self.assertFalse(document["last_reload"]["success"])
        for word in words:
            with self.subTest(word):
                self.assertRegex(gateway.log(), rf" error .*{word}")
                self.assertRegex(shown.stdout, rf"(?m)^  .*error: .*{word}")
                self.assertTrue(any(re.search(word, error) for error in document["last_reload"]["errors"]), document)
        self.assertRegex(line, words[0])
        return line

    def test_every_error_is_said_and_a_mended_file_is_taken(self):
        routes = [{"name": "x", "to": ["slack"], "colour": 1}]
        line = self.refused("lisen.*listen", "max_body", "colour", server={"lisen": "x", "max_body": "much"}, routes=routes)
        self.assertIn("(and 2 more errors; `belfry check` shows all)", line)
        self.subject.configure(admin={"token": TOKEN})
        self.assertEqual(self.reload(self.subject), "1 sink open, 0 waiting")
        self.assertEqual(self.success(self.subject), 1)
        self.assertNotIn("refused", self.subject.command("status").stdout)

    def test_a_file_that_is_no_yaml(self):
        # No command here: the file no longer gives an admin address, and this gateway does not listen at the default one.
        (self.subject.directory / "belfry.yaml").write_text("version: [\n")
        self.assertIn("belfry.yaml:2:1: error: ", self.reload(self.subject))
        self.assertEqual(self.success(self.subject), 0)
        self.assertEqual(self.subject.post_webhook(notification())[0], 204)
        self.sandbox.wait_for_count(1)

    def test_being_refused_does_not_make_it_look_dead(self):
        # A health check is in progress nearly all the time.
        self.subject.stop()
        self.subject.environment |= {"WATCHDOG_USEC": "4000", "WATCHDOG_PID": None}
        self.subject.start()
        (self.subject.directory / "belfry.yaml").write_text("version: [\n")
        for _ in range(20):
            self.reload(self.subject)
            self.notified.wait(lambda message: "WATCHDOG" in message)
        self.notified.messages.clear()
        for _ in range(20):
            self.notified.wait(lambda message: "WATCHDOG" in message)

    def test_what_only_the_plugin_can_see(self):
        self.refused(r"sinks\.slack\.config\.colour: unknown key", slack={"colour": "red"})

    def test_a_plugin_directory_that_others_can_write(self):
        directory = plugin_directory(self)
        directory.chmod(0o777)
        self.refused(rf"run: chmod go-w {directory}", plugins=directory)

    def test_a_secret_that_is_gone(self):
        self.refused("BELFRY_TEST_NO_SUCH_VARIABLE", slack={"bot_token": "${env:BELFRY_TEST_NO_SUCH_VARIABLE}"})

    def test_a_port_in_use(self):
        taken = self.enterContext(socket.create_server(("127.0.0.1", 0))).getsockname()[1]
        self.refused(f"server.listen: .*port {taken} is in use by another program", server={"listen": f"127.0.0.1:{taken}"})
        listen = [f"127.0.0.1:{self.subject.admin_port}", f"127.0.0.1:{taken}"]
        self.refused(f"admin.listen: .*port {taken} is in use by another program", admin={"token": TOKEN, "listen": listen})

    def test_a_certificate_that_is_not_there(self):
        self.refused("server.listen: .*no.crt", server={"tls": {"certificate": "no.crt", "key": "no.key"}})

    def test_another_database(self):
        text = (self.subject.directory / "belfry.yaml").read_text().replace("belfry.db", "other.db")
        (self.subject.directory / "belfry.yaml").write_text(text)
        self.refused("store.path is .*other.db.*restart the gateway")
        self.assertFalse((self.subject.directory / "state/other.db").exists())

    def test_a_route_to_nowhere(self):
        self.refused("slak", routes=[{"name": "everyone", "to": ["slak"]}])

    def test_two_doors_for_one_path(self):
        sinks = {"second": {"plugin": "slack", "config": {"bot_token": "xoxb-other", "signing_secret": "another secret"}}}
        self.refused("go to sinks.slack already", sinks=sinks, routes=[{"name": "everyone", "to": ["slack", "second"]}])


if __name__ == "__main__":
    unittest.main()
