"""Completions of commands, options and file names for bash, zsh and fish. The name of a value in the help determines its type."""


def is_file(value):
    return value.startswith("FILE") or value.split(".")[-1] in ("json", "yaml", "so")


def is_directory(value):
    return value == "DIR"


def key(command):
    return " ".join(command.path[1:])


def bash(root):
    def quoted(words):
        return "'" + " ".join(words) + "'"

    words, files, directories, valued = [], set(), set(), set()
    for command in root.every():
        options = [name for option in command.options for name in option.names]
        words.append(f"    {quoted([key(command)])}) words={quoted([c.path[-1] for c in command.commands] + options)} ;;")
        for option in command.options:
            if option.value:
                (files if is_file(option.value) else directories if is_directory(option.value) else valued).update(option.names)
    takes_file = [quoted([key(c)]) for c in root.every() if any(is_file(p.value) for p in c.positionals)]
    every = "|".join(quoted([key(c)]) for c in root.every() if c is not root)
    lines = [
        "# Bash completion for belfry. Generated from the program's own help.",
        "_belfry() {",
        "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command= words= at",
        "  # The command so far, without options and their values.",
        "  for ((at = 1; at < COMP_CWORD; at++)); do",
        '    case "${command:+$command }${COMP_WORDS[at]}" in',
        f'      {every}) command="${{command:+$command }}${{COMP_WORDS[at]}}" ;;',
        "    esac",
        "  done",
        "  compopt +o filenames 2>/dev/null",
        '  case "$previous" in',
    ]
    for names, action in ((files, "-f"), (directories, "-d")):
        if names:
            lines.append(f"    {'|'.join(sorted(names))})")
            lines.append(f"      compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen {action} -- \"$current\"); return ;;")
    if valued:
        lines.append(f"    {'|'.join(sorted(valued))}) COMPREPLY=(); return ;;")
    lines += ["  esac", '  case "$command" in', *words, "  esac", '  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")']
    if takes_file:
        lines += [
            '  if [[ $current != -* ]]; then',
            '    case "$command" in',
            f"      {'|'.join(takes_file)})",
            '        compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;',
            "    esac",
            "  fi",
        ]
    return "\n".join([*lines, "}", "complete -F _belfry belfry"]) + "\n"


def zsh(root):
    def text(words):
        for character in "\\:[]":
            words = words.replace(character, "\\" + character)
        return words.replace("'", "'\\''")

    def action(value):
        return "_files" if is_file(value) else "_files -/" if is_directory(value) else ""

    def function(command):
        return "_" + "_".join(command.path).replace("-", "_")

    lines = ["#compdef belfry", "# Zsh completion for belfry. Generated from the program's own help."]
    for command in root.every():
        arguments = []
        for option in command.options:
            value = f":{text(option.value)}:{action(option.value)}" if option.value else ""
            others = f"({' '.join(option.names)})" if len(option.names) > 1 else ""
            arguments += [f"'{others}{name}[{text(option.text)}]{value}'" for name in option.names]
        arguments += [f"':{text(p.value or p.names[0])}:{action(p.value)}'" for p in command.positionals]
        lines += ["", f"{function(command)}() {{"]
        if command.commands:
            lines += ["  local -a commands", "  commands=("]
            lines += [f"    '{c.path[-1]}:{text(c.text)}'" for c in command.commands]
            lines += ["  )", "  local line state", "  _arguments -C \\", *(f"    {a} \\" for a in arguments)]
            lines += ["    '1: :->command' '*::argument:->arguments'", '  case "$state" in', "    command) _describe command commands ;;"]
            lines += ['    arguments) case "$line[1]" in']
            lines += [f"      {c.path[-1]}) {function(c)} ;;" for c in command.commands]
            lines += ["    esac ;;", "  esac"]
        else:
            lines += ["  _arguments \\", *(f"    {a} \\" for a in arguments[:-1]), f"    {arguments[-1]}"]
        lines += ["}"]
    return "\n".join([*lines, "", '_belfry "$@"']) + "\n"


def fish(root):
    def quoted(words):
        return "'" + words.replace("\\", "\\\\").replace("'", "\\'") + "'"

    lines = ["# Fish completion for belfry. Generated from the program's own help.", "complete -c belfry -f"]
    for command in root.every():
        seen = [f"__fish_seen_subcommand_from {word}" for word in command.path[1:]]
        inner = " ".join(c.path[-1] for c in command.commands)
        here = "; and ".join([*seen, f"not __fish_seen_subcommand_from {inner}"] if inner else seen)
        for sub in command.commands:
            lines.append(f"complete -c belfry -n {quoted(here)} -a {sub.path[-1]} -d {quoted(sub.text)}")
        for option in command.options:
            names = " ".join(f"-l {n[2:]}" if n.startswith("--") else f"-s {n[1:]}" for n in option.names)
            value = " -r" + (" -F" if is_file(option.value) else " -a '(__fish_complete_directories)'" if is_directory(option.value) else "")
            lines.append(f"complete -c belfry -n {quoted(here)} {names}{value if option.value else ''} -d {quoted(option.text)}")
        if any(is_file(p.value) for p in command.positionals):
            lines.append(f"complete -c belfry -n {quoted(here)} -F")
    return "\n".join(lines) + "\n"
