"""Commands reach the running gateway without its configuration: there is none, it names no address, or it has become unreadable."""
import json
import os
import shutil
import stat
import tempfile
import unittest

import yaml

from harness import BUILD, Gateway, Sandbox, run_belfry

TOKEN = "a token for the admin API"


class SocketCase(unittest.TestCase):
    def setUp(self):
        self.sandbox = self.enterContext(Sandbox("--no-rate-limits"))

    def gateway(self, start=True, admin=..., **settings):
        """`admin`: the section of the configuration; by default there is none."""
        gateway = Gateway(self.sandbox, **settings)
        self.addCleanup(gateway.__exit__, None)
        self.file = gateway.directory / "belfry.yaml"
        self.socket = gateway.directory / "run" / "admin.sock"
        gateway.environment["RUNTIME_DIRECTORY"] = str(gateway.directory / "run")
        self.rewrite(gateway, admin)
        if admin is ...:
            gateway.admin_port = 9664
        if start:
            gateway.start()
        return gateway

    def rewrite(self, gateway, admin):
        written = yaml.safe_load(self.file.read_text())
        del written["admin"]
        if admin is not ...:
            written["admin"] = admin
        self.file.write_text(yaml.safe_dump(written, sort_keys=False))

    def run_command(self, gateway, *command, file=True):
        """Runs a command as from a shell of the same user: with the directories in the environment, but without secrets."""
        variables = {"RUNTIME_DIRECTORY": gateway.environment["RUNTIME_DIRECTORY"], "HOME": str(gateway.directory)}
        return run_belfry(*command, *(("--config", self.file) if file else ()), env=variables | {"SLACK_BOT_TOKEN": None})

    def shows_both(self, gateway, line):
        text = self.run_command(gateway, "status")
        self.assertEqual(text.returncode, 0, text.stderr)
        self.assertRegex(text.stdout, r"^belfry \S+, ready, ")
        self.assertRegex(text.stderr, rf"belfry\.yaml:{line}:\d+: error: ")
        self.assertIn("slack", [sink["name"] for sink in json.loads(self.run_command(gateway, "status", "--json").stdout)["sinks"]])
        reload = self.run_command(gateway, "reload")
        self.assertEqual((reload.returncode, reload.stdout), (1, ""))
        self.assertRegex(reload.stderr, rf"belfry\.yaml:{line}:\d+: error: ")
        self.assertIn("the previous one is still in use", reload.stderr)
        self.assertEqual(reload.stderr.count("error: "), 1, reload.stderr)


class DefaultTest(SocketCase):
    def test_a_file_that_says_nothing_of_it(self):
        gateway = self.gateway()
        self.assertEqual(stat.S_IMODE(os.stat(self.socket).st_mode) & 0o007, 0)
        self.assertEqual(stat.S_IMODE(os.stat(self.socket.parent).st_mode), 0o700)
        status = self.run_command(gateway, "status", "--json")
        self.assertEqual((status.returncode, status.stderr), (0, ""))
        self.assertEqual(json.loads(status.stdout)["configuration"], str(self.file))
        reload = self.run_command(gateway, "reload")
        self.assertEqual((reload.returncode, reload.stderr), (0, ""))
        released = self.run_command(gateway, "sinks", "release", "slack")
        self.assertEqual((released.returncode, released.stderr), (0, ""))
        copy = self.run_command(gateway, "backup", str(gateway.directory / "copy.db"))
        self.assertEqual((copy.returncode, copy.stderr), (0, ""))
        gateway.stop()
        self.assertFalse(self.socket.exists())

    def test_a_file_that_is_broken_by_now(self):
        gateway = self.gateway()
        self.file.write_text("version: 1\nsinks: [\n")
        self.shows_both(gateway, 3)

    def test_a_file_that_is_gone(self):
        gateway = self.gateway()
        self.file.unlink()
        status = self.run_command(gateway, "status")
        self.assertRegex(status.stdout, r"^belfry \S+, ready, ")
        self.assertIn("does not exist", status.stderr)

    def test_no_file_at_all(self):
        gateway = self.gateway(start=False)
        self.file.unlink()
        gateway.arguments = ["serve"]
        gateway.environment |= {
            "SLACK_BOT_TOKEN": self.sandbox.token, "SLACK_SIGNING_SECRET": self.sandbox.signing_secret, "PORT": str(gateway.port),
            "BELFRY_PLUGIN_DIR": str(BUILD / "plugins"), "STATE_DIRECTORY": None,
        }
        gateway.start()
        status = self.run_command(gateway, "status", "--json", file=False)
        self.assertEqual((status.returncode, status.stderr), (0, ""))
        self.assertIsNone(json.loads(status.stdout)["configuration"])
        reload = self.run_command(gateway, "reload", file=False)
        self.assertEqual((reload.returncode, reload.stderr.count("error")), (0, 0), reload.stderr)

    def test_the_file_of_another_gateway_is_not_needed_when_none_is_named(self):
        gateway = self.gateway()
        status = self.run_command(gateway, "status", file=False)
        self.assertEqual((status.returncode, status.stderr), (0, ""))

    def test_another_gateway_is_not_taken_for_it(self):
        gateway = self.gateway()
        other = gateway.directory / "other.yaml"
        shutil.copy(self.file, other)
        named, self.file = self.file, other
        for command in (["status"], ["reload"], ["sinks", "release", "slack"]):
            answer = self.run_command(gateway, *command)
            self.assertEqual((answer.returncode, answer.stdout), (1, ""))
            self.assertIn(f"uses {named}; name that file with --config", answer.stderr)

    def test_a_socket_that_cannot_be_made_costs_a_warning(self):
        gateway = self.gateway(start=False)
        (gateway.directory / "run").write_text("a file")
        gateway.start()
        self.assertRegex(gateway.log(), r"warning .*cannot listen on unix:.*/run/admin\.sock.*set admin\.listen to unix:PATH")


class OwnSocketTest(SocketCase):
    def setUp(self):
        super().setUp()
        self.directory = tempfile.mkdtemp(prefix="belfry-run-")
        self.addCleanup(shutil.rmtree, self.directory)

    def own(self, **members):
        gateway = self.gateway(start=False, admin={})
        self.rewrite(gateway, {"listen": [f"unix:{self.directory}/own.sock", f"127.0.0.1:{gateway.admin_port}"]} | members)
        gateway.start()
        return gateway

    def test_a_file_that_is_no_yaml_any_more_still_names_it(self):
        gateway = self.own()
        self.file.write_text(self.file.read_text() + "broken: [\n")
        self.shows_both(gateway, len(self.file.read_text().splitlines()) + 1)

    def test_a_file_with_an_error_elsewhere(self):
        gateway = self.own(token=TOKEN)
        self.file.write_text(self.file.read_text() + "lisen: 1\n")
        self.shows_both(gateway, len(self.file.read_text().splitlines()))

    def test_only_what_is_configured_is_open(self):
        gateway = self.own()
        self.assertFalse(self.socket.exists())
        gateway.stop()
        status = self.run_command(gateway, "status")
        self.assertEqual((status.returncode, status.stdout), (1, ""))
        self.assertRegex(status.stderr, r"^belfry status: no gateway answers \(.*own\.sock.*\); is it running")


if __name__ == "__main__":
    unittest.main()
