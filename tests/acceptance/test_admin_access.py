"""Access to the admin listener: a reload that removes a token ends requests and sessions with it at once, and ambiguous requests are refused."""
import json
import re
import unittest
import urllib.parse

from admin_api import AdminApi
from harness import Gateway, Sandbox
from wire import Wire

TOKEN = "the-token-of-alice-alone"
OTHER = "the-token-of-bob-alone"


class AdminAccessCase(unittest.TestCase):
    def setUp(self):
        self.sandbox = self.enterContext(Sandbox("--no-rate-limits"))
        self.gateway = Gateway(self.sandbox)
        self.socket = self.gateway.directory / "admin.sock"
        self.gateway.secrets += [TOKEN, OTHER]
        self.configure({"alice": TOKEN, "bob": OTHER})
        self.enterContext(self.gateway)
        self.unix = AdminApi(self.socket)

    def configure(self, tokens):
        listen = [f"127.0.0.1:{self.gateway.admin_port}", f"unix:{self.socket}"]
        self.gateway.configure(admin={"listen": listen, "tokens": tokens})

    def connect(self):
        return self.enterContext(Wire(self.gateway.admin_port))

    def head(self, method, path, *headers, host=None):
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host or f'127.0.0.1:{self.gateway.admin_port}'}", *headers]
        return "\r\n".join(lines).encode() + b"\r\n\r\n"

    def begin(self, method, path, body, *headers):
        """A request that the gateway has admitted and whose body it waits for."""
        wire = self.connect()
        wire.send(self.head(method, path, *headers, f"Content-Length: {len(body)}", "Expect: 100-continue"))
        self.assertEqual(wire.file.readline(), b"HTTP/1.1 100 Continue\r\n")
        self.assertEqual(wire.file.readline(), b"\r\n")
        wire.send(body[:1])
        return wire

    def remove_alice(self):
        self.configure({"bob": OTHER})
        self.assertEqual(self.unix.call("POST", "reload").status, 200)

    def changes(self):
        return [action for action in self.unix.get("audit", limit=100)["actions"] if action["action"] != "reload"]


class RemovedTokenTest(AdminAccessCase):
    def test_a_request_whose_body_was_arriving_is_refused(self):
        body = json.dumps({"level": "debug"}).encode()
        mine = self.begin("PUT", "/api/v1/log-level", body, f"Authorization: Bearer {TOKEN}", "Content-Type: application/json")
        his = self.begin("PUT", "/api/v1/log-level", body, f"Authorization: Bearer {OTHER}", "Content-Type: application/json")
        self.remove_alice()
        mine.send(body[1:])
        self.assertEqual(mine.receive().status, 401)
        self.assertEqual(self.unix.get("log-level"), {"level": "info"})
        self.assertEqual(self.changes(), [])
        his.send(body[1:])
        self.assertEqual(his.receive().status, 200, "other tokens keep working under the old routes")

    def test_a_form_that_was_arriving_is_refused(self):
        form = ("Content-Type: application/x-www-form-urlencoded",)
        page = self.connect().exchange(self.head("GET", "/login"), method="GET").body.decode()
        body = urllib.parse.urlencode({"csrf": re.search(r'name="csrf" value="([0-9a-f]{64})"', page)[1], "token": TOKEN}).encode()
        wire = self.connect()
        wire.send(self.head("POST", "/login", *form, f"Content-Length: {len(body)}") + body)
        lines = iter(wire.file.readline, b"\r\n")
        cookie = next(line for line in lines if line.startswith(b"Set-Cookie: ")).decode().split(" ", 1)[1].split(";")[0]
        page = self.connect().exchange(self.head("GET", "/", f"Cookie: {cookie}"), method="GET").body.decode()
        csrf = re.search(r'name="csrf" value="([0-9a-f]{64})"', page)[1]
        body = urllib.parse.urlencode({"csrf": csrf, "sink": "slack"}).encode()
        wire = self.begin("POST", "/sinks/release", body, *form, f"Cookie: {cookie}")
        self.remove_alice()
        wire.send(body[1:])
        answer = wire.receive()
        self.assertEqual((answer.status, b"you are not logged in, and nothing was changed" in answer.body), (403, True), answer)
        self.assertEqual(self.changes(), [])


class AmbiguousRequestTest(AdminAccessCase):
    def refused(self, why, data):
        answer = self.connect().exchange(data)
        self.assertEqual(answer.status, 400, answer)
        self.assertIn(why.encode(), answer.body)

    def test_headers_that_occur_twice(self):
        authorization = f"Authorization: Bearer {TOKEN}"
        for name, value in (("Cookie", "belfry_session=a"), ("Authorization", f"Bearer {OTHER}"), ("Origin", "null")):
            twice = [f"{name}: {value}"] * 2
            self.refused(f"more than one {name} header; send it once", self.head("GET", "/api/v1/status", *twice, authorization))
            self.refused(f"more than one {name} header; send it once", self.head("GET", "/", *twice))

    def test_members_that_occur_twice(self):
        for body in (b'{"level": "info", "level": "debug"}', b'{"level": "info", "le\\u0076el": "debug"}'):
            headers = (f"Authorization: Bearer {TOKEN}", "Content-Type: application/json", f"Content-Length: {len(body)}")
            self.refused('the member \\"level\\" twice', self.head("PUT", "/api/v1/log-level", *headers) + body)
        body = b'{"filter": {"state": "dead", "sink": "slack", "sink": "other"}, "dry_run": true}'
        headers = (f"Authorization: Bearer {TOKEN}", "Content-Type: application/json", f"Content-Length: {len(body)}")
        self.refused('the member \\"sink\\" twice', self.head("POST", "/api/v1/deliveries/retry", *headers) + body)
        self.assertEqual(self.changes(), [])

    def test_two_hosts(self):
        authorization = f"Authorization: Bearer {TOKEN}"
        own = f"127.0.0.1:{self.gateway.admin_port}"
        self.refused("is not the one in the Host header", self.head("GET", "http://evil.example/api/v1/status", authorization))
        self.refused("is not the one in the Host header", self.head("GET", f"http://{own}/api/v1/status", authorization, host="localhost"))
        answer = self.connect().exchange(self.head("GET", f"http://{own}/api/v1/status", authorization), method="GET")
        self.assertEqual(answer.status, 200, answer)


class MonitoringTest(AdminAccessCase):
    def get(self, path, host):
        return self.connect().exchange(self.head("GET", path, host=host), method="GET")

    def test_a_rebound_name_reads_nothing(self):
        self.assertEqual(self.get("/metrics", "evil.example").status, 421)
        self.assertEqual(self.get("/metrics", "localhost").status, 200)
        self.assertIn(b"belfry_build_info", self.get("/metrics", None).body)
        self.assertEqual(self.get("/readyz", "evil.example").body, b"ready\n")
        self.assertEqual(self.get("/healthz", "evil.example").body, b"alive\n")


if __name__ == "__main__":
    unittest.main()
