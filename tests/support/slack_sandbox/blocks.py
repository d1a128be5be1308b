"""Validates Block Kit like chat.postMessage (docs.slack.dev, block reference). Pure: blocks in, findings out.

Slack does not define "character"; here it is a UTF-16 code unit, the strictest reading. Text that is only white space counts as empty,
which is also stricter than documented.
"""
import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

MAX_BLOCKS = 50
MAX_MARKDOWN = 12_000  # all markdown blocks of a message together
MAX_TABLE = 10_000  # all table cells of a message together
MAX_TOTAL = 13_200  # all text of a message together; undocumented, from slackapi/bolt-js#2509


@dataclass(frozen=True)
class Finding:
    pointer: str
    text: str

    def __str__(self):
        return f"{self.text} [json-pointer:{self.pointer}]"


@dataclass
class Report:
    """The findings of a check so far, and the totals for the whole message."""

    findings: list
    total: int = 0
    markdown: int = 0
    table: int = 0

    def refuse(self, pointer, text):
        self.findings.append(Finding(pointer, text))


def units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def step(pointer, key):
    return f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"


# ---- rules: each is a function of (report, value, pointer) -------------------------------------------------------------------


def string(most, least=1):
    def rule(report, value, at):
        if not isinstance(value, str):
            report.refuse(at, "must provide a string")
        elif least and not value.strip():
            report.refuse(at, "must be more than 0 characters")
        elif units(value) > most:
            report.refuse(at, f"must be less than {most + 1} characters")

    return rule


def counted(most, least=1):
    """A visible string: it counts towards the total of the message."""
    inner = string(most, least)

    def rule(report, value, at):
        inner(report, value, at)
        if isinstance(value, str):
            report.total += units(value)

    return rule


# RFC 3986, sections 2 and 3.2, without user information, with "_" in host names, and with non-ASCII characters percent-encoded. Slack does
# not document this; the rule is stricter than browsers, so that every URL that passes can be opened.
CHARACTER = r"(?:[\w.~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})"
WEB_URL = re.compile(rf"https?://(?:\[([^\]]+)\]|([^/?#:\[\]@]+))(?::([0-9]*))?(?:[/?#]{CHARACTER}*)?", re.ASCII)
OTHER_URL = re.compile(rf"(?:mailto|tel|slack):{CHARACTER}+", re.ASCII)
LABEL = re.compile(r"(?:[\w-]|%[89A-Fa-f][0-9A-Fa-f])+", re.ASCII)


def is_address(kind, text):
    try:
        return "%" not in str(kind(text))
    except ValueError:
        return False


def is_host(name):
    labels = name.split(".")
    return is_address(IPv4Address, name) if labels[-1].isdigit() else all(map(LABEL.fullmatch, labels))


def is_web_url(text):
    if not (parts := WEB_URL.fullmatch(text)):
        return False
    v6, name, port = parts.groups()
    return (is_address(IPv6Address, v6) if v6 else is_host(name)) and (not port or 1 <= int(port) <= 65535)


def web_url(most):
    return checked(most, is_web_url)


def url(most):
    return checked(most, lambda text: is_web_url(text) or OTHER_URL.fullmatch(text))


def checked(most, good):
    inner = string(most)

    def rule(report, value, at):
        before = len(report.findings)
        inner(report, value, at)
        if len(report.findings) == before and not good(value):
            report.refuse(at, "invalid url")

    return rule


def boolean(report, value, at):
    if not isinstance(value, bool):
        report.refuse(at, "must provide a boolean")


def integer(report, value, at):
    if isinstance(value, bool) or not isinstance(value, int):
        report.refuse(at, "must provide an integer")


def number(report, value, at):
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        report.refuse(at, "must provide a number")


def one_of(*allowed):
    def rule(report, value, at):
        if value not in allowed:
            report.refuse(at, f"unsupported value: {value}")

    return rule


def list_of(item, least, most):
    def rule(report, value, at):
        if not isinstance(value, list):
            report.refuse(at, "must provide an array")
            return
        if len(value) < least:
            report.refuse(at, f"no less than {least} items allowed")
        if len(value) > most:
            report.refuse(at, f"no more than {most} items allowed")
        for index, element in enumerate(value):
            item(report, element, step(at, index))

    return rule


def record(required=None, optional=None):
    required, optional = required or {}, optional or {}
    known = required | optional

    def rule(report, value, at):
        if not isinstance(value, dict):
            report.refuse(at, "must provide an object")
            return
        for key in required:
            if key not in value:
                report.refuse(at, f"missing required field: {key}")
        for key, member in value.items():
            if key in known:
                known[key](report, member, step(at, key))
            elif key != "type":
                report.refuse(at, f"invalid additional property: {key}")

    return rule


def by_type(rules):
    def rule(report, value, at):
        if not isinstance(value, dict):
            report.refuse(at, "must provide an object")
        elif not isinstance(value.get("type"), str):
            report.refuse(at, "missing required field: type")
        elif value["type"] not in rules:
            report.refuse(step(at, "type"), f"unsupported type: {value['type']}")
        else:
            rules[value["type"]](report, value, at)

    return rule


# ---- objects -------------------------------------------------------------------------------------------------------------------


def plain_text(most, least=1):
    return by_type({"plain_text": record({"text": counted(most, least)}, {"emoji": boolean})})


def any_text(most):
    return by_type(
        {
            "plain_text": record({"text": counted(most)}, {"emoji": boolean}),
            "mrkdwn": record({"text": counted(most)}, {"verbatim": boolean}),
        }
    )


identifier = string(255)
confirm = record(
    {"title": plain_text(100), "text": any_text(300), "confirm": plain_text(30), "deny": plain_text(30)},
    {"style": one_of("primary", "danger")},
)
option = record({"text": any_text(75), "value": string(150)}, {"description": plain_text(75), "url": url(3000)})
image_element = record(
    {"alt_text": counted(2000)}, {"image_url": url(3000), "slack_file": record({}, {"id": string(255), "url": url(3000)})}
)
button = record(
    {"text": plain_text(75)},
    {
        "action_id": identifier,
        "url": web_url(3000),
        "value": string(2000),
        "style": one_of("primary", "danger"),
        "confirm": confirm,
        "accessibility_label": string(75),
    },
)
overflow = record({"options": list_of(option, 2, 5)}, {"action_id": identifier, "confirm": confirm})
static_select = record(
    {"options": list_of(option, 1, 100)},
    {"action_id": identifier, "placeholder": plain_text(150), "initial_option": option, "confirm": confirm, "focus_on_load": boolean},
)
interactive = {"button": button, "overflow": overflow, "static_select": static_select}

text_style = record({}, {"bold": boolean, "italic": boolean, "strike": boolean, "code": boolean, "underline": boolean})
inline = by_type(
    {
        "text": record({"text": counted(MAX_TOTAL)}, {"style": text_style}),
        "link": record({"url": url(3000)}, {"text": counted(MAX_TOTAL), "unsafe": boolean, "style": text_style}),
        "user": record({"user_id": string(255)}, {"style": text_style}),
        "usergroup": record({"usergroup_id": string(255)}, {"style": text_style}),
        "channel": record({"channel_id": string(255)}, {"style": text_style}),
        "broadcast": record({"range": one_of("here", "channel", "everyone")}, {"style": text_style}),
        "emoji": record({"name": string(255)}, {"unicode": string(255), "style": text_style}),
        "date": record({"timestamp": integer, "format": string(255)}, {"url": url(3000), "fallback": string(255), "style": text_style}),
    }
)
inlines = list_of(inline, 0, 10_000)
rich_parts = {
    "rich_text_section": record({"elements": inlines}),
    "rich_text_list": record(
        {
            "elements": list_of(by_type({"rich_text_section": record({"elements": inlines})}), 0, 10_000),
            "style": one_of("bullet", "ordered"),
        },
        {"indent": integer, "offset": integer, "border": integer},
    ),
    "rich_text_preformatted": record({"elements": inlines}, {"border": integer, "language": string(255)}),
    "rich_text_quote": record({"elements": inlines}, {"border": integer}),
}
rich_text = record({"elements": list_of(by_type(rich_parts), 1, 10_000)}, {"block_id": identifier})


def cell_text(report, value, at):
    counted(MAX_TABLE)(report, value, at)
    if isinstance(value, str):
        report.table += units(value)
        if report.table > MAX_TABLE >= report.table - units(value):
            report.refuse(at, f"all cells together must be less than {MAX_TABLE + 1} characters")


cell = by_type(
    {"raw_text": record({"text": cell_text}), "raw_number": record({"value": number}, {"text": cell_text}), "rich_text": rich_text}
)
column = record({}, {"align": one_of("left", "center", "right"), "is_wrapped": boolean})


def section(report, value, at):
    record(
        {},
        {
            "block_id": identifier,
            "text": any_text(3000),
            "fields": list_of(any_text(2000), 1, 10),
            "expand": boolean,
            "accessory": by_type(interactive | {"image": image_element}),
        },
    )(report, value, at)
    if "text" not in value and "fields" not in value:
        report.refuse(at, "missing required field: text")


def markdown(report, value, at):
    record({"text": counted(MAX_MARKDOWN)}, {"block_id": identifier})(report, value, at)
    if isinstance(value.get("text"), str) and units(value["text"]) <= MAX_MARKDOWN:
        report.markdown += units(value["text"])
        if report.markdown > MAX_MARKDOWN:
            report.refuse(step(at, "text"), f"all markdown blocks together must be less than {MAX_MARKDOWN + 1} characters")


block = by_type(
    {
        "header": record({"text": plain_text(150)}, {"block_id": identifier}),
        "section": section,
        "divider": record({}, {"block_id": identifier}),
        "context": record(
            {
                "elements": list_of(
                    by_type(
                        {
                            "image": image_element,
                            "plain_text": record({"text": counted(3000)}, {"emoji": boolean}),
                            "mrkdwn": record({"text": counted(3000)}, {"verbatim": boolean}),
                        }
                    ),
                    1,
                    10,
                )
            },
            {"block_id": identifier},
        ),
        "actions": record({"elements": list_of(by_type(interactive), 1, 25)}, {"block_id": identifier}),
        "image": record(
            {"alt_text": counted(2000)},
            {
                "image_url": url(3000),
                "slack_file": record({}, {"id": string(255), "url": url(3000)}),
                "title": plain_text(2000),
                "block_id": identifier,
            },
        ),
        "markdown": markdown,
        "table": record(
            {"rows": list_of(list_of(cell, 1, 20), 1, 100)}, {"column_settings": list_of(column, 0, 20), "block_id": identifier}
        ),
        "rich_text": rich_text,
    }
)


# ---- the message ---------------------------------------------------------------------------------------------------------------


def interactive_elements(value):
    """(pointer relative to the block, element) of each clickable element in a block."""
    if value.get("type") == "actions":
        return [(f"/elements/{index}", element) for index, element in enumerate(value["elements"])]
    if value.get("type") == "section" and value.get("accessory", {}).get("type") in interactive:
        return [("/accessory", value["accessory"])]
    return []


def check(blocks) -> Report:
    """Checks the decoded `blocks` argument. Ids are compared only if there are no other findings."""
    report = Report([])
    list_of(block, 0, MAX_BLOCKS)(report, blocks, "/blocks")
    if report.findings:
        return report
    block_ids = set()
    for index, value in enumerate(blocks):
        # A markdown block's block_id is ignored (docs.slack.dev, markdown block).
        block_id = value.get("block_id") if value["type"] != "markdown" else None
        if block_id in block_ids:
            report.refuse(f"/blocks/{index}/block_id", f'`block_id` "{block_id}" already exists for another block')
        block_ids |= {block_id} - {None}
        action_ids = set()
        for below, element in interactive_elements(value):
            action_id = element.get("action_id")
            if action_id in action_ids:
                report.refuse(f"/blocks/{index}{below}/action_id", f'`action_id` "{action_id}" already exists for another element')
            action_ids |= {action_id} - {None}
    return report


def with_ids(blocks, fresh):
    """The blocks as Slack stores them: missing block_ids and action_ids are filled in from `fresh`."""
    kept = []
    for value in blocks:
        value = {**value, "block_id": value.get("block_id") or fresh()}
        if value["type"] == "actions":
            value["elements"] = [{**element, "action_id": element.get("action_id") or fresh()} for element in value["elements"]]
        elif interactive_elements(value):
            value["accessory"] = {**value["accessory"], "action_id": value["accessory"].get("action_id") or fresh()}
        kept.append(value)
    return kept
