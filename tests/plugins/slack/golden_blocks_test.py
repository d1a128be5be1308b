"""The blocks in the golden files pass the Slack sandbox, which refuses what Slack refuses."""
import json
import pathlib
import sys
import unittest

ROOT = pathlib.Path(sys.argv.pop())
sys.path.insert(0, str(ROOT / "tests/support"))

from slack_sandbox import blocks  # noqa: E402  (found through the path above)


class Golden(unittest.TestCase):
    def test_every_file(self):
        files = sorted((ROOT / "tests/golden/slack").glob("*.txt"))
        self.assertTrue(files)
        for file in files:
            with self.subTest(file.name):
                made = json.loads(file.read_text(encoding="utf-8").split("\n" + "-" * 80 + "\n")[1])
                report = blocks.check(made["post"]["blocks"])
                self.assertEqual([str(finding) for finding in report.findings], [])


if __name__ == "__main__":
    unittest.main()
