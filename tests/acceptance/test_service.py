"""Notifications to systemd, over a real socket: readiness, status line, watchdog, stopping, and the reason of a failed start."""
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import unittest
from contextlib import closing
from pathlib import Path

from harness import BUILD, Gateway, Sandbox
from notify_socket import Frozen, NotifySocket, threads_of
from payloads import notification

WATCHDOG = 0.4  # seconds; the gateway must notify twice in that time


class ServiceCase(unittest.TestCase):
    def setUp(self):
        self.sandbox = self.enterContext(Sandbox("--no-rate-limits"))

    def gateway(self, watchdog=None, **settings):
        gateway = Gateway(self.sandbox, **settings)
        self.addCleanup(gateway.__exit__, None)
        self.notified = self.enterContext(NotifySocket(watchdog))
        gateway.environment |= self.notified.environment
        return gateway

    def ready(self):
        return self.notified.wait(lambda message: "READY" in message)


class NotifyTest(ServiceCase):
    def test_ready_when_the_doors_are_open(self):
        gateway = self.gateway()
        gateway.spawn()
        self.assertEqual(self.notified.wait(lambda message: True)["STATUS"], "starting")
        message = self.ready()
        # Without a retry: the listeners must be open once readiness is reported.
        self.assertEqual(gateway.post_webhook(notification())[0], 204)
        self.assertEqual(gateway.admin("/healthz")[0], 200)
        self.assertEqual((message["READY"], message["STATUS"]), ("1", "1 sink open, 0 waiting"))
        gateway.terminate()
        self.assertIn("stopping", self.notified.wait(lambda message: message.get("STOPPING") == "1")["STATUS"])
        gateway.wait_ended()

    def test_without_a_manager_nothing_is_looked_for(self):
        gateway = self.gateway()
        del gateway.environment["NOTIFY_SOCKET"]
        gateway.start()
        gateway.stop()
        self.assertEqual(self.notified.messages, [])

    def test_the_line_follows_what_happens(self):
        gateway = self.gateway(watchdog=WATCHDOG)
        gateway.start()
        self.ready()
        self.sandbox.post("token", accepted=False, error="token_revoked")
        gateway.post_webhook(notification())
        line = self.notified.wait_status("sink slack is parked: ")
        self.assertIn("bot_token", line)
        self.assertRegex(line, "; 0 of 1 sink open, (1 waiting|0 waiting, 1 in (flight|back-off))$")
        self.sandbox.post("token", accepted=True)
        self.notified.wait(lambda message: message.get("STATUS") == "1 sink open, 0 waiting", within=60)
        gateway.stop()

    def test_a_sink_without_its_secret(self):
        gateway = self.gateway(slack={"bot_token": "${env:BELFRY_TEST_NO_SUCH_VARIABLE}"})
        gateway.start()
        line = self.ready()["STATUS"]
        self.assertRegex(line, "^sink slack is parked: .*BELFRY_TEST_NO_SUCH_VARIABLE.*; 0 of 1 sink open, 0 waiting$")
        gateway.stop()


class CannotStartTest(ServiceCase):
    def fails_with(self, gateway, words):
        served = gateway.command("serve", env=gateway.environment)
        self.assertEqual(served.returncode, 1, served.stderr)
        line = self.notified.wait_status("cannot start: ")
        self.assertIn(words, line)
        self.assertNotIn("READY", "".join(key for message in self.notified.messages for key in message))
        return line

    def test_a_port_in_use(self):
        gateway = self.gateway()
        with socket.create_server(("127.0.0.1", gateway.port)):
            self.fails_with(gateway, f"port {gateway.port} is in use by another program; stop it or choose another port")

    def test_an_admin_port_in_use(self):
        gateway = self.gateway()
        with socket.create_server(("127.0.0.1", gateway.admin_port)):
            self.fails_with(gateway, f"admin.listen: cannot listen on 127.0.0.1:{gateway.admin_port}: port {gateway.admin_port} is in use by another program")

    def test_a_newer_database(self):
        gateway = self.gateway()
        gateway.start()
        gateway.stop()
        file = gateway.directory / "state/belfry.db"
        with closing(sqlite3.connect(file, isolation_level=None)) as database:
            database.execute("PRAGMA user_version = 99")
        before = file.read_bytes()
        self.notified.messages.clear()
        self.fails_with(gateway, "belfry.db: written by a newer Belfry (schema 99")
        self.assertEqual(file.read_bytes(), before, "the file is not changed")

    def test_a_broken_configuration(self):
        gateway = self.gateway(server={"lisen": "x", "max_body": "much"})
        self.assertRegex(self.fails_with(gateway, "unknown key"), r"belfry\.yaml:\d+:\d+: error: .*did you mean.* \(and 1 more error; `belfry check` shows all\)$")

    def test_a_sink_that_is_wrong(self):
        gateway = self.gateway(slack={"colour": "red"})
        self.fails_with(gateway, "sinks.slack.config.colour: unknown key")


class WatchdogTest(ServiceCase):
    def test_alive_twice_in_its_time(self):
        gateway = self.gateway(watchdog=WATCHDOG)
        gateway.start()
        self.ready()
        times = [self.notified.wait(lambda message: "WATCHDOG" in message)["at"] for _ in range(20)]
        self.assertLess(max(after - before for before, after in zip(times, times[1:])), WATCHDOG * 5)
        self.assertLess((times[-1] - times[0]) / 19, WATCHDOG)
        gateway.stop()

    def test_signals_do_not_keep_it_quiet(self):
        gateway = self.gateway(watchdog=60)
        gateway.start()
        self.ready()
        gateway.process.send_signal(1)
        self.notified.wait(lambda message: "WATCHDOG" in message)
        gateway.stop()

    def silent_while_frozen(self, choose):
        gateway = self.gateway(watchdog=WATCHDOG)
        gateway.start()
        self.ready()
        self.notified.wait(lambda message: "WATCHDOG" in message)
        tids = choose(gateway.process.pid)
        self.assertTrue(tids)
        try:
            with Frozen(tids):
                self.assertTrue(self.notified.silent("WATCHDOG", WATCHDOG * 5))
        except PermissionError as refused:
            self.skipTest(f"one thread cannot be stopped here: {refused}")
        self.notified.wait(lambda message: "WATCHDOG" in message)
        gateway.stop()

    def test_a_store_that_hangs(self):
        # The store's thread is the only one without its own name.
        self.silent_while_frozen(lambda pid: threads_of(pid, "belfry"))

    def test_a_network_that_hangs(self):
        self.silent_while_frozen(lambda pid: threads_of(pid, "net"))


class FullDiskTest(ServiceCase):
    """The state directory is on a small tmpfs that the test fills."""

    def setUp(self):
        super().setUp()
        self.disk = Path(tempfile.mkdtemp(prefix="belfry-disk-"))
        self.addCleanup(shutil.rmtree, self.disk)
        # Space for the private copies of the plugins, and a little more.
        size = sum(file.stat().st_size for file in (BUILD / "plugins").glob("*.so")) + 24 * 2**20
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "belfry-test", self.disk], capture_output=True, text=True)
        if mounted.returncode != 0:
            self.skipTest(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", self.disk], check=True)

    def fill(self):
        with open(self.disk / "ballast", "wb", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(bytes(4096))
            except OSError:
                pass

    def on_the_disk(self, watchdog=None):
        gateway = self.gateway(watchdog)
        state = gateway.directory / "state"
        state.rmdir()
        state.symlink_to(self.disk)
        return gateway

    def test_while_it_runs(self):
        gateway = self.on_the_disk(watchdog=WATCHDOG)
        gateway.start()
        self.ready()
        kept = notification("kept@coder.com")
        self.assertEqual(gateway.post_webhook(kept)[0], 204)
        self.sandbox.wait_for_count(1)
        gateway.wait_idle()
        self.fill()
        late = notification("late@coder.com", body="x" * 100_000)
        status, headers, _ = gateway.post_webhook(late)
        self.assertEqual(status, 503)
        self.assertGreater(int(headers["Retry-After"]), 0)
        self.assertRegex(self.notified.wait_status("cannot be written"), "^the store cannot be written: .*the disk is full.*free some space")
        self.assertEqual(gateway.readiness(), 503)
        self.assertIn("the disk is full", gateway.admin("/readyz")[1])
        for _ in range(10):
            self.notified.wait(lambda message: "WATCHDOG" in message)
        (self.disk / "ballast").unlink()
        self.assertEqual(gateway.post_webhook(late)[0], 204)
        self.assertEqual(gateway.post_webhook(kept)[0], 204, "a stored msg_id is still recognized")
        self.sandbox.wait_for_count(2)
        self.notified.wait_status("1 sink open, 0 waiting")
        self.assertEqual(len(self.sandbox.messages()), 2)
        gateway.stop()

    def test_at_the_start(self):
        gateway = self.on_the_disk()
        self.fill()
        served = gateway.command("serve", env=gateway.environment)
        self.assertEqual(served.returncode, 1, served.stderr)
        line = self.notified.wait_status("cannot start: ")
        self.assertRegex(line, "the disk is full|No space left on device")
        self.assertIn("free some space", line)


if __name__ == "__main__":
    unittest.main()
