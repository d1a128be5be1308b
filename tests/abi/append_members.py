#!/usr/bin/python3
"""Writes plugin.h as a later version might be: with one more member at the end of every struct that has a size.

usage: append_members.py PLUGIN_H OUTPUT
"""
import re
import sys
from pathlib import Path

STRUCT = re.compile(r"(typedef struct (\w+) \{\n  uint32_t size;\n.*?)(\n\} \2;)", re.DOTALL)


def main(source, output):
    text, count = STRUCT.subn(r"\1\n  uint64_t appended;\3", Path(source).read_text())
    sized = text.count("  uint32_t size;")
    if count != sized or count < 20:
        sys.exit(f"{source}: {count} of {sized} structs with a size were found; adapt the pattern")
    output = Path(output)
    output.parent.mkdir(parents=True, exist_ok=True)
    if not output.exists() or output.read_text() != text:
        output.write_text(text)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
