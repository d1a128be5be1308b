"""The signature, checked against the example in Slack's documentation (docs.slack.dev, "Verifying requests from Slack")."""
import unittest

from slack_sandbox.signing import signature, signed_headers

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA"
    b"&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554"
    b"%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)
SIGNATURE = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"


class SigningTest(unittest.TestCase):
    def test_documented_example(self):
        self.assertEqual(len(BODY), 362)
        self.assertEqual(signature(SECRET, "1531420618", BODY), SIGNATURE)

    def test_every_part_counts(self):
        for other in (
            signature(SECRET + "x", "1531420618", BODY),
            signature(SECRET, "1531420619", BODY),
            signature(SECRET, "1531420618", BODY + b" "),
        ):
            self.assertNotEqual(other, SIGNATURE)

    def test_headers(self):
        self.assertEqual(
            signed_headers(SECRET, BODY, at=1531420618.9), {"X-Slack-Request-Timestamp": "1531420618", "X-Slack-Signature": SIGNATURE}
        )


if __name__ == "__main__":
    unittest.main()
