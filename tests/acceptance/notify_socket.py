"""A real datagram socket for sd_notify, as systemd has one, and a way to freeze threads of the gateway."""
import ctypes
import os
import shutil
import socket
import tempfile
import threading
import time
from pathlib import Path


class NotifySocket:
    """Context manager. Stores every datagram as a dict, in order, with its time of arrival."""

    def __init__(self, watchdog=None):
        self.directory = tempfile.mkdtemp(prefix="belfry-notify-")
        self.path = f"{self.directory}/socket"
        self.environment = {"NOTIFY_SOCKET": self.path}
        if watchdog is not None:
            self.environment |= {"WATCHDOG_USEC": str(int(watchdog * 1e6)), "WATCHDOG_PID": None}
        self.arrived = threading.Condition()
        self.messages = []

    def __enter__(self):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"END=1", self.path)
        self.thread.join()
        self.socket.close()
        shutil.rmtree(self.directory)

    def run(self):
        while True:
            text = self.socket.recv(65536).decode()
            message = dict(line.split("=", 1) for line in text.splitlines())
            if "END" in message:
                return
            with self.arrived:
                self.messages.append(message | {"at": time.monotonic()})
                self.arrived.notify_all()

    def wait(self, condition, within=20.0):
        """Waits for the first message that meets the condition; consumes it and all messages before it."""
        deadline = time.monotonic() + within
        with self.arrived:
            while True:
                for index, message in enumerate(self.messages):
                    if condition(message):
                        del self.messages[: index + 1]
                        return message
                left = deadline - time.monotonic()
                if left <= 0 or not self.arrived.wait(left):
                    raise AssertionError(f"no such message within {within} s; the latest: {self.messages[-5:]}")

    def wait_status(self, words, within=20.0):
        return self.wait(lambda message: words in message.get("STATUS", ""), within)["STATUS"]

    def silent(self, key, seconds):
        """Whether no message with this key arrives for that many seconds from now."""
        with self.arrived:
            self.messages.clear()
        try:
            self.wait(lambda message: key in message, seconds)
            return False
        except AssertionError:
            return True


# ptrace(2): the only way to stop a single thread of another process.
ATTACH, DETACH = 16, 17
WAIT_FOR_THREADS = 0x40000000  # __WALL


class Frozen:
    """Context manager that stops threads of a child process."""

    def __init__(self, tids):
        self.tids = tids
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
        self.libc.ptrace.restype = ctypes.c_long

    def __enter__(self):
        for tid in self.tids:
            if self.libc.ptrace(ATTACH, tid, None, None) != 0:
                raise OSError(ctypes.get_errno(), f"ptrace: {os.strerror(ctypes.get_errno())}")
            os.waitpid(tid, WAIT_FOR_THREADS)
        return self

    def __exit__(self, *_):
        for tid in self.tids:
            self.libc.ptrace(DETACH, tid, None, None)


def threads_of(pid, name):
    """The threads with this name, except the main thread, which handles signals."""
    tids = sorted(int(entry) for entry in os.listdir(f"/proc/{pid}/task"))
    return [tid for tid in tids if tid != pid and Path(f"/proc/{pid}/task/{tid}/comm").read_text().strip() == name]
