"""A name server that never responds delays only the sinks that need it, and does not delay shutdown.

The gateway gets its own resolv.conf in a mount namespace, so this needs root.
"""
import os
import socket
import tempfile
import time
import unittest
from contextlib import ExitStack
from pathlib import Path

from harness import Gateway, Sandbox
from payloads import notification

DEAD = "127.0.0.77"  # this test binds port 53 of it and never responds
DEAD_SINKS = 6


@unittest.skipUnless(os.geteuid() == 0, "needs root, for port 53 and a mount namespace")
class NameServerTest(unittest.TestCase):
    def setUp(self):
        self.stack = self.enterContext(ExitStack())
        silent = self.stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        silent.bind((DEAD, 53))
        directory = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        # Each lookup hangs for three minutes.
        (directory / "resolv.conf").write_text(f"nameserver {DEAD}\noptions timeout:30 attempts:5\n")
        (directory / "nsswitch.conf").write_text("hosts: files dns\n")
        (directory / "hosts").write_text("127.0.0.1 localhost slack-here.test\n")
        mounts = " && ".join(f"mount --bind {directory}/{name} /etc/{name}" for name in ("resolv.conf", "nsswitch.conf", "hosts"))
        self.prefix = ["unshare", "-m", "sh", "-c", mounts + ' && exec "$@"', "sh"]
        self.sandbox = self.stack.enter_context(Sandbox("--no-rate-limits"))

    def test_other_sinks_deliver_at_once_and_the_end_comes_in_time(self):
        dead = {
            f"dead{number}": {
                "plugin": "slack",
                "config": {
                    "bot_token": f"xoxb-elsewhere-{number}",
                    "api_url": f"http://dead{number}.test/api/",
                },
                "delivery": {"timeout": "3s"},
            }
            for number in range(DEAD_SINKS)
        }
        here = self.sandbox.api_url.replace("127.0.0.1", "slack-here.test")
        routes = [
            {"name": "dead", "when": {"title": "dead"}, "to": list(dead)},
            {"name": "everyone", "to": ["slack"]},
        ]
        gateway = Gateway(self.sandbox, slack={"api_url": here}, sinks=dead, routes=routes)
        gateway.prefix = self.prefix
        with gateway:
            for number in range(5):
                gateway.post_webhook(notification(f"lost{number}@coder.com", title="dead"))
            gateway.until(lambda: gateway.metric("belfry_queue_depth", state="in_flight") >= DEAD_SINKS, "the lookups of the dead sinks hang")
            began = time.monotonic()
            gateway.post_webhook(notification("bobby@coder.com"))
            self.sandbox.wait_for_count(1)
            took = time.monotonic() - began
            print(f"\n{DEAD_SINKS} sinks without a name server: the first delivery of another one after {took:.2f} s")
            self.assertLess(took, 2.5)
            self.assertEqual(gateway.metric("belfry_deliveries_total", sink="dead0", outcome="delivered"), 0)
            began = time.monotonic()
            gateway.terminate()
            gateway.wait_ended(within=25)
            print(f"SIGTERM with hanging lookups: exited after {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    unittest.main()
