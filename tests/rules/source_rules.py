#!/usr/bin/python3
"""Checks the sources for toolchain traps and style rules that a regular expression can find.

usage: source_rules.py SOURCE_DIR
"""
import re
import sys
from pathlib import Path

RULES = [
    # GCC 12 destroys the captures of a temporary lambda inside a co_await expression twice: name the lambda first.
    (re.compile(r"co_(await|yield)\b[^;]*[(,]\s*\[[^\]]+\]\s*(\(|mutable|\{)"), (".cpp", ".hpp"), "a capturing lambda inside a co_await expression; name it first"),
    # It also destroys the result of a co_await expression twice if that is a branch of ?:.
    (re.compile(r"\?\s*co_await\b|\?[^;:?{}]*:\s*co_await\b"), (".cpp", ".hpp"), "co_await in a branch of ?:; write if and else"),
    (re.compile(r"this_thread::sleep|\busleep\(|\bnanosleep\("), (".cpp", ".hpp", ".c"), "a sleep does not synchronize; wait for a condition"),
    (re.compile(r"\b(TODO|FIXME|XXX|HACK)\b"), (".cpp", ".hpp", ".h", ".c", ".py"), "unfinished code"),
]
# Hostile plugins sleep and spin on purpose.
EXEMPT = {"tests/hostile", "tests/rules"}


def main(root):
    found = []
    for top in ("core", "plugins", "sdk", "tests"):
        for path in sorted((root / top).rglob("*")):
            relative = path.relative_to(root)
            if not path.is_file() or any(str(relative).startswith(exempt + "/") for exempt in EXEMPT) or "node_modules" in relative.parts:
                continue
            for pattern, suffixes, why in RULES:
                if path.suffix not in suffixes:
                    continue
                text = path.read_text(encoding="utf-8", errors="replace")
                for match in pattern.finditer(text):
                    found.append(f"{relative}:{text.count(chr(10), 0, match.start()) + 1}: {why}")
    print("\n".join(found) or "the sources follow the rules")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
