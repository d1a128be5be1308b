"""belfry(1) in man macros."""
import re

FILES = [
    ("/etc/belfry/belfry.yaml", "The configuration. /usr/share/belfry/belfry.schema.json describes every key, for editors."),
    ("/etc/belfry/conf.d/*.yaml", "Additional files, included by the configuration: sinks, sources, plugins and routes."),
    ("/etc/credstore/", "Credentials of the unit, one per file: slack-bot-token, slack-signing-secret, slack-app-token, webhook-password, admin-token."),
    ("/usr/lib/belfry/plugins, /usr/local/lib/belfry/plugins", "Packaged plugins, and your own."),
    ("/usr/share/belfry/monitoring/", "Alert rules for Prometheus and a dashboard for Grafana."),
    ("/var/lib/belfry/", "The queue and the private copies of plugins."),
    ("/run/belfry/admin.sock", "The socket through which commands reach the running gateway, even if its configuration cannot be read."),
]
ENVIRONMENT = [
    ("SLACK_BOT_TOKEN, SLACK_SIGNING_SECRET, SLACK_APP_TOKEN, PORT", "Used by the shipped configuration, and sufficient without a configuration file."),
    ("BELFRY_WEBHOOK_PASSWORD", "The password that Coder sends for the user coder, with the shipped configuration or without a file."),
    ("BELFRY_LOG", "The log level: debug, info, warn, error."),
    ("NO_COLOR", "If it is set and not empty, no colours on a terminal."),
    ("TZ", "The time zone of the times that commands print; default: that of the machine."),
    ("BELFRY_CORE_FILES", "With yes, a crash may leave a core file, which contains secrets and the text of notifications."),
    ("BELFRY_PLUGIN_DIR", "Plugin directories, separated by colons, if the configuration lists none."),
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
        "the other commands inspect it and check its configuration.",
        ".SH OPTIONS",
        *entries((term(o.names, o.value), o.text) for o in root.options),
        ".SH COMMANDS",
    ]
    for command in root.every():
        # A command with subcommands does nothing by itself.
        if command is not root and not command.commands:
            lines += command_section(command)
    lines += [
        ".SH EXIT STATUS",
        *entries([("0", "Success."), ("1", "Failed or invalid."), ("2", "Usage error.")]),
        ".SH ENVIRONMENT",
        *entries((term(re.split(", ", names)), text) for names, text in ENVIRONMENT),
        ".SH FILES",
        *entries((f"\\fI{escaped(name)}\\fR", text) for name, text in FILES),
        ".SH SEE ALSO",
        "\\fBsystemctl\\fR(1), \\fBsystemd.exec\\fR(5)",
    ]
    return "\n".join(lines) + "\n"
