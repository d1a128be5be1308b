#!/usr/bin/python3
"""Writes plugin.h as a later version might be: with one more member at the end of every struct that has a size. The basic shapes, which
have none, stay as they are.

usage: append_members.py PLUGIN_H OUTPUT
"""
import re
import sys
from pathlib import Path

STRUCT = re.compile(r"(typedef struct (\w+) \{\n  uint32_t size;\n.*?)(\n\} \2;)", re.DOTALL)
BASIC_SHAPES = {"belfry_str", "belfry_writer", "belfry_http_header", "belfry_inbound_route", "belfry_findings"}


def main(source, output):
    before = Path(source).read_text()
    text, count = STRUCT.subn(r"\1\n  uint64_t appended;\3", before)
    sized = {name for _, name, _ in STRUCT.findall(before)}
    basic = set(re.findall(r"typedef struct (\w+) \{", before)) - sized
    if count != before.count("  uint32_t size;") or basic != BASIC_SHAPES:
        sys.exit(f"{source}: {count} structs with a size were found, and without one {', '.join(sorted(basic))}; adapt this script")
    output = Path(output)
    output.parent.mkdir(parents=True, exist_ok=True)
    if not output.exists() or output.read_text() != text:
        output.write_text(text)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
