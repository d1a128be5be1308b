"""Ways to trigger a reload and to get its result: `belfry reload`, the admin API, and watched files."""
import http.client
import json
import os
import socket
import unittest

from payloads import notification
from test_hostile_plugins import plugin_directory
from test_reload_takeover import TOKEN, ReloadCase


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(str(self.path))


class CommandTest(ReloadCase):
    def setUp(self):
        super().setUp()
        self.subject = self.gateway()
        self.path = self.subject.directory / "admin.sock"
        self.listen = {"listen": [f"unix:{self.path}", f"127.0.0.1:{self.subject.admin_port}"], "token": TOKEN}
        self.subject.configure(admin=self.listen)
        self.reload(self.subject)

    def test_the_verdict_is_printed(self):
        self.subject.configure(admin=self.listen, routes=[{"name": "other", "to": ["slack"]}])
        done = self.subject.command("reload")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "the new configuration is in use\n", ""))
        self.subject.configure(admin=self.listen, routes=[{"name": "other", "to": ["slak"]}], server={"lisen": "x"})
        done = self.subject.command("reload")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, r"(?m)^/.*belfry\.yaml:\d+:\d+: error: .*lisen.*listen")
        self.assertRegex(done.stderr, r"(?m)^/.*belfry\.yaml:\d+:\d+: error: .*slak")
        self.assertEqual(done.stderr.count("error: "), 2, "each error is reported once")
        self.assertIn("the previous one is still in use\n", done.stderr)
        self.assertEqual(self.success(self.subject), 0)
        document = json.loads(self.subject.command("reload", "--json").stdout)
        self.assertEqual((document["success"], len(document["errors"]), document["warnings"]), (False, 2, []))
        self.assertEqual(self.subject.post_webhook(notification())[0], 204)

    def test_what_only_a_restart_changes_is_a_warning(self):
        self.subject.configure(admin=self.listen, server={"threads": 5})
        done = self.subject.command("reload")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("warning: server.threads is 5, and 2 are in use; restart the gateway to change it\n", done.stderr)

    def test_nobody_there(self):
        self.subject.stop()
        done = self.subject.command("reload")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("no gateway answers", done.stderr)

    def exchange(self, connection, method="POST", headers=None):
        connection.request(method, "/api/v1/reload", headers=headers or {})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def test_who_may_ask(self):
        tcp = lambda **options: self.exchange(http.client.HTTPConnection("127.0.0.1", self.subject.admin_port, timeout=30), **options)
        unix = lambda **options: self.exchange(UnixConnection(self.path), **options)
        self.assertEqual(tcp()[0], 401)
        self.assertEqual(tcp(headers={"Authorization": "Bearer wrong"})[0], 401)
        for status, text in (tcp(headers={"Authorization": f"Bearer {TOKEN}"}), unix()):
            self.assertEqual((status, json.loads(text)["success"]), (200, True))
        self.assertEqual(unix(method="GET")[0], 405)
        (self.subject.directory / "belfry.yaml").write_text("version: [\n")
        status, text = unix()
        self.assertEqual((status, json.loads(text)["success"]), (422, False))
        self.assertRegex(json.loads(text)["errors"][0], r"belfry\.yaml:2:1: error: ")

    def test_it_may_take_its_own_door_away(self):
        moved = self.subject.directory / "moved.sock"
        self.subject.configure(admin=self.listen | {"listen": [f"unix:{moved}", f"127.0.0.1:{self.subject.admin_port}"]})
        self.assertEqual(self.exchange(UnixConnection(self.path))[0], 200)
        self.assertFalse(self.path.exists())
        self.assertEqual(self.subject.command("reload").returncode, 0)


class WatchTest(ReloadCase):
    def applied(self, act, gateway):
        """Runs `act` and expects a successful reload."""
        act()
        self.notified.wait(lambda message: "RELOADING" in message)
        self.notified.wait(lambda message: "READY" in message)
        self.assertEqual(self.success(gateway), 1, gateway.log())

    def route(self, gateway):
        gateway.post_webhook(notification())
        gateway.wait_idle()
        return gateway.log().count("asked_by=\"changed files\"")

    def test_ways_to_change_a_file(self):
        gateway = self.gateway(watch=True)
        file = gateway.directory / "belfry.yaml"

        def renamed():
            (gateway.directory / "belfry.yaml~").write_text(file.read_text() + "# renamed into place\n")
            (gateway.directory / "belfry.yaml~").rename(file)

        def mounted(name, text):
            (gateway.directory / name).mkdir()
            (gateway.directory / name / "belfry.yaml").write_text(text)
            os.symlink(name, gateway.directory / "..new")
            os.rename(gateway.directory / "..new", gateway.directory / "..data")

        def as_config_map():
            mounted("..first", file.read_text())
            os.symlink("..data/belfry.yaml", gateway.directory / "link")
            os.rename(gateway.directory / "link", file)

        self.applied(lambda: file.write_text(file.read_text() + "# written in place\n"), gateway)
        self.applied(renamed, gateway)
        self.applied(as_config_map, gateway)
        self.applied(lambda: mounted("..second", file.read_text() + "# another version\n"), gateway)

        (gateway.directory / "belfry.yaml").resolve().write_text("version: [\n")
        self.notified.wait(lambda message: "refused" in message.get("STATUS", ""))
        self.assertEqual(self.success(gateway), 0)
        self.applied(lambda: gateway.configure(watch=False), gateway)
        gateway.configure(watch=True)
        self.assertTrue(self.notified.silent("RELOADING", 1), "watching is turned off")
        self.assertEqual(gateway.log().count('asked_by="changed files"'), 6)

    def test_what_else_happens_there(self):
        directory = plugin_directory(self)
        gateway = self.gateway(watch=True, plugins=directory)
        (gateway.directory / "notes.txt").write_text("nothing")
        (gateway.directory / "belfry.yaml.bak").write_text("nothing")
        (directory / "slack.so").touch()
        (directory / "console.so").unlink()
        os.utime(gateway.directory)
        gateway.post_webhook(notification())
        self.assertTrue(self.notified.silent("RELOADING", 1))

    def test_it_has_to_be_asked_for(self):
        gateway = self.gateway()
        gateway.configure(watch=True)
        self.assertTrue(self.notified.silent("RELOADING", 1))
        self.reload(gateway)
        self.applied(lambda: gateway.configure(watch=True, delivery={"concurrency": 3}), gateway)


if __name__ == "__main__":
    unittest.main()
