"""Decodes the arguments of a Web API call: content types, charsets, JSON null (docs.slack.dev/apis/web-api). Does no I/O."""
import dataclasses
import json
import re
from urllib.parse import parse_qsl


class Refusal(Exception):
    """A response with ok:false and an error code."""

    def __init__(self, error, **extra):
        super().__init__(error)
        self.document = {"ok": False, "error": error} | extra


@dataclasses.dataclass
class Arguments:
    """The decoded arguments of a call, without those that were JSON null."""

    values: dict
    warnings: list
    token: str | None = None  # from a form body

    def missing(self, name):
        return Refusal("invalid_arguments", response_metadata={"messages": [f"[ERROR] missing required field: {name}"]})

    def wrong(self, name, kind):
        return Refusal("invalid_arguments", response_metadata={"messages": [f"[ERROR] must provide {kind} [json-pointer:/{name}]"]})

    def text(self, name, required=False):
        value = self.values.get(name)
        if value is None and required:
            raise self.missing(name)
        if value is not None and not isinstance(value, str):
            raise self.wrong(name, "a string")
        return value

    def flag(self, name, default=False):
        value = self.values.get(name, default)
        if isinstance(value, bool):
            return value
        if value in ("1", "true", "0", "false"):
            return value in ("1", "true")
        raise self.wrong(name, "a boolean")

    def number(self, name, default):
        value = self.values.get(name, default)
        if isinstance(value, int) and not isinstance(value, bool) or isinstance(value, str) and re.fullmatch(r"\d{1,9}", value):
            return int(value)
        raise self.wrong(name, "an integer")

    def structure(self, name, error):
        """An array or object, or its JSON text."""
        value = self.values.get(name)
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError:
                raise Refusal(error) from None
        return value


def decode(request, body: bytes, takes_json: bool) -> Arguments:
    if request.method == "GET":
        return Arguments({name: value for name, value in request.query.items() if name != "token"}, [])
    declared = request.headers.get("Content-Type")
    if not body and declared is None:
        return Arguments({}, [])
    if declared is None:
        raise Refusal("missing_post_type")
    kind, charset = request.content_type, request.charset
    if charset is not None and charset.lower() not in ("utf-8", "iso-8859-1"):
        raise Refusal("invalid_charset")
    try:
        text = body.decode(charset or "utf-8")
    except UnicodeDecodeError:
        raise Refusal("invalid_charset") from None
    if kind == "application/json":
        if not takes_json:
            # The method reads only query and form, so Slack ignores these arguments.
            return Arguments({}, [])
        try:
            values = json.loads(text)
        except ValueError:
            raise Refusal("invalid_json") from None
        if not isinstance(values, dict):
            raise Refusal("json_not_object")
        return Arguments({k: v for k, v in values.items() if v is not None and k != "token"}, [] if charset else ["missing_charset"])
    if kind == "application/x-www-form-urlencoded":
        try:
            values = dict(parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), errors="strict"))
        except ValueError:
            raise Refusal("invalid_form_data") from None
        return Arguments(values, ["superfluous_charset"] if charset else [], values.pop("token", None))
    raise Refusal("invalid_post_type")
