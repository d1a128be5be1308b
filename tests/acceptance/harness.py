"""Runs the real gateway against the Slack sandbox, on free loopback ports, with all of its files in a temporary directory.

BELFRY_BUILD_DIR names the build tree.
"""
import http.client
import json
import os
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import yaml

from payloads import SOURCE
from slack_sandbox.process import Sandbox
from wire import WEBHOOK, Wire

BUILD = Path(os.environ.get("BELFRY_BUILD_DIR", SOURCE / "build/release"))


def free_port():
    """A port below the kernel's ephemeral range, so that no outgoing connection can take it before a restart."""
    for _ in range(200):
        port = random.randint(20_000, 31_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port between 20000 and 31000")


def environment(changes):
    """The environment of the tests with `changes`; None unsets a variable."""
    return {key: value for key, value in (os.environ | changes).items() if value is not None}


def run_belfry(*arguments, env=None, cwd=None, stdin="", prefix=(), within=60):
    """Runs a command to its end; `env` is passed to environment()."""
    command = [*prefix, BUILD / "bin/belfry", *arguments]
    return subprocess.run(command, env=environment(env or {}), cwd=cwd, input=stdin, capture_output=True, text=True, timeout=within)


def configuration(
    sandbox, directory, port, admin_port, *, server=None, auth=None, slack=None, http=None, delivery=None, admin=None, plugins=None, sinks=None, routes=None,
    watch=None, log=None, canary=None,
):
    """The configuration of most tests as a dict: everyone gets a direct message, with rates high enough not to matter. None removes a key
    of `slack`. `admin` extends that section, `plugins` is the plugin directory, `sinks` are added to the one for Slack, `routes` replace
    the default route, `watch` and `canary` are top-level keys. The log is text unless `log`, that section, has a format."""
    source = {"type": "coder", "path": WEBHOOK} | ({"auth": auth} if auth else {})
    sink = {"bot_token": sandbox.token, "signing_secret": sandbox.signing_secret, "api_url": sandbox.api_url}
    return {
        "version": 1,
        **({} if watch is None else {"watch": watch}),
        **({} if canary is None else {"canary": canary}),
        "server": {"listen": f"127.0.0.1:{port}"} | (server or {}),
        "admin": {"listen": f"127.0.0.1:{admin_port}"} | (admin or {}),
        "log": {"format": "text"} | (log or {}),
        "store": {"path": str(directory / "state" / "belfry.db")},
        "plugins": {"directories": [str(plugins or BUILD / "plugins")]},
        "sources": {"coder": source},
        "sinks": {
            "slack": {
                "plugin": "slack",
                "config": {key: value for key, value in (sink | (slack or {})).items() if value is not None},
                "delivery": {"rate": "60000/min", "rate_per_recipient": "100/s"} | (delivery or {}),
            }
            | ({"http": http} if http else {})
        }
        | (sinks or {}),
        "pipeline": {"routes": routes or [{"name": "everyone", "to": ["slack"]}]},
    }


class Gateway:
    """Context manager. Takes the keyword arguments of configuration(). Stopping it checks the exit code and that the log has no secrets."""

    def __init__(self, sandbox, **settings):
        self.sandbox = sandbox
        self.directory = Path(tempfile.mkdtemp(prefix="belfry-acceptance-"))
        (self.directory / "state").mkdir(mode=0o700)
        self.port, self.admin_port = free_port(), free_port()
        self.secrets = [sandbox.token, sandbox.signing_secret]
        self.process = None
        self.prefix = []
        self.descriptors = None
        self.arguments = ["serve", "--config", self.directory / "belfry.yaml"]
        self.environment = {"HOME": str(self.directory), "XDG_STATE_HOME": str(self.directory / "state")}
        self.configure(**settings)

    def configure(self, **settings):
        """Takes effect with the next start."""
        written = configuration(self.sandbox, self.directory, self.port, self.admin_port, **settings)
        (self.directory / "belfry.yaml").write_text(yaml.safe_dump(written, sort_keys=False))
        self.tls = written["server"].get("tls")

    def __enter__(self):
        try:
            self.start()
        except BaseException as problem:
            self.__exit__(type(problem))
            raise
        return self

    def __exit__(self, kind, *_):
        try:
            if self.process and kind is None:
                self.stop()
        finally:
            self.kill()
            shutil.rmtree(self.directory)

    # ---- the process ----

    def start(self, within=30.0, readiness=200):
        self.spawn()
        self.until(lambda: self.readiness() == readiness, f"/readyz answers {readiness}", within)

    def spawn(self):
        """Starts the process without waiting, behind a command (`prefix`) and with an open-file limit (`descriptors`: soft, hard)."""
        limits = self.descriptors and (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, self.descriptors))
        with open(self.directory / "log", "ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, BUILD / "bin/belfry", *self.arguments],
                preexec_fn=limits,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.directory,
                env=environment(self.environment),
            )

    def readiness(self):
        """The status of /readyz; None while the gateway does not respond."""
        if self.process.poll() is not None:
            raise AssertionError(f"belfry ended with {self.process.returncode}:\n{self.log()}")
        try:
            return self.admin("/readyz")[0]
        except OSError:
            return None

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def stop(self):
        """Sends SIGTERM, then wait_ended()."""
        self.terminate()
        self.wait_ended()

    def wait_ended(self, within=30.0):
        """Waits until the process exits, with code 0 and without a secret in its log."""
        try:
            code = self.process.wait(within)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"belfry did not end within {within} s of SIGTERM:\n{self.log()}") from None
        self.process = None
        log = self.log()
        if code != 0 or "Sanitizer" in log:
            raise AssertionError(f"belfry ended with {code}:\n{log}")
        for secret in self.secrets:
            if secret in log:
                raise AssertionError("a secret is in the log")

    def kill(self):
        """kill -9."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def log(self):
        return (self.directory / "log").read_text(errors="replace")

    def until(self, condition, what, within=20.0):
        """Polls a condition; returns its first true value. `what` describes it in the error message."""
        deadline = time.monotonic() + within
        while not (value := condition()):
            if time.monotonic() > deadline:
                raise AssertionError(f"timeout after {within} s, waiting for: {what}\n{self.log()[-4000:]}")
            time.sleep(0.02)
        return value

    def command(self, *arguments, **options):
        """Runs a belfry command with this gateway's configuration."""
        return run_belfry(*arguments, "--config", self.directory / "belfry.yaml", **options)

    # ---- its listeners ----

    def admin(self, path):
        """(status, text)"""
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def metric(self, name, **labels):
        """The sum of all series with this name and these labels; 0 if there are none."""
        total = 0.0
        for line in self.admin("/metrics")[1].splitlines():
            found = re.match(rf"{name}(?:\{{(.*)\}})? (\S+)$", line)
            if found and labels.items() <= dict(re.findall(r'(\w+)="([^"]*)"', found[1] or "")).items():
                total += float(found[2])
        return total

    def wait_idle(self, within=30.0):
        """Waits until every delivery is finished."""
        self.until(lambda: self.metric("belfry_queue_depth") == 0, "the queue is empty", within)

    def post_webhook(self, payload, headers=None, path=WEBHOOK):
        """(status, headers, body); payload: a dict or bytes."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload, separators=(",", ":")).encode()
        return self.post(path, body, {"Content-Type": "application/json"} | (headers or {}))

    def post(self, path, body, headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            if 300 <= answer.status < 400:
                raise AssertionError(f"a redirect would count as success: {answer.status}")
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def wire(self, **options):
        return Wire(self.port, **options)


class AcceptanceCase(unittest.TestCase):
    """One sandbox and one gateway for all tests of the class. Before each test, faults and known messages are cleared."""

    sandbox_options = ("--no-rate-limits",)
    settings = {}

    @classmethod
    def setUpClass(cls):
        cls.sandbox = cls.enterClassContext(Sandbox(*cls.sandbox_options))
        cls.gateway = cls.enterClassContext(Gateway(cls.sandbox, **cls.settings))

    def setUp(self):
        self.sandbox.clear_faults()
        self.gateway.wait_idle()
        self.sandbox.refresh()
        self.sandbox.rows.clear()
