"""Parses the command line from the program's own --help. The reference page, the man page and the shell completions are generated from
the result."""
import dataclasses
import re
import subprocess


@dataclasses.dataclass
class Argument:
    names: list  # ["-c", "--config"]; a positional has one name
    value: str  # "FILE"; "" for a flag
    required: bool
    text: str  # description, including the options that it excludes and needs


@dataclasses.dataclass
class Command:
    path: list  # ["belfry", "plugins", "show"]
    help: str  # the whole output of --help
    text: str
    usage: str
    positionals: list
    options: list
    commands: list

    def every(self):
        """This command and all its subcommands, recursively."""
        yield self
        for command in self.commands:
            yield from command.every()


def sections(lines):
    """{"Options": [(left column, text)]}. If the left column is too long, the text follows on the next line."""
    found, rows = {}, None
    for line in lines:
        if title := re.fullmatch(r"(\S.*):", line):
            rows = found.setdefault(title[1], [])
        elif row := re.fullmatch(r" {2}(\S.*?)(?: {2,}(\S.*))?", line):
            if rows is None:
                raise ValueError(f"a row before the first section of the help: {line}")
            rows.append((row[1], row[2] or ""))
        elif line.strip():
            if not rows:
                raise ValueError(f"text without its row in the help: {line}")
            rows[-1] = (rows[-1][0], f"{rows[-1][1]} {line.strip()}".strip())
    return found


def argument(left, text):
    # "--path PATH=/slack/events Needs: --url": names and value, then a list for each relation.
    own, *relations = re.split(r" (?=(?:Excludes|Needs):)", left)
    names, *words = own.split()
    # "TEXT:{a,b}" is a value with a fixed set of choices; "..." marks a repeatable one.
    value = " ".join(word for word in words if word not in ("REQUIRED", "..."))
    for relation in relations:
        kind, *others = relation.split()
        text += f". {'Not with' if kind == 'Excludes:' else 'Only with'} {', '.join(others)}"
    return Argument(names.split(","), value, "REQUIRED" in words, text)


def walk(program, path=("belfry",)):
    text = subprocess.run([program, *path[1:], "--help"], capture_output=True, text=True, check=True).stdout.strip("\n")
    lines = [line.rstrip() for line in text.splitlines()]
    at = next(number for number, line in enumerate(lines) if line.startswith("Usage: "))
    parts = sections(lines[at + 1 :])
    unknown = parts.keys() - {"Options", "Positionals", "Subcommands"}
    if unknown:
        raise ValueError(f"{' '.join(path)} --help has unknown sections: {', '.join(sorted(unknown))}")
    return Command(
        list(path),
        "\n".join(lines).strip(),
        " ".join(line for line in lines[:at] if line),
        lines[at].removeprefix("Usage: "),
        [argument(*row) for row in parts.get("Positionals", [])],
        [argument(*row) for row in parts.get("Options", [])],
        [walk(program, (*path, name)) for name, _ in parts.get("Subcommands", [])],
    )
