"""Socket Mode with a minimal client; socket_mode_client_test.py uses the official one."""
import asyncio
import json
import unittest

import aiohttp

from case import SandboxCase

FORM = "application/x-www-form-urlencoded"


class OpenTest(SandboxCase):
    options = ("--no-rate-limits", "--socket-mode")

    def open(self, token=None, body=b"", content_type=FORM, **headers):
        token = token or self.sandbox.app_token
        return self.sandbox.api("apps.connections.open", token=token, content_type=content_type, body=body, **headers)[2]

    def test_a_url_with_a_ticket(self):
        first, second = self.open()["url"], self.open()["url"]
        self.assertRegex(first, rf"^ws://127.0.0.1:{self.sandbox.port}/link/\?ticket=[0-9a-f-]+&app_id=A0SANDBOXA$")
        self.assertNotEqual(first, second)

    def test_errors(self):
        for what, call, error in (
            ("no token", lambda: self.open(headers={"Authorization": None}), "not_authed"),
            ("another token", lambda: self.open("xapp-2"), "invalid_auth"),
            ("a bot token", lambda: self.open(self.sandbox.token), "not_allowed_token_type"),
            ("in the body", lambda: self.open(body=f"token={self.sandbox.app_token}".encode()), "insecure_request"),
            ("arguments", lambda: self.open(body=b"a=b"), "invalid_arguments"),
        ):
            with self.subTest(what):
                self.assertEqual(call()["error"], error)
        self.assertEqual(self.sandbox.api("auth.test", token=self.sandbox.app_token)[2]["error"], "not_allowed_token_type")

    def test_errors_on_request(self):
        self.sandbox.socket(accepted=False, error="account_inactive")
        self.assertEqual(self.open()["error"], "account_inactive")
        self.sandbox.socket(accepted=True, scopes=["authorizations:read"])
        answer = self.open()
        self.assertEqual((answer["error"], answer["needed"]), ("missing_scope", "connections:write"))
        self.sandbox.reset()
        self.sandbox.fault("rate_limit", "apps.connections.open", retry_after=7)
        status, headers, _ = self.sandbox.api("apps.connections.open", token=self.sandbox.app_token, content_type=FORM, body=b"")
        self.assertEqual((status, headers["Retry-After"]), (429, "7"))

    def test_mistakes_of_a_test(self):
        wrong = ({"unknown": 1}, {"do": "nothing"}, {"do": "disconnect", "reason": "x"}, {"do": "vanish", "connection": 99}, {"do": "send"})
        for members in wrong:
            with self.subTest(members), self.assertRaises(ValueError):
                self.sandbox.post("socket-mode", **members)


class WebSocketTest(unittest.IsolatedAsyncioTestCase, SandboxCase):
    options = ("--no-rate-limits", "--socket-mode")

    async def asyncSetUp(self):
        self.session = await self.enterAsyncContext(aiohttp.ClientSession())

    def url(self):
        return self.sandbox.api("apps.connections.open", token=self.sandbox.app_token, content_type=FORM, body=b"")[2]["url"]

    async def connect(self, **options):
        """The WebSocket and its first message."""
        websocket = await self.enterAsyncContext(self.session.ws_connect(self.url(), **options))
        return websocket, await websocket.receive_json(timeout=10)

    def post(self):
        self.sandbox.send(
            "bobby@coder.com",
            blocks=[{"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Go"}, "action_id": "go"}]}],
        )
        return self.sandbox.messages()[-1]

    async def click(self, message):
        return asyncio.create_task(asyncio.to_thread(self.sandbox.click, message, "go"))

    async def test_hello_and_an_acknowledged_click(self):
        websocket, hello = await self.connect()
        self.assertEqual((hello["type"], hello["num_connections"], hello["connection_info"]), ("hello", 1, {"app_id": "A0SANDBOXA"}))
        click = await self.click(self.post())
        envelope = await websocket.receive_json(timeout=10)
        self.assertEqual((envelope["type"], envelope["accepts_response_payload"]), ("interactive", False))
        self.assertEqual((envelope["payload"]["type"], envelope["payload"]["actions"][0]["action_id"]), ("block_actions", "go"))
        await websocket.send_json({"envelope_id": envelope["envelope_id"]})
        result = await click
        self.assertEqual((result["acknowledged"], result["error"]), (True, None))
        self.assertEqual(self.sandbox.sockets()["mistakes"], [])

    async def test_nobody_acknowledges(self):
        message = self.post()
        self.assertIn("no WebSocket is open", (await (await self.click(message)))["error"])
        websocket, _ = await self.connect()
        click = await self.click(message)
        envelope = await websocket.receive_json(timeout=10)
        result = await click
        self.assertEqual((result["acknowledged"], result["error"]), (False, "no answer within 3 seconds"))
        await websocket.send_json({"envelope_id": envelope["envelope_id"]})
        await websocket.send_str("nothing of the kind")
        await websocket.send_json({"envelope_id": "unknown"})
        await websocket.ping(b"flush")
        await websocket.close()
        self.sandbox.wait_for_sockets(0)
        state = self.sandbox.sockets()
        self.assertEqual((state["late"], len(state["mistakes"])), (1, 2), state)

    async def test_a_ticket_holds_once(self):
        url = self.url()
        async with self.session.ws_connect(url):
            with self.assertRaises(aiohttp.WSServerHandshakeError) as caught:
                await self.session.ws_connect(url)
        self.assertEqual(caught.exception.status, 403)

    async def test_the_handshake_is_refused_on_request(self):
        self.sandbox.socket("refuse", status=409)
        with self.assertRaises(aiohttp.WSServerHandshakeError) as caught:
            await self.connect()
        self.assertEqual(caught.exception.status, 409)
        await self.connect()

    async def test_clicks_go_round(self):
        sockets = [(await self.connect())[0] for _ in range(3)]
        message = self.post()
        for _ in range(2):
            for websocket in sockets:
                click = await self.click(message)
                envelope = await websocket.receive_json(timeout=10)
                await websocket.send_json({"envelope_id": envelope["envelope_id"], "payload": {}})
                self.assertTrue((await click)["acknowledged"])
        self.assertEqual([row["acknowledged"] for row in self.sandbox.wait_for_sockets(3)], [2, 2, 2])

    async def test_large_and_in_fragments(self):
        websocket, _ = await self.connect(max_msg_size=1 << 22)
        self.sandbox.socket(padding=300_000, fragments=7)
        click = await self.click(self.post())
        message = await websocket.receive(timeout=10)
        self.assertGreater(len(message.data), 300_000)
        await websocket.send_json({"envelope_id": json.loads(message.data)["envelope_id"]})
        self.assertTrue((await click)["acknowledged"])

    async def test_no_more_than_ten(self):
        for number in range(1, 11):
            self.assertEqual((await self.connect())[1]["num_connections"], number)
        websocket, rejection = await self.connect()
        self.assertEqual((rejection["type"], rejection["reason"]), ("disconnect", "too_many_websockets"))
        self.assertEqual((await websocket.receive(timeout=10)).type, aiohttp.WSMsgType.CLOSE)
        self.sandbox.wait_for_sockets(10)

    async def test_a_disconnect_is_announced(self):
        for reason in ("warning", "refresh_requested", "link_disabled"):
            websocket, _ = await self.connect()
            self.sandbox.socket("disconnect", reason=reason, close_after=0)
            self.assertEqual((await websocket.receive_json(timeout=10))["reason"], reason)
            self.assertEqual((await websocket.receive(timeout=10)).type, aiohttp.WSMsgType.CLOSE)

    async def test_switched_off(self):
        websocket, _ = await self.connect()
        self.sandbox.socket(enabled=False)
        self.assertEqual((await websocket.receive_json(timeout=10))["reason"], "link_disabled")
        self.assertEqual((await self.connect())[1]["reason"], "link_disabled")

    async def test_pings(self):
        self.sandbox.socket(ping_every=0.05)
        websocket, _ = await self.connect(autoping=False)
        ping = await websocket.receive(timeout=10)
        self.assertEqual(ping.type, aiohttp.WSMsgType.PING)
        await websocket.ping(b"ours")
        while (message := await websocket.receive(timeout=10)).type != aiohttp.WSMsgType.PONG:
            pass
        self.assertEqual(message.data, b"ours")

    async def test_silence(self):
        self.sandbox.socket("silent")
        websocket = await self.enterAsyncContext(self.session.ws_connect(self.url(), autoping=False))
        await websocket.ping()
        with self.assertRaises(asyncio.TimeoutError):
            await websocket.receive(timeout=0.3)
        self.assertEqual([row["silent"] for row in self.sandbox.wait_for_sockets(1)], [True])

    async def test_it_vanishes(self):
        websocket, _ = await self.connect()
        self.sandbox.socket("vanish")
        message = await websocket.receive(timeout=10)
        self.assertIn(message.type, (aiohttp.WSMsgType.ERROR, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSE))
        self.sandbox.wait_for_sockets(0)

    async def test_frames_on_request(self):
        websocket, _ = await self.connect()
        self.sandbox.socket("send", binary="00ff")
        self.assertEqual((await websocket.receive(timeout=10)).data, b"\x00\xff")
        self.sandbox.socket("send", text="{")
        self.assertEqual((await websocket.receive(timeout=10)).data, "{")
        self.sandbox.socket("send", raw="8b00")
        self.assertEqual((await websocket.receive(timeout=10)).type, aiohttp.WSMsgType.ERROR)


if __name__ == "__main__":
    unittest.main()
