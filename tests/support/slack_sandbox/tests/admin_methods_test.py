"""Methods for setting up an app: token exchange and blocks.validate."""
import json
import time
import unittest
from urllib.parse import urlencode

from case import FORM, SandboxCase

CLIENT = {"client_id": "12.34", "client_secret": "a-client-secret"}


class RotationTest(SandboxCase):
    def setUp(self):
        super().setUp()
        self.sandbox.post("rotation", refresh_token="xoxe-1-first", **CLIENT)

    def trade(self, method="oauth.v2.access", **arguments):
        body = urlencode(CLIENT | arguments).encode()
        return self.sandbox.api(method, content_type=FORM, headers={"Authorization": None}, body=body)[2]

    def refresh(self, token, **changes):
        return self.trade(**({"grant_type": "refresh_token", "refresh_token": token} | changes))

    def auth(self, token):
        return self.sandbox.api("auth.test", token=token)[2].get("error", "")

    def test_a_refresh_token_works_once(self):
        first = self.refresh("xoxe-1-first")
        self.assertTrue(first["ok"], first)
        self.assertEqual((first["expires_in"], first["token_type"]), (43200, "bot"))
        self.assertEqual(self.auth(first["access_token"]), "")
        self.assertEqual(self.refresh("xoxe-1-first")["error"], "invalid_refresh_token")
        self.assertTrue(self.refresh(first["refresh_token"])["ok"])

    def test_the_grace_period_is_for_one_answer_that_was_lost(self):
        self.sandbox.post("rotation", grace=60)
        self.assertTrue(self.refresh("xoxe-1-first")["ok"])
        again = self.refresh("xoxe-1-first")
        self.assertTrue(again["ok"])
        self.assertEqual(self.refresh("xoxe-1-first")["error"], "invalid_refresh_token")
        self.assertTrue(self.refresh(again["refresh_token"])["ok"])

    def test_two_access_tokens_are_good(self):
        answer, tokens = self.refresh("xoxe-1-first"), []
        for _ in range(3):
            tokens.append(answer["access_token"])
            answer = self.refresh(answer["refresh_token"])
        tokens.append(answer["access_token"])
        self.assertEqual([self.auth(token) for token in tokens], ["token_expired", "token_expired", "", ""])
        self.assertEqual(self.auth(self.sandbox.token), "", "the token from before rotation is independent")

    def test_they_expire(self):
        self.sandbox.post("rotation", lives=1)
        token = self.refresh("xoxe-1-first")["access_token"]
        deadline = time.monotonic() + 10
        while not self.auth(token) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(self.auth(token), "token_expired")

    def test_who_asks(self):
        self.assertEqual(self.refresh("xoxe-1-first", client_id="other")["error"], "invalid_client_id")
        self.assertEqual(self.refresh("xoxe-1-first", client_secret="other")["error"], "bad_client_secret")
        self.assertEqual(self.refresh("xoxe-1-first", grant_type="authorization_code")["error"], "invalid_grant_type")
        self.assertEqual(self.refresh("other")["error"], "invalid_refresh_token")
        self.assertTrue(self.refresh("xoxe-1-first")["ok"], "none of these calls used up the token")
        self.sandbox.reset()
        self.assertEqual(self.refresh("xoxe-1-first")["error"], "token_rotation_not_enabled")

    def test_a_token_from_before_is_exchanged_once(self):
        self.assertEqual(self.trade("oauth.v2.exchange", token="other")["error"], "invalid_token")
        answer = self.trade("oauth.v2.exchange", token=self.sandbox.token)
        self.assertEqual(self.auth(answer["access_token"]), "")
        self.assertTrue(self.refresh(answer["refresh_token"])["ok"])
        self.assertEqual(self.trade("oauth.v2.exchange", token=self.sandbox.token)["error"], "token_already_exchanged")


class BlocksTest(SandboxCase):
    def validate(self, **arguments):
        return self.sandbox.api("blocks.validate", content_type=FORM, headers={"Authorization": None}, body=urlencode(arguments).encode())[2]

    def test_without_a_token(self):
        good = [{"type": "section", "text": {"type": "mrkdwn", "text": "x"}}]
        self.assertEqual(self.validate(blocks=json.dumps(good)), {"ok": True})
        good[0]["text"]["text"] = "x" * 3001
        refused = self.validate(blocks=json.dumps(good))
        self.assertEqual(refused["error"], "invalid_blocks")
        self.assertEqual([error["pointer"] for error in refused["errors"]], ["/blocks/0/text/text"])

    def test_one_argument(self):
        self.assertEqual(self.validate()["error"], "invalid_arguments")
        self.assertEqual(self.validate(blocks="[]", view="{}")["error"], "invalid_arguments")
        self.assertEqual(self.validate(blocks="{}")["error"], "invalid_blocks")
        self.assertEqual(self.validate(blocks="[")["error"], "invalid_blocks")


if __name__ == "__main__":
    unittest.main()
