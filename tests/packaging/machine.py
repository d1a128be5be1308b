"""A root file system booted with its own systemd, and commands that run in it. Its only network is its own loopback."""
import ctypes
import os
import signal
import subprocess
import tempfile

from notify_socket import NotifySocket

from roots import run

NEW_NETWORK = 0x40000000  # CLONE_NEWNET
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"}


def enter_network(pid):
    """Moves this process, and future children, into the network namespace of `pid`."""
    file = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(file, NEW_NETWORK) != 0:
            raise OSError(ctypes.get_errno(), f"setns: {os.strerror(ctypes.get_errno())}")
    finally:
        os.close(file)


class Machine:
    """Context manager that boots `root`. This process shares the machine's network meanwhile: each can reach the other's listeners on
    127.0.0.1."""

    def __init__(self, root):
        self.root = root

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="belfry-machine-")
        self.own_pid = os.getpid()
        try:
            with NotifySocket() as notify, open(f"{self.directory.name}/console", "wb") as console:
                command = ["systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit", "--private-network", "--notify-ready=yes"]
                self.process = subprocess.Popen(
                    [*command, "--console=pipe", "--directory", self.root.path],
                    stdin=subprocess.DEVNULL,
                    stdout=console,
                    stderr=console,
                    env=os.environ | notify.environment,
                )
                try:
                    self.leader = int(notify.wait(lambda message: "X_NSPAWN_LEADER_PID" in message, 60)["X_NSPAWN_LEADER_PID"])
                    notify.wait(lambda message: message.get("READY") == "1", 120)
                except AssertionError as problem:
                    raise AssertionError(f"{problem}\n{self.console()}") from None
            self.home = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
            enter_network(self.leader)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if hasattr(self, "home"):
            ctypes.CDLL(None).setns(self.home, NEW_NETWORK)
            os.close(self.home)
        if hasattr(self, "process"):
            # nspawn forwards SIGTERM to the machine's init, which stops its services and exits.
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(120)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.directory.cleanup()

    def console(self):
        with open(f"{self.directory.name}/console", errors="replace") as file:
            return file.read()[-4000:]

    def inside(self, *command):
        return ["nsenter", "--target", str(self.leader), "--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd", *map(str, command)]

    def run(self, *command, **options):
        """Runs a command in the machine and returns its output; fails the test if the command fails."""
        return run(*self.inside(*command), env=ENVIRONMENT | {"DEBIAN_FRONTEND": "noninteractive"}, **options)

    def try_run(self, *command):
        """(exit code, output)"""
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        done = subprocess.run(self.inside(*command), env=ENVIRONMENT, text=True, **streams)
        return done.returncode, done.stdout

    def show(self, what, unit="belfry"):
        return self.run("systemctl", "show", "--value", f"--property={what}", unit).strip()
