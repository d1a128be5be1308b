#!/usr/bin/python3
"""The word list can fail: each sentence and name of this list is found, and each of the others passes."""
import unittest
from pathlib import Path

from words import findings_in, read_rules

RULES = read_rules(Path(__file__).with_name("words.txt"))


class Words(unittest.TestCase):
    def found(self, name, text):
        return list(findings_in(Path(name), text, RULES))

    def test_translated_text_is_found(self):
        for name, text in [
            ("core/net/a.hpp", "// Accepts nobody yet: whoever connects waits.\n"),
            ("core/net/a.hpp", "// What is wrong ends here.\n"),
            ("core/net/a.hpp", "// The program is told\n// about the end.\n"),
            ("core/net/a.cpp", 'log.warn("the store knows no such key");\n'),
            ("core/net/a.cpp", "/* That of the process. */\n"),
            ("core/net/a.cpp", "class Door {};\n"),
            ("core/net/a.cpp", "void open_door(int kDoorCount);\n"),
            ("core/net/a.cpp", "void wait(int most);\n"),
            ("docs/a.md", "The gateway says\nwhat to do.\n"),
            ("docs/a.md", "| a | The sink is told about it. |\n"),
            ("tests/a.py", "# Mend it.\n"),
        ]:
            with self.subTest(text):
                self.assertEqual(len(self.found(name, text)), 1 if "kDoorCount" not in text else 2, text)

    def test_plain_text_passes(self):
        for name, text in [
            ("core/net/a.hpp", "// Bound and listening, not accepting yet; connections queue in the backlog.\n"),
            ("core/net/a.hpp", "// At most `limit` bytes. What happens at the limit: the rest is dropped.\n"),
            ("core/net/a.cpp", 'send(R"(what is sent is not ours: it says so)", "door");\n'),
            ("docs/a.md", "Run `belfry tell`.\n\n```\nWhat is in a block is not read.\n```\n"),
            ("docs/a.md", "## What to do about a 429\n"),
        ]:
            with self.subTest(text):
                self.assertEqual(self.found(name, text), [])


if __name__ == "__main__":
    unittest.main()
