#!/usr/bin/python3
"""Reads every #include of the sources and refuses one along an arrow that docs/explanation/architecture.md does not have.

usage: include_rule.py SOURCE_DIR
"""
import re
import sys
from pathlib import Path

# What the files of a room may include, by the first part of the include's path.
PURE = {"base", "model"}
DELIVERY = PURE | {"net", "plugin", "policy", "render", "route", "store"}
ARROWS = {
    "core/base": {"base"},
    "core/model": PURE,
    "core/config": PURE | {"config", "render"},
    "core/source": PURE | {"source"},
    "core/route": PURE | {"render", "route"},
    "core/policy": PURE | {"policy"},
    "core/render": PURE | {"render", "markdown"},
    "core/store": PURE | {"store"},
    "core/net": {"base", "net"},
    "core/plugin": PURE | {"net", "plugin", "policy"},
    "core/delivery": DELIVERY | {"delivery"},
    "core/api": DELIVERY | {"delivery", "api", "source"},
    "core/app": DELIVERY | {"delivery", "api", "source", "app", "config"},
    "core": {"app"},  # main.cpp
}
ROOMS = {name.removeprefix("core/") for name in ARROWS if "/" in name}
# Of sdk/: for gateway and plugins alike, and with a library that nothing else includes.
SHARED = {"markdown"}
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.MULTILINE)
# Rooms that know no network, no clock and no file of the machine.
PURE_ROOMS = {"core/model", "core/source", "core/route", "core/policy", "core/render"}
IMPURE = re.compile(r"^(boost/(asio|beast)|fstream$|sys/socket|thread$|openssl/ssl)")


def room_of(path):
    parts = path.parts
    return "/".join(parts[:2]) if len(parts) > 2 else parts[0]


def problems_of(path, text):
    """Yields one sentence for each include of the file `path` (relative to the root) that breaks a rule."""
    room = room_of(path)
    for quote, target in INCLUDE.findall(text):
        first = target.split("/")[0]
        if target.startswith("cmark-gfm") and room != "sdk/markdown":
            yield f"{path}: <{target}>: only sdk/markdown includes the Markdown parser"
        elif ".." in target.split("/"):
            yield f'{path}: "{target}": includes name a room, never a way to it with ".."'
        elif path.parts[0] == "core":
            if target.startswith("belfry/") and (room != "core/plugin" or target != "belfry/plugin.h"):
                yield f"{path}: <{target}>: only core/plugin includes the plugin ABI, and core never sees the SDK"
            elif "/" in target and first in ROOMS | SHARED and first not in ARROWS[room]:
                yield f'{path}: "{target}": there is no arrow from {room} to {first}'
            elif room in PURE_ROOMS and IMPURE.match(target):
                yield f"{path}: <{target}>: {room} is pure"
            elif target.startswith(("boost/asio", "boost/beast")) and room != "core/net":
                yield f"{path}: <{target}>: Asio and Beast are compiled in core/net only"
        elif room == "sdk/markdown" and target.startswith("belfry/"):
            yield f"{path}: <{target}>: sdk/markdown depends on nothing of Belfry"
        elif path.parts[0] in ("plugins", "sdk") and quote == '"' and first in ROOMS:
            yield f'{path}: "{target}": plugins and the SDK never see core'


def check(root):
    found = []
    for top in ("core", "plugins", "sdk"):
        for path in sorted((root / top).rglob("*")):
            if path.suffix in (".cpp", ".hpp", ".h", ".c"):
                found += problems_of(path.relative_to(root), path.read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    problems = check(Path(sys.argv[1]))
    print("\n".join(problems) or "every include follows an arrow")
    sys.exit(1 if problems else 0)
