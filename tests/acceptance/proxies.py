"""Proxies between the gateway and Slack, as in company networks: a real one that requires credentials, one that resolves names of its own,
and one that requires a client certificate. All on loopback, all context managers."""
import asyncio
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from harness import free_port


class Tinyproxy:
    """A tinyproxy process that can be killed and restarted on the same port."""

    USER, PASSWORD = "belfry", "proxy-password-0123456789"

    def __init__(self):
        self.directory = Path(tempfile.mkdtemp(prefix="belfry-tinyproxy-"))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None
        lines = [f"Port {self.port}", "Listen 127.0.0.1", "Timeout 600", "MaxClients 100", "LogLevel Info"]
        lines += [f'LogFile "{self.directory}/log"', f"BasicAuth {self.USER} {self.PASSWORD}"]
        (self.directory / "conf").write_text("\n".join(lines) + "\n")

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()
        shutil.rmtree(self.directory)

    def with_credentials(self, password=PASSWORD):
        return f"http://{self.USER}:{password}@127.0.0.1:{self.port}"

    def start(self):
        self.process = subprocess.Popen(
            ["tinyproxy", "-d", "-c", self.directory / "conf"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 20
        while True:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"tinyproxy did not start: {self.log()}")
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.02)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def log(self):
        file = self.directory / "log"
        return file.read_text(errors="replace") if file.exists() else ""

    def tunnels(self):
        """The targets of all CONNECT requests, including refused ones."""
        return re.findall(r"Request \(file descriptor \d+\): CONNECT (\S+)", self.log())


class TcpRelay:
    """Serves `handle(reader, writer)` on a free port, in its own thread."""

    def __init__(self, tls=None):
        self.tls = tls
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)

    def __enter__(self):
        self.thread.start()
        serving = asyncio.start_server(self.handle, "127.0.0.1", 0, ssl=self.tls)
        self.server = asyncio.run_coroutine_threadsafe(serving, self.loop).result(20)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_):
        async def end():
            self.server.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self.loop).result(20)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(20)
        self.loop.close()

    async def join(self, reader, writer, port):
        there, back = await asyncio.open_connection("127.0.0.1", port)

        async def pump(source, sink):
            try:
                while data := await source.read(65536):
                    sink.write(data)
                    await sink.drain()
            except OSError:
                pass
            finally:
                sink.close()

        await asyncio.gather(pump(reader, back), pump(there, writer))


class NamingProxy(TcpRelay):
    """A proxy that resolves names which exist nowhere else: {"slack.test:443": port}."""

    def __init__(self, names):
        super().__init__()
        self.names, self.requested = names, []

    async def handle(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        target = head.split()[1]
        self.requested.append(target)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n" if target in self.names else b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
        if target in self.names:
            await self.join(reader, writer, self.names[target])
        writer.close()


class MutualTlsProxy(TcpRelay):
    """Terminates TLS in front of a port, for clients with a certificate signed by `authority`."""

    def __init__(self, port, certificate, key, authority):
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority)
        tls.load_cert_chain(certificate, key)
        tls.verify_mode = ssl.CERT_REQUIRED
        super().__init__(tls)
        self.upstream_port = port

    async def handle(self, reader, writer):
        await self.join(reader, writer, self.upstream_port)


class Certificates:
    """A CA and two certificates that it has signed: `server`, for slack.test and 127.0.0.1, and `client`."""

    def __init__(self, directory):
        self.directory = Path(directory)
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        self.openssl("req", "-x509", *key, "-days", "2", "-subj", "/CN=Company CA", "-keyout", "ca.key", "-out", "ca.crt")
        for name in ("server", "client"):
            (self.directory / f"{name}.ext").write_text("subjectAltName=DNS:slack.test,IP:127.0.0.1\n")
            self.openssl("req", *key, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
            signing = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", f"{name}.ext"]
            self.openssl("x509", "-req", "-in", f"{name}.csr", *signing, "-out", f"{name}.crt")

    def openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.directory, check=True, capture_output=True)

    def __getitem__(self, name):
        return str(self.directory / name)
