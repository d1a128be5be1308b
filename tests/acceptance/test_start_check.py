"""`belfry check` tests what `belfry serve` needs from the machine, with the same code: both report the same problems in the same words. A
running gateway neither interferes nor is disturbed."""
import os
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import unittest
from contextlib import closing
from pathlib import Path

from harness import BUILD, Gateway, Sandbox, environment
from payloads import notification
from test_store_damage import picture

NOBODY = 65534
OWNER = 65533  # owner of a state directory; a uid without a user name


class StartCheckTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sandbox = cls.enterClassContext(Sandbox("--no-rate-limits"))

    def gateway(self, **settings):
        gateway = Gateway(self.sandbox, **settings)
        self.addCleanup(gateway.__exit__, None)
        (gateway.directory / "log").touch()
        return gateway

    def both_refuse(self, gateway, words, **options):
        for command in ("check", "serve"):
            with self.subTest(command):
                ended = gateway.command(command, env=gateway.environment | options.get("env", {}), prefix=options.get("prefix", ()))
                self.assertEqual(ended.returncode, 1, ended.stderr)
                self.assertRegex(ended.stderr, words)

    def refuses_database(self, gateway, words, **options):
        """As both_refuse(); neither command changes anything in the state directory."""
        before = picture(gateway.directory / "state")
        self.both_refuse(gateway, rf"store \S+/state/belfry\.db: {words}", **options)
        self.assertEqual(picture(gateway.directory / "state"), before)

    def with_notifications(self, count=3, body="It is there.", **settings):
        """A gateway that has stored and delivered some notifications, and has ended."""
        gateway = self.gateway(**settings)
        gateway.start()
        for number in range(count):
            self.assertEqual(gateway.post_webhook(notification(f"n{number}@coder.com", body=body))[0], 204)
        gateway.wait_idle()
        gateway.stop()
        return gateway, gateway.directory / "state/belfry.db"

    def checks(self, gateway, *options):
        checked = gateway.command("check", *options, env=gateway.environment)
        return checked.returncode, checked.stdout + checked.stderr

    def test_a_state_directory_that_is_missing(self):
        gateway = self.gateway()
        (gateway.directory / "state").rmdir()
        self.both_refuse(gateway, "store: the directory .*state cannot be used: No such file or directory; create it")
        (gateway.directory / "state").symlink_to("/srv/elsewhere")
        self.both_refuse(gateway, "store: the directory .*state cannot be used: No such file or directory")

    @unittest.skipUnless(os.geteuid() == 0, "only root may mount")
    def test_a_state_directory_that_is_mounted_noexec(self):
        gateway = self.gateway()
        mount = f'mount -t tmpfs -o noexec,mode=700 belfry-test {gateway.directory}/state && exec "$@"'
        prefix = ["unshare", "--mount", "sh", "-c", mount, "sh"]
        if subprocess.run([*prefix, "true"], capture_output=True).returncode != 0:
            self.skipTest("no mount namespace here")
        self.both_refuse(gateway, "store: the directory .*state is mounted noexec, .*; mount it with exec", prefix=prefix)

    def test_a_database_of_a_newer_version(self):
        gateway, database = self.with_notifications(1)
        with closing(sqlite3.connect(database, isolation_level=None)) as opened:
            opened.execute("PRAGMA user_version = 99")
        self.refuses_database(gateway, r"written by a newer Belfry \(schema 99, .*; install that version again")

    def test_a_file_that_is_no_database(self):
        gateway = self.gateway()
        database = gateway.directory / "state/belfry.db"
        database.write_text("Dear diary, today nothing was delivered.\n" * 100)
        self.refuses_database(gateway, "not a Belfry database; check store.path")
        database.unlink()
        with closing(sqlite3.connect(database, isolation_level=None)) as another:
            another.execute("CREATE TABLE precious(x)")
        self.refuses_database(gateway, "not a Belfry database; check store.path")
        database.unlink()
        database.mkdir()
        self.refuses_database(gateway, "is not a file, wanted a database; check store.path")

    def test_a_damaged_database(self):
        gateway, database = self.with_notifications(body="It is there. " * 5_000)
        contents = bytearray(database.read_bytes())
        middle = len(contents) // 2
        contents[middle : middle + 16_384] = b"Z" * 16_384
        database.write_bytes(contents)
        self.refuses_database(gateway, "damaged; restore it from a backup")

    def test_the_log_of_another_database(self):
        gateway, database = self.with_notifications()
        backup = database.read_bytes()
        for end in (gateway.stop, gateway.kill):
            gateway.start()
            for number in range(3):
                self.assertEqual(gateway.post_webhook(notification(f"later{number}@coder.com"))[0], 204)
            gateway.wait_idle()
            end()
        database.write_bytes(backup)
        self.refuses_database(gateway, r"next to it is \S+/belfry\.db-wal, .*move belfry\.db-wal away and start again")
        database.unlink()
        self.refuses_database(gateway, r"is missing, but its write-ahead log \S+/belfry\.db-wal exists")

    @unittest.skipUnless(os.geteuid() == 0, "only root may change the owner of a file")
    def test_a_database_of_another_user(self):
        gateway, database = self.with_notifications(1)
        database.chmod(0)
        prefix = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]
        self.refuses_database(gateway, "cannot be read and written by user 0: Permission denied; make that user its owner", prefix=prefix)
        os.chown(database, OWNER, OWNER)
        database.chmod(0o666)
        words = "is accessible to other users, and its mode cannot be changed: Operation not permitted"
        self.refuses_database(gateway, words, prefix=["setpriv", "--bounding-set", "-fowner"])

    def test_the_database_of_a_gateway_that_was_killed_is_left_as_it_is(self):
        gateway, database = self.with_notifications()
        gateway.start()
        self.assertEqual(gateway.post_webhook(notification("later@coder.com", msg_id="in-the-log"))[0], 204)
        gateway.wait_idle()
        gateway.kill()
        self.assertGreater(Path(f"{database}-wal").stat().st_size, 32)
        before = picture(database.parent)
        self.assertEqual(self.checks(gateway, "--strict"), (0, "the configuration is valid\n"))
        self.assertEqual(picture(database.parent), before)
        gateway.start()
        gateway.stop()
        with closing(sqlite3.connect(database)) as store:
            self.assertEqual(store.execute("SELECT count(*) FROM notifications WHERE msg_id = 'in-the-log'").fetchone(), (1,))

    def test_a_database_that_a_gateway_elsewhere_uses(self):
        running = self.gateway()
        running.start()
        other = self.gateway()
        (other.directory / "state").rmdir()
        (other.directory / "state").symlink_to(running.directory / "state")
        served = other.command("serve", env=other.environment)
        self.assertEqual(served.returncode, 1)
        sentence = r"store \S+/state/belfry\.db: in use by another process; stop that one first"
        self.assertRegex(served.stderr, sentence)
        # It may be the gateway of this configuration, whose addresses have just been changed in the file.
        code, output = self.checks(other)
        self.assertEqual(code, 0, output)
        self.assertRegex(output, rf"warning: {sentence}; ignore this if it is the gateway of this configuration, which does not answer belfry status")
        self.assertEqual(self.checks(other, "--strict")[0], 1)
        self.assertEqual(running.post_webhook(notification("undisturbed@coder.com"))[0], 204)
        running.wait_idle()
        self.assertNotIn("in use", running.log())
        running.stop()

    def test_a_port_that_is_taken(self):
        for which in ("port", "admin_port"):
            gateway = self.gateway()
            port = getattr(gateway, which)
            with self.subTest(which), socket.create_server(("127.0.0.1", port)):
                self.both_refuse(gateway, f"(server|admin)\\.listen: cannot listen on 127\\.0\\.0\\.1:{port}: port {port} is in use by another program")

    def test_a_socket_that_is_taken_and_a_place_for_it(self):
        gateway = self.gateway()
        path = gateway.directory / "admin.sock"
        gateway.configure(admin={"listen": f"unix:{path}"})
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(path))
            other.listen()
            self.both_refuse(gateway, "admin\\.listen: cannot listen on unix:.*: another program listens there")
        path.unlink()
        path.write_text("")
        self.both_refuse(gateway, "admin\\.listen: cannot listen on unix:.*: the file exists and is not a socket")
        self.assertTrue(path.exists())
        gateway.configure(admin={"listen": f"unix:{gateway.directory}/none/admin.sock"})
        self.both_refuse(gateway, "admin\\.listen: cannot listen on unix:.*: No such file or directory")

    def test_files_of_tls(self):
        missing = {"certificate": "/nonexistent/tls.crt", "key": "/nonexistent/tls.key"}
        self.both_refuse(self.gateway(server={"tls": missing}), "server\\.listen: .*certificate /nonexistent/tls\\.crt")

    @unittest.skipUnless(os.geteuid() == 0, "only root may mount")
    def test_no_time_zones(self):
        route = {"name": "everyone", "to": ["slack"], "quiet_hours": {"from": "20:00", "to": "07:00", "time_zone": "Europe/Berlin"}}
        gateway = self.gateway(routes=[route])
        prefix = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs belfry-test /usr/share/zoneinfo && exec "$@"', "sh"]
        if subprocess.run([*prefix, "true"], capture_output=True).returncode != 0:
            self.skipTest("no mount namespace here")
        self.both_refuse(gateway, "see that the package tzdata is installed", prefix=prefix)

    def test_a_sink_that_is_kept_to_drain_its_queue(self):
        gateway = self.gateway()
        admin = {"listen": [f"unix:{gateway.directory}/admin.sock", f"127.0.0.1:{gateway.admin_port}"]}
        slow = {"old": {"plugin": "console", "delivery": {"rate": "1/min"}}}
        gateway.configure(admin=admin, sinks=slow, routes=[{"name": "both", "to": ["slack", "old"]}])
        gateway.start()
        for number in range(3):
            self.assertEqual(gateway.post_webhook(notification(f"n{number}@coder.com"))[0], 204)
        gateway.until(lambda: gateway.metric("belfry_deliveries_total", sink="old", outcome="delivered") == 1, "one delivery is within the rate")
        gateway.configure(admin=admin, sinks=slow)
        draining = r"note: sinks\.old is not used by any route, but its queue has 2 deliveries left; keep it until `belfry status --config \S+` shows"
        code, text = self.checks(gateway, "--strict")
        self.assertEqual(code, 0, text)
        self.assertRegex(text, draining)
        gateway.kill()
        before = picture(gateway.directory / "state")
        code, text = self.checks(gateway, "--strict")
        self.assertEqual(code, 0, text)
        self.assertRegex(text, draining)
        self.assertEqual(picture(gateway.directory / "state"), before)
        unknown = r'warning: sinks\.old is not used by any route; name it in a "to" or "fallback", or remove it once `belfry status --config \S+` shows'
        self.assertRegex(self.checks(gateway, "--file-only")[1], unknown)
        shutil.rmtree(gateway.directory / "state")
        (gateway.directory / "state").mkdir(mode=0o700)
        code, text = self.checks(gateway, "--strict")
        self.assertEqual(code, 1, text)
        self.assertRegex(text, r'warning: sinks\.old is not used by any route, and no delivery waits for it; name it in a "to" or "fallback", or remove it\n')

    def test_the_running_gateway_is_no_problem(self):
        for admin in (None, {"listen": "unix"}):
            gateway = self.gateway()
            if admin:
                gateway.configure(admin={"listen": [f"unix:{gateway.directory}/admin.sock", f"127.0.0.1:{gateway.admin_port}"]})
            with self.subTest(admin):
                gateway.start()
                pid = gateway.process.pid
                for options in ((), ("--strict",), ("--startable",)):
                    self.assertEqual(self.checks(gateway, *options), (0, "the configuration is valid\n"))
                self.assertEqual(gateway.post_webhook(notification())[0], 204)
                self.assertEqual(gateway.command("status", env=gateway.environment).returncode, 0 if admin else 1)
                self.assertEqual(gateway.process.pid, pid)
                gateway.stop()
                self.assertEqual(self.checks(gateway), (0, "the configuration is valid\n"))

    def test_its_own_port_on_all_addresses_is_no_problem(self):
        gateway = self.gateway()
        sockets = {"listen": [f"unix:{gateway.directory}/admin.sock", f"127.0.0.1:{gateway.admin_port}"]}
        gateway.configure(admin=sockets)
        gateway.start()
        gateway.configure(admin=sockets, server={"listen": f"0.0.0.0:{gateway.port}"})
        code, output = self.checks(gateway)
        self.assertEqual(code, 0, output)
        self.assertNotIn("in use", output)
        reloaded = gateway.command("reload")
        self.assertEqual(reloaded.returncode, 0, reloaded.stderr)
        gateway.stop()

    def test_another_program_on_another_address_is_one(self):
        gateway = self.gateway()
        sockets = {"listen": [f"unix:{gateway.directory}/admin.sock", f"127.0.0.1:{gateway.admin_port}"]}
        gateway.configure(admin=sockets)
        gateway.start()
        gateway.configure(admin=sockets, server={"listen": f"127.0.0.2:{gateway.port}"})
        with socket.create_server(("127.0.0.2", gateway.port)):
            code, output = self.checks(gateway)
            self.assertEqual(code, 1, output)
            self.assertIn(f"127.0.0.2:{gateway.port}: port {gateway.port} is in use by another program", output)
        gateway.stop()

    def test_another_gateway_is_one(self):
        running = self.gateway()
        running.configure(admin={"listen": [f"unix:{running.directory}/admin.sock", f"127.0.0.1:{running.admin_port}"]})
        running.start()
        other = self.gateway()
        other.port = running.port
        other.configure()
        self.both_refuse(other, f"port {running.port} is in use by another program")
        running.stop()

    @unittest.skipUnless(os.geteuid() == 0, "only root may become somebody else")
    def test_root_tries_it_as_the_user_of_the_gateway(self):
        gateway = self.gateway(server={"listen": "127.0.0.1:81"})
        state = gateway.directory / "state"
        gateway.directory.chmod(0o755)
        os.chown(state, OWNER, OWNER)
        secret = gateway.directory / "token"
        secret.write_text("xoxb-1")
        secret.chmod(0o600)
        gateway.configure(server={"listen": "127.0.0.1:81"}, slack={"bot_token": "${file:token}"})
        os.chown(gateway.directory / "belfry.yaml", OWNER, OWNER)
        code, output = self.checks(gateway)
        self.assertEqual(code, 1)
        self.assertIn("port 81 needs the capability CAP_NET_BIND_SERVICE; choose one above 1023", output)
        self.assertRegex(output, f"token cannot be read by user {OWNER}, which the gateway runs as: Permission denied")
        # The same problem, when the user itself runs the check.
        program = gateway.directory / "belfry"
        shutil.copy(BUILD / "bin/belfry", program)
        os.chown(secret, OWNER, OWNER)
        command = ["setpriv", f"--reuid={OWNER}", f"--regid={OWNER}", "--clear-groups", program, "serve", "--config", gateway.directory / "belfry.yaml"]
        ended = subprocess.run(command, env=environment(gateway.environment), capture_output=True, text=True, timeout=60)
        self.assertEqual(ended.returncode, 1)
        self.assertIn("port 81 needs the capability CAP_NET_BIND_SERVICE; choose one above 1023", ended.stderr)
        gateway.configure(slack={"bot_token": "${file:token}"})
        code, output = self.checks(gateway)
        self.assertEqual(code, 0, output)
        self.assertRegex(output, f"^the configuration is valid\n.*belfry.yaml: note: checked as user {OWNER}, which the gateway runs as\n$")
        password = gateway.directory / "password"
        password.write_text("a password for the webhook")
        password.chmod(0o600)
        gateway.configure(slack={"bot_token": "${file:token}"}, auth={"basic": {"username": "coder", "password": "${file:password}"}})
        self.assertRegex(self.checks(gateway)[1], f"password cannot be read by user {OWNER}, which the gateway runs as: Permission denied")
        gateway.directory.chmod(0o700)
        self.assertRegex(self.checks(gateway)[1], f"user {OWNER}.*Permission denied|Permission denied.*user {OWNER}")


if __name__ == "__main__":
    unittest.main()
