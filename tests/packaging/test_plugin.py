"""A plugin outside the source tree: builds the template in a root with only belfry-dev and a compiler, in every way that its README shows.
The gateway finds, checks and uses each result. With the packages of the test kit, the tests of the template and of the SDK's README run too."""
import json
import re
import tempfile
import threading
import unittest
from http.server import BaseHTTPRequestHandler, HTTPServer

from installed import Installed
from machine import Machine
from payloads import notification
from roots import COMPILER, SOURCE, Root, package, run

TEMPLATE = "/usr/share/belfry/sdk/template"
NTFY_PORT = 8090


class Ntfy(HTTPServer):
    """A minimal ntfy server that stores published messages."""

    def __init__(self):
        self.published, self.arrived = [], threading.Event()
        super().__init__(("127.0.0.1", NTFY_PORT), self.Handler)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.server.published.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")
            self.server.arrived.set()

        def log_message(self, *_):
            pass


class PluginTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.files = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.libraries = {}
        with Root(name="compiler", packages=COMPILER) as root:
            sdk = root.put(package("belfry-dev"))
            root.fetch(sdk)
            root.fetch("cmake", "make", "pkg-config")
            root.chroot("apt-get", "install", "--yes", "--no-install-recommends", sdk)
            readme = (root.path / TEMPLATE[1:] / "README.md").read_text()
            cls.commands = re.findall(r"```sh\n(.*?)\n```", readme, re.DOTALL)
            kit = re.findall(r"`(lib[a-z]+-dev)`", readme)
            root.fetch("cmake", "make", *kit)
            # First with the compiler alone, then with the tools that the other ways need.
            cls.build(root, cls.commands[2])
            root.chroot("apt-get", "install", "--yes", "--no-install-recommends", "pkg-config")
            cls.build(root, cls.commands[1])
            root.chroot("apt-get", "install", "--yes", "--no-install-recommends", "cmake", "make")
            cls.build(root, cls.commands[0])
            cls.without_kit = root.chroot("cmake", "-S", TEMPLATE, "-B", "/root/without-kit")
            root.chroot("apt-get", "install", "--yes", "--no-install-recommends", *kit)
            cls.tests = {"template": root.chroot("sh", "-euc", f"cd /root/plugin\n{cls.commands[3]}"), "README": cls.run_chat_test(root)}

    @classmethod
    def build(cls, root, command):
        root.chroot("rm", "-rf", "/root/plugin")
        root.chroot("cp", "-r", TEMPLATE, "/root/plugin")
        root.chroot("sh", "-euc", f"cd /root/plugin\n{command}")
        way = command.split()[0] + (" with pkg-config" if "pkg-config" in command else "")
        cls.libraries[way] = (root.path / "root/plugin/ntfy.so").read_bytes()

    @classmethod
    def run_chat_test(cls, root):
        """Builds and tests the sink in the SDK's README as the README shows it. Returns the output."""
        page = (SOURCE / "sdk/README.md").read_text()
        blocks = {language: re.findall(rf"(?ms)^```{language}\n(.*?)^```$", page) for language in ("cpp", "cmake", "sh")}
        directory = root.path / "root/chat"
        directory.mkdir()
        (directory / "chat.cpp").write_text(blocks["cpp"][0])
        (directory / "chat_test.cpp").write_text(blocks["cpp"][1])
        (directory / "CMakeLists.txt").write_text(blocks["cmake"][0])
        return root.chroot("sh", "-euc", f"cd /root/chat\n{blocks['sh'][1]}")

    def test_the_kit_is_optional_and_its_tests_pass(self):
        self.assertRegex(self.without_kit, r"the test kit needs packages that are not installed: .*libgtest-dev.*libgmock-dev.*libvalijson-dev")
        for name, output in self.tests.items():
            self.assertIn("100% tests passed, 0 tests failed out of 1", output, name)

    def test_every_way_exports_the_entry_alone(self):
        self.assertEqual(sorted(self.libraries), ["cmake", "g++", "g++ with pkg-config"])
        for way, library in self.libraries.items():
            with self.subTest(way), tempfile.NamedTemporaryFile(suffix=".so") as file:
                file.write(library)
                file.flush()
                self.assertEqual(run("nm", "--dynamic", "--defined-only", file.name).split()[2:], ["belfry_plugin_entry_v1"])
                self.assertNotIn("belfry", run("readelf", "--dynamic", file.name).replace(file.name, ""))

    def test_it_is_found_checked_and_delivers(self):
        with Root() as root:
            belfry = root.put(package("belfry"))
            root.fetch(belfry)
            with Machine(root) as machine, Ntfy() as ntfy:
                threading.Thread(target=ntfy.serve_forever, daemon=True).start()
                machine.run("apt-get", "install", "--yes", "--no-install-recommends", belfry)
                gateway = Installed(machine)
                directory = root.path / "usr/local/lib/belfry/plugins"
                file = directory / "ntfy.so"
                machine.run("install", "-d", "/usr/local/lib/belfry/plugins")
                for way, library in self.libraries.items():
                    with self.subTest(way):
                        file.write_bytes(library)
                        self.assertIn("/usr/local/lib/belfry/plugins/ntfy.so", machine.run("belfry", "plugins", "show", "ntfy"))
                        self.use(machine, gateway, ntfy)
                # A directory that others can write to is refused, with the command that fixes it.
                directory.chmod(0o777)
                output = machine.run("belfry", "plugins", "list")
                self.assertIn("run: chmod go-w /usr/local/lib/belfry/plugins", output)
                ntfy.shutdown()

    def use(self, machine, gateway, ntfy):
        configuration = gateway.configuration()
        if "ntfy" not in configuration.read_text():
            sinks = f'sinks:\n  phone: {{ plugin: ntfy, config: {{ url: "http://127.0.0.1:{NTFY_PORT}" }} }}\n\npipeline:'
            text = re.sub(r"(?ms)^sinks:.*?^pipeline:", sinks, configuration.read_text())
            configuration.write_text(text.replace("to: [slack]", "to: [phone]"))
        self.assertIn("valid", machine.run("belfry", "check"))
        machine.run("systemctl", "restart", "belfry")
        gateway.until(lambda: gateway.readiness() == 200, "/readyz answers 200")
        ntfy.arrived.clear()
        self.assertEqual(gateway.post_webhook(notification(**{"payload.user_username": "bobby"}))[0], 204)
        self.assertTrue(ntfy.arrived.wait(20), gateway.log())
        self.assertEqual(ntfy.published[-1]["topic"], "coder-bobby")
        self.assertEqual(ntfy.published[-1]["title"], 'Workspace "dev" deleted')


if __name__ == "__main__":
    unittest.main(failfast=True)
