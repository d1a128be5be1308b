"""Who may have the configuration read again, and how the verdict is told: `belfry reload` and the admin API."""
import http.client
import json
import socket
import unittest

from payloads import notification
from test_reload import TOKEN, ReloadCase


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
        self.assertIn("the one of before is in use\n", done.stderr)
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

    def ask(self, connection, method="POST", headers=None):
        connection.request(method, "/api/v1/reload", headers=headers or {})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def test_who_may_ask(self):
        tcp = lambda **options: self.ask(http.client.HTTPConnection("127.0.0.1", self.subject.admin_port, timeout=30), **options)
        unix = lambda **options: self.ask(UnixConnection(self.path), **options)
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
        self.assertEqual(self.ask(UnixConnection(self.path))[0], 200)
        self.assertFalse(self.path.exists())
        self.assertEqual(self.subject.command("reload").returncode, 0)


if __name__ == "__main__":
    unittest.main()
