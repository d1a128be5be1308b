"""Fault injection for the next calls of a method."""
from dataclasses import dataclass, field

KINDS = {
    "reset_before": "the connection is reset before the body is read",
    "reset_after_read": "the connection is reset; the call had no effect",
    "reset_after_apply": "the connection is reset; the call took effect",
    "http": "responds with `status` and an HTML page (or `body`); the call had no effect",
    "slow": "the call takes effect at once; responds after `ms`",
    "garbage": "responds 200 with a body that is not JSON; the call had no effect",
    "truncated": "the call takes effect; the response breaks off halfway",
    "error": "responds ok:false with `error` (and `extra` members); the call had no effect",
    "rate_limit": "responds 429 with Retry-After: `retry_after` (and `error`); the call had no effect",
}


@dataclass
class Fault:
    kind: str
    method: str
    count: int | None = 1  # None: until removed
    channel: str | None = None  # only calls that name this channel, or a person by user id or DM id
    email: str | None = None  # only calls about this person
    status: int = 503
    body: str | None = None
    ms: int = 0
    error: str | None = None
    retry_after: int = 1
    extra: dict = field(default_factory=dict)

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind {self.kind!r}; one of {', '.join(KINDS)}")
        self.error = self.error or ("ratelimited" if self.kind == "rate_limit" else "internal_error")


class Faults:
    def __init__(self):
        self._list = []

    def add(self, fault: Fault):
        self._list.append(fault)

    def clear(self):
        self._list.clear()

    def take(self, method: str, subject: set, before_body: bool = False) -> Fault | None:
        """Returns the first fault for the call and counts it down. `subject`: the e-mail address, user id and channel ids of the call."""
        for fault in self._list:
            if fault.method != method or (fault.kind == "reset_before") != before_body:
                continue
            if {fault.channel, fault.email} - {None} <= subject:
                if fault.count is not None:
                    fault.count -= 1
                    if fault.count <= 0:
                        self._list.remove(fault)
                return fault
        return None
