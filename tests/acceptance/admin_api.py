"""Clients of the admin API: over TCP with a token, and over the Unix socket."""
import http.client
import json
import socket
import time
import urllib.parse


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Answer:
    """`document` is the JSON body; None for another type."""

    def __init__(self, answer):
        self.status, self.headers, self.body = answer.status, answer.headers, answer.read()
        self.type = (self.headers.get("Content-Type") or "").partition(";")[0]
        self.document = json.loads(self.body) if self.type == "application/json" else None


class AdminApi:
    """`address`: a port, or the path of a Unix socket."""

    def __init__(self, address, token=None):
        self.address, self.token = address, token

    def call(self, method, path, body=None, query=None, headers=None, raw=None):
        """`path` without /api/v1/. `body`: sent as JSON; `raw`: bytes, sent as they are."""
        is_port = isinstance(self.address, int)
        connection = http.client.HTTPConnection("127.0.0.1", self.address, timeout=60) if is_port else UnixConnection(self.address, 60)
        sent = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if body is not None:
            raw, sent["Content-Type"] = json.dumps(body).encode(), "application/json"
        target = path if path.startswith("/") else f"/api/v1/{path}"
        target += f"?{urllib.parse.urlencode(query)}" if query else ""
        try:
            connection.request(method, target, raw, sent | (headers or {}))
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path, **query):
        """The document of a successful GET."""
        answer = self.call("GET", path, query=query)
        if answer.status != 200:
            raise AssertionError(f"GET {path} {query}: {answer.status} {answer.body[:500]}")
        return answer.document

    def pages(self, path, member, **query):
        """All entries of a listing, page by page."""
        found, cursor = [], None
        while True:
            page = self.get(path, **query, **({"cursor": cursor} if cursor else {}))
            found += page[member]
            cursor = page["next"]
            if not cursor:
                return found

    def wait_for_job(self, job, within=60.0):
        deadline = time.monotonic() + within
        while job["state"] == "running":
            if time.monotonic() > deadline:
                raise AssertionError(f"the job did not end within {within} s: {job}")
            time.sleep(0.02)
            job = self.get(f"jobs/{job['id']}")
        return job
