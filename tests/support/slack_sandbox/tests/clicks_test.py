"""Clicks that are not acknowledged; page_test.py covers those that are."""
import socket
import unittest

from case import SandboxCase


class ClickTest(SandboxCase):
    def button(self):
        self.sandbox.send(
            "bobby@coder.com",
            blocks=[
                {
                    "type": "actions",
                    "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Go"}, "url": "https://x.example/"}],
                }
            ],
        )
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


if __name__ == "__main__":
    unittest.main()
