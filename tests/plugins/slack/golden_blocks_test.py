"""The blocks in the golden files pass the Slack sandbox, which enforces Slack's rules."""
import pathlib
import sys
import unittest

ROOT = pathlib.Path(sys.argv.pop())
sys.path.insert(0, str(ROOT / "tests/support"))

from golden import posts  # noqa: E402  (found through the path above)
from slack_sandbox import blocks  # noqa: E402


class Golden(unittest.TestCase):
    def test_every_file(self):
        seen = 0
        for name, made, _ in posts(ROOT):
            seen += 1
            with self.subTest(name):
                self.assertEqual([str(finding) for finding in blocks.check(made).findings], [])
                self.assertTrue(made)
        self.assertGreater(seen, 50)


if __name__ == "__main__":
    unittest.main()
