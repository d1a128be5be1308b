#!/usr/bin/python3
"""Generates reference pages: the configuration from its JSON Schema, Coder's events from the catalogue, the command line from the program's
own help.

usage: reference_pages.py SOURCE_DIR BELFRY [--write]      without --write: lists stale pages and exits with 1 if there are any
"""
import json
import sys
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "packaging" / "manual"))
from command_help import walk  # noqa: E402 (found only now)


def words_for(schema, definitions):
    """The type of a value in a few words."""
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


# Definitions whose members are listed where they are used, instead of under "Value types".
SECTIONS = ("route", "message", "redaction")


def resolved(schema, path, definitions):
    """Follows a reference to a section; {} for a value type, and for a section nested within itself."""
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
    # The sections that are required in a main file without `include`.
    alone = schema["then"]["else"]
    schema["required"] = schema["if"]["required"] + alone["required"]
    schema["properties"]["pipeline"]["required"] = alone["properties"]["pipeline"]["required"]
    lines = [
        "# Configuration",
        "",
        "Generated from `config/belfry.schema.json`; point your editor at that file for completion. To start from a commented file, use",
        "`config/belfry.yaml`; there are more in `config/examples/`. `belfry check` reports every error at once, with line and column.",
        "",
        "Strings may contain `${env:NAME}` and `${file:PATH}`, each with a default after `:-`, which may be another reference; quote them inside `{ }`.",
        "Relative paths in `${file:}` are looked up in `$CREDENTIALS_DIRECTORY`, then next to the configuration file. Write `$${` for a literal `${`.",
        "A secret with an empty default (`${file:webhook-password:-}`) is optional. A secret's file must not be readable by others, or it is rejected.",
        "If a sink's secret is a single `${file:}` and nothing else, it is read again when the file has changed, without a reload.",
        "",
        "Required sections may also be in an included file, see [split the configuration](../how-to/split-the-configuration.md). Such a file may contain only",
        "`plugins`, `sources`, `sinks` and `pipeline`; the schema treats a file without `version` as an included one.",
        "",
        "| key | value | meaning |",
        "|---|---|---|",
        *rows(schema, "", definitions),
        "",
        "## Value types",
        "",
        "| type | meaning |",
        "|---|---|",
        *(f"| {name} | {value.get('description', '')} |" for name, value in definitions.items() if value.get("description")),
        "",
        "## Without a configuration file",
        "",
        "Without `--config` and without `/etc/belfry/belfry.yaml`, `belfry serve` replaces the Bolt application from Coder's guide: `SLACK_BOT_TOKEN`",
        "(required), `SLACK_SIGNING_SECRET`, `SLACK_APP_TOKEN` and `PORT` (6000) come from the environment; it listens on `[::]:PORT` and keeps its state in",
        "`$STATE_DIRECTORY`, or else `$XDG_STATE_HOME/belfry`, or else `~/.local/state/belfry`. With `BELFRY_WEBHOOK_PASSWORD`, the webhook requires the user",
        "`coder` and this password; without it, the gateway accepts notifications from anyone and logs a warning. The variable must not be empty.",
        "",
        "This applies only if the file does not exist: a file that cannot be read, or whose directory cannot be searched, is an error. The systemd unit passes",
        "`--config` with `/etc/belfry/belfry.yaml`, so the service never starts without it.",
        "",
        "## The admin socket",
        "",
        "Unless `admin.listen` is set, commands reach the gateway at a socket that they can find without the configuration: `admin.sock` in",
        "`$RUNTIME_DIRECTORY` (`/run/belfry` under the systemd unit), or else in `$XDG_RUNTIME_DIR/belfry`, or else in the default directory of the queue. A",
        "command tries the configured addresses first, then this socket and `/run/belfry/admin.sock`, so `belfry status` and `belfry reload` reach the running",
        "gateway even if the file is broken, does not mention the socket, or does not exist. A gateway that runs with a different file is not mistaken for this one.",
        "To reach a gateway with a runtime directory of its own: `RUNTIME_DIRECTORY=/run/other belfry status`.",
        "",
        "## Other environment variables",
        "",
        "`https_proxy`, `http_proxy` and `no_proxy` (or in upper case) set the proxy for sinks that do not configure one, see",
        "[company networks](../how-to/company-network.md); `BELFRY_LOG` (debug, info, warn, error; default info) sets the log level; `BELFRY_PLUGIN_DIR` adds",
        "plugin directories, separated by colons, if the file lists none; `BELFRY_CORE_FILES` (yes, no; default no) lets a crash write a core file, which",
        "contains secrets and the text of notifications.",
    ]
    return "\n".join(lines) + "\n"


def events(root):
    lines = [
        "# Coder's events",
        "",
        "Generated from `config/coder-events.yaml`. Belfry delivers events that are not listed here like any other; it uses the list to warn about a condition",
        "that no event can match: a `name`, a `template_id` or a `labels.NAME` that no event has, or a pattern that matches no name.",
        "",
        "Coder, or your own build of it, may send more. Files in the same format add events, or replace the one with the same id:",
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
        "`name` is required. `also` lists names used by other versions.",
        "",
        "Labels differ between events: the name of the workspace is `workspace` in some and `name` in others, and `name` can also be that of a template. A template",
        "such as `{{labels.workspace}}` is empty for an event without that label. Labels are those of all versions of Coder combined.",
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
    lines = ["# Command line", "", "Generated from the program's own help. Exit codes: 0 success, 1 failed or invalid, 2 usage error.", ""]
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
        print(f"{page.relative_to(root)} is stale; update it with: tests/rules/reference_pages.py . build/release/bin/belfry --write")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
