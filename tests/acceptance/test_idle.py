"""A connection that has been idle for longer than Coder's client keeps one (90 s) still accepts a request.

Go also keeps connections that it has dialled but never used, and does not retry a request that fails on one of those
(net/http, persistConn.shouldRetryRequest): closing them early would delay a notification by five minutes.
"""
import time
import unittest

from harness import AcceptanceCase
from payloads import notification
from wire import webhook


class IdleTest(AcceptanceCase):
    def test_keep_alive_outlives_coder(self):
        with self.gateway.wire() as used, self.gateway.wire() as unused:
            self.assertEqual(used.exchange(webhook(notification())).status, 204)
            time.sleep(95)
            for what, wire in (("used before", used), ("never used", unused)):
                with self.subTest(what):
                    self.assertEqual(wire.exchange(webhook(notification())).status, 204)


if __name__ == "__main__":
    unittest.main()
