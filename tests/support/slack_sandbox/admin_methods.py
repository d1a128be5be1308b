"""Methods for setting up an app, which need no bot token: token exchange (docs.slack.dev, "Using token rotation") and blocks.validate."""
import itertools
import time
from dataclasses import dataclass

from . import blocks as block_kit
from .arguments import Refusal

MAX_ACTIVE = 2  # access tokens that are valid at the same time


@dataclass
class Granted:
    value: str
    expires: float


class Rotation:
    """The app's expiring tokens. A refresh token works once, and once more within the grace period, in case its response was lost."""

    def __init__(self):
        self.client_id = self.client_secret = None  # None: rotation is off
        self.lives = 43_200  # seconds
        self.grace = 0  # seconds
        self.refresh_token = None
        self.used = {}  # refresh token -> end of its grace period, or 0
        self.active, self.past = [], set()
        self.exchanged = set()
        self.numbers = itertools.count(1)

    def refusal(self, token):
        """The error code for this access token; "" if it is valid, None if rotation did not issue it."""
        for granted in self.active:
            if granted.value == token:
                return "token_expired" if time.time() >= granted.expires else ""
        return "token_expired" if token in self.past else None

    def check_client(self, arguments):
        if self.client_id is None:
            raise Refusal("token_rotation_not_enabled")
        if arguments.text("client_id", required=True) != self.client_id:
            raise Refusal("invalid_client_id")
        if arguments.text("client_secret", required=True) != self.client_secret:
            raise Refusal("bad_client_secret")

    def take_refresh_token(self, token):
        now = time.time()
        if token == self.refresh_token:
            self.used[token] = now + self.grace
        elif now < self.used.get(token, 0):
            self.used[token] = 0
        else:
            raise Refusal("invalid_refresh_token")

    def grant(self):
        number = next(self.numbers)
        self.refresh_token = f"xoxe-1-sandbox-refresh-{number}"
        self.active.append(Granted(f"xoxe.xoxb-1-sandbox-access-{number}", time.time() + self.lives))
        self.past |= {granted.value for granted in self.active[:-MAX_ACTIVE]}
        del self.active[:-MAX_ACTIVE]
        return {
            "access_token": self.active[-1].value,
            "refresh_token": self.refresh_token,
            "expires_in": self.lives,
            "token_type": "bot",
        }


def oauth_v2_access(workspace, arguments):
    rotation = workspace.rotation
    rotation.check_client(arguments)
    if arguments.text("grant_type") != "refresh_token":
        raise Refusal("invalid_grant_type")
    rotation.take_refresh_token(arguments.text("refresh_token", required=True))
    return rotation.grant()


def oauth_v2_exchange(workspace, arguments):
    rotation, token = workspace.rotation, arguments.values.get("token") or arguments.token
    rotation.check_client(arguments)
    if token in rotation.exchanged:
        raise Refusal("token_already_exchanged")
    if token != workspace.token.value:
        raise Refusal("invalid_token")
    rotation.exchanged.add(token)
    return rotation.grant()


def blocks_validate(_workspace, arguments):
    if [name for name in ("blocks", "message", "view") if name in arguments.values] != ["blocks"]:
        raise Refusal("invalid_arguments")
    blocks = arguments.structure("blocks", "invalid_blocks")
    if not isinstance(blocks, list):
        raise Refusal("invalid_blocks")
    findings = block_kit.check(blocks).findings
    if findings:
        raise Refusal("invalid_blocks", errors=[{"pointer": f.pointer, "code": "invalid", "message": f.text} for f in findings])
    return {}
