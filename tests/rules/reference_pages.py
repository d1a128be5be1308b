#!/usr/bin/python3
"""The reference pages that are made from the program itself: configuration from the JSON Schema, Coder's events from
the catalogue, the command line from its own help.

usage: reference_pages.py SOURCE_DIR BELFRY [--write]      without --write: says which pages are stale
"""
import json
import sys
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "packaging" / "manual"))
from command_help import walk  # noqa: E402 (found only now)


def words_for(schema, definitions):
    """What a value may be, in a few words."""
    if "$ref" in schema:
        return schema["$ref"].rsplit("/", 1)[1]
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "allOf" in schema:
        return words_for(schema["allOf"][0], definitions)
    if "anyOf" in schema:
        kinds = [words_for(one, definitions) for one in schema["anyOf"]]
        return " or ".join(dict.fromkeys(kind for kind in kinds if kind != "reference"))
    if schema.get("type") == "array":
        return "list of " + words_for(schema.get("items", {}), definitions)
    kind = schema.get("type", "any")
    return " or ".join(kind) if isinstance(kind, list) else kind


# Definitions whose members are told where they are used, and not as a kind of value.
SECTIONS = ("route", "message", "redaction")


def resolved(schema, path, definitions):
    """The section that a reference names; nothing for a kind of value, and for a section within itself."""
    name = schema.get("$ref", "").rsplit("/", 1)[-1]
    if name not in SECTIONS:
        return {} if name else schema
    return {} if path.count(f"{name}s[]") > 1 else definitions[name]


def rows(schema, path, definitions):
    schema = resolved(schema, path, definitions)
    required = schema.get("required", [])
    for key, value in schema.get("properties", {}).items():
        name = f"{path}.{key}" if path else key
        must = ", required" if key in required else ""
        yield f"| `{name}` | {words_for(value, definitions)}{must} | {value.get('description', '')} |".replace("\n", " ")
        yield from rows(value, name, definitions)
        named = value.get("additionalProperties")
        if isinstance(named, dict):
            yield from rows(named, name + ".NAME", definitions)
        if isinstance(value.get("items"), dict):
            for items in value["items"].get("anyOf", value["items"].get("allOf", [value["items"]])):
                yield from rows(items, name + "[]", definitions)


def configuration(root):
    schema = json.loads((root / "config" / "belfry.schema.json").read_text())
    definitions = schema.get("definitions", {})
    # What a main file needs that includes no other.
    alone = schema["then"]["else"]
    schema["required"] = schema["if"]["required"] + alone["required"]
    schema["properties"]["pipeline"]["required"] = alone["properties"]["pipeline"]["required"]
    lines = [
        "# Configuration",
        "",
        "Made from `config/belfry.schema.json`; point your editor at that file for completion. A commented file to start from is",
        "`config/belfry.yaml`, more are in `config/examples/`. `belfry check` names every mistake at once, with line and column.",
        "",
        "Strings may hold `${env:NAME}` and `${file:PATH}`, each with a default after `:-`, which may be another reference; quote them inside `{ }`.",
        "Relative paths of `${file:}` are looked for in `$CREDENTIALS_DIRECTORY`, then beside the configuration file. `$${` stands for `${`.",
        "A secret whose default is empty (`${file:webhook-password:-}`) may be left out. A file that others can read is refused for a secret.",
        "A secret of a sink that is one `${file:}` and nothing else is read again when its file has changed, without a reload.",
        "",
        "What is required may also stand in a file that is included, see [splitting the configuration](../how-to/split-the-configuration.md). Such a file has",
        "`plugins`, `sources`, `sinks` and `pipeline` only; the schema takes a file without `version` for one.",
        "",
        "| key | value | meaning |",
        "|---|---|---|",
        *rows(schema, "", definitions),
        "",
        "## Kinds of value",
        "",
        "| kind | meaning |",
        "|---|---|",
        *(f"| {name} | {value.get('description', '')} |" for name, value in definitions.items() if value.get("description")),
        "",
        "## Without a file",
        "",
        "`belfry serve` without `--config` and without `/etc/belfry/belfry.yaml` takes the place of the Bolt application of Coder's guide: `SLACK_BOT_TOKEN`",
        "(required), `SLACK_SIGNING_SECRET`, `SLACK_APP_TOKEN` and `PORT` (6000) come from the environment; it listens on `[::]:PORT` and keeps its state under",
        "`$STATE_DIRECTORY`, else `$XDG_STATE_HOME/belfry`, else `~/.local/state/belfry`. With `BELFRY_WEBHOOK_PASSWORD` the webhook asks for the user `coder`",
        "and this password; without it the gateway takes notifications from anyone, and warns. The variable must not be empty.",
        "",
        "Only a file that does not exist counts as none: one that cannot be read, or that stands in a directory that cannot be searched, is an error. The",
        "systemd unit names `/etc/belfry/belfry.yaml` with `--config`, so that the service never starts without it.",
        "",
        "## The admin socket",
        "",
        "Where the gateway and its commands meet unless `admin.listen` says otherwise, found without reading the configuration: `admin.sock` in `$RUNTIME_DIRECTORY`",
        "(under the systemd unit `/run/belfry`), else in `$XDG_RUNTIME_DIR/belfry`, else in the directory that holds the queue by default. A command asks the addresses of",
        "the configuration first, then this socket and `/run/belfry/admin.sock`, so that `belfry status` and `belfry reload` reach the running gateway also when the file has",
        "been broken, says nothing of it, or does not exist. A gateway that runs with another file is not mistaken for it. To ask one that has a directory of its own:",
        "`RUNTIME_DIRECTORY=/run/other belfry status`.",
        "",
        "## Other variables",
        "",
        "`https_proxy`, `http_proxy` and `no_proxy` (or in capitals) name a proxy for sinks that say nothing of their own, see",
        "[behind a proxy](../how-to/company-network.md); `BELFRY_LOG` (debug, info, warn, error; default info) sets what is logged; `BELFRY_PLUGIN_DIR` adds plugin",
        "directories, separated by colons, where the file names none; `BELFRY_CORE_FILES` (yes, no; default no) lets a crash leave a core file, which holds",
        "secrets and what people were told.",
    ]
    return "\n".join(lines) + "\n"


def events(root):
    lines = [
        "# Coder's events",
        "",
        "Made from `config/coder-events.yaml`. Belfry delivers what is not here like anything else; it knows these to warn of a condition that none of",
        "them meets: a `name`, a `template_id` or a `labels.NAME` that no event has, a pattern that fits no name.",
        "",
        "Coder may send more, or a version of your own may. Files in the same form add events, and say something else about one with the same id:",
        "",
        "```yaml",
        "sources:",
        "  coder: { catalogue: [extra-events.yaml] }",
        "```",
        "",
        "```yaml",
        "events:",
        "  - { id: 11111111-2222-4333-8444-555555555555, name: Licence Expires, group: Licence Events, labels: [days] }",
        "```",
        "",
        "`name` is required. `also` lists names that other versions use.",
        "",
        "| name | group | labels | template id |",
        "|---|---|---|---|",
    ]
    for event in yaml.safe_load((root / "config" / "coder-events.yaml").read_text())["events"]:
        names = "<br>".join([event["name"], *(f"({name})" for name in event.get("also", []))])
        labels = ", ".join(f"`{label}`" for label in event.get("labels", []))
        identifier = f"`{event['id']}`" if "id" in event else ""
        lines.append(f"| {names} | {event.get('group', '')} | {labels} | {identifier} |")
    return "\n".join(lines) + "\n"


def command_line(belfry):
    lines = ["# Command line", "", "Made from the program's own help. Exit codes: 0 done, 1 failed or invalid, 2 wrong usage.", ""]
    for command in walk(belfry).every():
        lines += [f"## `{' '.join(command.path)}`", "", "```", *command.help.splitlines(), "```", ""]
    return "\n".join(lines)


def main(argv):
    root, belfry = Path(argv[1]), argv[2]
    reference = root / "docs/reference"
    pages = {
        reference / "configuration.md": configuration(root),
        reference / "coder-events.md": events(root),
        reference / "cli.md": command_line(belfry),
    }
    stale = [page for page, text in pages.items() if not page.exists() or page.read_text() != text]
    if "--write" in argv:
        for page in stale:
            page.write_text(pages[page])
        return 0
    for page in stale:
        print(f"{page.relative_to(root)} is stale; write it anew with: tests/rules/reference_pages.py . build/release/bin/belfry --write")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
