"""/_sandbox: lets tests and the page inspect and disrupt the sandbox. JSON in, JSON out; 400 gives the mistake in the request.

GET  calls     ?method=&after=NUMBER            the calls to the Web API so far
GET  messages  ?after=REVISION&wait=SECONDS     new and changed messages; waits until there is one
POST reset                                      empties the workspace and removes all faults
POST faults    {kind, method, ...}              adds a fault, see faults.py; DELETE removes all
POST token     {value, accepted, error, scopes} sets the token that the Web API accepts
POST rotation  {client_id, client_secret, refresh_token, lives, grace}   turns token rotation on; see admin_methods.py
POST users     {email, name, deleted, absent, tz}   adds, deactivates or removes a person
POST channels  {id, name, member, archived, private}   adds or changes a channel
POST rules     {edit_window, history_lag}       seconds; see workspace.py
POST message   {channel, ts, deleted, own, locked}  changes a message as other people would
POST interactivity {url, signing_secret}        sets the receiver of clicks
POST click     {channel, ts, action_id, block_id}   clicks a button
     socket-mode                                see socket_mode_control.py
"""
import asyncio
import json

from aiohttp import web

from .faults import Fault
from .interactions import find_element

MAX_WAIT = 30


class Control:
    def __init__(self, workspace, faults, limits, clicker):
        self.workspace, self.faults, self.limits, self.clicker = workspace, faults, limits, clicker

    def routes(self):
        return [
            web.get("/_sandbox/calls", self.calls),
            web.get("/_sandbox/messages", self.messages),
            web.post("/_sandbox/reset", self.reset),
            web.post("/_sandbox/faults", self.add_fault),
            web.delete("/_sandbox/faults", self.clear_faults),
            web.post("/_sandbox/token", self.token),
            web.post("/_sandbox/rotation", self.rotation),
            web.post("/_sandbox/users", self.users),
            web.post("/_sandbox/channels", self.channels),
            web.post("/_sandbox/rules", self.rules),
            web.post("/_sandbox/message", self.message),
            web.post("/_sandbox/interactivity", self.interactivity),
            web.post("/_sandbox/click", self.click),
        ]

    async def calls(self, request):
        method, after = request.query.get("method"), int(request.query.get("after", 0))
        found = [call for call in self.workspace.calls if call["number"] > after and method in (None, call["method"])]
        return web.json_response({"calls": found, "total": self.workspace.call_count})

    async def messages(self, request):
        workspace = self.workspace
        after, wait = int(request.query.get("after", 0)), min(float(request.query.get("wait", 0)), MAX_WAIT)
        if wait > 0:
            try:
                async with workspace.changed:
                    await asyncio.wait_for(
                        workspace.changed.wait_for(lambda: after < workspace.generation or workspace.changes(after)), wait
                    )
            except asyncio.TimeoutError:
                pass
        changed = workspace.changes(after)
        revision = max([after, workspace.generation] + [message.revision for message in changed[-1:]])
        rows = [message.row() for message in changed]
        return web.json_response({"messages": rows, "revision": revision, "everything": after < workspace.generation})

    async def reset(self, _request):
        self.workspace.reset()
        self.faults.clear()
        self.clicker.socket_mode.reset()
        if self.limits:
            self.limits.clear()
        await self.workspace.announce()
        return web.json_response({"ok": True})

    async def add_fault(self, request):
        self.faults.add(Fault(**await members(request)))
        return web.json_response({"ok": True})

    async def clear_faults(self, _request):
        self.faults.clear()
        return web.json_response({"ok": True})

    async def token(self, request):
        for name, value in (await members(request, "value", "accepted", "error", "scopes")).items():
            setattr(self.workspace.token, name, tuple(value) if name == "scopes" else value)
        return web.json_response({"ok": True})

    async def rotation(self, request):
        for name, value in (await members(request, "client_id", "client_secret", "refresh_token", "lives", "grace")).items():
            setattr(self.workspace.rotation, name, value)
        return web.json_response({"ok": True})

    async def users(self, request):
        given = await members(request, "email", "name", "deleted", "absent", "tz")
        if given.get("absent"):
            self.workspace.remove_user(given["email"])
            return web.json_response({"ok": True})
        user = self.workspace.add_user(given["email"], given.get("name"), given.get("deleted", False), given.get("tz"))
        return web.json_response({"ok": True, "id": user.id})

    async def channels(self, request):
        given = await members(request, "id", "name", "member", "archived", "private")
        channel_id = given.pop("id")
        self.workspace.add_channel(channel_id, given.pop("name", channel_id.lower()), **given)
        return web.json_response({"ok": True})

    async def rules(self, request):
        for name, value in (await members(request, "edit_window", "history_lag")).items():
            setattr(self.workspace, name, value)
        return web.json_response({"ok": True})

    async def message(self, request):
        given = await members(request, "channel", "ts", "deleted", "own", "locked")
        message = self.workspace.messages[given.pop("channel"), given.pop("ts")]
        if given.pop("deleted", False):
            self.workspace.remove_message(message)
            await self.workspace.announce()
        for name, value in given.items():
            setattr(message, name, value)
        return web.json_response({"ok": True})

    async def interactivity(self, request):
        for name, value in (await members(request, "url", "signing_secret")).items():
            setattr(self.clicker, name, value)
        return web.json_response({"ok": True})

    async def click(self, request):
        given = await members(request, "channel", "ts", "action_id", "block_id")
        message = self.workspace.messages.get((given["channel"], given["ts"]))
        found = message and find_element(message, given["action_id"], given.get("block_id"))
        if not found:
            return web.json_response({"ok": False, "error": "no such button"}, status=404)
        result = await self.clicker.click(message, *found)
        self.workspace.touch(message)
        await self.workspace.announce()
        return web.json_response(result)


async def members(request, *known):
    given = json.loads(await request.read())
    unknown = set(given) - set(known) if known else ()
    if unknown:
        raise ValueError(f"unknown members: {', '.join(sorted(unknown))}")
    return given


@web.middleware
async def errors_as_json(request, handler):
    try:
        return await handler(request)
    except (ValueError, TypeError, KeyError) as mistake:
        if not request.path.startswith("/_sandbox/"):
            raise
        return web.json_response({"ok": False, "error": f"{type(mistake).__name__}: {mistake}"}, status=400)
