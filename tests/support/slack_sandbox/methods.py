"""The Web API methods (docs.slack.dev/reference/methods). Each takes the workspace and the arguments, and returns the members of the
response besides "ok"; errors are raised as Refusal."""
import re
import time
from dataclasses import dataclass
from typing import Callable

from . import admin_methods
from . import blocks as block_kit
from .arguments import Refusal
from .workspace import BOT, TEAM

MAX_POST_TEXT = 40_000  # Slack truncates longer text
MAX_UPDATE_TEXT = 4_000
MAX_MARKDOWN_TEXT = 12_000
MAX_ATTACHMENTS = 100
MAX_PAGE = 999
POST_ONLY_ARGUMENTS = ("unfurl_links", "unfurl_media", "unfurl_app_links", "mrkdwn", "thread_ts")


@dataclass(frozen=True)
class Method:
    run: Callable
    scope: str | None
    takes_json: bool = True
    changes: bool = False  # whether it changes what the page shows
    needs_token: bool = True


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


def conversations_info(workspace, arguments):
    channel = workspace.named(arguments.text("channel", required=True))[1]
    if channel is None or channel.private and not channel.member:
        raise Refusal("channel_not_found")
    needed = "im:read" if channel.user else "groups:read" if channel.private else "channels:read"
    if needed not in workspace.token.scopes:
        raise Refusal("missing_scope", needed=needed, provided=",".join(workspace.token.scopes))
    if channel.user:
        return {"channel": {"id": channel.id, "is_im": True, "user": channel.user.id, "is_archived": False}}
    state = {"is_private": channel.private, "is_member": channel.member, "is_archived": channel.archived}
    return {"channel": {"id": channel.id, "name": channel.name, "is_channel": not channel.private, "is_group": channel.private} | state}


def conversations_history(workspace, arguments):
    channel = readable(workspace, arguments)
    found = [message for message in visible(workspace, channel) if message.broadcast or not message.is_reply()]
    page, cursor = paged(within(found, arguments)[::-1], arguments, default=100)
    return read_page(workspace, page, cursor, arguments)


def conversations_replies(workspace, arguments):
    """The message and its replies, oldest first. The message itself is always included, whatever `oldest` and `latest` are."""
    channel = readable(workspace, arguments)
    root = workspace.messages.get((channel.id, arguments.text("ts", required=True)))
    if root is None or root.is_reply():
        raise Refusal("thread_not_found")
    replies = [message for message in visible(workspace, channel) if message.thread_ts == root.ts and message is not root]
    page, cursor = paged([root, *within(replies, arguments)], arguments, default=1000)
    return read_page(workspace, page, cursor, arguments)


def chat_post_message(workspace, arguments):
    channel = place(workspace, arguments)
    if channel.archived:
        raise Refusal("is_archived")
    if not channel.member and (channel.private or "chat:write.public" not in workspace.token.scopes):
        raise Refusal("not_in_channel")
    text, blocks = content(workspace, arguments)
    thread_ts, broadcast = arguments.text("thread_ts"), arguments.flag("reply_broadcast")
    if thread_ts:
        root = workspace.messages.get((channel.id, thread_ts))
        if root is None or root.is_reply():
            raise Refusal("cannot_reply_to_message")
        if root.locked:
            raise Refusal("restricted_action_thread_locked")
    message = workspace.add_message(channel, text[:MAX_POST_TEXT], blocks, metadata(arguments), thread_ts, bool(thread_ts) and broadcast)
    return {"channel": channel.id, "ts": message.ts, "message": message.document()}


def chat_update(workspace, arguments):
    channel = place(workspace, arguments, direct_only_by_id=True)
    for name in POST_ONLY_ARGUMENTS:
        if name in arguments.values:
            raise Refusal("invalid_arguments", response_metadata={"messages": [f"[ERROR] chat.update has no argument {name}"]})
    message = workspace.messages.get((channel.id, arguments.text("ts", required=True)))
    if message is None:
        raise Refusal("message_not_found")
    if not message.own:
        raise Refusal("cant_update_message")
    if channel.archived:
        raise Refusal("is_inactive")
    if workspace.edit_window is not None and time.time() - message.received_at > workspace.edit_window:
        raise Refusal("edit_window_closed")
    used = {block["block_id"] for block in message.blocks}
    text, blocks = content(workspace, arguments)
    if block_kit.units(text) > MAX_UPDATE_TEXT:
        raise Refusal("msg_too_long")
    if used & {block["block_id"] for block in blocks}:
        raise Refusal("invalid_blocks", errors=["a message that is updated needs new block_ids"])
    kinds = [{block["type"] for block in several} for several in (message.blocks, blocks)]
    if "rich_text" in kinds[0] and "rich_text" not in kinds[1]:
        raise Refusal("block_mismatch")
    message.text, message.blocks = text, blocks
    if "metadata" in arguments.values:
        message.metadata = metadata(arguments)
    message.updates += 1
    workspace.touch(message)
    return {"channel": channel.id, "ts": message.ts, "text": text, "message": message.document()}


# ---- helpers ------------------------------------------------------------------------------------------------------------------


def place(workspace, arguments, direct_only_by_id=False):
    """The channel of the call. direct_only_by_id: a direct message needs its D id, not a user id (docs.slack.dev, chat.update)."""
    name = arguments.text("channel", required=True)
    found = workspace.place(name)
    if found is None or direct_only_by_id and found.id != name:
        raise Refusal("channel_not_found")
    return found


def readable(workspace, arguments):
    channel = place(workspace, arguments, direct_only_by_id=True)
    needed = "im:history" if channel.user else "groups:history" if channel.private else "channels:history"
    if needed not in workspace.token.scopes:
        raise Refusal("missing_scope", needed=needed, provided=",".join(workspace.token.scopes))
    if not channel.member:
        raise Refusal("not_in_channel")
    return channel


def visible(workspace, channel):
    """The messages that reading returns: a message may become readable only after `history_lag`."""
    until = time.time() - workspace.history_lag
    return [message for message in workspace.messages.values() if message.channel is channel and message.received_at <= until]


def within(messages, arguments):
    """The messages between `oldest` and `latest`; `inclusive` includes these two timestamps."""
    bounds = []
    for name, default in (("oldest", "0"), ("latest", "9999999999")):
        value = arguments.text(name) or default
        if not re.fullmatch(r"\d{1,10}(\.\d{1,6})?", value):
            raise Refusal(f"invalid_ts_{name}")
        bounds.append(float(value))
    inclusive = arguments.flag("inclusive")
    return [
        message for message in messages if bounds[0] < float(message.ts) < bounds[1] or inclusive and float(message.ts) in bounds
    ]


def read_page(workspace, page, cursor, arguments):
    with_metadata = arguments.flag("include_all_metadata")
    rows = [
        message.document() | workspace.thread_of(message) | ({"metadata": message.metadata} if with_metadata and message.metadata else {})
        for message in page
    ]
    return {"messages": rows, "has_more": bool(cursor), "response_metadata": {"next_cursor": cursor}}


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
    if len(attachments) > MAX_ATTACHMENTS:
        raise Refusal("too_many_attachments")
    if markdown_text is not None:
        if text or blocks:
            raise Refusal("markdown_text_conflict")
        if block_kit.units(markdown_text) > MAX_MARKDOWN_TEXT:
            raise Refusal("msg_too_long")
        blocks = [{"type": "markdown", "text": markdown_text}]
    if not (text.strip() or blocks or attachments):
        raise Refusal("no_text")
    report = block_kit.check(blocks)
    if report.findings:
        lines = [str(finding) for finding in report.findings]
        raise Refusal("invalid_blocks", errors=lines, response_metadata={"messages": [f"[ERROR] {line}" for line in lines]})
    if report.total > block_kit.MAX_TOTAL:
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
    if not 1 <= limit <= MAX_PAGE and limit != default:
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
    "conversations.info": Method(conversations_info, None, takes_json=False),
    "conversations.history": Method(conversations_history, None),
    "conversations.replies": Method(conversations_replies, None),
    "chat.postMessage": Method(chat_post_message, "chat:write", changes=True),
    "chat.update": Method(chat_update, "chat:write", changes=True),
    "oauth.v2.access": Method(admin_methods.oauth_v2_access, None, needs_token=False),
    "oauth.v2.exchange": Method(admin_methods.oauth_v2_exchange, None, takes_json=False, needs_token=False),
    "blocks.validate": Method(admin_methods.blocks_validate, None, needs_token=False),
}
