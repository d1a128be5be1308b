#!/usr/bin/python3
"""Checks that every #include follows a module dependency of docs/explanation/architecture.md.

usage: include_rule.py SOURCE_DIR
"""
import re
import sys
from pathlib import Path

PURE = {"base", "model"}
DELIVERY = PURE | {"net", "plugin", "policy", "render", "route", "store"}
SINK_CHECK = DELIVERY | {"config", "delivery", "sink_check"}
# For each module, the modules that its files may include, by the first component of the include path.
MODULES = {
    "core/base": {"base"},
    "core/model": PURE,
    "core/config": PURE | {"config", "render"},
    "core/source": PURE | {"source"},
    "core/route": PURE | {"render", "route"},
    "core/policy": PURE | {"policy"},
    "core/render": PURE | {"render", "markdown"},
    "core/store": PURE | {"store"},
    "core/why": PURE | {"store", "why"},
    "core/net": {"base", "net"},
    "core/plugin": PURE | {"net", "plugin", "policy"},
    "core/delivery": DELIVERY | {"delivery"},
    "core/api": DELIVERY | {"delivery", "api", "source"},
    "core/sink_check": SINK_CHECK,
    "core/app": SINK_CHECK | {"api", "app", "dryrun", "source", "why"},
    "core/dryrun": SINK_CHECK | {"dryrun", "source"},
    "core/cli": SINK_CHECK | {"app", "cli", "dryrun"},
    "core": {"cli"},  # main.cpp
}
# The folders within a module, from the bottom up: a file may include from its own folder and those before it. "" is the module's own
# folder. Folders in one set may not include each other.
INNER = {
    "core/config": [{"values"}, {"document"}, {"sections"}, {"pipeline"}, {""}],
    "core/api": [{"operators"}, {"admin", "web"}, {""}],
    "core/app": [{"reload"}, {"observe"}, {"live"}, {"upkeep"}, {"operators"}, {""}],
    "core/cli": [{""}, {"doctor"}, {"commands"}],
    "core/net": [{""}, {"client", "server"}, {"websocket"}],
    "core/plugin": [{"contract"}, {"inspect"}, {"run"}, {""}],
    "core/store": [{""}, {"operations"}, {"group"}, {"sqlite"}],
    "plugins/slack": [{"text"}, {"web_api", "message", "inbound"}, {"deliver"}, {""}],
}
MODULE_NAMES = {name.removeprefix("core/") for name in MODULES if "/" in name}
# The parts of sdk/ that core may include.
SHARED = {"markdown"}
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.MULTILINE)
# Modules that use no network, no clock and no files.
PURE_MODULES = {"core/model", "core/source", "core/route", "core/policy", "core/render", "core/why"}
IMPURE = re.compile(r"^(boost/(asio|beast)|fstream$|sys/socket|thread$|openssl/ssl)")


def module_of(path):
    parts = path.parts
    return "/".join(parts[:2]) if len(parts) > 2 else parts[0]


def inner_folder(parts):
    """The folder within the module, given the path components after the module's name; "" for the module's own folder."""
    return parts[0] if len(parts) > 1 else ""


def goes_up_within(path, module, target):
    """Whether the include leads from a folder within the module to one above or beside it."""
    levels = INNER.get(module)
    name = module.split("/")[1] if "/" in module else ""
    if not levels or not target.startswith(name + "/"):
        return False
    source = inner_folder(path.parts[2:])
    destination = inner_folder(target.split("/")[1:])
    if source == destination:
        return False
    level = {folder: number for number, folders in enumerate(levels) for folder in folders}
    return level.get(destination, -1) >= level.get(source, len(levels)) or destination not in level or source not in level


def problems_of(path, text):
    """Yields a message for each include that breaks a rule. `path` is relative to the root."""
    module = module_of(path)
    for quote, target in INCLUDE.findall(text):
        first = target.split("/")[0]
        if target.startswith("cmark-gfm") and module != "sdk/markdown":
            yield f"{path}: <{target}>: only sdk/markdown includes the Markdown parser"
        elif ".." in target.split("/"):
            yield f'{path}: "{target}": an include path starts with a module and never contains ".."'
        elif goes_up_within(path, module, target):
            yield f'{path}: "{target}": within {module} dependencies point down: {" <- ".join(" ".join(sorted(f or "(top)" for f in l)) for l in INNER[module])}'
        elif path.parts[0] == "core":
            if target.startswith("belfry/") and (module != "core/plugin" or target != "belfry/plugin.h"):
                yield f"{path}: <{target}>: only core/plugin includes the plugin ABI, and core never includes the SDK"
            elif "/" in target and first in MODULE_NAMES | SHARED and first not in MODULES[module]:
                yield f'{path}: "{target}": {module} does not depend on {first}'
            elif module in PURE_MODULES and IMPURE.match(target):
                yield f"{path}: <{target}>: {module} is pure"
            elif target.startswith(("boost/asio", "boost/beast")) and module != "core/net":
                yield f"{path}: <{target}>: Asio and Beast are compiled in core/net only"
        elif module == "sdk/markdown" and target.startswith("belfry/"):
            yield f"{path}: <{target}>: sdk/markdown does not depend on the rest of Belfry"
        elif path.parts[0] in ("plugins", "sdk") and quote == '"' and first in MODULE_NAMES:
            yield f'{path}: "{target}": plugins and the SDK never include core'


def check(root):
    found = []
    for top in ("core", "plugins", "sdk"):
        for path in sorted((root / top).rglob("*")):
            if path.suffix in (".cpp", ".hpp", ".h", ".c"):
                found += problems_of(path.relative_to(root), path.read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    problems = check(Path(sys.argv[1]))
    print("\n".join(problems) or "every include follows a dependency")
    sys.exit(1 if problems else 0)
