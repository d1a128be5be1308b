"""A plugin that ends the process costs one restart and its own sink: the next start names it, parks that sink and delivers the rest.

BELFRY_CRASH_WAYS=all tries every way to end a process in every call; by default one of each kind.
"""
import http.client
import json
import os
import shutil
import signal
import ssl
import tempfile
import time
import unittest
from pathlib import Path

import yaml

from harness import BUILD, Gateway, Sandbox
from payloads import notification
from test_credentials import openssl
from wire import WEBHOOK

# Way to end the process, call in which it happens, message at the next start.
SOME = [
    ("abort", "deliver", "crashed with signal 6"),
    ("exit0", "event", "ended the process with status 0"),
    ("under0", "deliver", "ended the process with status 0"),
    ("overflow", "deliver", "crashed with signal 11"),
    ("segv", "offload", "crashed with signal 11"),
    ("thread", "deliver", "crashed with signal 6"),
    ("abort", "start", "crashed with signal 6"),
]
MORE = [
    (way, call, reason)
    for way, reason in (
        ("abort", "signal 6"),
        ("segv", "signal 11"),
        ("trap", "signal"),
        ("exit0", "status 0"),
        ("under0", "status 0"),
        ("quick", "status 0"),
        ("overflow", "signal 11"),
        ("thread", "signal 6"),
    )
    for call in ("start", "deliver", "event", "offload")
]
WAYS = MORE if os.environ.get("BELFRY_CRASH_WAYS") == "all" else SOME
BAD = "bad@coder.com"
TOKEN = "a token for the admin API"


class CrashCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sandbox = cls.enterClassContext(Sandbox("--no-rate-limits"))

    def gateway(self, do, plugin="crashes", **more):
        directory = Path(tempfile.mkdtemp(prefix="belfry-plugins-"))
        self.addCleanup(shutil.rmtree, directory)
        for file in [BUILD / "plugins/slack.so", BUILD / f"hostile/{plugin}.so"]:
            shutil.copy(file, directory)
        gateway = Gateway(
            self.sandbox,
            plugins=directory,
            admin={"token": TOKEN},
            sinks={"bad": {"plugin": "hostile", "config": {"do": do}}},
            routes=[{"name": "bad", "when": {"recipient.email": BAD}, "to": ["bad"]}, {"name": "everyone", "to": ["slack"]}],
            **more,
        )
        self.addCleanup(gateway.__exit__, None)
        return gateway

    def crash(self, gateway, title="a poison pill"):
        """Posts a notification that crashes the plugin; returns the exit code of the gateway."""
        self.assertEqual(gateway.post_webhook(notification(BAD, title=title))[0], 204)
        return self.ended(gateway)

    def ended(self, gateway):
        code = gateway.process.wait(60)
        gateway.process = None
        return code

    def state(self, gateway, name="bad"):
        (sink,) = [sink for sink in json.loads(gateway.command("status", "--json").stdout)["sinks"] if sink["name"] == name]
        return sink

    def records(self, gateway):
        return json.loads((gateway.directory / "state/plugin-crashes.json").read_text())

    def let_the_pause_pass(self, gateway):
        """Ends the pauses in the crash records; only while the gateway does not run."""
        records = self.records(gateway)
        records["sinks"]["bad"]["until"] = 0
        (gateway.directory / "state/plugin-crashes.json").write_text(json.dumps(records))

    def others_deliver(self, gateway, email):
        self.assertEqual(gateway.post_webhook(notification(email))[0], 204)
        gateway.until(lambda: self.sandbox.messages(email=email), "the other sink delivers")


class CrashTest(CrashCase):
    def test_it_is_named_and_parked_and_the_others_go_on(self):
        for way, call, reason in WAYS:
            with self.subTest(way=way, call=call):
                gateway = self.gateway(f"{way}-{call}")
                gateway.spawn()
                if call == "start":
                    code = self.ended(gateway)
                else:
                    gateway.until(lambda: gateway.readiness() == 200, "the gateway is ready", 30)
                    code = self.crash(gateway)
                self.assertNotEqual(code, 0, "the service manager must see the failure")
                self.assertIn("crashes.so of the sink bad", gateway.log())
                gateway.start()
                where = "thread" if way == "thread" else call
                (line,) = [line for line in gateway.log().splitlines() if "a plugin took the gateway down" in line]
                for part in ("crashes.so", "sink=bad", f"call={where}", reason):
                    self.assertIn(part, line)
                sink = self.state(gateway)
                self.assertEqual((sink["state"], sink["reason"]), ("crashed", "crashed"))
                self.assertIsNotNone(sink["until"])
                self.assertEqual(gateway.metric("belfry_lane_state", sink="bad", state="crashed"), 1)
                self.others_deliver(gateway, f"{way}-{call}@coder.com")
                self.assertIsNone(gateway.process.poll())
                gateway.stop()

    def test_killed_from_outside_is_nobodys_fault(self):
        gateway = self.gateway("nothing")
        for _ in range(2):
            gateway.start()
            self.others_deliver(gateway, "killed@coder.com")
            gateway.kill()
        gateway.start()
        self.assertEqual(self.state(gateway)["state"], "open")
        gateway.stop()

    def test_an_end_that_cannot_be_seen_counts_when_it_comes_again(self):
        gateway = self.gateway("syscall-deliver")
        gateway.start()
        self.crash(gateway)
        for _ in range(2):
            gateway.spawn()  # retries the delivery at once
            self.ended(gateway)
        gateway.start()
        self.assertEqual(self.state(gateway)["state"], "crashed")
        self.others_deliver(gateway, "syscall@coder.com")
        gateway.stop()

    def test_one_poisoned_delivery_does_not_stop_its_sink_for_ever(self):
        gateway = self.gateway("abort-deliver")
        gateway.start()
        self.crash(gateway)
        for crashes in (1, 2):
            gateway.start()
            self.assertEqual(self.records(gateway)["sinks"]["bad"]["crashes"], crashes)
            gateway.kill()
            self.let_the_pause_pass(gateway)
            gateway.spawn()  # retries the delivery
            self.ended(gateway)
        gateway.start()
        self.assertEqual(self.state(gateway)["state"], "crashed")
        gateway.kill()
        self.let_the_pause_pass(gateway)
        gateway.start()
        gateway.until(lambda: self.state(gateway)["dead_letters"] == 1, "the delivery becomes a dead letter")
        self.assertIn("plugin_crashed", gateway.log())
        self.assertEqual(gateway.post_webhook(notification(BAD, title="harmless"))[0], 204)
        gateway.until(lambda: gateway.metric("belfry_deliveries_total", sink="bad", outcome="delivered") == 1, "the sink works again")
        gateway.until(lambda: self.state(gateway)["state"] == "open", "the sink is open")
        gateway.stop()

    def test_the_pauses_grow(self):
        gateway = self.gateway("abort-deliver")
        gateway.start()
        self.crash(gateway)
        gateway.start()
        first = self.records(gateway)["sinks"]["bad"]
        gateway.kill()
        self.let_the_pause_pass(gateway)
        gateway.spawn()
        self.ended(gateway)
        gateway.start()
        second = self.records(gateway)["sinks"]["bad"]
        self.assertEqual(first["until"] - first["last"], 60_000)
        self.assertEqual(second["until"] - second["last"], 120_000)
        gateway.stop()

    def test_what_crashes_while_it_stops_ends_the_process_and_is_named(self):
        gateway = self.gateway("abort-stop")
        gateway.start()
        gateway.terminate()
        self.assertNotEqual(self.ended(gateway), 0)
        gateway.start()
        self.assertIn("call=stop", gateway.log())
        gateway.stop()

    def test_static_destructors_do_not_spoil_the_end(self):
        gateway = self.gateway("abort-unload")
        gateway.start()
        gateway.stop()


class RetryTest(CrashCase):
    def test_a_retry_that_is_refused_stops_what_it_opened(self):
        gateway = self.gateway("abort-deliver-stop", watch=False, server={"tls": {"certificate": "tls.crt", "key": "tls.key"}})
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", gateway.directory / "tls.key")
        openssl("req", "-x509", *key, "-subj", "/CN=127.0.0.1", "-days", "30", "-out", gateway.directory / "tls.crt")
        gateway.start()
        trust = ssl.create_default_context(cafile=gateway.directory / "tls.crt")
        trust.check_hostname = False
        connection = http.client.HTTPSConnection("127.0.0.1", gateway.port, timeout=20, context=trust)
        connection.request("POST", WEBHOOK, json.dumps(notification(BAD, title="a poison pill")), {"Content-Type": "application/json"})
        self.assertEqual(connection.getresponse().status, 204)
        connection.close()
        self.assertNotEqual(self.ended(gateway), 0)
        gateway.start()
        self.assertEqual(self.state(gateway)["state"], "crashed")
        # A retry loads the certificate again, as a reload does: it opens the sink, and is refused after that.
        (gateway.directory / "tls.crt").unlink()
        released = gateway.command("sinks", "release", "bad")
        self.assertEqual(released.returncode, 0, released.stderr)
        # The stop of this plugin is loud: it aborts.
        self.assertNotEqual(self.ended(gateway), 0)
        self.assertRegex(gateway.log(), r"crashes\.so of the sink bad crashed with signal 6 in stop")


class TriedFirstTest(CrashCase):
    """New plugins are tried in a child process first."""

    def test_a_reload_with_a_plugin_that_aborts_in_start_changes_nothing(self):
        gateway = self.gateway("nothing")
        gateway.start()
        file = gateway.directory / "belfry.yaml"
        file.write_text(file.read_text().replace("do: nothing", "do: abort-probed"))
        checked = gateway.command("check")
        self.assertEqual(checked.returncode, 1)
        self.assertRegex(checked.stderr, r"belfry\.yaml:\d+:\d+: error: sinks\.bad: .*crashes\.so: crashed in start: signal 6")
        reloaded = gateway.command("reload")
        self.assertEqual(reloaded.returncode, 1)
        self.assertIn("crashed in start", reloaded.stdout + reloaded.stderr)
        self.assertIsNone(gateway.process.poll())
        self.assertEqual(self.state(gateway)["state"], "open")
        self.others_deliver(gateway, "reload@coder.com")
        gateway.stop()

    def test_a_start_goes_on_without_the_sink_that_aborts_in_start(self):
        gateway = self.gateway("abort-probed")
        gateway.start()
        self.assertEqual(self.state(gateway)["state"], "crashed")
        self.assertIn("crashed in start", self.state(gateway)["detail"])
        self.others_deliver(gateway, "start@coder.com")
        gateway.stop()

    def test_a_missing_service_is_found(self):
        for plugin, reason in (
                ("needs_service", 'requires the service belfry.host.telepathy/1, which this gateway does not have; update the gateway'),
                ("needs_service_in_start", "does not start: this gateway does not offer belfry.host.telepathy/1")):
            with self.subTest(plugin):
                checked = self.gateway("nothing", plugin=plugin).command("check")
                self.assertEqual(checked.returncode, 1)
                self.assertIn(reason, checked.stderr)

    def test_a_plugin_that_no_sink_uses_does_not_delay_the_start(self):
        gateway = self.gateway("nothing", plugin="plain")
        directory = Path(gateway.directory / "more")
        directory.mkdir()
        file = gateway.directory / "belfry.yaml"
        shutil.copy(BUILD / "hostile/spins_in_constructor.so", directory)
        file.write_text(file.read_text().replace("directories:\n", f"directories:\n  - {directory}\n"))
        began = time.monotonic()
        gateway.start(within=60)
        print(f"start with a plugin that spins in its constructor: {time.monotonic() - began:.1f} s")
        self.assertIn("no sink uses it, and it did not return within 1s while it was loaded", gateway.log())
        gateway.stop()


class ProbeTest(CrashCase):
    """The probe ends, and kills the processes that the plugin has started."""

    def refused(self, plugin, do="nothing"):
        gateway = self.gateway(do, plugin=plugin)
        checked = gateway.command("check", within=60)
        self.assertEqual(checked.returncode, 1)
        return checked.stderr

    def test_forged_progress(self):
        self.assertIn("forges_progress.so: wrote a malformed reply in configure", self.refused("forges_progress"))

    def test_descriptors_that_are_closed(self):
        self.assertRegex(self.refused("closes_descriptors"), r"closes_descriptors\.so: did not return within 10s in configure")

    def test_processes_that_are_left_behind(self):
        for name in ("pids", "pids-hang"):
            with self.subTest(name):
                pids = Path(tempfile.mkdtemp()) / name
                self.addCleanup(shutil.rmtree, pids.parent)
                gateway = self.gateway(str(pids), plugin="leaves_processes")
                self.assertEqual(gateway.command("check").returncode, 1 if "hang" in name else 0)
                left = [int(line) for line in pids.read_text().split()]
                self.assertTrue(left)
                self.assertEqual([pid for pid in left if Path(f"/proc/{pid}").exists()], [])

    def test_sigterm_ends_a_reload_that_is_under_way(self):
        pids = Path(tempfile.mkdtemp()) / "pids-hang"
        self.addCleanup(shutil.rmtree, pids.parent)
        gateway = self.gateway(str(pids), watch=False)
        gateway.start()
        plugins = yaml.safe_load((gateway.directory / "belfry.yaml").read_text())["plugins"]["directories"][0]
        (Path(plugins) / "crashes.so").unlink()
        shutil.copy(BUILD / "hostile/leaves_processes.so", plugins)
        gateway.process.send_signal(signal.SIGHUP)
        gateway.until(pids.exists, "the reload hangs in the probe")
        began = time.monotonic()
        gateway.stop()
        print(f"from SIGTERM to exit, with a hanging reload: {time.monotonic() - began:.1f} s")
        self.assertNotIn("did not return", gateway.log(), "shutdown does not wait for the timeout of the probe")
        gone = [int(line) for line in pids.read_text().split()]
        self.assertEqual([pid for pid in gone if Path(f"/proc/{pid}").exists()], [])


if __name__ == "__main__":
    unittest.main()
