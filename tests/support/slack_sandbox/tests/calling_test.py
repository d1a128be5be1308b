"""Authentication of Web API calls, and decoding of their arguments."""
import json
import unittest

from case import FORM, SandboxCase


class CallingTest(SandboxCase):
    def test_credentials(self):
        for headers, error in (
            ({"Authorization": None}, "not_authed"),
            ({"Authorization": "Basic eDp5"}, "not_authed"),
            ({"Authorization": "Bearer "}, "not_authed"),
            ({"Authorization": "Bearer xoxb-other"}, "invalid_auth"),
        ):
            with self.subTest(headers):
                self.assertEqual(self.sandbox.api("auth.test", headers=headers)[2], {"ok": False, "error": error})
        self.assertTrue(self.call("auth.test")["ok"])

    def test_the_token_may_be_in_a_form_but_not_in_a_query_or_json(self):
        nobody = {"Authorization": None}
        token = self.sandbox.token
        self.assertTrue(self.sandbox.api("auth.test", headers=nobody, content_type=FORM, body=f"token={token}".encode())[2]["ok"])
        self.assertEqual(
            self.sandbox.api(f"auth.test?token={token}", headers=nobody, content_type=FORM, body=b"")[2]["error"], "not_authed"
        )
        self.assertEqual(
            self.sandbox.api("auth.test", headers=nobody, body=json.dumps({"token": token}).encode())[2]["error"], "not_authed"
        )

    def test_the_token_can_be_taken_away(self):
        self.sandbox.post("token", accepted=False, error="token_revoked")
        self.assertEqual(self.error("auth.test"), "token_revoked")
        self.sandbox.post("token", accepted=True)
        self.assertTrue(self.call("auth.test")["ok"])
        self.sandbox.post("token", scopes=["chat:write"])
        status, headers, answer = self.sandbox.api("conversations.open", users=self.call("auth.test")["user_id"])
        self.assertEqual((status, answer), (200, {"ok": False, "error": "missing_scope", "needed": "im:write", "provided": "chat:write"}))
        self.assertEqual((headers["x-oauth-scopes"], headers["x-accepted-oauth-scopes"]), ("chat:write", "im:write"))

    def test_bodies(self):
        user = self.user()
        good = json.dumps({"channel": user, "text": "é"}).encode()
        for content_type, body, expected in (
            ("application/json; charset=utf-8", good, (True, None, None)),
            ("application/json", good, (True, None, "missing_charset")),
            (FORM, f"channel={user}&text=x".encode(), (True, None, None)),
            (FORM + "; charset=utf-8", f"channel={user}&text=x".encode(), (True, None, "superfluous_charset")),
            ("application/json; charset=utf-16", good, (False, "invalid_charset", None)),
            ("application/json; charset=utf-8", b'{"text":"\xff"}', (False, "invalid_charset", None)),
            ("application/json; charset=utf-8", b"{", (False, "invalid_json", None)),
            ("application/json; charset=utf-8", b"[]", (False, "json_not_object", None)),
            ("application/xml", b"<x/>", (False, "invalid_post_type", None)),
            (FORM, b"channel", (False, "invalid_form_data", None)),
        ):
            with self.subTest((content_type, body)):
                answer = self.sandbox.api("chat.postMessage", content_type=content_type, body=body)[2]
                self.assertEqual((answer["ok"], answer.get("error"), answer.get("warning")), expected)

    def test_null_means_not_given(self):
        self.assertTrue(self.call("chat.postMessage", channel=self.user(), text="x", blocks=None, thread_ts=None, metadata=None)["ok"])
        self.assertEqual(self.error("chat.postMessage", channel=self.user(), text=None), "no_text")

    def test_wrong_types_are_named(self):
        for name, value in (("text", 5), ("channel", 7), ("thread_ts", 1.5), ("unfurl_links", "maybe")):
            with self.subTest(name):
                answer = self.call("chat.postMessage", **{"channel": self.user(), "text": "x", name: value})
                self.assertEqual(answer["error"], "invalid_arguments")
                self.assertIn(f"[json-pointer:/{name}]", answer["response_metadata"]["messages"][0])

    def test_unknown_method(self):
        self.assertEqual(self.error("chat.shout"), "unknown_method")

    def test_every_call_is_recorded(self):
        self.call("auth.test")
        self.error("chat.postMessage", channel="D0", text="x")
        first, second = self.sandbox.calls()
        self.assertEqual((first["method"], first["error"]), ("auth.test", None))
        self.assertEqual(
            (second["method"], second["error"], second["arguments"]),
            ("chat.postMessage", "channel_not_found", {"channel": "D0", "text": "x"}),
        )
        self.assertEqual(self.sandbox.calls(after=first["number"]), [second])


if __name__ == "__main__":
    unittest.main()
