"""Fresh root file systems of Debian 12 and 13. debootstrap creates a base of each kind once, in build/roots; each test gets a copy.

Needs root. Packages come from this machine's own package sources.
"""
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
ROOTS = SOURCE / "build/roots"
PACKAGES = Path(os.environ.get("BELFRY_PACKAGES", SOURCE / "build/packages"))

# Packages that a server has in addition to a minimal Debian: systemd, D-Bus, and CA certificates.
SYSTEM = "systemd,systemd-sysv,dbus,ca-certificates"
COMPILER = SYSTEM + ",g++"
NAMES = {12: "bookworm", 13: "trixie"}  # release -> code name


def run(*command, **options):
    """Runs a command and returns its output; if it fails, raises an AssertionError with the output."""
    done = subprocess.run([str(part) for part in command], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(str(part) for part in command)} exited with {done.returncode}:\n{done.stdout[-6000:]}")
    return done.stdout


def mirror():
    """The URI of this machine's package source for bookworm."""
    lines = run("apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", "Created-By: Packages").splitlines()
    for line in lines:
        uri, release = line.rsplit(" ", 1)
        if release == "bookworm":
            return uri.rstrip("/")
    raise AssertionError(f"this machine has no package source for bookworm, only: {lines}")


def base(name, packages, release):
    """The directory of a base root; created if it does not exist."""
    directory = ROOTS / name
    if not directory.is_dir():
        ROOTS.mkdir(parents=True, exist_ok=True)
        unfinished = ROOTS / f"{name}.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        run("debootstrap", "--variant=minbase", f"--include={packages}", NAMES[release], unfinished, mirror())
        unfinished.rename(directory)
    return directory


def package(name):
    """The file of this package in build/packages."""
    found = sorted(PACKAGES.glob(f"{name}_*.deb"))
    if len(found) != 1:
        raise AssertionError(f"{PACKAGES} has {len(found)} files of the package {name}, expected one; run: packaging/build deb")
    return found[0]


class Root:
    """Context manager: a temporary copy of a base root, at `path`."""

    def __init__(self, release=12, name="debian", packages=SYSTEM):
        self.base = base(f"{name}-{release}", packages, release)

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="belfry-root-", dir="/var/tmp")
        self.path = Path(self.directory.name) / "root"
        run("cp", "--archive", "--reflink=auto", self.base, self.path)
        # An empty machine-id, so that each copy gets its own identity.
        (self.path / "etc/hostname").write_text("belfry-test\n")
        (self.path / "etc/machine-id").write_text("")
        return self

    def __exit__(self, *_):
        self.directory.cleanup()

    def put(self, file, where="root"):
        """Copies a file into a directory of the root and returns its path there."""
        shutil.copy(file, self.path / where)
        return f"/{where}/{Path(file).name}"

    def chroot(self, *command, **options):
        return run("chroot", self.path, *command, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"}, **options)

    def fetch(self, *packages):
        """Downloads packages and their dependencies for a later installation without a network. The base caches them."""
        archives = self.base / "var/cache/apt/archives"
        run("cp", "--archive", "--update", f"{archives}/.", self.path / "var/cache/apt/archives")
        resolver = self.path / "etc/resolv.conf"
        shutil.copy("/etc/resolv.conf", resolver)
        if not any((self.base / "var/lib/apt/lists").glob("*Packages*")):
            self.chroot("apt-get", "update")
            run("cp", "--archive", f"{self.path}/var/lib/apt/lists/.", self.base / "var/lib/apt/lists")
        self.chroot("apt-get", "install", "--yes", "--no-install-recommends", "--download-only", *packages)
        for file in (self.path / "var/cache/apt/archives").glob("*.deb"):
            run("cp", "--archive", "--update", file, archives)
        resolver.unlink()
