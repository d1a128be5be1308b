"""A connection that lay idle for longer than Coder keeps one (90 s) still takes a request."""
import time
import unittest

from harness import AcceptanceCase
from payloads import notification
from wire import webhook


class IdleTest(AcceptanceCase):
    def test_keep_alive_outlives_coder(self):
        with self.gateway.wire() as used, self.gateway.wire() as fresh:
            self.assertEqual(used.ask(webhook(notification())).status, 204)
            time.sleep(95)
            self.assertEqual(used.ask(webhook(notification())).status, 204)
            self.assertEqual(fresh.ask(webhook(notification())).status, 204)


if __name__ == "__main__":
    unittest.main()
