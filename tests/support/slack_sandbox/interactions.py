"""Button clicks: sends the interaction as Slack does (docs.slack.dev, "Handling user interaction") and evaluates the response."""
import asyncio
import json
import time
from urllib.parse import urlencode

import aiohttp

from .signing import signed_headers
from .workspace import BOT, TEAM

ACKNOWLEDGE_WITHIN = 3.0  # seconds
FORM = "application/x-www-form-urlencoded"


def block_actions(message, element: dict, block_id: str, now: float) -> dict:
    user = message.channel.user
    clicker = (
        {"id": user.id, "username": user.email.partition("@")[0], "name": user.name}
        if user
        else {"id": "U0SOMEBODY", "username": "somebody"}
    )
    action = {key: element[key] for key in ("action_id", "text", "value", "url", "style", "type") if key in element}
    return {
        "type": "block_actions",
        "team": {"id": TEAM["id"], "domain": TEAM["domain"]},
        "user": clicker | {"team_id": TEAM["id"]},
        "api_app_id": BOT["app_id"],
        "token": "deprecated",
        "enterprise": None,
        "is_enterprise_install": False,
        "container": {"type": "message", "message_ts": message.ts, "channel_id": message.channel.id, "is_ephemeral": False},
        "trigger_id": f"{int(now * 1000)}.0.sandbox",
        "channel": {"id": message.channel.id, "name": "directmessage" if user else message.channel.name},
        "message": message.document(),
        "state": {"values": {}},
        "response_url": "https://hooks.slack.com/actions/T0SANDBOX0/0/none",
        "actions": [action | {"block_id": block_id, "action_ts": f"{now:.6f}"}],
    }


def find_element(message, action_id: str, block_id: str | None):
    """(element, block_id) of a button in the message, or None; an action_id is unique only within its block."""
    for block in message.blocks:
        elements = block["elements"] if block["type"] == "actions" else [block["accessory"]] if "accessory" in block else []
        for element in elements:
            if element.get("action_id") == action_id and block_id in (None, block["block_id"]):
                return element, block["block_id"]
    return None


class Clicker:
    def __init__(self, session: aiohttp.ClientSession, signing_secret: str, url: str | None, socket_mode):
        self.session, self.signing_secret, self.url = session, signing_secret, url
        self.socket_mode = socket_mode

    async def click(self, message, element: dict, block_id: str) -> dict:
        """Sends the interaction and stores the result with the message. Slack shows a warning sign unless the application responds 200
        within 3 seconds. With Socket Mode, the interaction goes over a WebSocket only, and the application has to acknowledge it."""
        payload = block_actions(message, element, block_id, time.time())
        result = {"action_id": element["action_id"], "block_id": block_id, "at": time.time(), "status": None, "error": None}
        result["acknowledged"] = False
        started = time.monotonic()
        try:
            if self.socket_mode.settings.enabled:
                await self.socket_mode.deliver(payload)
                result["acknowledged"] = True
            else:
                result["status"] = await self._send(urlencode({"payload": json.dumps(payload)}).encode())
                result["acknowledged"] = result["status"] == 200
        except asyncio.TimeoutError:
            result["error"] = "no answer within 3 seconds"
        except (aiohttp.ClientError, OSError) as problem:
            result["error"] = f"no connection: {problem}"
        result["ms"] = round((time.monotonic() - started) * 1000)
        message.clicks.append(result)
        return result

    async def _send(self, body: bytes) -> int | None:
        if not self.url:
            raise aiohttp.ClientError("no interactivity URL is configured")
        headers = {"Content-Type": FORM, "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)"} | signed_headers(
            self.signing_secret, body
        )
        timeout = aiohttp.ClientTimeout(total=ACKNOWLEDGE_WITHIN)
        async with self.session.post(self.url, data=body, headers=headers, timeout=timeout, allow_redirects=False, ssl=False) as answer:
            await answer.read()
            return answer.status
