"""A plugin that breaks the contract costs at most its own sink, and a plugin file that changes under a running gateway costs nothing.

Recipients are few, because the Slack sink looks up at most 50 addresses a minute.
"""
import os
import re
import shutil
import statistics
import tempfile
import threading
import time
import unittest
import uuid
from pathlib import Path

from harness import BUILD, Gateway, Sandbox
from payloads import notification
from wire import webhook

TOKEN = "a token for the admin API"


def plugin_directory(case, *hostile):
    """A temporary directory with the slack and console plugins and some from tests/hostile."""
    directory = Path(tempfile.mkdtemp(prefix="belfry-plugins-"))
    case.addCleanup(shutil.rmtree, directory)
    for file in [BUILD / "plugins/slack.so", BUILD / "plugins/console.so", *(BUILD / f"hostile/{name}.so" for name in hostile)]:
        shutil.copy(file, directory)
    return directory


def p99(times):
    return statistics.quantiles(times, n=100)[98]


class SpinTest(unittest.TestCase):
    POSTS = 500

    def setUp(self):
        self.sandbox = self.enterContext(Sandbox("--no-rate-limits"))
        self.gateway = self.enterContext(
            Gateway(
                self.sandbox,
                plugins=plugin_directory(self, "spins_for_ever"),
                admin={"token": TOKEN},
                sinks={"spin": {"plugin": "hostile", "delivery": {"timeout": "1s"}}},
                routes=[
                    {"name": "to-the-bad-one", "when": {"recipient.email": "spin@coder.com"}, "to": ["spin"]},
                    {"name": "everyone", "to": ["slack"]},
                ],
            )
        )
        self.gateway.secrets.append(TOKEN)

    def post_many(self, what):
        """The seconds that each response took; returns once all messages are in Slack."""
        times = []
        before = len(self.sandbox.messages())
        with self.gateway.wire() as wire:
            for index in range(self.POSTS):
                request = webhook(notification(f"{what}{index % 10}@coder.com"))
                start = time.perf_counter()
                self.assertEqual(wire.exchange(request).status, 204)
                times.append(time.perf_counter() - start)
        self.sandbox.wait_for_count(before + self.POSTS, within=60)
        return times

    def processor_time(self):
        """The processor time of the busiest thread, in seconds."""
        threads = Path(f"/proc/{self.gateway.process.pid}/task").iterdir()
        ticks = max(sum(int(field) for field in (thread / "stat").read_text().rsplit(")", 1)[1].split()[11:13]) for thread in threads)
        return ticks / os.sysconf("SC_CLK_TCK")

    def test_a_spinning_plugin_costs_its_own_lane_only(self):
        self.post_many("warm")
        before = self.post_many("before")
        self.assertEqual(self.gateway.post_webhook(notification("spin@coder.com"))[0], 204)
        hung = lambda: self.gateway.metric("belfry_lane_state", sink="spin", state="hung") == 1
        self.gateway.until(hung, "the lane is shown as hung", within=20)
        processor, clock = self.processor_time(), time.monotonic()
        while_it_spins = self.post_many("meanwhile")
        share = (self.processor_time() - processor) / (time.monotonic() - clock)
        self.assertTrue(hung())
        self.assertEqual(self.gateway.metric("belfry_lane_state", sink="slack", state="open"), 1)
        self.assertEqual(self.gateway.post_webhook(notification("spin@coder.com"))[0], 204)
        self.assertEqual(self.gateway.metric("belfry_queue_depth", sink="spin"), 2, "the sink's deliveries are kept")
        status = self.gateway.command("status")
        self.assertEqual((status.returncode, status.stderr), (1, ""), "an operator is needed")
        self.assertRegex(status.stdout, r"(?m)^spin +hostile +hung ")
        self.assertRegex(status.stdout, r"(?m)^slack +slack +open ")
        self.assertRegex(status.stdout, r"(?m)^spin is hung .*plugin")

        ratio = p99(while_it_spins) / p99(before)
        print(f"\np99 of {self.POSTS} webhooks: {p99(before) * 1000:.1f} ms, {p99(while_it_spins) * 1000:.1f} ms while a plugin spins, ratio {ratio:.2f}")
        self.assertLess(share, 0.2, "the spinning thread is throttled")
        # Waiting for the plugin would take seconds. The ratio leaves room for other tests that run at the same time.
        self.assertLess(p99(while_it_spins), max(10 * p99(before), 0.25))

        start = time.monotonic()
        self.gateway.terminate()
        self.gateway.wait_ended(within=60)
        print(f"from SIGTERM to exit, with a plugin that spins: {time.monotonic() - start:.1f} s")


class ReplacedFileTest(unittest.TestCase):
    OLD = b"This text is shortened: Slack takes no more."
    NEW = b"This text is shortened by the new file.".ljust(len(OLD))

    def note(self, gateway, sandbox, email):
        """The note that the plugin adds to a text that is too long."""
        self.assertEqual(gateway.post_webhook(notification(email, body="word " * 5_000))[0], 204)
        gateway.until(lambda: sandbox.messages(email=email), f"the message to {email}")
        return str(sandbox.messages(email=email)[0]["blocks"])

    def test_the_running_gateway_does_not_notice(self):
        directory = plugin_directory(self)
        file = directory / "slack.so"
        original = file.read_bytes()
        changed = original.replace(self.OLD, self.NEW)
        self.assertNotEqual(original, changed)
        with Sandbox("--no-rate-limits") as sandbox, Gateway(sandbox, plugins=directory) as gateway:
            self.assertIn(self.OLD.decode(), self.note(gateway, sandbox, "old@coder.com"))
            load = Load(gateway)
            with load:

                def some_more():
                    seen = len(sandbox.messages())
                    sandbox.wait_for_count(seen + 100, within=30)

                some_more()
                os.truncate(file, 0)
                some_more()
                file.write_bytes(os.urandom(len(original)))  # in place, like cp
                some_more()
                file.write_bytes(original[: len(original) // 2])
                some_more()
                file.unlink()
                some_more()
                file.write_bytes(changed)
                some_more()
            self.assertEqual(load.refused, [])
            sandbox.wait_for_count(1 + len(load.accepted), within=60)
            gateway.wait_idle()
            self.assertIsNone(gateway.process.poll())
            bodies = [re.search(r"number [0-9a-f-]{36}", row["text"])[0] for row in sandbox.messages() if row["email"] != "old@coder.com"]
            self.assertEqual(sorted(bodies), sorted(load.accepted), "every accepted notification arrives exactly once")
            self.assertIn(self.OLD.decode(), self.note(gateway, sandbox, "still-old@coder.com"))
            gateway.stop()
            gateway.start()
            self.assertIn(self.NEW.decode().strip(), self.note(gateway, sandbox, "new@coder.com"))


class Load:
    """Context manager: two connections post as fast as they get responses."""

    def __init__(self, gateway):
        self.gateway = gateway
        self.accepted, self.refused = [], []
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self.run) for _ in range(2)]

    def run(self):
        with self.gateway.wire() as wire:
            while not self.ended.is_set():
                body = f"number {uuid.uuid4()}"
                status = wire.exchange(webhook(notification(f"reader{len(self.accepted) % 20}@coder.com", body=body))).status
                (self.accepted if status == 204 else self.refused).append(body)

    def __enter__(self):
        for thread in self.threads:
            thread.start()

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join()


UNLOADABLE = {
    "crashes_in_scan": r"crashed while it was scanned: signal \d+ \(Aborted\)",
    "exits_in_scan": r"ended the process while it was scanned \(status 5\)",
    "no_symbol": r"exports no belfry_plugin_entry_v\d\(\), wanted that function; .*",
    "wrong_magic": r"the magic number is 0x\w+, wanted 0x\w+; .*",
    "wrong_major": r"built for plugin ABI 77, wanted \d+; update the gateway",
    "old_v0": r"built for plugin ABI 0, which this gateway no longer loads; rebuild it from its source with the SDK of this release .*",
    "needs_newer_host": r"needs a gateway with plugin ABI \d+\.999, this one has \d+\.\d+; update the gateway",
    "schema_not_json": r"the configuration schema of \"hostile\" is not JSON, wanted .*",
}


class RefusedTest(unittest.TestCase):
    """`used`: whether a sink of the configuration uses the hostile plugin."""

    @classmethod
    def setUpClass(cls):
        cls.sandbox = cls.enterClassContext(Sandbox("--no-rate-limits"))

    def gateway(self, directory, used):
        sinks = {"bad": {"plugin": "hostile"}} if used else None
        routes = [{"name": "everyone", "to": ["slack", "bad"]}] if used else None
        gateway = Gateway(self.sandbox, plugins=directory, sinks=sinks, routes=routes)
        self.addCleanup(gateway.__exit__, None)
        return gateway

    def serve_refuses(self, gateway):
        """The error with which `serve` refuses to start."""
        served = gateway.command("serve")
        self.assertEqual(served.returncode, 1, served.stderr)
        self.assertIn("cannot start", served.stderr)
        return served.stderr

    def test_unused_is_a_warning(self):
        directory = plugin_directory(self, *UNLOADABLE)
        gateway = self.gateway(directory, used=False)
        checked = gateway.command("check")
        self.assertEqual(checked.returncode, 0, checked.stderr)
        for name, sentence in UNLOADABLE.items():
            with self.subTest(name):
                self.assertRegex(checked.stderr, rf"(?m)^{re.escape(str(directory))}/{name}\.so: warning: {sentence}$")
        listed = gateway.command("plugins", "list")
        self.assertEqual(listed.returncode, 0)
        for name in UNLOADABLE:
            self.assertIn(f"refused: {directory}/{name}.so: ", listed.stdout)
        gateway.start()
        self.assertEqual(gateway.post_webhook(notification("unused@coder.com"))[0], 204)
        gateway.until(lambda: self.sandbox.messages(email="unused@coder.com"), "the gateway delivers all the same")
        for name, sentence in UNLOADABLE.items():
            with self.subTest(name):
                (line,) = [line for line in gateway.log().splitlines() if f"{name}.so" in line]
                self.assertRegex(line.replace('\\"', '"'), rf" warning .*{name}\.so: {sentence}")
        gateway.stop()

    def test_used_is_an_error_that_names_the_file(self):
        for name, sentence in UNLOADABLE.items():
            with self.subTest(name):
                directory = plugin_directory(self, name)
                gateway = self.gateway(directory, used=True)
                wanted = (
                    rf"belfry\.yaml:\d+:\d+: error: sinks\.bad: no plugin offers the type \"hostile\"; .*; "
                    rf"refused: {re.escape(str(directory))}/{name}\.so: {sentence}"
                )
                checked = gateway.command("check")
                self.assertEqual(checked.returncode, 1)
                self.assertRegex(checked.stderr, wanted)
                self.assertRegex(self.serve_refuses(gateway), wanted)

    def test_configure(self):
        for name, sentence in (
            ("refuses_configure", r"sinks\.bad\.config\.do: cannot do that"),
            ("crashes_in_configure", r"sinks\.bad: .*/crashes_in_configure\.so: crashed in configure: signal \d+ \(.*\)"),
        ):
            with self.subTest(name):
                directory = plugin_directory(self, name)
                unused = self.gateway(directory, used=False).command("check")
                self.assertEqual((unused.returncode, unused.stderr), (0, ""))
                gateway = self.gateway(directory, used=True)
                checked = gateway.command("check")
                self.assertEqual(checked.returncode, 1)
                self.assertRegex(checked.stderr, rf"belfry\.yaml:\d+:\d+: error: {sentence}")
                self.assertRegex(self.serve_refuses(gateway), rf"belfry\.yaml:\d+:\d+: error: {sentence}")

    def test_a_slow_scan_is_reported_and_used(self):
        gateway = self.gateway(plugin_directory(self, "slow_scan"), used=True)
        self.assertEqual(gateway.command("check").returncode, 0)
        gateway.start()
        self.assertRegex(gateway.log(), r"warning .*slow_scan.*/slow_scan\.so")
        self.assertEqual(gateway.post_webhook(notification("slow@coder.com"))[0], 204)
        gateway.until(lambda: gateway.metric("belfry_deliveries_total", sink="bad", outcome="delivered") == 1, "the sink delivers")
        gateway.until(lambda: self.sandbox.messages(email="slow@coder.com"), "the other sink delivers as well")
        gateway.stop()

    def test_what_others_can_write_is_not_loaded(self):
        for what, path, mode in (("directory", ".", 0o777), ("directory, by its group", ".", 0o770), ("file", "slack.so", 0o666)):
            with self.subTest(what):
                directory = plugin_directory(self)
                untrusted = directory / path
                untrusted.chmod(mode)
                gateway = self.gateway(directory, used=False)
                sentence = f"{untrusted}: can be written by group or others, wanted by its owner only; run: chmod go-w {untrusted}"
                checked = gateway.command("check")
                self.assertEqual(checked.returncode, 1)
                self.assertIn(sentence, checked.stderr)
                self.assertIn(sentence, self.serve_refuses(gateway))
                self.assertIn(f"refused: {sentence}", gateway.command("plugins", "list").stdout)
                untrusted.chmod(0o755)
                self.assertEqual(gateway.command("check").returncode, 0, "the advice in the message works")


if __name__ == "__main__":
    unittest.main()
