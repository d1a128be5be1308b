"""Hostile notifications are delivered readable and harmless, or refused with a reason, and the gateway survives them."""
import html
import json
import os
import re
import unittest
from pathlib import Path

from harness import AcceptanceCase
from payloads import notification
from test_delivery import shown, strings
from wire import webhook

MENTIONS = "<!channel> <!here> <@U0123456789> <#C0123456789|x> <!subteam^S0123456789> @here @channel <!date^0^{date}|x>"
CONTROL = re.compile(r"<[!@#]")
OWN_DATE = re.compile(r"<!date\^\d+\^\{date_short_pretty\} at \{time\}\|[-\d: ]+UTC>")
DECEIVES = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff"
    "\uffa0\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f\U000e0100-\U000e01ef]"
)
TITLE = "Workspace \"dev\" deleted"


def mrkdwn(value):
    """The texts in which Slack turns syntax into links and mentions."""
    if isinstance(value, dict) and value.get("type") == "mrkdwn":
        yield value["text"]
    elif isinstance(value, (dict, list)):
        for member in value.values() if isinstance(value, dict) else value:
            yield from mrkdwn(member)


class HostileNotifications(AcceptanceCase):
    settings = {"server": {"max_body": "4MiB"}}

    def post(self, payload):
        """`payload` may be bytes, for documents that json.dumps does not produce."""
        with self.gateway.wire() as wire:
            return wire.exchange(webhook(payload))

    def delivered(self, payload):
        """Posts the payload and returns its one message, after checks that apply to every message."""
        before = {(row["channel"], row["ts"]) for row in self.sandbox.messages()}
        calls = self.sandbox.calls("chat.postMessage")
        answer = self.post(payload)
        self.assertEqual((answer.status, answer.body), (204, b""), answer)
        self.gateway.wait_idle()
        errors = [call["error"] for call in self.sandbox.calls("chat.postMessage", after=calls[-1]["number"] if calls else 0)]
        self.assertEqual(errors, [None], "accepted as blocks, at the first attempt")
        (message,) = (row for row in self.sandbox.messages() if (row["channel"], row["ts"]) not in before)
        for text in (*strings(message["blocks"]), message["text"]):
            self.assertIsNone(DECEIVES.search(text), ascii(text))
        for text in (*mrkdwn(message["blocks"]), message["text"]):
            self.assertIsNone(CONTROL.search(OWN_DATE.sub("", text)), text)
        return message

    def refused(self, payload, reason):
        before = len(self.sandbox.messages())
        answer = self.post(payload)
        self.assertEqual(answer.status, 400, answer)
        self.assertRegex(answer.body.decode(), reason)
        self.assertLess(len(answer.body), 512)
        self.assertEqual(len(self.sandbox.messages()), before)

    def raw(self, body):
        """A payload with this JSON text as its body, byte for byte."""
        payload = json.dumps(notification("raw@coder.com", body="MARKER")).encode()
        return payload.replace(b'"MARKER"', body)

    def test_mentions_are_text_everywhere(self):
        message = self.delivered(
            notification(
                "mention@coder.com",
                title=MENTIONS,
                body=MENTIONS,
                **{
                    "payload.notification_name": MENTIONS,
                    "payload.user_name": MENTIONS,
                    "payload.actions": [{"label": MENTIONS[:70], "url": f"https://a.b/{MENTIONS}"}, {"label": "x", "url": MENTIONS}],
                    "payload.labels": {MENTIONS: MENTIONS},
                },
            )
        )
        self.assertIn(MENTIONS, shown(message))
        self.assertIn(MENTIONS, html.unescape(message["text"]))

    def test_markup_and_styles(self):
        body = "<script>alert(1)</script> <b>x</b> *a* _b_ ~c~ `d` ```e``` > f & &lt;!here&gt; &#60;!here&#62; [x](javascript:alert(1))"
        message = self.delivered(notification("markup@coder.com", body=body))
        self.assertIn("<script>alert(1)</script> <b>x</b>", shown(message))
        self.assertNotRegex(json.dumps(message["blocks"]), r"<javascript:")

    def test_directions_and_what_nobody_sees(self):
        hidden = "\u202egnp.exe\u202c \u2067x\u2069 \u200bzero\u200c\u200dwidth\u2060 \ufeffbom \u00adsoft \U000e0041tag \u061c"
        hidden += " fill\u3164er\u034f\u115f \U000e0100"
        message = self.delivered(notification("hidden@coder.com", title=hidden, body=hidden))
        self.assertRegex(shown(message), r"gnp\.exe x zero.?width bom soft tag filler")

    def test_a_title_that_shows_nothing(self):
        message = self.delivered(notification("blank@coder.com", title="\u200b\u202e \u00a0", body="\u200b"))
        self.assertEqual(message["blocks"][0]["text"]["text"], "Workspace Deleted")

    def test_zero_bytes_and_control_characters(self):
        message = self.delivered(notification("control@coder.com", title="a\0b\x1b[31m\r\nc", body="a\0b\x1b[31m\x07"))
        self.assertEqual(message["blocks"][0]["text"]["text"], "ab[31m c")

    def test_megabytes(self):
        for what, body in (
            ("words", "many words " * 300_000),
            ("one word", "x" * 3_000_000),
            ("characters of four bytes", "🎉" * 250_000),
            ("quotes", "> > x\n\n" * 400_000),
            ("emphasis", "*a _b " * 500_000),
            ("brackets", "[" * 3_000_000),
        ):
            with self.subTest(what):
                message = self.delivered(notification("mega@coder.com", body=body[:100], body_markdown=body))
                self.assertIn("This text is shortened", shown(message))
                self.assertIn(TITLE, shown(message))

    def processor_time(self):
        """The gateway's processor time in seconds, which does not depend on how busy the machine is."""
        fields = Path(f"/proc/{self.gateway.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def test_ten_thousand_links_take_linear_time(self):
        def took(count):
            links = [{"label": f"Link {n}", "url": f"https://coder.example.com/{n}?a=1&b=2"} for n in range(count)]
            body = " ".join(f"[link {n}](https://coder.example.com/{n})" for n in range(count))
            begun = self.processor_time()
            message = self.delivered(notification("links@coder.com", body="x", body_markdown=body, **{"payload.actions": links}))
            self.assertIn(f"{count - 50} more links are not shown.", shown(message))
            return self.processor_time() - begun

        took(5_000)
        once, twice = (min(took(count) for _ in range(3)) for count in (10_000, 20_000))
        # Linear means twice the time, plus the fixed cost of a delivery; quadratic would be four times.
        self.assertLess(twice, 3 * once + 0.2)

    def test_half_of_a_surrogate_pair(self):
        for body in (rb'"a \ud800 b"', rb'"a \udc00 b"', rb'"a \ud800\ud800 b"', rb'"a \ud83c"'):
            with self.subTest(body):
                self.refused(self.raw(body), "(?i)json|surrogate|utf|unicode")

    def test_a_whole_surrogate_pair(self):
        message = self.delivered(self.raw(rb'"party \ud83c\udf89"'))
        self.assertIn("party 🎉", message["text"])

    def test_what_is_no_utf8(self):
        for body in (b'"a \xff b"', b'"a \xc0\xaf b"', b'"a \xed\xa0\x80 b"', b'"a \xf5\x80\x80\x80"', b'"cut \xf0\x9f\x8e'):
            with self.subTest(body):
                self.refused(self.raw(body), "(?i)json|utf")

    def test_names_that_are_no_strings(self):
        for changes in ({"title": 7}, {"body": None}, {"payload.actions": [{"label": [], "url": {}}]}, {"payload.actions": "x"}):
            with self.subTest(changes):
                self.refused(notification("types@coder.com", **changes), "title|body|actions|label")

    def test_deep_and_wide_json(self):
        deep = {"x": None}
        for _ in range(200):
            deep = {"x": deep}
        answer = self.post(notification("deep@coder.com", **{"payload.data": deep}))
        self.assertIn(answer.status, (204, 400), answer)
        self.assertIn(TITLE, shown(self.delivered(notification("deep@coder.com"))))


if __name__ == "__main__":
    unittest.main()
