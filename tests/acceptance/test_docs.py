"""The examples in the documentation work: configurations are valid, commands exist, links resolve."""
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request
from functools import cache
from pathlib import Path

import yaml

from harness import BUILD, environment, free_port, run_belfry
from payloads import SOURCE

PAGES = [
    *sorted(SOURCE.glob("*.md")),
    *sorted(SOURCE.glob("docs/**/*.md")),
    SOURCE / "sdk/README.md",
    *sorted(SOURCE.glob("plugins/*/README.md")),
]


def name(page):
    return str(page.relative_to(SOURCE))


def fenced(page, language):
    """(line, text) of each fenced block in this language, without the indentation of a surrounding list."""
    text = page.read_text()
    for found in re.finditer(rf"(?m)^( *)```{language}\n(.*?)^ *```$", text, re.DOTALL):
        lines = [line.removeprefix(found[1]) for line in found[2].splitlines()]
        yield text.count("\n", 0, found.start()) + 1, "\n".join(lines) + "\n"


def without_fences(text):
    return re.sub(r"(?ms)^ *```.*?^ *```$", "", text)


class ConfigurationTest(unittest.TestCase):
    def setUp(self):
        self.directory = Path(tempfile.mkdtemp(prefix="belfry-docs-"))
        self.addCleanup(shutil.rmtree, self.directory)
        certificate = ["-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=localhost", "-keyout", "tls.key", "-out", "tls.crt"]
        subprocess.run(["openssl", "req", *certificate], cwd=self.directory, check=True, capture_output=True)
        for copy in ("coder-ca.crt", "corporate-ca.pem"):
            shutil.copy(self.directory / "tls.crt", self.directory / copy)

    def valid(self, text):
        """Checks a configuration and returns its file. Adds the sections that a fragment omits, its secrets, and the built plugins."""
        document = yaml.safe_load(text)
        if "when" in document:
            text = "pipeline:\n  routes:\n    - name: shown\n      to: [slack]\n" + re.sub("(?m)^", "      ", text) + "\n    - { name: everyone, to: [slack] }\n"
            document = yaml.safe_load(text)
        if "version" not in document:
            text = "version: 1\n" + text
        if "sinks" not in document:
            text += 'sinks: { slack: { plugin: slack, config: { bot_token: "${file:slack-bot-token}" } } }\n'
        if "sources" not in document:
            text += "sources: { coder: { type: coder } }\n"
        if "pipeline" not in document:
            text += f"pipeline: {{ routes: [ {{ name: everyone, to: [ {', '.join(document.get('sinks', ['slack']))} ] }} ] }}\n"
        text = re.sub(r"(?m)^  directories: .*$", f"  directories: [{BUILD}/plugins]", text)
        file = self.directory / "belfry.yaml"
        file.write_text(text)
        self.provide_secrets(text, self.directory)
        variables = dict.fromkeys(re.findall(r"\$\{env:(\w+)\}", text), "a secret")
        checked = run_belfry("check", "--file-only", "--config", file, env=variables | {"BELFRY_PLUGIN_DIR": f"{BUILD}/plugins:{BUILD}/examples"})
        self.assertEqual((checked.returncode, checked.stdout), (0, "the configuration is valid\n"), f"{checked.stderr}\n{text}")
        return file

    def provide_secrets(self, text, directory):
        for secret in re.findall(r"\$\{file:([\w-]+)\}", text):
            (directory / secret).touch(mode=0o600)
            (directory / secret).write_text(f"the secret {secret}\n")

    def hold(self, cases, configuration):
        file = self.directory / "cases.yaml"
        file.write_text(cases)
        done = run_belfry("config", "test", "--config", configuration, file, env={"BELFRY_PLUGIN_DIR": f"{BUILD}/plugins"})
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def included(self, text):
        (self.directory / "conf.d").mkdir(exist_ok=True)
        (self.directory / "conf.d/shown.yaml").write_text(text)
        self.provide_secrets(text, self.directory / "conf.d")
        self.valid("include: conf.d/*.yaml\npipeline: { routes: [{ name: everyone, to: [slack] }] }\n")
        (self.directory / "conf.d/shown.yaml").unlink()

    def test_in_pages(self):
        seen = 0
        for page in PAGES:
            configuration = SOURCE / "config/examples/operations-channel.yaml"  # for cases, until the page shows its own configuration
            for _, text in fenced(page, "yaml"):
                if text.startswith("events:"):
                    (self.directory / "extra-events.yaml").write_text(text)
            for line, text in fenced(page, "yaml"):
                with self.subTest(f"{name(page)}:{line}"):
                    if text.startswith("events:"):
                        pass  # read by the configuration next to it
                    elif text.startswith("# /etc/belfry/conf.d/"):
                        self.included(text)
                    elif "\ncases:" in "\n" + text:
                        self.hold(text, configuration)
                    else:
                        configuration = self.valid(text)
                seen += 1
        self.assertGreaterEqual(seen, 4)

    def test_shipped_files(self):
        files = [SOURCE / "config/belfry.yaml", *sorted((SOURCE / "config/examples").glob("*.yaml"))]
        self.assertGreaterEqual(len(files), 4)
        for file in files:
            with self.subTest(name(file)):
                shutil.copytree(file.parent, self.directory, dirs_exist_ok=True)
                self.valid(file.read_text())

    def test_commented_out_lines_of_the_shipped_file(self):
        text = (SOURCE / "config/belfry.yaml").read_text()
        self.valid(re.sub(r"(?m)^( *)# (\w+: (?:\{|\"?\$\{).*)$", r"\1\2", text))


class TryAConfigurationTest(unittest.TestCase):
    """Follows the page to the letter, except for the ports, in an empty home directory."""

    def test_in_a_fresh_home(self):
        page = SOURCE / "docs/how-to/try-a-configuration.md"
        ports = {"6000": str(free_port()), "6001": str(free_port())}
        home = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="belfry-docs-")))
        file = home / "try.yaml"

        def adapted(text):
            return re.sub("600[01]", lambda found: ports[found[0]], text).replace("try.yaml", str(file))

        sandbox, commands, curl = (adapted(text) for _, text in fenced(page, "sh"))
        ((_, text),) = fenced(page, "yaml")
        file.write_text(adapted(text) + f'server: {{ listen: "127.0.0.1:{ports["6000"]}" }}\n')
        search = {"PATH": f"{BUILD}/bin:{os.environ['PATH']}", "BELFRY_PLUGIN_DIR": f"{BUILD}/plugins"}
        env = environment({"HOME": str(home), "XDG_STATE_HOME": None, "XDG_RUNTIME_DIR": None} | search)
        check, serve = commands.splitlines()
        for command, port in ((sandbox, ports["6001"]), (serve, ports["6000"])):
            if command == serve:
                checked = subprocess.run(["sh", "-c", check], env=env, cwd=SOURCE, capture_output=True, text=True)
                self.assertEqual((checked.returncode, checked.stdout), (0, "the configuration is valid\n"), checked.stderr)
                self.assertFalse((home / ".local").exists(), "check creates no files")
            process = subprocess.Popen(["sh", "-c", "exec env " + command], env=env, cwd=SOURCE, stdin=subprocess.DEVNULL)
            self.addCleanup(process.wait, 20)
            self.addCleanup(process.terminate)
            self.until(lambda: self.accepts(port), f"{command} listens")
        self.assertIn("204", subprocess.run(["sh", "-c", curl], env=env, cwd=SOURCE, capture_output=True, text=True, check=True).stdout)
        self.until(lambda: len(self.posts(ports["6001"])) == 1, "the message has arrived")
        status = subprocess.run(["belfry", "status", "--config", str(file)], env=env, capture_output=True, text=True)
        self.assertRegex(status.stdout, r"(?m)^slack +slack +open ", status.stderr)
        self.assertEqual((home / ".local/state/belfry").stat().st_mode & 0o777, 0o700)

    def posts(self, port):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_sandbox/calls?after=0&method=chat.postMessage") as answer:
            return json.load(answer)["calls"]

    def accepts(self, port):
        try:
            socket.create_connection(("127.0.0.1", int(port)), 1).close()
        except OSError:
            return False
        return True

    def until(self, condition, what, within=30):
        deadline = time.monotonic() + within
        while not condition():
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.02)


class CommandTest(unittest.TestCase):
    def shown(self, page):
        """The command lines in blocks and in running text."""
        text = page.read_text()
        yield from re.findall(r"(?m)^ {4,}(belfry(?: .*?)?)(?: +#.*)?$", without_fences(text))
        for _, block in fenced(page, "sh"):
            yield from re.findall(r"(?m)^(belfry .*?)(?: +#.*)?$", block)
        yield from re.findall(r"`(belfry [a-z][^`]*)`", text)

    def exists(self, command):
        """Checks that the subcommands exist, and that the help of the last one lists the options."""
        path, rest = [], command.split()[1:]
        while rest and re.search(rf"(?m)^  {re.escape(rest[0])}  ", subcommands(help_of(*path))):
            path.append(rest.pop(0))
        if path and not rest:
            return
        self.assertFalse(subcommands(help_of(*path)), f"{command}: no such command")
        for word in rest:
            if word.startswith("-"):
                self.assertRegex(help_of(*path), rf"[ ,]{re.escape(word)}[ ,]", f"{command}: no such option")

    def test_command_lines_exist(self):
        seen = set()
        for page in PAGES:
            for command in self.shown(page):
                seen.add(command)
                with self.subTest(f"{name(page)}: {command}"):
                    self.exists(command)
        for needed in ("belfry init", "belfry check", "belfry serve", "belfry plugins list", "belfry render --sink slack payload.json"):
            self.assertIn(needed, seen)


@cache
def help_of(*path):
    return run_belfry(*path, "--help").stdout


def subcommands(text):
    return text.partition("Subcommands:")[2]


class LinkTest(unittest.TestCase):
    def test_relative_links(self):
        seen = 0
        for page in PAGES:
            for target, anchor in re.findall(r"\]\(([^()#\s]*)(#[^()\s]*)?\)", without_fences(page.read_text())):
                if re.match(r"[a-z]+:", target):
                    continue
                seen += 1
                with self.subTest(f"{name(page)}: {target}{anchor}"):
                    file = Path(os.path.normpath(page.parent / target)) if target else page
                    self.assertTrue(file.exists(), "there is no such file")
                    self.assertTrue(file.is_relative_to(SOURCE), "outside the repository")
                    if anchor:
                        self.assertIn(anchor, anchors(file))
        self.assertGreaterEqual(seen, 10)


@cache
def anchors(page):
    """The anchors that GitHub generates for headings."""
    headings = re.findall(r"(?m)^#+ (.*)$", without_fences(page.read_text()))
    return {"#" + re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


if __name__ == "__main__":
    unittest.main()
