"""The rule about paths refuses what it is there to refuse."""
import tempfile
import unittest
from pathlib import Path

import path_rule


class PathRuleTest(unittest.TestCase):
    def found(self, text):
        with tempfile.TemporaryDirectory() as directory:
            root = Path(directory)
            (root / "core/net").mkdir(parents=True)
            (root / "core/net/tls.cpp").touch()
            page = root / "page.md"
            page.write_text(text, encoding="utf-8")
            return list(path_rule.problems_of(root, page))

    def test_a_path_that_exists(self):
        self.assertEqual(self.found("see `core/net/tls.cpp`, `core/net/tls`, `core/net/` and `net/elsewhere`"), [])

    def test_a_path_that_does_not(self):
        self.assertEqual(self.found("first\nsee `core/net/ssl.cpp`"), ["page.md:2: core/net/ssl.cpp does not exist"])
        self.assertEqual(len(self.found("`core/net/tl` and `core/web/`")), 2)


if __name__ == "__main__":
    unittest.main()
