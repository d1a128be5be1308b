"""Faults on request: what goes wrong with the next calls of a method."""
from dataclasses import dataclass, field

KINDS = {
    "reset_before": "the connection is reset before the body is read",
    "reset_after_read": "the connection is reset; the call had no effect",
    "reset_after_apply": "the connection is reset; the call took effect",
    "http": "answers `status` with an HTML page (or `body`); no effect",
    "slow": "takes effect at once, answers after `ms`",
    "garbage": "answers 200 with something that is no JSON; no effect",
    "truncated": "takes effect, then the answer breaks off in its middle",
    "error": "answers ok:false with `error` (and `extra` members); no effect",
    "rate_limit": "answers 429 with Retry-After: `retry_after` (and `error`); no effect",
}


@dataclass
class Fault:
    kind: str
    method: str
    count: int | None = 1  # None: until removed
    channel: str | None = None  # only calls with this channel argument, or about the person with this DM or user id
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
        """`subject`: the e-mail address, user id and channel ids that the call is about."""
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
