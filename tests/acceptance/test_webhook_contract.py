"""The tables of docs/reference/webhook.md, row by row, over real sockets."""
import socket
import unittest

from harness import AcceptanceCase
from payloads import notification
from wire import chunks, encoded, request_bytes, webhook

MAX_BODY = 64 * 1024


class ContractCase(AcceptanceCase):
    settings = {"server": {"max_body": "64KiB"}}

    def received(self, result):
        return self.gateway.metric("belfry_notifications_received_total", source="coder", result=result)

    def exchange(self, data, method="POST", **options):
        with self.gateway.wire(**options) as wire:
            return wire.exchange(data, method)


class AcceptedTest(ContractCase):
    def test_what_coder_can_send(self):
        for what, changes in (
            ("1.1", {}),
            (
                "1.0",
                {
                    "_version": "1.0",
                    "title_markdown": ...,
                    "body_markdown": ...,
                    "payload.notification_template_id": ...,
                    "payload.data": ...,
                    "payload.targets": ...,
                },
            ),
            ("any inner version", {"payload._version": "9.7"}),
            ("unknown keys", {"extra": [1, {"x": None}], "payload.extra": {"y": 1}}),
            ("null actions", {"payload.actions": None}),
            ("no actions", {"payload.actions": []}),
            ("null labels", {"payload.labels": None}),
            ("no labels", {"payload.labels": ...}),
            ("no data", {"payload.data": ...}),
            ("rich data", {"payload.data": {"owner": {"email": "o@coder.com"}, "list": [1, 2.5, None, "x"]}}),
            ("white-space title", {"title": " \t", "title_markdown": " "}),
            ("white-space body", {"body": "\n"}),
            ("no address", {"payload.user_email": ""}),
            ("a number of actions", {"payload.actions": [{"label": f"{n}", "url": f"http://127.0.0.1/{n}"} for n in range(30)]}),
            ("a broken link", {"payload.actions": [{"label": "Go", "url": "http://test.com/?filter=template%3A<no value>"}]}),
            ("a relative link", {"payload.actions": [{"label": "", "url": "/workspaces"}]}),
            ("control characters", {"body": "a\u0000b\u001b[31m\u202e\ufeff"}),
        ):
            with self.subTest(what):
                before = self.received("accepted")
                answer = self.exchange(webhook(notification("accepted@coder.com", **changes)))
                self.assertEqual((answer.status, answer.body), (204, b""), answer)
                self.assertEqual(self.received("accepted"), before + 1)
        self.gateway.wait_idle()
        self.assertEqual({call["error"] for call in self.sandbox.calls("chat.postMessage")}, {None})

    def test_duplicates_are_counted(self):
        payload = notification()
        before = self.received("duplicate")
        self.assertEqual([self.exchange(webhook(payload)).status for _ in range(3)], [204] * 3)
        self.assertEqual(self.received("duplicate"), before + 2)

    def test_the_header_stands_in_for_a_missing_msg_id(self):
        headers = {"X-Message-Id": "0190aaaa-0000-7000-8000-000000000001"}
        accepted, duplicate = self.received("accepted"), self.received("duplicate")
        for _ in range(2):
            self.assertEqual(self.exchange(webhook(notification(msg_id=...), headers=headers)).status, 204)
        self.assertEqual((self.received("accepted"), self.received("duplicate")), (accepted + 1, duplicate + 1))
        for _ in range(2):
            self.assertEqual(self.exchange(webhook(notification(msg_id=...))).status, 204)
        self.assertEqual(self.received("accepted"), accepted + 3)


class RefusedTest(ContractCase):
    def test_payloads(self):
        deep = b"[" * 30_000
        good = encoded(notification())
        for body, named in (
            (b"", ""),
            (b"{", ""),
            (b"null", ""),
            (b"[]", ""),
            (b'"x"', ""),
            (b"\xff\xfe", ""),
            (deep, ""),
            (good[:-1], ""),
            (good + b"x", ""),
            (good.replace(b"deleted.", b"\xc3\x28"), ""),
            *(
                (encoded(notification(**{name: value})), named)
                for name, value, named in (
                    ("title", ..., "title"),
                    ("title", "", "title"),
                    ("title", 5, "title"),
                    ("title", None, "title"),
                    ("body", ..., "body"),
                    ("body", "", "body"),
                    ("body", ["x"], "body"),
                    ("payload", ..., "payload"),
                    ("payload", None, "payload"),
                    ("payload", "x", "payload"),
                    ("payload", [], "payload"),
                    ("payload.user_email", ..., "payload.user_email"),
                    ("payload.user_email", 1, "payload.user_email"),
                    ("payload.actions", ..., "payload.actions"),
                    ("payload.actions", "x", "payload.actions"),
                    ("payload.actions", {}, "payload.actions"),
                    ("payload.actions", [1], "payload.actions[0]"),
                    ("payload.actions", [{"label": "x", "url": 5}], "payload.actions[0].url"),
                    ("payload.labels", [], "payload.labels"),
                    ("payload.labels", {"a": 1}, "payload.labels"),
                    ("payload.data", "x", "payload.data"),
                    ("msg_id", 5, "msg_id"),
                )
            ),
        ):
            with self.subTest(body[:80] + b"..." + body[-40:]):
                invalid, accepted = self.received("invalid"), self.received("accepted")
                answer = self.exchange(webhook(body))
                self.assertEqual(answer.status, 400, answer)
                self.assertTrue(answer.headers["Content-Type"].startswith("text/plain"))
                self.assertLess(len(answer.body), 512)
                line = answer.body.decode()
                self.assertEqual(line.strip().count("\n"), 0)
                self.assertIn(named, line)
                self.assertGreater(len(line.strip()), 10)
                self.assertEqual((self.received("invalid"), self.received("accepted")), (invalid + 1, accepted))
        self.assertEqual(self.sandbox.messages(), [])

    def test_methods_and_paths(self):
        for method in ("GET", "PUT", "DELETE", "OPTIONS", "PATCH"):
            with self.subTest(method):
                answer = self.exchange(request_bytes(method), method)
                self.assertEqual((answer.status, answer.headers["Allow"]), (405, "POST"))
        self.assertEqual(self.exchange(request_bytes("HEAD"), "HEAD").status, 405)
        for path in (
            "/",
            "/v1",
            "/v1/webhook/",
            "//v1/webhook",
            "/V1/webhook",
            "/v1/webhook/../webhook",
            "/metrics",
            "/readyz",
            "/api/v1/status",
        ):
            with self.subTest(path):
                self.assertEqual(self.exchange(webhook(notification(), path=path)).status, 404)
        self.assertEqual(self.exchange(webhook(notification(), path="/v1/webhook?from=coder")).status, 204)

    def test_too_large(self):
        filler = notification()
        room = MAX_BODY - len(encoded(filler | {"filler": ""}))
        self.assertEqual(self.exchange(webhook(filler | {"filler": "x" * room})).status, 204)
        self.assertEqual(self.exchange(webhook(filler | {"filler": "x" * (room + 1)})).status, 413)

    def test_413_reaches_a_client_that_first_sends_everything(self):
        body = b"x" * (20 * MAX_BODY)
        for what, data in (
            ("length", request_bytes(body=body)),
            ("chunked", request_bytes(headers={"Transfer-Encoding": "chunked"}, length=False) + chunks(body, 5000)),
        ):
            with self.subTest(what), self.gateway.wire() as wire:
                answer = wire.exchange(data)
                self.assertEqual(answer.status, 413)
                self.assertLess(len(answer.body), 512)
        self.assertEqual(self.exchange(webhook(notification())).status, 204)

    def test_an_endless_body_is_cut_off(self):
        with self.gateway.wire() as wire:
            wire.send(request_bytes(headers={"Content-Length": str(1 << 40)}, length=False))
            self.assertEqual(wire.receive().status, 413)
            wire.socket.settimeout(0.2)
            try:
                for _ in range(2000):
                    wire.send(b"x" * 65536)
                self.fail("128 MiB were read after a 413")
            except OSError:
                pass

    def test_bad_http(self):
        body = encoded(notification())
        for data, statuses in (
            (b"hello\r\n\r\n", {400}),
            (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", {400}),
            (b"POST /v1/webhook HTTP/9.9\r\nHost: x\r\n\r\n", {400, 505}),
            (b"POST /v1/webhook HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", {400}),
            (b"POST /v1/webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 1x\r\n\r\n", {400}),
            (b"POST /v1/webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", {400}),
            (b"POST /v1/webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}),
            (b"POST /v1/webhook HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nx\r\n0\r\n\r\n", {400}),
            (b"POST /v1/webhook HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", {400, 501}),
            (b"POST /v1/webhook HTTP/1.1\r\nHost : x\r\nContent-Length: 0\r\n\r\n", {400}),
            (b"POST /v1/web hook HTTP/1.1\r\nHost: x\r\n\r\n", {400}),
            (request_bytes(body=body, headers={"X-Long": "x" * 70_000}), {431}),
        ):
            with self.subTest(data[:90]), self.gateway.wire() as wire:
                answer = wire.exchange(data)
                self.assertIn(answer.status, statuses)
                self.assertTrue(wire.closed())
        self.assertEqual(self.exchange(webhook(notification())).status, 204)


class ConnectionTest(ContractCase):
    def test_keep_alive(self):
        with self.gateway.wire() as wire:
            for _ in range(50):
                self.assertEqual(wire.exchange(webhook(notification("keep@coder.com"))).status, 204)

    def test_pipelined_requests_are_answered_in_order(self):
        plan = [
            (webhook(notification("pipeline@coder.com")), 204),
            (webhook(b"{"), 400),
            (request_bytes("GET"), 405),
            (request_bytes(path="/x"), 404),
        ] * 5
        for what, pieces in (("at once", 1), ("in pieces", 331)):
            with self.subTest(what), self.gateway.wire() as wire:
                data = b"".join(request for request, _ in plan)
                size = -(-len(data) // pieces)
                for start in range(0, len(data), size):
                    wire.send(data[start : start + size])
                answers = [wire.receive("GET" if status == 405 else "POST").status for _, status in plan]
                self.assertEqual(answers, [status for _, status in plan])

    def test_a_slow_sender(self):
        with self.gateway.wire() as wire:
            wire.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            data = webhook(notification("slow@coder.com"))
            for index in range(len(data)):
                wire.send(data[index : index + 1])
            self.assertEqual(wire.receive().status, 204)

    def test_chunked_and_expect(self):
        body = encoded(notification())
        with self.gateway.wire() as wire:
            head = request_bytes(headers={"Transfer-Encoding": "chunked", "Expect": "100-continue"}, length=False)
            wire.send(head)
            self.assertEqual(wire.file.readline().split()[1], b"100")
            self.assertEqual(wire.file.readline(), b"\r\n")
            self.assertEqual(wire.exchange(chunks(body, 7)).status, 204)

    def test_http_1_0(self):
        with self.gateway.wire() as wire:
            self.assertEqual(wire.exchange(webhook(notification(), version="HTTP/1.0")).status, 204)
            self.assertTrue(wire.closed())

    def test_clients_that_go_away(self):
        data = webhook(notification("away@coder.com"))
        for cut in (1, 20, len(data) - 1, len(data)):
            with self.subTest(cut), self.gateway.wire() as wire:
                wire.send(data[:cut])
        self.assertEqual(self.exchange(webhook(notification())).status, 204)


if __name__ == "__main__":
    unittest.main()
