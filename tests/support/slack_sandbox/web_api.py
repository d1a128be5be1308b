"""The calling conventions of Slack's Web API: token, scopes, rate limits, warnings (docs.slack.dev/apis/web-api); and injected faults."""
import asyncio
import socket
import struct
import time

from aiohttp import web

from . import methods
from .arguments import Arguments, Refusal, decode

SERVER_ERROR_PAGE = "<!DOCTYPE html><html><head><title>Server Error</title></head><body><h1>Server Error</h1></body></html>"


class WebApi:
    def __init__(self, workspace, faults, limits):
        """limits: None for no rate limits."""
        self.workspace, self.faults, self.limits = workspace, faults, limits

    async def handle(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["method"]
        fault = self.faults.take(name, set(request.query.values()), before_body=True)
        if fault:
            self.record(request, name, {}, 0, None, fault)
            return reset(request)
        try:
            body = await request.read()
        except ConnectionError:
            return web.Response()  # the client has disconnected
        arguments, refusal = Arguments({}, []), None
        method = methods.ALL.get(name)
        try:
            arguments = decode(request, body, method is None or method.takes_json)
        except Refusal as found:
            refusal = found
        fault = self.faults.take(name, self.subject(arguments.values))
        without_effect = fault and self.without_effect(request, fault)
        if without_effect is not None:
            self.record(request, name, arguments.values, without_effect.status, None, fault)
            return without_effect

        status, document = 200, None
        headers = {"x-slack-req-id": self.workspace.fresh_id()}
        try:
            self.authenticate(request, arguments, method, headers)
            wait = self.limited(name, arguments)
            if wait is not None:
                error, seconds = wait
                status, headers["Retry-After"] = 429, str(seconds)
                raise Refusal(error)
            if refusal:
                raise refusal
            document = {"ok": True} | method.run(self.workspace, arguments)
        except Refusal as found:
            document = found.document
        if arguments.warnings:
            document["warning"] = ",".join(arguments.warnings)
            document.setdefault("response_metadata", {})["warnings"] = arguments.warnings
        self.record(request, name, arguments.values, status, document.get("error"), fault, arguments.warnings)
        if document["ok"] and method.changes:
            await self.workspace.announce()
        return await self.answer(request, fault, web.json_response(document, status=status, headers=headers))

    # ---- steps of a call ----

    def authenticate(self, request, arguments, method, headers):
        if method is None:
            raise Refusal("unknown_method")
        if not method.needs_token:
            return
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        given = given.strip() if scheme.lower() == "bearer" else arguments.token
        token = self.workspace.token
        if not given:
            raise Refusal("not_authed")
        refusal = self.workspace.rotation.refusal(given)
        if refusal:
            raise Refusal(refusal)
        if refusal is None:
            if given != token.value:
                raise Refusal("invalid_auth")
            if not token.accepted:
                raise Refusal(token.error)
        headers["x-oauth-scopes"] = ",".join(token.scopes)
        if method.scope:
            headers["x-accepted-oauth-scopes"] = method.scope
            if method.scope not in token.scopes:
                raise Refusal("missing_scope", needed=method.scope, provided=",".join(token.scopes))

    def limited(self, name, arguments):
        if self.limits is None:
            return None
        channel = None
        if name == "chat.postMessage":
            # A user id and the id of the person's direct message count as the same channel.
            user, channel = self.workspace.named(arguments.values.get("channel"))
            channel = user.id if user else channel.id if channel else None
        return self.limits.take(name, channel, time.monotonic())

    def subject(self, values):
        """All names of the person and the channel that a call is about: e-mail address, user id, channel ids."""
        names = {values[key] for key in ("channel", "email", "users") if isinstance(values.get(key), str)}
        user, channel = self.workspace.named(values.get("channel"))
        return names | ({user.id, user.email} if user else set()) | ({channel.id} if channel else set())

    def without_effect(self, request, fault):
        if fault.kind == "reset_after_read":
            return reset(request)
        if fault.kind == "http":
            body = SERVER_ERROR_PAGE if fault.body is None else fault.body
            return web.Response(status=fault.status, text=body, content_type="text/html")
        if fault.kind == "garbage":
            return web.Response(text="{\"ok\": tr\u2026 <not JSON>", content_type="application/json")
        if fault.kind == "error":
            return web.json_response({"ok": False, "error": fault.error} | fault.extra)
        if fault.kind == "rate_limit":
            document = {"ok": False, "error": fault.error}
            return web.json_response(document, status=429, headers={"Retry-After": str(fault.retry_after)})
        return None

    async def answer(self, request, fault, response):
        if fault is None:
            return response
        if fault.kind == "slow":
            await asyncio.sleep(fault.ms / 1000)
            return response
        if fault.kind == "reset_after_apply":
            return reset(request)
        body = response.body
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        request.transport.write(head + body[: len(body) // 2])
        request.transport.close()
        return response

    def record(self, request, name, values, status, error, fault, warnings=()):
        workspace = self.workspace
        workspace.call_count += 1
        workspace.calls.append(
            {
                "number": workspace.call_count,
                "at": time.time(),
                "method": name,
                "http_method": request.method,
                "arguments": values,
                "status": status,
                "error": error,
                "fault": fault.kind if fault else None,
                "warnings": list(warnings),
                "user_agent": request.headers.get("User-Agent"),
            }
        )


def reset(request: web.Request) -> web.Response:
    """Resets the TCP connection. The returned response is never sent."""
    connection = request.transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.transport.abort()
    return web.Response(status=500)
