"""/_sandbox/socket-mode: inspects and disrupts Socket Mode. JSON in, JSON out; 400 gives the mistake in the request.

GET  ?open=NUMBER&wait=SECONDS                  settings and connections; waits until exactly that many are open
POST {enabled, app_token, accepted, error, scopes, most, ping_every, padding, fragments, accepts_response_payload}
                                                changes settings, see socket_mode.py; enabled: false disconnects all connections
POST {do: ..., connection}                      runs an action on that connection, or on all:
      "disconnect", reason, close_after         sends disconnect and closes that many seconds later; reason: warning, refresh_requested,
                                                link_disabled or too_many_websockets
      "vanish"                                  resets the TCP connection
      "silence"                                 sends nothing more, not even pongs
      "send", text | binary | raw               sends a text frame, a binary frame (hex), or raw bytes (hex)
POST {do: "refuse", status, count}              responds to the next handshakes with this status
POST {do: "silent", count}                      accepts the next connections, but sends nothing on them
"""
import asyncio
import json

from aiohttp import web

from .frames import BINARY, TEXT, frame

MAX_WAIT = 30
REASONS = ("warning", "refresh_requested", "link_disabled", "too_many_websockets")
SETTINGS = ("enabled", "app_token", "accepted", "error", "scopes", "most", "ping_every", "padding", "fragments", "accepts_response_payload")


class SocketModeControl:
    def __init__(self, socket_mode):
        self.socket_mode = socket_mode

    def routes(self):
        return [web.get("/_sandbox/socket-mode", self.look), web.post("/_sandbox/socket-mode", self.change)]

    async def look(self, request):
        mode = self.socket_mode
        wanted, wait = request.query.get("open"), min(float(request.query.get("wait", 0)), MAX_WAIT)
        if wanted is not None:
            try:
                async with mode.changed:
                    await asyncio.wait_for(mode.changed.wait_for(lambda: len(mode.connections) == int(wanted)), wait)
            except asyncio.TimeoutError:
                pass
        return web.json_response(
            {
                "settings": vars(mode.settings),
                "open": [connection.row() for connection in mode.connections],
                "connections": [connection.row() for connection in mode.history],
                "mistakes": mode.mistakes,
                "late": mode.late,
            }
        )

    async def change(self, request):
        given = json.loads(await request.read())
        what = given.pop("do", None)
        if what is None:
            await self.set(given)
        else:
            actions = {name: getattr(self, name) for name in ("disconnect", "vanish", "silence", "send", "refuse", "silent")}
            if what not in actions:
                raise ValueError(f"unknown action {what!r}; one of {', '.join(actions)}")
            await actions[what](**given)
        return web.json_response({"ok": True})

    async def set(self, given):
        unknown = set(given) - set(SETTINGS)
        if unknown:
            raise ValueError(f"unknown members: {', '.join(sorted(unknown))}")
        for name, value in given.items():
            setattr(self.socket_mode.settings, name, tuple(value) if name == "scopes" else value)
        if given.get("enabled") is False:
            for connection in list(self.socket_mode.connections):
                await self.socket_mode.disconnect(connection, "link_disabled", 0)

    def chosen(self, number):
        found = [each for each in self.socket_mode.connections if number in (None, each.number)]
        if number is not None and not found:
            raise ValueError(f"connection {number} is not open")
        return found

    async def disconnect(self, reason, connection=None, close_after=10.0):
        if reason not in REASONS:
            raise ValueError(f"unknown reason {reason!r}; one of {', '.join(REASONS)}")
        for each in self.chosen(connection):
            await self.socket_mode.disconnect(each, reason, close_after)

    async def vanish(self, connection=None):
        for each in self.chosen(connection):
            self.socket_mode.vanish(each)

    async def silence(self, connection=None):
        for each in self.chosen(connection):
            each.silent = True

    async def send(self, connection=None, text=None, binary=None, raw=None):
        if [text, binary, raw].count(None) != 2:
            raise ValueError("exactly one of text, binary and raw is required")
        data = bytes.fromhex(raw or "")
        if text is not None:
            data = frame(TEXT, text.encode())
        if binary is not None:
            data = frame(BINARY, bytes.fromhex(binary))
        for each in self.chosen(connection):
            await self.socket_mode.write(each, data)

    async def refuse(self, status=409, count=1):
        self.socket_mode.refusals += [status] * count

    async def silent(self, count=1):
        self.socket_mode.silent_next += count
