"""Starts the real gateway against the Slack sandbox, on free loopback ports, with everything it writes in a directory that goes away.

BELFRY_BUILD_DIR names the build tree. BELFRY_CODER_FIXTURES may name a directory with payloads recorded from Coder.
"""
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import uuid
from pathlib import Path

import yaml

from slack_sandbox.process import Sandbox

SOURCE = Path(os.environ.get("BELFRY_SOURCE_DIR", Path(__file__).resolve().parents[2]))
BUILD = Path(os.environ.get("BELFRY_BUILD_DIR", SOURCE / "build/release"))
WEBHOOK = "/v1/webhook"


# ---- payloads -------------------------------------------------------------------------------------------------------------------


def fixtures():
    """(name, payload) of every recorded and own payload, each with a fresh msg_id."""
    folders = [SOURCE / "tests/fixtures/coder"]
    if os.environ.get("BELFRY_CODER_FIXTURES"):
        folders.append(Path(os.environ["BELFRY_CODER_FIXTURES"]))
    found = []
    for path in sorted(path for folder in folders for path in folder.glob("*.json")):
        payload = json.loads(path.read_text())
        found.append((f"{path.parent.name}/{path.stem}", payload | {"msg_id": str(uuid.uuid4())}))
    return found


def notification(email="bobby@coder.com", **members):
    """A payload in Coder's form. A member that is `...` is left out; "payload.x" is about the inner object; the markdown follows the text."""
    inner = {
        "_version": "1.2", "notification_name": "Workspace Deleted", "notification_template_id": "f517da0b-cdc9-410f-ab89-a86107c420ed",
        "user_id": str(uuid.uuid5(uuid.NAMESPACE_DNS, email)), "user_email": email, "user_name": "Bobby", "user_username": "bobby",
        "actions": [{"label": "View workspaces", "url": "http://127.0.0.1/workspaces"}], "labels": {"name": "dev", "reason": "autodeleted"},
        "data": None, "targets": None,
    }
    outer = {"_version": "1.1", "msg_id": str(uuid.uuid4()), "payload": inner}
    outer |= {"title": "Workspace \"dev\" deleted", "body": "Your workspace dev was deleted."}
    for name in ("title", "body"):
        text = members.get(name)
        outer[f"{name}_markdown"] = text if isinstance(text, str) else outer[name]
    for name, value in members.items():
        into, key = (inner, name.removeprefix("payload.")) if name.startswith("payload.") else (outer, name)
        if value is ...:
            del into[key]
        else:
            into[key] = value
    return outer


# ---- HTTP by hand ---------------------------------------------------------------------------------------------------------------


def request_bytes(method="POST", path=WEBHOOK, body=b"", headers=(), version="HTTP/1.1", length=True):
    lines = [f"{method} {path} {version}", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in dict(headers).items())]
    if length and (body or method == "POST"):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def chunks(body, size):
    """`body` in the chunked transfer coding."""
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


class Answer:
    def __init__(self, response, method):
        self.status, self.headers, self.body = response.status, response.headers, response.read()
        self.closes = response.will_close

    def __repr__(self):
        return f"{self.status} {self.body!r}"


class Wire:
    """One connection; bytes go out as given, answers come back parsed, in order."""

    def __init__(self, port, tls=None, timeout=20):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="127.0.0.1")
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def receive(self, method="POST"):
        response = http.client.HTTPResponse(Shared(self.file), method=method)
        response.begin()
        answer = Answer(response, method)
        if 300 <= answer.status < 400:
            raise AssertionError(f"a redirect would count as success: {answer}")
        return answer

    def ask(self, data, method="POST"):
        self.send(data)
        return self.receive(method)

    def closed(self):
        """True when the other side has closed, waiting for it as long as the timeout."""
        try:
            return self.file.read(1) == b""
        except ConnectionResetError:
            return True


class Shared:
    """Lets several HTTPResponse objects read one after another from the same stream."""

    def __init__(self, file):
        self.file = file

    def makefile(self, _mode):
        return self

    def __getattr__(self, name):
        return getattr(self.file, name)

    def close(self):
        pass


# ---- the gateway ----------------------------------------------------------------------------------------------------------------


def free_port():
    """Below the range that the kernel hands out, so that an outgoing connection cannot take it before a restart."""
    for _ in range(200):
        port = random.randint(20_000, 31_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port between 20000 and 31000")


def configuration(sandbox, directory, port, admin_port, *, server=None, auth=None, slack=None, delivery=None):
    """The configuration of most tests as a dict: everyone gets a direct message, with rates that do not get in the way. A key of
    `slack` that is None is left out."""
    source = {"type": "coder", "path": WEBHOOK} | ({"auth": auth} if auth else {})
    sink = {"bot_token": sandbox.token, "signing_secret": sandbox.signing_secret, "api_url": sandbox.api_url}
    return {
        "version": 1,
        "server": {"listen": f"127.0.0.1:{port}"} | (server or {}),
        "admin": {"listen": f"127.0.0.1:{admin_port}"},
        "store": {"path": str(directory / "state" / "belfry.db")},
        "plugins": {"directories": [str(BUILD / "plugins")]},
        "sources": {"coder": source},
        "sinks": {"slack": {
            "plugin": "slack", "config": {key: value for key, value in (sink | (slack or {})).items() if value is not None}, "delivery": {"rate": "60000/min", "rate_per_recipient": "100/s"} | (delivery or {}),
        }},
        "pipeline": {"routes": [{"name": "everyone", "to": ["slack"]}]},
    }


class Gateway:
    """Context manager. Keyword arguments are those of configuration(). Stopping it checks that it ended well and kept its secrets."""

    def __init__(self, sandbox, **settings):
        self.sandbox = sandbox
        self.directory = Path(tempfile.mkdtemp(prefix="belfry-acceptance-"))
        (self.directory / "state").mkdir(mode=0o700)
        self.port, self.admin_port = free_port(), free_port()
        self.secrets = [sandbox.token, sandbox.signing_secret]
        self.process = None
        self.configure(**settings)

    def configure(self, **settings):
        """Takes effect with the next start."""
        written = configuration(self.sandbox, self.directory, self.port, self.admin_port, **settings)
        (self.directory / "belfry.yaml").write_text(yaml.safe_dump(written, sort_keys=False))
        self.tls = written["server"].get("tls")

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.kill()
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

    def start(self, within=30.0):
        with open(self.directory / "log", "ab") as log:
            self.process = subprocess.Popen(
                [BUILD / "bin/belfry", "serve", "--config", self.directory / "belfry.yaml"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                cwd=self.directory, env=os.environ | {"HOME": str(self.directory), "XDG_STATE_HOME": str(self.directory / "state")},
            )
        self.until(self.ready, "/readyz answers 200", within)

    def ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"belfry ended with {self.process.returncode}:\n{self.log()}")
        try:
            return self.admin("/readyz")[0] == 200
        except OSError:
            return False

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def stop(self, within=30.0):
        """SIGTERM; it must end by itself with exit code 0."""
        self.terminate()
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
        """Waits for a condition that nothing announces."""
        deadline = time.monotonic() + within
        while not (value := condition()):
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {within} s: {what}\n{self.log()[-4000:]}")
            time.sleep(0.02)
        return value

    # ---- its doors ----

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
        """The sum of all series of that name that carry these labels; 0 when there is none."""
        total = 0.0
        for line in self.admin("/metrics")[1].splitlines():
            found = re.match(rf"{name}(?:\{{(.*)\}})? (\S+)$", line)
            if found and labels.items() <= dict(re.findall(r'(\w+)="([^"]*)"', found[1] or "")).items():
                total += float(found[2])
        return total

    def wait_idle(self, within=30.0):
        """Until nothing waits, is in flight or in back-off."""
        self.until(lambda: self.metric("belfry_queue_depth") == 0, "the queue is empty", within)

    def post_webhook(self, payload, headers=None, path=WEBHOOK):
        """(status, headers, body); payload: a dict, or bytes."""
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
    """One sandbox and one gateway for all tests of the class; the sandbox is emptied before each."""

    sandbox_options = ("--no-rate-limits",)
    settings = {}

    @classmethod
    def setUpClass(cls):
        cls.sandbox = cls.enterClassContext(Sandbox(*cls.sandbox_options))
        cls.gateway = cls.enterClassContext(Gateway(cls.sandbox, **cls.settings))

    def setUp(self):
        self.sandbox.clear_faults()
        self.sandbox.rows.clear()
        self.sandbox.refresh()
        self.sandbox.rows.clear()
