"""Runs a sandbox in its own process, for tests: start it, disrupt it, inspect what arrived."""
import json
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

SUPPORT = Path(__file__).resolve().parent.parent
TOKEN = "xoxb-test-0123456789"
SIGNING_SECRET = "test-signing-secret-0123456789"
APP_TOKEN = "xapp-1-test-0123456789"


class Sandbox:
    """Context manager. Takes command-line options: Sandbox("--no-rate-limits")."""

    def __init__(self, *options, token=TOKEN, signing_secret=SIGNING_SECRET, app_token=APP_TOKEN):
        self.options = [*options, "--token", token, "--signing-secret", signing_secret, "--app-token", app_token]
        self.token, self.signing_secret, self.app_token = token, signing_secret, app_token
        self.context = None
        if "--certificate" in options:
            self.context = ssl.create_default_context()
            self.context.load_verify_locations(options[options.index("--certificate") + 1])
        self.revision = 0
        self.rows = {}

    def __enter__(self):
        command = [sys.executable, "-m", "slack_sandbox", "--print-address", *self.options]
        self.process = subprocess.Popen(command, cwd=SUPPORT, stdout=subprocess.PIPE)
        line = self.process.stdout.readline()
        if not line:
            self.__exit__()
            raise RuntimeError(f"the sandbox did not start: exit code {self.process.returncode}")
        ready = json.loads(line)
        self.url, self.api_url, self.port = ready["url"], ready["api_url"], ready["port"]
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    # ---- the control interface ----

    def control(self, what, http_method="GET", /, **members):
        body = json.dumps(members).encode() if members else b"{}" if http_method == "POST" else None
        request = urllib.request.Request(f"{self.url}/_sandbox/{what}", data=body, method=http_method)
        try:
            with urllib.request.urlopen(request, timeout=40, context=self.context) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as problem:
            raise ValueError(problem.read().decode()) from None

    def post(self, what, /, **members):
        return self.control(what, "POST", **members)

    def fault(self, kind, method="chat.postMessage", **members):
        self.post("faults", kind=kind, method=method, **members)

    def clear_faults(self):
        self.control("faults", "DELETE")

    def reset(self):
        self.post("reset")

    def calls(self, method=None, after=0):
        return self.control(f"calls?after={after}" + (f"&method={method}" if method else ""))["calls"]

    def click(self, message, action_id):
        return self.post("click", channel=message["channel"], ts=message["ts"], action_id=action_id)

    # ---- Socket Mode ----

    def socket(self, do=None, /, **members):
        """Changes settings, or runs an action; see socket_mode_control.py."""
        self.post("socket-mode", **({"do": do} if do else {}), **members)

    def sockets(self):
        return self.control("socket-mode")

    def wait_for_sockets(self, count, within=20.0):
        """Waits until exactly `count` WebSockets are open and returns them, oldest first."""
        found = self.control(f"socket-mode?open={count}&wait={within}")["open"]
        if len(found) != count:
            raise AssertionError(f"{len(found)} WebSockets are open after {within} s, expected {count}")
        return found

    # ---- messages ----

    def refresh(self, wait=0.0):
        answer = self.control(f"messages?after={self.revision}&wait={wait:.3f}")
        if answer["everything"]:
            self.rows.clear()
        self.rows.update({(row["channel"], row["ts"]): row for row in answer["messages"]})
        self.revision = answer["revision"]

    def messages(self, **wanted):
        """The messages so far, oldest first, filtered by the members of their rows: messages(email="...")."""
        self.refresh()
        return [row for row in self.rows.values() if all(row[key] == value for key, value in wanted.items())]

    def wait_for(self, condition, within=20.0):
        """Waits until condition(list of messages) is true and returns the list."""
        deadline = time.monotonic() + within
        while True:
            rows = list(self.rows.values())
            if condition(rows):
                return rows
            left = deadline - time.monotonic()
            if left <= 0:
                raise AssertionError(f"the condition is still false after {within} s; the sandbox has {len(rows)} messages")
            self.refresh(min(left, 5.0))

    def wait_for_count(self, count, within=20.0):
        return self.wait_for(lambda rows: len(rows) >= count, within)

    # ---- the Web API ----

    def api(self, method, /, token=None, content_type="application/json; charset=utf-8", body=None, headers=None, **arguments):
        """(status, headers, document)"""
        status, answer_headers, answer = self.raw_api(method, token, content_type, body, headers, **arguments)
        return status, answer_headers, json.loads(answer)

    def raw_api(self, method, /, token=None, content_type="application/json; charset=utf-8", body=None, headers=None, **arguments):
        sent = {"Authorization": f"Bearer {token or self.token}", "Content-Type": content_type} | (headers or {})
        body = json.dumps(arguments).encode() if body is None else body
        request = urllib.request.Request(self.api_url + method, data=body, headers={k: v for k, v in sent.items() if v is not None})
        try:
            with urllib.request.urlopen(request, timeout=20, context=self.context) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as problem:
            return problem.code, problem.headers, problem.read()

    def lookup(self, email):
        query = urllib.parse.urlencode({"email": email})
        request = urllib.request.Request(f"{self.api_url}users.lookupByEmail?{query}", headers={"Authorization": f"Bearer {self.token}"})
        with urllib.request.urlopen(request, timeout=20, context=self.context) as answer:
            return json.loads(answer.read())

    def send(self, email, text="text", **arguments):
        """Posts a direct message and returns the response of chat.postMessage."""
        return self.api("chat.postMessage", channel=self.lookup(email)["user"]["id"], text=text, **arguments)[2]
