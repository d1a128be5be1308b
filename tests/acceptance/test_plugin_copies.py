"""Private copies of plugins under STATE/plugins: copies in use are kept, others are removed after a start."""
import hashlib
import shutil
import tempfile
import unittest
from pathlib import Path

import yaml

from harness import BUILD, Gateway, Sandbox
from payloads import notification


def digest(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


def copies(state):
    """The digests in the names of the copies, checked against their contents; files with other names by their full name."""
    found = set()
    for file in (state / "plugins").iterdir():
        try:
            held = digest(file)
        except FileNotFoundError:
            continue  # removed after it was listed
        if file.suffix == ".so" and held != file.stem:
            raise AssertionError(f"{file} does not match the digest in its name")
        found.add(held if file.suffix == ".so" else file.name)
    return found


class CopiesTest(unittest.TestCase):
    def setUp(self):
        self.sandbox = self.enterContext(Sandbox("--no-rate-limits"))
        self.plugins = Path(tempfile.mkdtemp(prefix="belfry-plugins-"))
        self.addCleanup(shutil.rmtree, self.plugins)
        for name in ("slack", "console"):
            shutil.copy(BUILD / f"plugins/{name}.so", self.plugins)
        self.slack = self.plugins / "slack.so"

    def next_version(self):
        """Appends bytes to the ELF file, which changes nothing but its digest."""
        fresh = self.plugins / "slack.new"
        fresh.write_bytes(self.slack.read_bytes() + b"next version")
        fresh.chmod(0o755)
        fresh.rename(self.slack)
        return digest(self.slack)

    def wait_for_copies(self, gateway, state, wanted):
        gateway.until(lambda: copies(state) == wanted, f"the copies are {wanted}")

    def assert_delivers(self, gateway, email):
        self.assertEqual(gateway.post_webhook(notification(email))[0], 204)
        gateway.until(lambda: self.sandbox.messages(email=email), f"the message to {email}")

    def test_what_nobody_runs_goes_after_a_start(self):
        with Gateway(self.sandbox, plugins=self.plugins) as gateway:
            state = gateway.directory / "state"
            first = digest(self.slack)
            self.wait_for_copies(gateway, state, {first})  # console was scanned, but no sink uses it
            second = self.next_version()
            self.assertNotEqual(first, second)
            self.assertEqual(gateway.command("check").returncode, 0)
            self.assertEqual(copies(state), {first}, "check keeps its copies elsewhere")
            gateway.stop()
            (state / "plugins" / f"{first}.0123456789abcdef.tmp").write_bytes(b"left by a crash")
            gateway.start()
            self.wait_for_copies(gateway, state, {second})
            self.assert_delivers(gateway, "second@coder.com")
            gateway.kill()
            third = self.next_version()
            gateway.start()
            self.wait_for_copies(gateway, state, {third})
            self.assert_delivers(gateway, "third@coder.com")

    def test_what_another_gateway_runs_stays(self):
        with Gateway(self.sandbox, plugins=self.plugins) as gateway:
            state = gateway.directory / "state"
            first = digest(self.slack)
            self.wait_for_copies(gateway, state, {first})
            second = self.next_version()
            beside = Gateway(self.sandbox, plugins=self.plugins)
            self.addCleanup(beside.__exit__, None)
            file = beside.directory / "belfry.yaml"
            settings = yaml.safe_load(file.read_text())
            settings["store"]["path"] = str(state / "beside.db")
            file.write_text(yaml.safe_dump(settings, sort_keys=False))
            beside.start()
            self.wait_for_copies(beside, state, {first, second})
            self.assert_delivers(gateway, "first@coder.com")
            self.assert_delivers(beside, "beside@coder.com")
            gateway.stop()
            gateway.start()
            self.wait_for_copies(gateway, state, {second})
            self.assert_delivers(beside, "beside-again@coder.com")
            beside.stop()


if __name__ == "__main__":
    unittest.main()
