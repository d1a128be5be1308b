"""The life of the Debian package on Debian 12 and Debian 13: installed without secrets, configured with two, upgraded while deliveries
wait, reinstalled, upgraded with an invalid configuration, removed, purged. One machine, in this order."""
import contextlib
import json
import re
import socket
import sqlite3
import tempfile
import threading
import time
import unittest

from deb import previous, traces
from installed import CONFIGURATION, PORT, Installed, make_certificate, point_at_sandbox, put_credential
from machine import Machine
from payloads import notification
from roots import Root, package
from slack_sandbox.process import Sandbox

# Few people, because every new one is looked up and lookups are rate-limited.
PEOPLE = [f"person-{number}@example.com" for number in range(4)]


def numbered(number):
    return notification(PEOPLE[number % len(PEOPLE)], body=f"This is notice-{number}.")


class Poster(threading.Thread):
    """Posts one notification after another and retries each until it is accepted, as Coder does. `gap`: the longest time without a 204."""

    def __init__(self, gateway, number):
        super().__init__()
        self.gateway, self.number, self.done, self.gap = gateway, number, threading.Event(), 0.0

    def run(self):
        last = time.monotonic()
        while not self.done.wait(0.02):
            payload = numbered(self.number)
            while True:
                try:
                    if self.gateway.post_webhook(payload)[0] == 204:
                        break
                except OSError:
                    self.done.wait(0.02)
            now = time.monotonic()
            self.gap, last = max(self.gap, now - last), now
            self.number += 1


class Life:
    release = 0

    @classmethod
    def setUpClass(cls):
        cls.files = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.root = cls.enterClassContext(Root(cls.release))
        cls.old = cls.root.put(previous(cls.files))
        cls.new = cls.root.put(package("belfry"))
        cls.root.fetch(cls.new)
        cls.machine = cls.enterClassContext(Machine(cls.root))
        cls.certificate, key = make_certificate(cls.files)
        tls = ["--certificate", str(cls.certificate), "--key", str(key)]
        cls.sandbox = cls.enterClassContext(Sandbox("--no-rate-limits", "--port", str(PORT), *tls))
        cls.gateway = Installed(cls.machine)

    def install(self, *packages):
        return self.machine.run("apt-get", "install", "--yes", "--no-install-recommends", "--reinstall", *packages)

    def delivered(self):
        """The recipients and the numbers of all messages, sorted, including duplicates."""
        rows = self.sandbox.messages()
        numbers = [int(found[1]) for row in rows if (found := re.search(r"notice-(\d+)", json.dumps(row)))]
        return sorted(row["email"] for row in rows), sorted(numbers)

    def test_1_first_run_without_secrets(self):
        self.install(self.old)
        self.assertEqual(self.machine.show("ActiveState"), "active")
        self.assertEqual(self.machine.run("systemd-analyze", "verify", "--man=no", "belfry.service").strip(), "")
        self.gateway.until(lambda: self.gateway.readiness() == 200, "/readyz answers 200: notifications are stored")
        self.assertRegex(self.gateway.admin("/readyz")[1], "note: .*slack-bot-token")
        self.assertIn("slack-bot-token", self.machine.show("StatusText"))
        code, output = self.machine.try_run("belfry", "check")
        self.assertEqual((code, "slack-bot-token" in output), (1, True), output)
        code, output = self.machine.try_run("belfry", "status")
        self.assertEqual((code, "slack-bot-token" in output), (1, True), output)
        self.assertIn("sink is parked", self.machine.run("journalctl", "--unit=belfry", "--priority=warning", "--output=cat"))
        self.assertEqual(self.gateway.post_webhook(notification("early@example.com"))[0], 204)
        # A missing secret does not make the configuration invalid.
        before = self.gateway.pid()
        self.install(self.old)
        self.assertNotEqual(self.gateway.pid(), before)
        self.assertEqual(self.machine.show("User"), "belfry")
        owners = self.machine.run("stat", "-c", "%a %U %G", "/etc/belfry", "/etc/belfry/conf.d", "/var/lib/belfry")
        self.assertEqual(owners.splitlines(), ["750 root belfry", "750 root belfry", "700 belfry belfry"])

    def test_2_two_secrets_and_a_delivery(self):
        point_at_sandbox(self.root, self.certificate)
        put_credential(self.root, "slack-bot-token", self.sandbox.token)
        put_credential(self.root, "slack-signing-secret", self.sandbox.signing_secret)
        self.machine.run("systemctl", "restart", "belfry")
        self.gateway.until(lambda: self.gateway.readiness() == 200, "/readyz answers 200")
        self.assertEqual(self.gateway.post_webhook(notification("late@example.com"))[0], 204)
        # Notifications that were accepted before there was a token have waited for it.
        self.sandbox.wait_for_count(2)
        self.assertEqual(self.delivered()[0], ["early@example.com", "late@example.com"])
        self.assertEqual(self.machine.run("belfry", "plugins", "list").count("refused"), 0)
        before = self.gateway.pid()
        self.machine.run("systemctl", "reload", "belfry")
        self.gateway.until(lambda: self.gateway.readiness() == 200, "/readyz answers 200")
        self.assertEqual(self.gateway.pid(), before)

    def test_2a_a_reload_that_is_refused_fails(self):
        good = self.gateway.configuration().read_text()
        before = self.gateway.pid()
        for command in (("systemctl", "reload", "belfry"), ("belfry", "reload")):
            self.gateway.configuration().write_text(good + "\nnonsense: true\n")
            code, output = self.machine.try_run(*command)
            self.assertEqual(code, 1, output)
            self.assertIn("nonsense", self.machine.run("journalctl", "--unit=belfry", "--priority=err", "--output=cat"))
            self.assertEqual((self.machine.show("ActiveState"), self.gateway.pid()), ("active", before))
            self.gateway.configuration().write_text(good)
            self.machine.run(*command)
        # A gateway that listens only on TCP accepts no reload requests without a token.
        tcp_only = re.sub(r"listen: \[.*\]", 'listen: "127.0.0.1:9664"', good)
        self.assertNotEqual(tcp_only, good)
        self.gateway.configuration().write_text(tcp_only)
        self.machine.run("systemctl", "restart", "belfry")
        self.gateway.until(lambda: self.gateway.readiness() == 200, "/readyz answers 200")
        self.gateway.configuration().write_text(good)
        self.machine.run("systemctl", "reload", "belfry")
        self.gateway.until(lambda: self.machine.try_run("belfry", "reload")[0] == 0, "the gateway listens on its socket again")

    def test_3_upgrade_with_deliveries_waiting(self):
        self.sandbox.post("reset")
        self.sandbox.rows.clear()
        self.sandbox.fault("http", count=None)
        for number in range(40):
            self.assertEqual(self.gateway.post_webhook(numbered(number))[0], 204)
        before = self.gateway.pid()
        poster = Poster(self.gateway, 40)
        poster.start()
        try:
            self.install(self.new)
        finally:
            poster.done.set()
            poster.join()
        self.assertNotEqual(self.gateway.pid(), before)
        self.gateway.until(lambda: self.gateway.readiness() == 200, "/readyz answers 200")
        self.sandbox.clear_faults()
        self.gateway.wait_idle(120)
        self.assertEqual(self.delivered()[1], list(range(poster.number)))
        print(f"\nupgrade: 40 deliveries waited, {poster.number - 40} arrived meanwhile, the longest gap was {poster.gap:.2f} s")
        self.assertLess(poster.gap, 10)
        self.assertIn("api_url", self.gateway.configuration().read_text())

    def test_4_reinstall(self):
        before = self.delivered()
        self.install(self.new)
        self.gateway.until(lambda: self.gateway.readiness() == 200, "/readyz answers 200")
        self.gateway.wait_idle()
        self.assertEqual(self.delivered(), before)

    def test_5a_broken_configuration_at_upgrade(self):
        good = self.gateway.configuration().read_text()
        self.gateway.configuration().write_text(good + "\nnonsense: true\n")
        before = self.gateway.pid()
        output = self.install(self.new)
        self.assertIn("belfry: not restarted", output)
        self.assertIn("nonsense", output)
        self.assertIn(CONFIGURATION, output)
        self.assertEqual(self.machine.run("dpkg-query", "-W", "-f", "${db:Status-Abbrev}", "belfry").strip(), "ii")
        self.assertEqual(self.gateway.pid(), before)
        self.assertEqual(self.gateway.readiness(), 200)
        self.gateway.configuration().write_text(good)

    def queue(self):
        """Waiting and finished deliveries. Other tables may change: a start that fails after it opened the store has written its clock."""
        with contextlib.closing(sqlite3.connect(f"file:{self.root.path}/var/lib/belfry/belfry.db?mode=ro", uri=True)) as database:
            return {table: sorted(map(repr, database.execute(f"SELECT * FROM {table}"))) for table in ("notifications", "deliveries")}

    def refused(self, words, data):
        """Expects that the service does not start, reports this reason, and leaves its data unchanged."""
        before = data()
        self.assertNotEqual(self.machine.try_run("systemctl", "start", "belfry")[0], 0)
        self.assertIn(words, self.machine.try_run("systemctl", "status", "belfry", "--no-pager", "--full", "--lines=20")[1])
        self.machine.run("systemctl", "stop", "belfry")
        self.machine.run("systemctl", "reset-failed", "belfry")
        self.assertEqual(data(), before)

    def schema_version(self, change):
        """Changes the schema version and returns the previous one. Closes the database, so that root leaves no files next to it."""
        with contextlib.closing(sqlite3.connect(self.root.path / "var/lib/belfry/belfry.db")) as database:
            (version,) = database.execute("PRAGMA user_version").fetchone()
            database.execute(f"PRAGMA user_version = {change(version)}")
        return version

    def test_5b_what_keeps_it_from_starting_is_said(self):
        self.machine.run("systemctl", "stop", "belfry")
        with socket.create_server(("127.0.0.1", 6000)):
            self.refused("port 6000 is in use by another program", self.queue)
        version = self.schema_version(lambda version: version + 1)
        self.refused(f"written by a newer Belfry (schema {version + 1}", (self.root.path / "var/lib/belfry/belfry.db").read_bytes)
        self.schema_version(lambda version: version - 1)
        self.machine.run("systemctl", "start", "belfry")
        self.gateway.until(lambda: self.gateway.readiness() == 200, "/readyz answers 200")

    def test_6_remove_keeps_the_data(self):
        self.machine.run("apt-get", "remove", "--yes", "belfry")
        self.assertNotEqual(self.machine.show("ActiveState"), "active")
        self.assertTrue((self.root.path / "var/lib/belfry/belfry.db").exists())
        self.assertIn("api_url", self.gateway.configuration().read_text())
        self.install(self.new)
        self.gateway.until(lambda: self.gateway.readiness() == 200, "/readyz answers 200")
        self.machine.run("apt-get", "remove", "--yes", "belfry")

    def test_7_purge_leaves_the_secrets_of_the_administrator(self):
        before = self.machine.run("ls", "/etc/credstore").split()
        self.assertIn("slack-bot-token", before)
        self.machine.run("apt-get", "purge", "--yes", "belfry")
        self.assertEqual(traces(self.root), [])
        self.assertEqual(self.machine.run("ls", "/etc/credstore").split(), before)


class Debian12Test(Life, unittest.TestCase):
    release = 12


class Debian13Test(Life, unittest.TestCase):
    release = 13


if __name__ == "__main__":
    unittest.main(failfast=True)
