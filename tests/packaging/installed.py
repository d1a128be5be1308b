"""The gateway of an installed package in a booted machine, with the interface of the acceptance tests' Gateway."""
import os
from pathlib import Path

from harness import Gateway
from roots import run

CONFIGURATION = "etc/belfry/belfry.yaml"
NAME = "slack.sandbox.example"  # host name of the sandbox in the machine, so that TLS and name resolution are tested too
PORT = 8443


class Installed(Gateway):
    """Uses the ports of the shipped configuration."""

    def __init__(self, machine):
        self.machine = machine
        self.port, self.admin_port = 6000, 9664
        self.tls, self.secrets, self.process = None, [], None
        self.directory = Path("/nonexistent")

    def readiness(self):
        try:
            return self.admin("/readyz")[0]
        except OSError:
            return None

    def log(self):
        return self.machine.run("journalctl", "--no-pager", "--unit", "belfry")

    def configuration(self):
        return self.machine.root.path / CONFIGURATION

    def pid(self):
        return self.machine.show("MainPID")


def make_certificate(directory):
    """(certificate, key) for the sandbox: self-signed, and trusted by this process from now on."""
    certificate, key = Path(directory) / "certificate.pem", Path(directory) / "key.pem"
    subject = ["-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME},IP:127.0.0.1"]
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject, "-keyout", key, "-out", certificate)
    os.environ["SSL_CERT_FILE"] = str(certificate)
    return certificate, key


def point_at_sandbox(root, certificate):
    """Points the shipped configuration at the sandbox, under its own host name and with its own certificate."""
    file = root.path / CONFIGURATION
    text = file.read_text()
    token = next(line for line in text.splitlines() if line.strip().startswith("bot_token:"))
    delivery = next(line for line in text.splitlines() if line == "    delivery:")
    text = text.replace(token, f"{token}\n      api_url: https://{NAME}:{PORT}/api/")
    text = text.replace(delivery, f"    http: {{ ca_file: sandbox-ca.pem }}\n{delivery}\n      rate: 60000/min\n      rate_per_recipient: 100/s")
    file.write_text(text)
    root.put(certificate, "etc/belfry")
    (root.path / "etc/belfry/certificate.pem").rename(root.path / "etc/belfry/sandbox-ca.pem")
    (root.path / "etc/belfry/sandbox-ca.pem").chmod(0o644)
    hosts = root.path / "etc/hosts"
    hosts.write_text((hosts.read_text() if hosts.exists() else "127.0.0.1 localhost\n") + f"127.0.0.1 {NAME}\n")


def put_credential(root, name, value):
    store = root.path / "etc/credstore"
    store.mkdir(mode=0o700, exist_ok=True)
    file = store / name
    file.touch(mode=0o600)
    file.write_text(value)


