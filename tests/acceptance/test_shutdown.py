"""SIGTERM: attempts in flight finish, no response promises what is not on disk, and a second SIGTERM ends the process at once."""
import signal
import unittest

from harness import Gateway, Sandbox
from payloads import notification
from wire import Wire, webhook


class ShutdownTest(unittest.TestCase):
    def test_no_2xx_for_what_is_not_on_disk(self):
        with Sandbox("--no-rate-limits") as sandbox, Gateway(sandbox) as gateway:
            # An attempt in flight keeps the gateway draining.
            sandbox.fault("slow", ms=3000)
            gateway.post_webhook(notification("first@coder.com"))
            sandbox.wait_for_count(1)
            late = notification("late@coder.com")
            data = webhook(late)
            with gateway.wire() as wire:
                wire.send(data[:-10])
                gateway.terminate()
                gateway.until(lambda: refuses(gateway.port), "the port is closed")
                answer = wire.exchange(data[-10:])
            self.assertIn(answer.status, (204, 503))
            if answer.status == 503:
                self.assertGreater(int(answer.headers["Retry-After"]), 0)
            gateway.wait_ended()
            gateway.start()
            self.assertEqual(gateway.post_webhook(late)[0], 204)
            sandbox.wait_for_count(2)
            gateway.wait_idle()
            self.assertEqual(sorted(row["email"] for row in sandbox.messages()), ["first@coder.com", "late@coder.com"])

    def test_a_second_sigterm_ends_it_at_once(self):
        with Sandbox("--no-rate-limits") as sandbox, Gateway(sandbox, delivery={"timeout": "60s"}) as gateway:
            sandbox.fault("slow", ms=25_000)
            gateway.post_webhook(notification())
            sandbox.wait_for_count(1)
            gateway.terminate()
            gateway.until(lambda: refuses(gateway.port), "the port is closed")
            gateway.process.send_signal(signal.SIGTERM)
            gateway.process.wait(5)
            gateway.process = None


def refuses(port):
    try:
        Wire(port).__exit__()
        return False
    except ConnectionError:
        return True


if __name__ == "__main__":
    unittest.main()
