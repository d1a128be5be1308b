"""The tests exist that README.md names for the cases of the official libraries' suites."""
import pathlib
import re
import sys
import unittest

SOURCE = pathlib.Path(sys.argv.pop())


class Cases(unittest.TestCase):
    def test_every_test_that_is_named_exists(self):
        here = SOURCE / "tests/plugins/slack"
        there = {pair for file in here.rglob("*.cpp") for pair in re.findall(r"TEST(?:_F)?\((\w+), (\w+)\)", file.read_text())}
        for file in (SOURCE / "tests/acceptance").glob("test_*.py"):
            suite = None
            for match in re.finditer(r"(?m)^class (\w+)|^    def (test_\w+)", file.read_text()):
                suite = match[1] or suite
                if match[2]:
                    there.add((suite, match[2]))
        rows = re.findall(r"(?m)^\| [^|]* \| ([^|]*) \|$", (here / "README.md").read_text())
        named = [name for row in rows for name in re.findall(r"`(\w+(?:\.\w+)?)`", row)]
        self.assertGreater(len(named), 50)
        for name in named:
            suite, _, test = name.rpartition(".")
            with self.subTest(name):
                self.assertTrue(any(pair[1] == test and suite in ("", pair[0]) for pair in there))


if __name__ == "__main__":
    unittest.main()
