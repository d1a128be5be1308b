"""Raw HTTP, for requests that no client library would send."""
import http.client
import json
import socket

WEBHOOK = "/v1/webhook"


def request_bytes(method="POST", path=WEBHOOK, body=b"", headers=(), version="HTTP/1.1", length=True):
    lines = [f"{method} {path} {version}", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in dict(headers).items())]
    if length and (body or method == "POST"):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def webhook(payload, **options):
    """A webhook request with a payload, a dict or bytes."""
    body = payload if isinstance(payload, bytes) else encoded(payload)
    return request_bytes(body=body, **options)


def encoded(payload):
    return json.dumps(payload, separators=(",", ":")).encode()


def chunks(body, size):
    """`body` in chunked transfer coding."""
    parts = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


class Answer:
    def __init__(self, response, method):
        self.status, self.headers, self.body = response.status, response.headers, response.read()
        self.closes = response.will_close

    def __repr__(self):
        return f"{self.status} {self.body!r}"


class Wire:
    """One connection that sends raw bytes and parses the responses in order."""

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

    def exchange(self, data, method="POST"):
        self.send(data)
        return self.receive(method)

    def closed(self):
        """Whether the peer closes the connection; waits up to the timeout."""
        try:
            return self.file.read(1) == b""
        except ConnectionResetError:
            return True


class Shared:
    """Lets several HTTPResponse objects read from the same stream, one after another."""

    def __init__(self, file):
        self.file = file

    def makefile(self, _mode):
        return self

    def __getattr__(self, name):
        return getattr(self.file, name)

    def close(self):
        pass
