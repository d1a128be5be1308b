"""The Web API methods (docs.slack.dev/reference/methods). Each takes the workspace and the arguments and returns what is beside "ok"."""
from dataclasses import dataclass
from typing import Callable

from . import blocks as block_kit
from .arguments import Refusal
from .workspace import BOT, TEAM

MOST_POST_TEXT = 40_000  # longer text is cut off by Slack
MOST_UPDATE_TEXT = 4_000
MOST_MARKDOWN_TEXT = 12_000
MOST_ATTACHMENTS = 100


@dataclass(frozen=True)
class Method:
    run: Callable
    scope: str | None
    takes_json: bool = True
    changes: bool = False  # what the page shows


def auth_test(_workspace, _arguments):
    return {
        "url": f"https://{TEAM['domain']}.slack.com/",
        "team": TEAM["name"],
        "team_id": TEAM["id"],
        "user": BOT["user"],
        "user_id": BOT["user_id"],
        "bot_id": BOT["bot_id"],
        "is_enterprise_install": False,
    }


def users_lookup_by_email(workspace, arguments):
    user = workspace.user_by_email(arguments.text("email", required=True))
    if user is None or user.deleted:
        raise Refusal("users_not_found")
    return {"user": user.document(with_email=True)}


def users_list(workspace, arguments):
    with_email = "users:read.email" in workspace.token.scopes
    page, cursor = paged(list(workspace.users.values()), arguments, default=1000)
    return {"members": [user.document(with_email) for user in page], "response_metadata": {"next_cursor": cursor}}


def conversations_open(workspace, arguments):
    ids = [part for part in (arguments.text("users") or "").split(",") if part]
    if not ids:
        raise Refusal("users_list_not_supplied")
    if len(ids) > 8:
        raise Refusal("too_many_users")
    if any(user_id not in workspace.people for user_id in ids):
        raise Refusal("user_not_found")
    if len(ids) > 1:
        raise Refusal("invalid_user_combination")
    user = workspace.people[ids[0]]
    if user.deleted:
        raise Refusal("user_disabled")
    known = user.id in workspace.direct
    channel = workspace.direct_message(user)
    document = {"id": channel.id} | ({"user": channel.user.id, "is_im": True} if arguments.flag("return_im") else {})
    return {"channel": document} | ({"no_op": True, "already_open": True} if known else {})


def conversations_history(workspace, arguments):
    channel = place(workspace, arguments, direct_only_by_id=True)
    needed = "im:history" if channel.user else "channels:history"
    if needed not in workspace.token.scopes:
        raise Refusal("missing_scope", needed=needed, provided=",".join(workspace.token.scopes))
    oldest, latest = arguments.text("oldest") or "0", arguments.text("latest") or "9999999999.999999"
    inclusive = arguments.flag("inclusive")
    with_metadata = arguments.flag("include_all_metadata")
    found = [
        message
        for message in workspace.messages.values()
        if message.channel is channel and (oldest < message.ts < latest or inclusive and message.ts in (oldest, latest))
    ]
    page, cursor = paged(found[::-1], arguments, default=100)
    rows = [message.document() | ({"metadata": message.metadata} if with_metadata and message.metadata else {}) for message in page]
    return {"messages": rows, "has_more": bool(cursor), "response_metadata": {"next_cursor": cursor}}


def chat_post_message(workspace, arguments):
    channel = place(workspace, arguments)
    if channel.archived:
        raise Refusal("is_archived")
    if not channel.member:
        raise Refusal("not_in_channel")
    text, blocks = content(workspace, arguments)
    thread_ts = arguments.text("thread_ts")
    if thread_ts and (channel.id, thread_ts) not in workspace.messages:
        raise Refusal("cannot_reply_to_message")
    message = workspace.add_message(channel, text[:MOST_POST_TEXT], blocks, metadata(arguments), thread_ts)
    return {"channel": channel.id, "ts": message.ts, "message": message.document()}


def chat_update(workspace, arguments):
    channel = place(workspace, arguments, direct_only_by_id=True)
    message = workspace.messages.get((channel.id, arguments.text("ts", required=True)))
    if message is None:
        raise Refusal("message_not_found")
    text, blocks = content(workspace, arguments)
    if block_kit.units(text) > MOST_UPDATE_TEXT:
        raise Refusal("msg_too_long")
    message.text, message.blocks = text, blocks
    if "metadata" in arguments.values:
        message.metadata = metadata(arguments)
    message.updates += 1
    workspace.touch(message)
    return {"channel": channel.id, "ts": message.ts, "text": text, "message": message.document()}


# ---- shared by the methods ----------------------------------------------------------------------------------------------------


def place(workspace, arguments, direct_only_by_id=False):
    """direct_only_by_id: a direct message is named by its D id; a person's id will not do (docs.slack.dev, chat.update)."""
    name = arguments.text("channel", required=True)
    found = workspace.place(name)
    if found is None or direct_only_by_id and found.id != name:
        raise Refusal("channel_not_found")
    return found


def content(workspace, arguments):
    text = arguments.text("text") or ""
    blocks = arguments.structure("blocks", "invalid_blocks_format") or []
    attachments = arguments.structure("attachments", "invalid_attachments") or []
    markdown_text = arguments.text("markdown_text")
    for name in ("unfurl_links", "unfurl_media", "unfurl_app_links", "mrkdwn", "link_names", "reply_broadcast"):
        arguments.flag(name)
    if not isinstance(blocks, list):
        raise Refusal("invalid_blocks_format")
    if not isinstance(attachments, list) or not all(isinstance(attachment, dict) for attachment in attachments):
        raise Refusal("invalid_attachments")
    if len(attachments) > MOST_ATTACHMENTS:
        raise Refusal("too_many_attachments")
    if markdown_text is not None:
        if text or blocks:
            raise Refusal("markdown_text_conflict")
        if block_kit.units(markdown_text) > MOST_MARKDOWN_TEXT:
            raise Refusal("msg_too_long")
        blocks = [{"type": "markdown", "text": markdown_text}]
    if not (text.strip() or blocks or attachments):
        raise Refusal("no_text")
    report = block_kit.check(blocks)
    if report.findings:
        lines = [str(finding) for finding in report.findings]
        raise Refusal("invalid_blocks", errors=lines, response_metadata={"messages": [f"[ERROR] {line}" for line in lines]})
    if report.total > block_kit.MOST_TOTAL:
        raise Refusal("msg_blocks_too_long")
    return text, block_kit.with_ids(blocks, workspace.fresh_id)


def metadata(arguments):
    value = arguments.structure("metadata", "invalid_metadata_format")
    if value is not None and not (
        isinstance(value, dict)
        and isinstance(value.get("event_type"), str)
        and isinstance(value.get("event_payload"), dict)
        and value.keys() == {"event_type", "event_payload"}
    ):
        raise Refusal("invalid_metadata_format")
    return value


def paged(rows, arguments, default):
    limit = arguments.number("limit", default)
    if not 1 <= limit <= 999 and limit != default:
        raise Refusal("invalid_limit")
    cursor = arguments.text("cursor") or "0"
    if not cursor.isdigit():
        raise Refusal("invalid_cursor")
    start, end = int(cursor), int(cursor) + limit
    return rows[start:end], str(end) if end < len(rows) else ""


ALL = {
    "auth.test": Method(auth_test, None),
    "users.lookupByEmail": Method(users_lookup_by_email, "users:read.email", takes_json=False),
    "users.list": Method(users_list, "users:read", takes_json=False),
    "conversations.open": Method(conversations_open, "im:write"),
    "conversations.history": Method(conversations_history, None),
    "chat.postMessage": Method(chat_post_message, "chat:write", changes=True),
    "chat.update": Method(chat_update, "chat:write", changes=True),
}
