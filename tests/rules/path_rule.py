#!/usr/bin/python3
"""Checks that every path in back quotes on the explanation pages and in the READMEs of folders exists.

usage: path_rule.py SOURCE_DIR
"""
import re
import sys
from pathlib import Path

# A path from the root, such as `core/net/tls.cpp` or `.ci/run`. Other first parts are not paths of this tree.
PATH = re.compile(r"`((?:core|plugins|sdk|tests|config|packaging|docs|\.ci)/[\w./-]*)`")


def problems_of(root, page):
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        for path in PATH.findall(line):
            # A module's file may be named without its suffix.
            if not (root / path).exists() and not list((root / path).parent.glob((root / path).name + ".*")):
                yield f"{page.relative_to(root)}:{number}: {path} does not exist"


def check(root):
    pages = [*sorted((root / "docs/explanation").rglob("*.md")), root / "tests/README.md", root / "CONTRIBUTING.md"]
    return [problem for page in pages for problem in problems_of(root, page)]


if __name__ == "__main__":
    problems = check(Path(sys.argv[1]))
    print("\n".join(problems) or "every path exists")
    sys.exit(1 if problems else 0)
