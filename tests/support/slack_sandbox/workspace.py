"""The state of the sandbox: people, channels, messages, calls, and the accepted token. Single-threaded, no I/O."""
import asyncio
import itertools
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from .admin_methods import Rotation

SCOPES = ("chat:write", "users:read", "users:read.email", "im:write", "im:history", "channels:history")
TEAM = {"id": "T0SANDBOX0", "name": "Sandbox", "domain": "sandbox"}
BOT = {"user_id": "U0SANDBOTU", "bot_id": "B0SANDBOTB", "app_id": "A0SANDBOXA", "user": "notifications"}
ALPHABET = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def opaque(prefix: str, number: int) -> str:
    """ "D", 7 -> "D07000000Q": looks like an id of Slack's, and does not sort by age."""
    number = (number * 48_271_331 + 7_919) % (len(ALPHABET) ** 7)
    digits = []
    for _ in range(7):
        number, digit = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[digit])
    return prefix + "0" + "".join(digits)


@dataclass
class User:
    id: str
    email: str
    name: str
    deleted: bool = False
    tz: str = "Europe/London"

    def document(self, with_email: bool) -> dict:
        profile = {"real_name": self.name, "display_name": self.name} | ({"email": self.email} if with_email else {})
        return {
            "id": self.id,
            "team_id": TEAM["id"],
            "name": self.email.partition("@")[0].lower(),
            "real_name": self.name,
            "deleted": self.deleted,
            "is_bot": False,
            "is_app_user": False,
            "is_restricted": False,
            "is_ultra_restricted": False,
            "is_email_confirmed": True,
            "tz": self.tz,
            "tz_offset": int(datetime.now(ZoneInfo(self.tz)).utcoffset().total_seconds()),
            "profile": profile,
        }


@dataclass
class Channel:
    id: str
    name: str
    user: User | None = None  # of a direct message
    member: bool = True
    archived: bool = False
    private: bool = False


@dataclass
class Message:
    channel: Channel
    ts: str
    text: str
    blocks: list
    metadata: dict | None
    received_at: float
    revision: int
    thread_ts: str | None = None
    broadcast: bool = False  # a reply that is shown in the conversation as well
    own: bool = True  # posted by the application
    locked: bool = False  # does not accept replies
    updates: int = 0
    clicks: list = field(default_factory=list)

    def is_reply(self) -> bool:
        return self.thread_ts not in (None, self.ts)

    def document(self) -> dict:
        """The message as chat.postMessage and conversations.history return it, without metadata."""
        return {
            "type": "message",
            "user": BOT["user_id"],
            "bot_id": BOT["bot_id"],
            "app_id": BOT["app_id"],
            "team": TEAM["id"],
            "ts": self.ts,
            "text": self.text,
            "blocks": self.blocks,
        } | ({"thread_ts": self.thread_ts} if self.thread_ts else {})

    def row(self) -> dict:
        """The message as /_sandbox/messages returns it."""
        user = self.channel.user
        return {
            "channel": self.channel.id,
            "name": user.name if user else f"#{self.channel.name}",
            "email": user.email if user else None,
            "ts": self.ts,
            "thread_ts": self.thread_ts,
            "broadcast": self.broadcast,
            "text": self.text,
            "blocks": self.blocks,
            "metadata": self.metadata,
            "received_at": self.received_at,
            "revision": self.revision,
            "updates": self.updates,
            "clicks": self.clicks,
        }


@dataclass
class Token:
    value: str
    accepted: bool = True
    error: str = "invalid_auth"  # the response while it is not accepted
    scopes: tuple = SCOPES


class Workspace:
    def __init__(self, token: Token, known_domains: set | None):
        """known_domains: e-mail domains whose addresses have an account without being added; None: all domains."""
        self.token = token
        self.known_domains = known_domains
        self.first_token = Token(token.value, scopes=token.scopes)
        self.changed = asyncio.Condition()
        self.revisions = itertools.count(1)
        self.reset()

    def reset(self):
        """Empties the workspace. Revisions keep counting, so that an open page notices."""
        self.token = Token(self.first_token.value, scopes=self.first_token.scopes)
        self.rotation = Rotation()
        self.numbers = itertools.count(1)
        self.users, self.people, self.absent = {}, {}, set()  # by e-mail; by id; e-mail addresses without an account
        self.channels, self.direct = {}, {}  # by id; by user id
        self.messages, self.calls = {}, deque(maxlen=200_000)
        self.edit_window = None  # seconds during which a message may be edited; None: forever
        self.history_lag = 0.0  # seconds until a message becomes readable
        self.by_revision = {}
        self.call_count = 0
        self.last_ts = 0
        self.generation = next(self.revisions)

    # ---- people and channels ----

    def add_user(self, email: str, name: str | None = None, deleted: bool = False, tz: str | None = None) -> User:
        number = next(self.numbers)
        email = email.lower()
        # User ids start with U or W; applications must accept both (docs.slack.dev, users).
        user = self.users.get(email) or User(opaque("W" if number % 4 == 0 else "U", number), email, "")
        user.name = name or user.name or email.partition("@")[0].replace(".", " ").title()
        user.deleted = deleted
        user.tz = tz or user.tz
        self.users[email] = user
        self.people[user.id] = user
        self.absent.discard(email)
        return user

    def remove_user(self, email: str):
        user = self.users.pop(email.lower(), None)
        if user:
            self.people.pop(user.id)
        self.absent.add(email.lower())

    def user_by_email(self, email: str) -> User | None:
        email = email.lower()
        user = self.users.get(email)
        if user is None and email not in self.absent and "@" in email:
            if self.known_domains is None or email.rpartition("@")[2] in self.known_domains:
                user = self.add_user(email)
        return user

    def add_channel(self, channel_id: str, name: str, **state):
        """Adds or changes a channel; an existing one keeps its messages. state: member, archived, private."""
        channel = self.channels.setdefault(channel_id, Channel(channel_id, name))
        channel.name = name
        for key, value in state.items():
            setattr(channel, key, value)

    def direct_message(self, user: User) -> Channel:
        channel = self.direct.get(user.id)
        if channel is None:
            channel = Channel(opaque("D", next(self.numbers)), user.email, user)
            self.direct[user.id] = self.channels[channel.id] = channel
        return channel

    def named(self, channel_id) -> tuple[User | None, Channel | None]:
        """The person and the channel with this id, as far as they exist. Does not open a direct message."""
        if not isinstance(channel_id, str):
            return None, None
        user = self.people.get(channel_id)
        channel = self.direct.get(channel_id) if user else self.channels.get(channel_id)
        return (channel.user if channel else user), channel

    def place(self, channel_id) -> Channel | None:
        """The channel for a message to this id; a user id opens the direct message. None if there is no such channel."""
        user, channel = self.named(channel_id)
        if user and user.deleted:
            return None
        return self.direct_message(user) if user else channel

    # ---- messages and calls ----

    def fresh_ts(self) -> str:
        self.last_ts = max(self.last_ts + 1, time.time_ns() // 1000)
        return f"{self.last_ts // 1_000_000}.{self.last_ts % 1_000_000:06d}"

    def fresh_id(self) -> str:
        return opaque("", next(self.numbers))

    def add_message(
        self, channel: Channel, text: str, blocks: list, metadata: dict | None, thread_ts: str | None, broadcast: bool = False
    ) -> Message:
        message = Message(channel, self.fresh_ts(), text, blocks, metadata, time.time(), 0, thread_ts, broadcast)
        self.messages[channel.id, message.ts] = message
        self.touch(message)
        return message

    def remove_message(self, message: Message):
        """Deletes a message, as another person would. The page reloads everything."""
        del self.messages[message.channel.id, message.ts]
        del self.by_revision[message.revision]
        self.generation = next(self.revisions)

    def thread_of(self, message: Message) -> dict:
        """The thread members of a message in conversations.history."""
        if message.is_reply():
            return {"thread_ts": message.thread_ts}
        replies = sum(1 for other in self.messages.values() if other.channel is message.channel and other.thread_ts == message.ts)
        return {"thread_ts": message.ts, "reply_count": replies} if replies else {}

    def touch(self, message: Message):
        self.by_revision.pop(message.revision, None)
        message.revision = next(self.revisions)
        self.by_revision[message.revision] = message

    def changes(self, after: int) -> list:
        """Messages that are new or changed since revision `after`, in the order of their last change."""
        if after < self.generation:
            return list(self.by_revision.values())
        changed = []
        for revision in reversed(self.by_revision):
            if revision <= after:
                break
            changed.append(self.by_revision[revision])
        return changed[::-1]

    async def announce(self):
        async with self.changed:
            self.changed.notify_all()
