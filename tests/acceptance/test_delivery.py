"""Coder's notifications arrive once, complete, in order, and in blocks that Slack accepts."""
import html
import re
import threading
import unittest
import uuid
from concurrent.futures import ThreadPoolExecutor

from harness import AcceptanceCase, Gateway, Sandbox
from payloads import fixtures, notification


def strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for member in value.values():
            yield from strings(member)
    elif isinstance(value, list):
        for member in value:
            yield from strings(member)


def shown(message):
    """All visible text of the blocks, and the targets of their links."""
    return html.unescape("\n".join(strings(message["blocks"])))


def words(text):
    return re.findall(r"[^\W_]+", text)


class DeliveryTest(AcceptanceCase):
    def missing(self, text, within):
        return [word for word in words(text) if word not in within]

    def test_every_recorded_payload_arrives_once_and_complete(self):
        expected = {}
        for index, (name, payload) in enumerate(fixtures()):
            email = f"reader{index}@coder.com"
            payload["payload"]["user_email"] = email
            expected[email] = (name, payload)
            self.assertEqual(self.gateway.post_webhook(payload)[0], 204, name)
        self.assertGreaterEqual(len(expected), 8)
        self.sandbox.wait_for_count(len(expected))
        self.gateway.wait_idle()
        rows = self.sandbox.messages()
        self.assertEqual(sorted(row["email"] for row in rows), sorted(expected))
        self.assertEqual({call["error"] for call in self.sandbox.calls("chat.postMessage")}, {None})
        for row in rows:
            name, payload = expected[row["email"]]
            with self.subTest(name):
                self.assertEqual(self.missing(payload["title"], shown(row) + html.unescape(row["text"])), [])
                self.assertEqual(self.missing(payload["body"], shown(row)), [])
                self.assertEqual(self.missing(payload["body"], html.unescape(row["text"])), [], "the text for screen readers")
                for action in payload["payload"].get("actions") or []:
                    self.assertIn(action["label"].strip(), shown(row))

    def test_calls_are_as_slack_wants_them(self):
        self.gateway.post_webhook(notification("calls@coder.com"))
        self.sandbox.wait_for_count(1)
        lookup = self.sandbox.calls("users.lookupByEmail")[-1]
        post = self.sandbox.calls("chat.postMessage")[-1]
        self.assertEqual((lookup["warnings"], post["warnings"]), ([], []))
        self.assertEqual(post["arguments"]["unfurl_links"], False)
        self.assertEqual(post["arguments"]["unfurl_media"], False)
        self.gateway.post_webhook(notification("Calls@Coder.com"))
        self.sandbox.wait_for_count(2)
        self.assertEqual(self.sandbox.calls("users.lookupByEmail")[-1]["number"], lookup["number"], "the lookup was not cached")

    def test_the_same_msg_id_again_changes_nothing(self):
        payload = notification("again@coder.com")
        for _ in range(3):
            status, _, body = self.gateway.post_webhook(payload)
            self.assertEqual((status, body), (204, b""))
        changed = payload | {"body": "rendered anew"}
        self.assertEqual(self.gateway.post_webhook(changed)[0], 204)
        self.sandbox.wait_for_count(1)
        self.gateway.wait_idle()
        self.assertEqual(len(self.sandbox.messages()), 1)

    def test_two_posts_race_with_the_same_msg_id(self):
        payloads = [notification(f"race{index % 10}@coder.com", body=f"race {index}.") for index in range(60)]
        with ThreadPoolExecutor(4) as pool:
            barrier = threading.Barrier(4)

            def work():
                statuses = []
                for payload in payloads:
                    barrier.wait()
                    statuses.append(self.gateway.post_webhook(payload)[0])
                return statuses

            results = [future.result() for future in [pool.submit(work) for _ in range(4)]]
        self.assertEqual({status for statuses in results for status in statuses}, {204})
        self.sandbox.wait_for_count(len(payloads))
        self.gateway.wait_idle()
        arrived = sorted(re.search(r"race \d+\.", shown(row))[0] for row in self.sandbox.messages())
        self.assertEqual(arrived, sorted(f"race {index}." for index in range(60)))

    def test_one_reader_gets_messages_in_the_order_of_acceptance(self):
        for index in range(40):
            self.assertEqual(self.gateway.post_webhook(notification("order@coder.com", body=f"number {index}."))[0], 204)
        self.sandbox.wait_for_count(40)
        rows = sorted(self.sandbox.messages(email="order@coder.com"), key=lambda row: row["ts"])
        self.assertEqual([re.search(r"number (\d+)\.", shown(row))[1] for row in rows], [str(index) for index in range(40)])

    def test_unknown_people_do_not_hold_up_others(self):
        self.sandbox.post("users", email="left@coder.com", deleted=True)
        before = self.gateway.metric("belfry_dead_letters", sink="slack")
        for email in ("left@coder.com", "", "next@coder.com"):
            self.assertEqual(self.gateway.post_webhook(notification(email))[0], 204)
        self.sandbox.wait_for_count(1)
        self.gateway.until(lambda: self.gateway.metric("belfry_dead_letters", sink="slack") == before + 2, "two dead letters")
        self.assertEqual([row["email"] for row in self.sandbox.messages()], ["next@coder.com"])

    def test_trouble_that_passes_is_tried_again(self):
        for kind, members in (("http", {"status": 500}), ("error", {"error": "internal_error"}), ("reset_after_read", {}), ("garbage", {})):
            with self.subTest(kind):
                self.sandbox.rows.clear()
                email = f"{kind.replace('_', '.')}@coder.com"
                self.sandbox.fault(kind, email=email, **members)
                self.gateway.post_webhook(notification(email))
                self.sandbox.wait_for_count(1, within=30)
                self.gateway.wait_idle()
                self.assertEqual(len(self.sandbox.messages(email=email)), 1)

    def test_hostile_text_stays_text(self):
        body = "<!channel> <@U123> <https://evil.example|https://coder.com> & `x` *b* @here #general"
        payload = notification(
            "hostile@coder.com", title="<!everyone> & <b>", body=body, title_markdown=..., body_markdown=..., _version="1.0"
        )
        self.gateway.post_webhook(payload)
        (row,) = self.sandbox.wait_for_count(1)
        sections = [block["text"] for block in row["blocks"] if block["type"] == "section"]
        for text in [row["text"], *(section["text"] for section in sections)]:
            for forbidden in ("<!", "<@", "<#", "<https://evil", "<b>"):
                self.assertNotIn(forbidden, text)
        self.assertTrue(all(section["verbatim"] for section in sections), "without verbatim, Slack would turn @here into a mention")

    def test_long_text_is_shortened_visibly(self):
        body = " ".join(f"word{index}" for index in range(8_000))
        self.assertEqual(self.gateway.post_webhook(notification("long@coder.com", title="T" * 400, body=body))[0], 204)
        (row,) = self.sandbox.wait_for_count(1)
        self.assertIn("word100", shown(row))
        self.assertNotIn("word7999", shown(row))
        self.assertRegex(shown(row), "\u2026|shortened")


class RestartTest(unittest.TestCase):
    def test_msg_ids_are_remembered_and_waiting_deliveries_kept(self):
        with Sandbox("--no-rate-limits") as sandbox, Gateway(sandbox) as gateway:
            first = notification("restart@coder.com", body=f"first {uuid.uuid4()}")
            gateway.post_webhook(first)
            sandbox.wait_for_count(1)
            sandbox.fault("http", count=None)
            second = notification("restart@coder.com", body="second")
            gateway.post_webhook(second)
            gateway.until(lambda: sandbox.calls("chat.postMessage")[-1]["fault"] == "http", "a failed attempt")
            gateway.stop()
            sandbox.clear_faults()
            gateway.start()
            self.assertEqual(gateway.post_webhook(first)[0], 204)
            sandbox.wait_for_count(2, within=40)
            gateway.wait_idle()
            self.assertEqual(len(sandbox.messages()), 2)


if __name__ == "__main__":
    unittest.main()
