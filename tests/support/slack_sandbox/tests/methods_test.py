"""Responses and errors of each Web API method."""
import json
import unittest

from case import FORM, SandboxCase
from slack_sandbox.workspace import SCOPES


class MethodsTest(SandboxCase):
    def test_lookup(self):
        user = self.sandbox.lookup("Bobby.Tables+x/y@Coder.com")["user"]
        self.assertEqual(user["profile"]["email"], "bobby.tables+x/y@coder.com")
        self.assertEqual(self.sandbox.lookup("bobby.tables+X/Y@coder.com")["user"]["id"], user["id"])
        self.assertEqual(user["tz"], "Europe/London")
        self.sandbox.post("users", email="bobby.tables+x/y@coder.com", tz="Asia/Tokyo")
        moved = self.sandbox.lookup("bobby.tables+x/y@coder.com")["user"]
        self.assertEqual((moved["id"], moved["tz"], moved["tz_offset"]), (user["id"], "Asia/Tokyo", 9 * 3600))
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
        for channel, error in (
            ("U0NOBODY", "channel_not_found"),
            ("#general", "channel_not_found"),
            (gone, "channel_not_found"),
            (direct, "channel_not_found"),
            ("C2", "not_in_channel"),
            ("C3", "is_archived"),
        ):
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
        for arguments in (
            {"blocks": divider},
            {"blocks": json.dumps(divider)},
            {"markdown_text": "# x"},
            {"text": "x" * 40_001},
            {"attachments": [{"text": "a"}]},
        ):
            with self.subTest(list(arguments)):
                self.assertTrue(self.call("chat.postMessage", channel=user, **arguments)["ok"])
        self.assertEqual(max(len(row["text"]) for row in self.sandbox.messages()), 40_000)

    def test_invalid_blocks_name_the_place_twice(self):
        answer = self.call(
            "chat.postMessage",
            channel=self.user(),
            text="x",
            blocks=[{"type": "header", "text": {"type": "plain_text", "text": "h" * 151}}],
        )
        line = "must be less than 151 characters [json-pointer:/blocks/0/text/text]"
        self.assertEqual(
            (answer["error"], answer["errors"], answer["response_metadata"]["messages"]), ("invalid_blocks", [line], ["[ERROR] " + line])
        )
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

    def test_what_cannot_be_updated(self):
        sent = self.call("chat.postMessage", channel=self.user(), text="before", blocks=[{"type": "divider", "block_id": "b"}])
        place = {"channel": sent["channel"], "ts": sent["ts"]}
        self.assertEqual(self.error("chat.update", **place, text="x", unfurl_links=False), "invalid_arguments")
        self.assertEqual(self.error("chat.update", **place, text="x", blocks=[{"type": "divider", "block_id": "b"}]), "invalid_blocks")
        rich = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]}]}
        self.assertTrue(self.call("chat.update", **place, text="x", blocks=[rich])["ok"])
        self.assertEqual(self.error("chat.update", **place, text="x", blocks=[{"type": "divider"}]), "block_mismatch")
        self.sandbox.post("rules", edit_window=0)
        self.assertEqual(self.error("chat.update", **place, text="x"), "edit_window_closed")
        self.sandbox.post("message", **place, own=False)
        self.assertEqual(self.error("chat.update", **place, text="x"), "cant_update_message")
        self.sandbox.post("message", **place, deleted=True)
        self.assertEqual(self.error("chat.update", **place, text="x"), "message_not_found")
        self.sandbox.rows.clear()
        self.assertEqual(self.sandbox.messages(), [])

    def test_a_channel_keeps_its_messages(self):
        self.sandbox.post("channels", id="C1", name="ops")
        place = {"channel": "C1", "ts": self.call("chat.postMessage", channel="C1", text="x")["ts"]}
        self.sandbox.post("channels", id="C1", archived=True)
        self.assertEqual(self.error("chat.update", **place, text="y"), "is_inactive")

    def test_threads(self):
        user = self.user()
        root = self.call("chat.postMessage", channel=user, text="root")
        channel = root["channel"]
        metadata = {"event_type": "e", "event_payload": {}}
        reply = self.call("chat.postMessage", channel=channel, text="reply", thread_ts=root["ts"], metadata=metadata)
        shown = self.call("chat.postMessage", channel=channel, text="shown", thread_ts=root["ts"], reply_broadcast=True)
        self.assertEqual(self.error("chat.postMessage", channel=channel, text="x", thread_ts=reply["ts"]), "cannot_reply_to_message")
        history = self.call("conversations.history", channel=channel)["messages"]
        self.assertEqual([message["text"] for message in history], ["shown", "root"])
        self.assertEqual((history[1]["thread_ts"], history[1]["reply_count"]), (root["ts"], 2))
        thread = self.call("conversations.replies", channel=channel, ts=root["ts"], include_all_metadata=True)["messages"]
        self.assertEqual([message["text"] for message in thread], ["root", "reply", "shown"])
        self.assertEqual(thread[1]["metadata"], metadata)
        late = self.call("conversations.replies", channel=channel, ts=root["ts"], oldest=reply["ts"], limit=1)
        self.assertEqual([message["text"] for message in late["messages"]], ["root"])
        rest = self.call(
            "conversations.replies", channel=channel, ts=root["ts"], oldest=reply["ts"], cursor=late["response_metadata"]["next_cursor"]
        )
        self.assertEqual([message["ts"] for message in rest["messages"]], [shown["ts"]])
        for ts in (reply["ts"], "1.000001"):
            self.assertEqual(self.error("conversations.replies", channel=channel, ts=ts), "thread_not_found")
        self.sandbox.post("message", channel=channel, ts=root["ts"], locked=True)
        error = self.error("chat.postMessage", channel=channel, text="x", thread_ts=root["ts"])
        self.assertEqual(error, "restricted_action_thread_locked")

    def test_reading_is_late_and_needs_the_scope_of_the_place(self):
        sent = self.call("chat.postMessage", channel=self.user(), text="x")
        self.sandbox.post("rules", history_lag=3600)
        self.assertEqual(self.call("conversations.history", channel=sent["channel"])["messages"], [])
        self.sandbox.post("rules", history_lag=0)
        self.assertEqual(len(self.call("conversations.history", channel=sent["channel"])["messages"]), 1)
        self.assertEqual(self.error("conversations.history", channel=sent["channel"], oldest="yesterday"), "invalid_ts_oldest")
        self.sandbox.post("channels", id="C1", private=True)
        self.assertEqual(self.call("conversations.history", channel="C1")["needed"], "groups:history")
        self.sandbox.post("channels", id="C1", private=False, member=False)
        self.assertEqual(self.error("conversations.history", channel="C1"), "not_in_channel")

    def info(self, channel):
        return self.sandbox.api("conversations.info", content_type=FORM, body=f"channel={channel}".encode())[2]

    def test_info(self):
        self.sandbox.post("channels", id="C1", name="ops")
        self.sandbox.post("channels", id="C2", private=True, member=False)
        self.assertEqual(self.info("C1"), {"ok": False, "error": "missing_scope", "needed": "channels:read", "provided": ",".join(SCOPES)})
        self.sandbox.post("token", scopes=[*SCOPES, "channels:read"])
        channel = self.info("C1")["channel"]
        self.assertEqual((channel["name"], channel["is_member"], channel["is_private"], channel["is_archived"]), ("ops", True, False, False))
        self.assertEqual((self.info("C2")["error"], self.info("C9")["error"]), ("channel_not_found", "channel_not_found"))
        self.sandbox.post("channels", id="C2", private=True, member=True)
        self.assertEqual(self.info("C2")["needed"], "groups:read")

    def test_a_public_channel_without_membership(self):
        self.sandbox.post("channels", id="C1", member=False)
        self.sandbox.post("channels", id="C2", member=False, private=True)
        self.sandbox.post("token", scopes=[*SCOPES, "chat:write.public"])
        self.assertTrue(self.call("chat.postMessage", channel="C1", text="x")["ok"])
        self.assertEqual(self.error("chat.postMessage", channel="C2", text="x"), "not_in_channel")

    def test_open(self):
        user, gone = self.user(), self.user("gone@coder.com")
        self.sandbox.post("users", email="gone@coder.com", deleted=True)
        opened = self.call("conversations.open", users=user)
        self.assertEqual(opened["channel"]["id"], self.call("chat.postMessage", channel=user, text="x")["channel"])
        self.assertTrue(self.call("conversations.open", users=user, return_im=True)["already_open"])
        for users, error in (
            (None, "users_list_not_supplied"),
            ("U0NOBODY", "user_not_found"),
            (gone, "user_disabled"),
            (",".join(["U1"] * 9), "too_many_users"),
        ):
            with self.subTest(error):
                self.assertEqual(self.error("conversations.open", users=users), error)

    def test_history(self):
        user = self.user()
        sent = [
            self.call("chat.postMessage", channel=user, text=str(n), metadata={"event_type": "e", "event_payload": {"n": n}})
            for n in range(5)
        ]
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
        rest = self.sandbox.api(
            "users.list", content_type=FORM, body=b"limit=3&cursor=" + first["response_metadata"]["next_cursor"].encode()
        )[2]
        self.assertEqual(
            [user["profile"]["email"] for user in first["members"] + rest["members"]], [f"u{index}@coder.com" for index in range(5)]
        )
        self.assertEqual(rest["response_metadata"]["next_cursor"], "")


if __name__ == "__main__":
    unittest.main()
