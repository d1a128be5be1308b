"""The rpm in a root made with `rpm --root`, and the tarball. Debian's archive contains no rpm distribution, so the root has Debian's files
and a package that provides exactly glibc, libstdc++, OpenSSL and libsystemd; the rpm must not require more."""
import tempfile
import unittest
from pathlib import Path

from installed import PORT, Installed, make_certificate, point_at_sandbox, put_credential
from machine import Machine
from payloads import notification
from roots import PACKAGES, Root, run
from slack_sandbox.process import Sandbox

DATABASE = ("--dbpath", "/var/lib/rpm")
LIBRARIES = ("ld-linux-x86-64.so.2", "libc.so.6", "libm.so.6", "libstdc++.so.6", "libgcc_s.so.1", "libssl.so.3", "libcrypto.so.3", "libsystemd.so.0")


def binary_rpm(name):
    (found,) = [file for file in PACKAGES.glob(f"{name}-[0-9]*.rpm") if not file.name.endswith(".src.rpm")]
    return found


def platform(root, directory):
    """A placeholder rpm that provides the libraries of the Debian root."""
    files = [next((root.path / "usr/lib/x86_64-linux-gnu").glob(name)) for name in LIBRARIES]
    provides = run("/usr/lib/rpm/elfdeps", "--provides", input="".join(f"{file}\n" for file in files))
    lines = ["/bin/sh", "shadow-utils", "tzdata", "rtld(GNU_HASH)", *provides.split("\n")]
    spec = Path(directory) / "platform.spec"
    spec.write_text(
        "Name: platform\nVersion: 12\nRelease: 1\nSummary: Files of the root\nLicense: None\nBuildArch: noarch\n"
        + "".join(f"Provides: {line}\n" for line in lines if line)
        + "%description\nFiles of the root.\n%files\n"
    )
    run("rpmbuild", "-bb", "--define", f"_topdir {directory}/rpm", spec)
    return next(Path(directory).glob("rpm/RPMS/noarch/*.rpm"))


class Case(unittest.TestCase):
    def setUp(self):
        self.files = self.enterContext(tempfile.TemporaryDirectory())
        self.root = self.enterContext(Root())

    def boot(self):
        """Boots the machine with both secrets, and with the sandbox as its Slack."""
        self.certificate, key = make_certificate(self.files)
        self.machine = self.enterContext(Machine(self.root))
        tls = ["--certificate", str(self.certificate), "--key", str(key)]
        self.sandbox = self.enterContext(Sandbox("--no-rate-limits", "--port", str(PORT), *tls))
        self.gateway = Installed(self.machine)
        point_at_sandbox(self.root, self.certificate)
        put_credential(self.root, "slack-bot-token", self.sandbox.token)
        put_credential(self.root, "slack-signing-secret", self.sandbox.signing_secret)
        self.machine.run("systemctl", "enable", "--now", "belfry")
        self.gateway.until(lambda: self.gateway.readiness() == 200, "/readyz answers 200")

    def deliver(self, email):
        self.assertEqual(self.gateway.post_webhook(notification(email))[0], 204)
        self.sandbox.wait_for(lambda rows: any(row["email"] == email for row in rows))


class RpmTest(Case):
    def test_install_deliver_reinstall_remove(self):
        self.root.fetch("rpm")
        self.root.chroot("apt-get", "install", "--yes", "--no-install-recommends", "rpm")
        base = platform(self.root, self.files)
        belfry = self.root.put(binary_rpm("belfry"))
        run("rpm", "--root", self.root.path, *DATABASE, "--initdb")
        run("rpm", "--root", self.root.path, *DATABASE, "--install", base, binary_rpm("belfry"))
        output = run("rpm", "--root", self.root.path, *DATABASE, "--verify", "belfry")
        self.assertEqual(output.strip(), "")
        self.boot()
        owners = self.machine.run("stat", "-c", "%a %U %G", "/etc/belfry", "/etc/belfry/conf.d", "/var/lib/belfry")
        self.assertEqual(owners.splitlines(), ["750 root belfry", "750 root belfry", "700 belfry belfry"])
        self.deliver("first@example.com")

        # Again, while deliveries wait.
        self.sandbox.fault("http", count=None)
        for _ in range(20):
            self.assertEqual(self.gateway.post_webhook(notification("waiting@example.com"))[0], 204)
        before = self.gateway.pid()
        self.machine.run("rpm", *DATABASE, "--upgrade", "--replacepkgs", belfry)
        self.assertNotEqual(self.gateway.pid(), before)
        self.gateway.until(lambda: self.gateway.readiness() == 200, "/readyz answers 200")
        self.sandbox.clear_faults()
        self.gateway.wait_idle(60)
        self.assertEqual(len(self.sandbox.messages(email="waiting@example.com")), 20)

        # A configuration that the new build rejects.
        good = self.gateway.configuration().read_text()
        self.gateway.configuration().write_text(good + "\nnonsense: true\n")
        before = self.gateway.pid()
        self.assertIn("belfry: not restarted", self.machine.run("rpm", *DATABASE, "--upgrade", "--replacepkgs", belfry))
        self.assertEqual(self.gateway.pid(), before)
        self.gateway.configuration().write_text(good)

        self.machine.run("rpm", *DATABASE, "--erase", "belfry")
        self.assertNotEqual(self.machine.show("ActiveState"), "active")
        self.assertTrue((self.root.path / "var/lib/belfry/belfry.db").exists())
        self.assertEqual((self.root.path / "etc/belfry/belfry.yaml.rpmsave").read_text(), good)


class TarballTest(Case):
    def test_unpack_and_deliver(self):
        (tarball,) = [file for file in PACKAGES.glob("belfry-*.tar.gz") if "debug" not in file.name]
        run("tar", "--extract", "--file", tarball, "--directory", self.root.path)
        self.assertFalse((self.root.path / "etc/belfry").exists(), "unpacking overwrites no file of the administrator")
        self.root.chroot("systemd-sysusers")
        self.root.chroot("install", "-d", "-m", "750", "-g", "belfry", "/etc/belfry", "/etc/belfry/conf.d")
        self.root.chroot("install", "-m", "640", "-g", "belfry", "/usr/share/doc/belfry/configuration/belfry.yaml", "/etc/belfry")
        self.boot()
        self.deliver("tarball@example.com")


if __name__ == "__main__":
    unittest.main()
