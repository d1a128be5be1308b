#!/usr/bin/python3
"""Checks that docs/explanation/files.md lists every header with the first sentences of its comment; --write writes the page.

usage: file_index.py SOURCE_DIR [--write]
"""
import re
import sys
from pathlib import Path

PAGE = "docs/explanation/files.md"
ROOTS = ("core", "plugins", "sdk")
HEAD = """\
# Files

Every header with the start of its comment, by folder; a source file is listed if it has no header of its own. Where a certain question is decided is on
[the source map](source-map.md). Generated from the sources by `tests/rules/file_index.py . --write`.
"""
LENGTH = 240  # of a description
# The rest of a comment is about threads and lifetimes.
END = re.compile(r"(?<=[.:] )(?:Thread rules?|Ownership|Cancellation|Lifetime|Value types?[.;]|A value type|Pure)\b")


def comment_of(text):
    """The text of the comment at the top, up to its first list or empty line."""
    lines = []
    for line in text.splitlines():
        if re.match(r"// *(Copyright|SPDX)", line) or (not lines and line.startswith(("#include", "#pragma"))):
            continue
        found = re.match(r"(?://+|/\*+| \*) ?(.*?)(?: ?\*/)?$", line)
        if not found or not found[1].strip() or re.match(r"\s*(?:- |\| |\d+\. )", found[1]):
            break
        lines.append(found[1].strip())
    return " ".join(lines)


def description_of(text):
    comment = END.split(comment_of(text))[0].strip(" :;,")
    if len(comment) > LENGTH:
        sentence = comment[:LENGTH].rsplit(". ", 1)
        comment = sentence[0] + "." if len(sentence) == 2 else comment[:LENGTH].rsplit(" ", 1)[0] + " ..."
    return comment.replace("|", "\\|")


def listed(path, names):
    if path.suffix in (".hpp", ".h"):
        return True
    if path.suffix not in (".cpp", ".c"):
        return False
    return path.with_suffix(".hpp").as_posix() not in names and path.name not in ("pch.cpp",)


def page_of(root):
    names = sorted(path.relative_to(root).as_posix() for top in ROOTS for path in (root / top).rglob("*") if path.is_file())
    folders = {}
    for name in names:
        path = Path(name)
        if not listed(path, set(names)) or "examples" in path.parts or "template" in path.parts[:2]:
            continue
        description = description_of((root / path).read_text(encoding="utf-8"))
        if description or path.suffix in (".hpp", ".h"):
            folders.setdefault(path.parent.as_posix(), []).append((path.name, description))
    sections = []
    for folder, files in sorted(folders.items()):
        rows = "".join(f"| `{name}` | {description} |\n" for name, description in files)
        sections.append(f"\n## {folder}\n\n| file | |\n|---|---|\n{rows}")
    missing = [f"{folder}/{name}: no comment at the top says what the file is for" for folder, files in folders.items() for name, text in files if not text]
    return HEAD + "".join(sections), missing


def main():
    root = Path(sys.argv[1]).resolve()
    page, missing = page_of(root)
    if missing:
        sys.exit("\n".join(missing))
    if sys.argv[2:] == ["--write"]:
        (root / PAGE).write_text(page, encoding="utf-8")
    elif not (root / PAGE).exists() or (root / PAGE).read_text(encoding="utf-8") != page:
        sys.exit(f"{PAGE} differs from the sources; write it with tests/rules/file_index.py . --write")
    print(f"{PAGE} is complete")


if __name__ == "__main__":
    main()
