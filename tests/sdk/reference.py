#!/usr/bin/python3
"""Generates the reference of the SDK, and compares its pages with the header, the systemd unit and the program that they describe.

usage: reference.py SOURCE_DIR BUILD_DIR DOXYGEN CXX BELFRY
"""
import json
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCE, BUILD = map(Path, sys.argv[1:3])
DOXYGEN, CXX, BELFRY = sys.argv[3:6]
HEADER = (SOURCE / "sdk/include/belfry/plugin.h").read_text()
CPP_HEADER = (SOURCE / "sdk/include/belfry/sdk.hpp").read_text()
PROMISES = (SOURCE / "sdk/reference/promises.md").read_text()
AUTHORS = (SOURCE / "sdk/reference/authors.md").read_text()


def rows(page, first_column):
    """The cells of the table that has this heading in its first column, without backquotes."""
    table = re.search(rf"(?m)^\| {first_column} \|.*\n\|[-|]+\|\n((?:\|.*\n)+)", page)[1]
    return [[cell.strip().replace("`", "") for cell in line.strip("|").split("|")] for line in table.splitlines()]


def block(page, language):
    """The first block of code in this language."""
    return dict(reversed(re.findall(r"(?ms)^```(\w*)\n(.*?)^```$", page)))[language]


class ReferenceTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        settings = (BUILD / "sdk/reference/Doxyfile").read_text() + f'\nOUTPUT_DIRECTORY = "{cls.directory}"\nWARN_AS_ERROR = FAIL_ON_WARNINGS\n'
        cls.generated = subprocess.run([DOXYGEN, "-"], input=settings, capture_output=True, text=True)
        cls.pages = {page.name: page.read_text() for page in (cls.directory / "html").glob("*.html")}

    def test_there_are_no_warnings(self):
        self.assertEqual((self.generated.returncode, self.generated.stderr), (0, ""))

    def test_nothing_is_loaded_from_elsewhere(self):
        for name, page in self.pages.items():
            self.assertNotRegex(page, r"<script|<(?:link|img)[^>]*//", name)

    def test_every_public_name_has_a_place(self):
        macros = set(re.findall(r"#define (BELFRY_\w+)", HEADER)) - {"BELFRY_PLUGIN_H"}
        for name in sorted(macros):
            self.assertIn(f">{name}<", self.pages["plugin_8h.html"])
        for name in re.findall(r"(?m)^\} (belfry_\w+);", HEADER):
            self.assertIn(f"struct{name.replace('_', '__')}.html", self.pages)
        for name in re.findall(r"using sdk::(\w+);", CPP_HEADER):
            self.assertIn(f">{name}<", self.pages["namespacebelfry_1_1sdk.html"])

    def test_internals_have_none(self):
        for name, page in self.pages.items():
            self.assertNotRegex(page, "InstanceAccess|EventTarget|HostTables|detail::Entry", name)

    def test_bounds_are_those_of_the_header(self):
        wanted = dict(re.findall(r"#define (BELFRY_MAX_\w+) (\d+)u", HEADER))
        self.assertEqual({row[0]: re.match(r"\d+", row[1])[0] for row in rows(PROMISES, "bound")}, wanted)

    def test_states_are_those_of_the_header(self):
        wanted = [state for state in re.findall(r"(?m)^ \*  \| (\w+) +\|", HEADER) if state != "state"]
        self.assertEqual([row[0] for row in rows(PROMISES, "state")], wanted)

    def test_annotations_are_those_of_the_header(self):
        wanted = {"default", *re.findall(r'"(x-[a-z]+)"', HEADER)}
        self.assertEqual({row[0] for row in rows(AUTHORS, "annotation")}, wanted)
        schema = json.loads(block(AUTHORS, "json"))
        used = {key for property in schema["properties"].values() for key in property}
        self.assertEqual(wanted - used, set())
        for row in rows(AUTHORS, "annotation"):
            self.assertEqual(list(json.loads("{" + row[3] + "}")), [row[0]])

    def test_sandbox_is_that_of_the_unit(self):
        unit = (SOURCE / "packaging/systemd/belfry.service.in").read_text().splitlines()
        for row in rows(AUTHORS, "a plugin cannot"):
            self.assertIn(row[1], unit)

    def test_code_compiles(self):
        command = [CXX, "-std=c++23", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-isystem", SOURCE / "sdk/include", "-x", "c++", "-"]
        done = subprocess.run(command, input=block(AUTHORS, "cpp"), capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_plugins_show_prints_this(self):
        configuration = self.directory / "belfry.yaml"
        configuration.write_text(f"version: 1\nplugins: {{ directories: [{BUILD}/examples] }}\n")
        shown = subprocess.run([BELFRY, "plugins", "show", "ntfy", "--config", configuration], capture_output=True, text=True)
        self.assertEqual(shown.stdout.replace(f"{BUILD}/examples/", "/usr/local/lib/belfry/plugins/"), block(AUTHORS, ""), shown.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
