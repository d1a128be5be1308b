"""belfry(1) in the man macros."""
import re

FILES = [
    ("/etc/belfry/belfry.yaml", "The configuration. /usr/share/belfry/belfry.schema.json has every key, for editors."),
    ("/etc/belfry/conf.d/*.yaml", "More of it, included by the first: sinks, sources, plugins and routes."),
    ("/etc/credstore/", "Credentials of the unit, one a file: slack-bot-token, slack-signing-secret, slack-app-token, webhook-password, admin-token."),
    ("/usr/lib/belfry/plugins, /usr/local/lib/belfry/plugins", "Plugins of packages, and those of the administrator."),
    ("/var/lib/belfry/", "The queue and the private copies of plugins."),
    ("/run/belfry/admin.sock", "Where the commands reach the running gateway, also when its configuration cannot be read."),
]
ENVIRONMENT = [
    ("SLACK_BOT_TOKEN, SLACK_SIGNING_SECRET, SLACK_APP_TOKEN, PORT", "Taken by the configuration that is shipped, and enough without any."),
    ("BELFRY_WEBHOOK_PASSWORD", "The password that Coder sends, for the user coder, with the configuration that is shipped or without any."),
    ("BELFRY_LOG", "What is logged: debug, info, warn, error."),
    ("BELFRY_CORE_FILES", "With yes a crash may leave a core file, which holds secrets and what people were told."),
    ("BELFRY_PLUGIN_DIR", "Plugin directories, separated by colons, where the configuration names none."),
]


def escaped(text):
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga").replace("^", "\\(ha").replace("~", "\\(ti")
    return "\\&" + text if text.startswith((".", "\\(aq")) else text


def term(names, value=""):
    bold = ", ".join(f"\\fB{escaped(name)}\\fR" for name in names)
    return bold + (f" \\fI{escaped(value)}\\fR" if value else "")


def entries(pairs):
    for label, text in pairs:
        yield from (".TP", label, escaped(text) or "\\&")


def command_section(command):
    yield f".SS {escaped(' '.join(command.path[1:]))}"
    yield escaped(command.text)
    yield ".PP"
    yield f"\\fB{escaped(command.usage)}\\fR"
    yield from entries((f"\\fI{escaped(p.value or p.names[0])}\\fR", p.text) for p in command.positionals)
    yield from entries((term(o.names, o.value), o.text) for o in command.options if "--help" not in o.names)


def man_page(root, version, date):
    lines = [
        f'.TH BELFRY 1 {date} "belfry {version}" "User commands"',
        ".SH NAME",
        "belfry \\- notification gateway for Coder",
        ".SH SYNOPSIS",
        f"\\fB{escaped(root.usage)}\\fR",
        ".SH DESCRIPTION",
        escaped(root.text),
        "The service of the same name runs",
        "\\fBbelfry serve\\fR;",
        "the other commands look at it, and check what it is given.",
        ".SH OPTIONS",
        *entries((term(o.names, o.value), o.text) for o in root.options),
        ".SH COMMANDS",
    ]
    for command in root.every():
        # A command that only holds others has nothing to say by itself.
        if command is not root and not command.commands:
            lines += command_section(command)
    lines += [
        ".SH EXIT STATUS",
        *entries([("0", "Done."), ("1", "Failed, or invalid."), ("2", "Wrong usage.")]),
        ".SH ENVIRONMENT",
        *entries((term(re.split(", ", names)), text) for names, text in ENVIRONMENT),
        ".SH FILES",
        *entries((f"\\fI{escaped(name)}\\fR", text) for name, text in FILES),
        ".SH SEE ALSO",
        "\\fBsystemctl\\fR(1), \\fBsystemd.exec\\fR(5)",
    ]
    return "\n".join(lines) + "\n"
