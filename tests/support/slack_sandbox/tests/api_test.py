"""The Web API over the wire: who may call, how arguments are read, what each method answers, faults and clicks."""
import http.client
import json
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from slack_sandbox.limits import PER_CHANNEL
from slack_sandbox.process import Sandbox

FORM = "application/x-www-form-urlencoded"


class SandboxCase(unittest.TestCase):
    options = ("--no-rate-limits",)

    @classmethod
    def setUpClass(cls):
        cls.sandbox = cls.enterClassContext(Sandbox(*cls.options))

    def setUp(self):
        self.sandbox.reset()
        self.sandbox.rows.clear()

    def user(self, email="bobby@coder.com"):
        return self.sandbox.lookup(email)["user"]["id"]

    def call(self, method, **arguments):
        return self.sandbox.api(method, **arguments)[2]

    def error(self, method, **arguments):
        answer = self.call(method, **arguments)
        self.assertFalse(answer["ok"], answer)
        return answer["error"]


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
        self.assertEqual(self.sandbox.api(f"auth.test?token={token}", headers=nobody, content_type=FORM, body=b"")[2]["error"], "not_authed")
        self.assertEqual(self.sandbox.api("auth.test", headers=nobody, body=json.dumps({"token": token}).encode())[2]["error"], "not_authed")

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
        self.assertEqual((second["method"], second["error"], second["arguments"]), ("chat.postMessage", "channel_not_found", {"channel": "D0", "text": "x"}))
        self.assertEqual(self.sandbox.calls(after=first["number"]), [second])


class MethodsTest(SandboxCase):
    def test_lookup(self):
        user = self.sandbox.lookup("Bobby.Tables+x/y@Coder.com")["user"]
        self.assertEqual(user["profile"]["email"], "bobby.tables+x/y@coder.com")
        self.assertEqual(self.sandbox.lookup("bobby.tables+X/Y@coder.com")["user"]["id"], user["id"])
        self.sandbox.post("users", email="gone@coder.com", deleted=True)
        self.sandbox.post("users", email="nobody@coder.com", absent=True)
        for email in ("gone@coder.com", "nobody@coder.com", "no address", ""):
            with self.subTest(email):
                self.assertEqual(self.sandbox.lookup(email), {"ok": False, "error": "users_not_found"})
        form = self.sandbox.api("users.lookupByEmail", content_type=FORM, body=b"email=a%40b.c")[2]
        self.assertTrue(form["ok"])
        self.assertEqual(self.error("users.lookupByEmail", email="a@b.c"), "invalid_arguments")

    def test_ids_are_opaque(self):
        ids = {self.user(f"u{index}@coder.com") for index in range(200)}
        self.assertEqual(len(ids), 200)
        self.assertEqual({user_id[0] for user_id in ids}, {"U", "W"})

    def test_posting_to_a_person_opens_the_direct_message(self):
        user = self.user()
        first, second = (self.call("chat.postMessage", channel=user, text=text) for text in "ab")
        self.assertTrue(first["channel"].startswith("D"))
        self.assertEqual(first["channel"], second["channel"])
        self.assertLess(first["ts"], second["ts"])
        third = self.call("chat.postMessage", channel=first["channel"], text="c")
        self.assertEqual(third["channel"], first["channel"])
        self.assertEqual([row["text"] for row in self.sandbox.messages(email="bobby@coder.com")], ["a", "b", "c"])

    def test_places(self):
        gone = self.user("gone@coder.com")
        direct = self.call("chat.postMessage", channel=gone, text="x")["channel"]
        self.sandbox.post("users", email="gone@coder.com", deleted=True)
        for channel_id, member, archived in (("C1", True, False), ("C2", False, False), ("C3", True, True)):
            self.sandbox.post("channels", id=channel_id, member=member, archived=archived)
        for channel, error in (("U0NOBODY", "channel_not_found"), ("#general", "channel_not_found"), (gone, "channel_not_found"),
                               (direct, "channel_not_found"), ("C2", "not_in_channel"), ("C3", "is_archived")):
            with self.subTest(channel):
                self.assertEqual(self.error("chat.postMessage", channel=channel, text="x"), error)
        self.assertEqual(self.call("chat.postMessage", channel="C1", text="x")["channel"], "C1")
        self.assertEqual(self.error("chat.postMessage", text="x"), "invalid_arguments")

    def test_content(self):
        user = self.user()
        divider = [{"type": "divider"}]
        for arguments, error in (
            ({}, "no_text"),
            ({"text": " "}, "no_text"),
            ({"blocks": []}, "no_text"),
            ({"text": "x", "blocks": "{"}, "invalid_blocks_format"),
            ({"text": "x", "blocks": {"type": "divider"}}, "invalid_blocks_format"),
            ({"text": "x", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "s" * 2700}}] * 5}, "msg_blocks_too_long"),
            ({"text": "x", "attachments": [{}] * 101}, "too_many_attachments"),
            ({"text": "x", "attachments": [1]}, "invalid_attachments"),
            ({"markdown_text": "x", "blocks": divider}, "markdown_text_conflict"),
            ({"markdown_text": "x" * 12_001}, "msg_too_long"),
            ({"text": "x", "metadata": {"event_type": "x"}}, "invalid_metadata_format"),
            ({"text": "x", "metadata": []}, "invalid_metadata_format"),
            ({"text": "x", "thread_ts": "1.2"}, "cannot_reply_to_message"),
        ):
            with self.subTest(list(arguments)):
                self.assertEqual(self.error("chat.postMessage", channel=user, **arguments), error)
        for arguments in ({"blocks": divider}, {"blocks": json.dumps(divider)}, {"markdown_text": "# x"}, {"text": "x" * 40_001}, {"attachments": [{"text": "a"}]}):
            with self.subTest(list(arguments)):
                self.assertTrue(self.call("chat.postMessage", channel=user, **arguments)["ok"])
        self.assertEqual(max(len(row["text"]) for row in self.sandbox.messages()), 40_000)

    def test_invalid_blocks_name_the_place_twice(self):
        answer = self.call("chat.postMessage", channel=self.user(), text="x", blocks=[{"type": "header", "text": {"type": "plain_text", "text": "h" * 151}}])
        line = "must be less than 151 characters [json-pointer:/blocks/0/text/text]"
        self.assertEqual((answer["error"], answer["errors"], answer["response_metadata"]["messages"]), ("invalid_blocks", [line], ["[ERROR] " + line]))
        self.assertEqual(self.sandbox.messages(), [])

    def test_update(self):
        user = self.user()
        sent = self.call("chat.postMessage", channel=user, text="before", blocks=[{"type": "divider"}])
        place = {"channel": sent["channel"], "ts": sent["ts"]}
        self.assertTrue(self.call("chat.update", **place, text="x" * 4000)["ok"])
        self.assertEqual([(len(row["text"]), row["blocks"], row["updates"]) for row in self.sandbox.messages()], [(4000, [], 1)])
        self.assertEqual(self.error("chat.update", **place, text="x" * 4001), "msg_too_long")
        self.assertEqual(self.error("chat.update", **place), "no_text")
        self.assertEqual(self.error("chat.update", channel=user, ts=sent["ts"], text="x"), "channel_not_found")
        self.assertEqual(self.error("chat.update", channel=sent["channel"], ts="1.000001", text="x"), "message_not_found")

    def test_open(self):
        user, gone = self.user(), self.user("gone@coder.com")
        self.sandbox.post("users", email="gone@coder.com", deleted=True)
        opened = self.call("conversations.open", users=user)
        self.assertEqual(opened["channel"]["id"], self.call("chat.postMessage", channel=user, text="x")["channel"])
        self.assertTrue(self.call("conversations.open", users=user, return_im=True)["already_open"])
        for users, error in ((None, "users_list_not_supplied"), ("U0NOBODY", "user_not_found"), (gone, "user_disabled"), (",".join(["U1"] * 9), "too_many_users")):
            with self.subTest(error):
                self.assertEqual(self.error("conversations.open", users=users), error)

    def test_history(self):
        user = self.user()
        sent = [self.call("chat.postMessage", channel=user, text=str(n), metadata={"event_type": "e", "event_payload": {"n": n}}) for n in range(5)]
        channel = sent[0]["channel"]
        plain = self.call("conversations.history", channel=channel)
        self.assertEqual([message["text"] for message in plain["messages"]], list("43210"))
        self.assertNotIn("metadata", plain["messages"][0])
        full = self.call("conversations.history", channel=channel, include_all_metadata=True, limit=2)
        self.assertEqual([message["metadata"]["event_payload"]["n"] for message in full["messages"]], [4, 3])
        self.assertTrue(full["has_more"])
        rest = self.call("conversations.history", channel=channel, limit=3, cursor=full["response_metadata"]["next_cursor"])
        self.assertEqual(([message["text"] for message in rest["messages"]], rest["has_more"]), (list("210"), False))
        between = self.call("conversations.history", channel=channel, oldest=sent[1]["ts"], latest=sent[3]["ts"])
        self.assertEqual([message["text"] for message in between["messages"]], ["2"])
        inclusive = self.call("conversations.history", channel=channel, oldest=sent[1]["ts"], latest=sent[3]["ts"], inclusive=True)
        self.assertEqual([message["text"] for message in inclusive["messages"]], list("321"))
        self.assertEqual(self.error("conversations.history", channel=user), "channel_not_found")
        self.assertEqual(self.error("conversations.history", channel=channel, limit=1000), "invalid_limit")
        self.sandbox.post("token", scopes=["chat:write"])
        self.assertEqual(self.error("conversations.history", channel=channel), "missing_scope")

    def test_users_list(self):
        for index in range(5):
            self.user(f"u{index}@coder.com")
        first = self.sandbox.api("users.list", content_type=FORM, body=b"limit=3")[2]
        rest = self.sandbox.api("users.list", content_type=FORM, body=b"limit=3&cursor=" + first["response_metadata"]["next_cursor"].encode())[2]
        self.assertEqual([user["profile"]["email"] for user in first["members"] + rest["members"]], [f"u{index}@coder.com" for index in range(5)])
        self.assertEqual(rest["response_metadata"]["next_cursor"], "")


class FaultsTest(SandboxCase):
    def post(self):
        return self.sandbox.raw_api("chat.postMessage", channel=self.user(), text="x")

    def test_without_effect(self):
        for kind, members, status, part in (
            ("http", {"status": 503}, 503, b"<!DOCTYPE html>"),
            ("http", {"status": 302, "body": ""}, 302, b""),
            ("garbage", {}, 200, b"not JSON"),
            ("error", {"error": "fatal_error", "extra": {"needed": "x"}}, 200, b'"needed": "x"'),
            ("rate_limit", {"retry_after": 7}, 429, b"ratelimited"),
        ):
            with self.subTest(kind):
                self.sandbox.fault(kind, **members)
                answer = self.post()
                self.assertEqual(answer[0], status)
                self.assertIn(part, answer[2])
                self.assertEqual(self.sandbox.messages(), [])
        self.assertEqual(answer[1]["Retry-After"], "7")
        self.assertEqual(self.post()[0], 200)

    def test_resets(self):
        for kind, arrived in (("reset_before", 0), ("reset_after_read", 0), ("reset_after_apply", 1)):
            with self.subTest(kind):
                self.sandbox.fault(kind)
                with self.assertRaises((ConnectionResetError, http.client.RemoteDisconnected, urllib.error.URLError)):
                    self.post()
                self.assertEqual(len(self.sandbox.messages()), arrived)
                self.assertEqual(self.sandbox.calls()[-1]["fault"], kind)

    def test_an_answer_that_breaks_off(self):
        self.sandbox.fault("truncated")
        with self.assertRaises(http.client.IncompleteRead):
            self.post()
        self.assertEqual(len(self.sandbox.messages()), 1)

    def test_slow(self):
        self.sandbox.fault("slow", ms=400)
        started = time.monotonic()
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(self.post)
            self.sandbox.wait_for_count(1)
            self.assertLess(time.monotonic() - started, 0.4)
            self.assertEqual(answer.result()[0], 200)
        self.assertGreaterEqual(time.monotonic() - started, 0.4)

    def test_only_the_named_person_and_only_so_often(self):
        one, other = self.user("one@coder.com"), self.user("other@coder.com")
        self.sandbox.fault("error", email="one@coder.com", count=2)
        outcomes = [self.call("chat.postMessage", channel=channel, text="x")["ok"] for channel in (one, other, one, one)]
        self.assertEqual(outcomes, [False, True, False, True])
        self.sandbox.fault("error", method="users.lookupByEmail", email="other@coder.com", error="users_not_found", count=None)
        self.assertFalse(any(self.sandbox.lookup("other@coder.com")["ok"] for _ in range(3)))
        self.assertTrue(self.sandbox.lookup("one@coder.com")["ok"])
        self.sandbox.clear_faults()
        self.assertTrue(self.sandbox.lookup("other@coder.com")["ok"])

    def test_mistakes_in_the_request(self):
        for members in ({"kind": "explode", "method": "x"}, {"kind": "http"}, {"kind": "http", "method": "x", "colour": 1}):
            with self.subTest(members), self.assertRaises(ValueError):
                self.sandbox.post("faults", **members)


class RateLimitTest(SandboxCase):
    options = ()

    def test_a_channel(self):
        one, other = self.user("one@coder.com"), self.user("other@coder.com")
        for _ in range(PER_CHANNEL.burst):
            self.assertTrue(self.call("chat.postMessage", channel=one, text="x")["ok"])
        status, headers, answer = self.sandbox.api("chat.postMessage", channel=one, text="x")
        self.assertEqual((status, headers["Retry-After"], answer), (429, "1", {"ok": False, "error": "rate_limited"}))
        direct = self.sandbox.messages()[0]["channel"]
        self.assertEqual(self.sandbox.api("chat.postMessage", channel=direct, text="x")[0], 429)
        self.assertTrue(self.call("chat.postMessage", channel=other, text="x")["ok"])


class ClickTest(SandboxCase):
    def button(self):
        self.sandbox.send("bobby@coder.com", blocks=[{"type": "actions", "elements": [
            {"type": "button", "text": {"type": "plain_text", "text": "Go"}, "url": "https://x.example/"}]}])
        message = self.sandbox.messages()[-1]
        return message, message["blocks"][0]["elements"][0]["action_id"]

    def test_nothing_listens(self):
        message, action_id = self.button()
        self.sandbox.post("interactivity", url="http://127.0.0.1:1/slack/events")
        result = self.sandbox.click(message, action_id)
        self.assertEqual((result["status"], result["acknowledged"]), (None, False))
        self.assertEqual(self.sandbox.messages()[-1]["clicks"], [result])

    def test_no_answer_within_three_seconds(self):
        message, action_id = self.button()
        with Listener() as listener:
            self.sandbox.post("interactivity", url=listener)
            result = self.sandbox.click(message, action_id)
        self.assertEqual((result["error"], result["acknowledged"]), ("no answer within 3 seconds", False))
        self.assertGreaterEqual(result["ms"], 2990)

    def test_no_such_button(self):
        message, _ = self.button()
        with self.assertRaises(ValueError):
            self.sandbox.click(message, "other")


class Listener:
    """Accepts connections and never answers."""

    def __enter__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        return f"http://127.0.0.1:{self.socket.getsockname()[1]}/"

    def __exit__(self, *_):
        self.socket.close()


class StartTest(unittest.TestCase):
    def test_domains_and_address_file(self):
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory, "address.json")
            with Sandbox("--users", "coder.com,Example.org", "--address-file", str(path)) as sandbox:
                self.assertEqual(json.loads(path.read_text())["url"], sandbox.url)
                self.assertTrue(sandbox.lookup("a@example.ORG")["ok"])
                self.assertFalse(sandbox.lookup("a@other.org")["ok"])

    def test_tls(self):
        with tempfile.TemporaryDirectory() as directory:
            key, certificate = Path(directory, "key.pem"), Path(directory, "certificate.pem")
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1",
                 "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate], check=True, capture_output=True)
            with Sandbox("--certificate", str(certificate), "--key", str(key)) as sandbox:
                self.assertTrue(sandbox.url.startswith("https://"))
                context = ssl.create_default_context(cafile=str(certificate))
                with urllib.request.urlopen(sandbox.api_url + "auth.test", timeout=10, context=context) as answer:
                    self.assertEqual(json.loads(answer.read())["error"], "not_authed")

    def test_it_is_fast_enough_for_load_tests(self):
        with Sandbox("--no-rate-limits") as sandbox:
            user = sandbox.lookup("bobby@coder.com")["user"]["id"]
            body = json.dumps({"channel": user, "text": "text", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "s" * 300}}]})
            headers = {"Authorization": f"Bearer {sandbox.token}", "Content-Type": "application/json; charset=utf-8"}
            started = time.monotonic()

            def work():
                connection = http.client.HTTPConnection("127.0.0.1", sandbox.port)
                for _ in range(250):
                    connection.request("POST", "/api/chat.postMessage", body, headers)
                    connection.getresponse().read()
                connection.close()

            threads = [threading.Thread(target=work) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            elapsed = time.monotonic() - started
            self.assertEqual(len(sandbox.messages()), 1000)
            print(f"{1000 / elapsed:.0f} posts/s")
            self.assertGreater(1000 / elapsed, 200)


if __name__ == "__main__":
    unittest.main()
