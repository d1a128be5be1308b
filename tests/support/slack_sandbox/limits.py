"""Slack's rate limits (docs.slack.dev, "Rate limits"). Pure: the time is an argument."""
import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Rate:
    per_second: float
    burst: float


# One message per second and channel with short bursts; several hundred a minute per workspace. Slack documents no exact numbers; these are
# between the documented and the measured ones (RamblingCookieMonster/PSSlack#52).
PER_CHANNEL = Rate(1, 10)
PER_WORKSPACE = Rate(600 / 60, 100)
TIER_2 = Rate(20 / 60, 20)
TIER_3 = Rate(50 / 60, 50)

METHODS = {
    "apps.connections.open": TIER_3,
    "auth.test": Rate(10, 100),
    "users.list": TIER_2,
    "users.lookupByEmail": TIER_3,
    "chat.update": TIER_3,
    "conversations.open": TIER_3,
    "conversations.info": TIER_3,
    "conversations.history": TIER_3,
    "conversations.replies": TIER_3,
    "chat.postMessage": PER_WORKSPACE,
    "oauth.v2.access": TIER_3,
    "oauth.v2.exchange": TIER_3,
    "blocks.validate": TIER_3,
}


class Limits:
    def __init__(self):
        self._buckets = {}  # key -> (tokens, time)

    def clear(self):
        self._buckets.clear()

    def take(self, method: str, channel: str | None, now: float) -> tuple[str, int] | None:
        """None if the call is within the limits, else Slack's error code and the seconds to wait."""
        wanted = [(f"method:{method}", METHODS[method], "ratelimited")]
        if channel is not None:
            wanted.append((f"channel:{channel}", PER_CHANNEL, "rate_limited"))
        levels = []
        for key, rate, error in wanted:
            tokens, since = self._buckets.get(key, (rate.burst, now))
            tokens = min(rate.burst, tokens + (now - since) * rate.per_second)
            if tokens < 1:
                return error, max(1, math.ceil((1 - tokens) / rate.per_second))
            levels.append((key, tokens))
        for key, tokens in levels:
            self._buckets[key] = (tokens - 1, now)
        return None
