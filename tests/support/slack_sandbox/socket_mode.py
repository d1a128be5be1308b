"""Socket Mode (docs.slack.dev, "Using Socket Mode"): apps.connections.open, the WebSocket behind its URL, and envelopes that wait for
their acknowledgement. Single-threaded. Tests disrupt it through socket_mode_control.py."""
import asyncio
import itertools
import json
import secrets
import socket
import struct
import time
import uuid
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web

from .arguments import Refusal
from .frames import PING, PONG, fragmented, frame
from .methods import Method
from .web_api import WebApi
from .workspace import BOT

ACKNOWLEDGE_WITHIN = 3.0  # seconds
TICKET_LIFETIME = 30.0  # seconds; Slack documents only that it is short
SCOPE = "connections:write"
METHOD = "apps.connections.open"
LARGEST_FRAME = 64 * 1024  # from the application, which sends only acknowledgements


@dataclass
class Settings:
    """Settings that tests may change; a reset restores the initial ones."""

    enabled: bool = False
    app_token: str = "xapp-sandbox"
    accepted: bool = True
    error: str = "invalid_auth"  # the response while the token is not accepted
    scopes: tuple = (SCOPE,)
    most: int = 10  # maximum concurrent connections
    ping_every: float = 10.0  # seconds
    padding: int = 0  # bytes added to each envelope
    fragments: int = 1  # frames per envelope
    accepts_response_payload: bool = False


@dataclass(eq=False)
class Connection:
    number: int
    socket: web.WebSocketResponse
    transport: asyncio.Transport
    opened_at: float = field(default_factory=time.time)
    silent: bool = False  # reads, but sends nothing
    leaving: bool = False  # gets no more envelopes
    waiting: int = 0  # envelopes that are not acknowledged yet
    last_used: int = 0
    envelopes: int = 0
    acknowledged: int = 0
    pings: int = 0  # received
    pongs: int = 0
    close_code: int | None = None  # from the application
    closing: asyncio.Task | None = None

    def row(self):
        names = ("number", "opened_at", "silent", "envelopes", "acknowledged", "pings", "pongs", "close_code")
        return {name: getattr(self, name) for name in names} | {"open": not self.socket.closed}


class SocketMode:
    def __init__(self, settings: Settings):
        self.first_settings = settings
        self.connections = []  # open
        self.history = []  # all, including closed ones
        self.numbers, self.uses = itertools.count(1), itertools.count(1)
        self.changed = asyncio.Condition()
        self.reset()

    def reset(self):
        self.settings = Settings(**vars(self.first_settings))
        self.tickets = {}  # ticket -> expiry, monotonic
        self.refusals = []  # HTTP statuses for the next handshakes
        self.silent_next = 0  # how many of the next connections will be silent
        self.waiting = {}  # envelope id -> future
        self.mistakes = []  # messages from the application that violate the protocol
        self.late = 0  # acknowledgements that came after 3 s
        self.ended = set()  # envelopes that timed out

    # ---- apps.connections.open ----

    def fresh_url(self, origin) -> str:
        now = time.monotonic()
        self.tickets = {ticket: until for ticket, until in self.tickets.items() if until > now}
        ticket = str(uuid.uuid4())
        self.tickets[ticket] = now + TICKET_LIFETIME
        scheme = "wss" if origin.scheme == "https" else "ws"
        return str(origin.with_scheme(scheme).with_path("/link/").with_query(ticket=ticket, app_id=BOT["app_id"]))

    # ---- the WebSocket ----

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if self.refusals:
            return web.json_response({"message": "refused on request"}, status=self.refusals.pop(0))
        if self.tickets.pop(request.query.get("ticket"), 0) < time.monotonic():
            return web.Response(status=403)
        websocket = web.WebSocketResponse(autoping=False, autoclose=True, timeout=2, max_msg_size=LARGEST_FRAME)
        try:
            await websocket.prepare(request)
        except ConnectionError:
            return web.Response()  # the client has disconnected
        connection = Connection(next(self.numbers), websocket, request.transport)
        self.history.append(connection)
        if self.silent_next:
            self.silent_next -= 1
            connection.silent = True
        elif not self.settings.enabled:
            return await self.reject(connection, "link_disabled")
        elif len(self.connections) >= self.settings.most:
            return await self.reject(connection, "too_many_websockets")
        self.connections.append(connection)
        await self.say_hello(connection)
        pinging = asyncio.create_task(self.keep_pinging(connection))
        try:
            await self.announce()
            async for message in websocket:
                await self.take(connection, message)
        except ConnectionError:
            pass
        finally:
            pinging.cancel()
            if connection.closing:
                connection.closing.cancel()
            connection.close_code = websocket.close_code
            self.connections.remove(connection)
            await self.announce()
        return websocket

    async def reject(self, connection, reason):
        await self.say_disconnect(connection, reason)
        await connection.socket.close()
        connection.close_code = connection.socket.close_code
        return connection.socket

    async def say_hello(self, connection):
        await self.send(
            connection,
            {
                "type": "hello",
                "num_connections": len(self.connections),
                "debug_info": {
                    "host": f"applink-{connection.number}",
                    "build_number": 1,
                    "approximate_connection_time": 18_060,
                    "started": time.strftime("%Y-%m-%d %H:%M:%S.000", time.gmtime()),
                },
                "connection_info": {"app_id": BOT["app_id"]},
            },
        )

    async def say_disconnect(self, connection, reason):
        await self.send(connection, {"type": "disconnect", "reason": reason, "debug_info": {"host": f"applink-{connection.number}"}})

    async def keep_pinging(self, connection):
        while True:
            await asyncio.sleep(self.settings.ping_every)
            await self.write(connection, frame(PING, f"Ping from applink-{connection.number}".encode()))

    async def send(self, connection, document: dict, pieces: int = 1):
        for each in fragmented(json.dumps(document), pieces):
            await self.write(connection, each)

    async def write(self, connection, data: bytes):
        """Writes a whole frame in one call, so that frames never interleave."""
        if not connection.silent and not connection.transport.is_closing():
            connection.transport.write(data)

    async def take(self, connection, message):
        if message.type == WSMsgType.PING:
            connection.pings += 1
            await self.write(connection, frame(PONG, message.data))
        elif message.type == WSMsgType.PONG:
            connection.pongs += 1
        elif message.type == WSMsgType.TEXT:
            self.take_text(connection, message.data)
        else:
            self.mistakes.append(f"a frame of type {message.type.name}")

    def take_text(self, connection, text):
        try:
            document = json.loads(text)
            envelope_id = document["envelope_id"]
        except (ValueError, TypeError, KeyError):
            self.mistakes.append(f"not an acknowledgement: {text[:200]}")
            return
        future = self.waiting.pop(envelope_id, None)
        if future is None and envelope_id in self.ended:
            self.late += 1
        elif future is None:
            self.mistakes.append(f"acknowledges an unknown envelope, or one twice: {text[:200]}")
        elif set(document) - {"envelope_id", "payload"}:
            self.mistakes.append(f"unknown members: {text[:200]}")
        elif document.get("payload") and not self.settings.accepts_response_payload:
            self.mistakes.append(f"an unexpected response payload: {text[:200]}")
        if future is not None and not future.done():
            connection.acknowledged += 1
            future.set_result(None)

    # ---- envelopes ----

    async def deliver(self, payload: dict, kind: str = "interactive"):
        """Sends an envelope over the least recently used connection and returns once it is acknowledged. Raises asyncio.TimeoutError after
        3 s, and OSError if no connection is open."""
        usable = [each for each in self.connections if not each.leaving]
        if not usable:
            raise ConnectionError("no WebSocket is open")
        connection = min(usable, key=lambda each: each.last_used)
        connection.last_used = next(self.uses)
        connection.envelopes += 1
        connection.waiting += 1
        envelope_id = str(uuid.uuid4())
        if self.settings.padding:
            payload = payload | {"padding": secrets.token_hex(self.settings.padding // 2 + 1)}
        future = self.waiting[envelope_id] = asyncio.get_running_loop().create_future()
        accepts = self.settings.accepts_response_payload
        envelope = {"envelope_id": envelope_id, "type": kind, "accepts_response_payload": accepts, "payload": payload}
        try:
            await self.send(connection, envelope, self.settings.fragments)
            await asyncio.wait_for(future, ACKNOWLEDGE_WITHIN)
        finally:
            connection.waiting -= 1
            if self.waiting.pop(envelope_id, None):
                self.ended.add(envelope_id)
            await self.announce()

    # ---- disruptions ----

    async def disconnect(self, connection, reason: str, close_after: float):
        """Announces the disconnect, uses the connection for `close_after` more seconds, then closes it once all envelopes are settled."""
        await self.say_disconnect(connection, reason)

        async def close():
            await asyncio.sleep(close_after)
            connection.leaving = True
            async with self.changed:
                await self.changed.wait_for(lambda: connection.waiting == 0)
            await connection.socket.close()

        connection.closing = asyncio.create_task(close())

    def vanish(self, connection):
        """Resets the TCP connection."""
        raw = connection.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.transport.abort()

    async def announce(self):
        async with self.changed:
            self.changed.notify_all()

    async def close(self, _app):
        for connection in list(self.connections):
            if connection.silent:
                connection.transport.abort()
            else:
                await connection.socket.close()


class SocketModeApi(WebApi):
    """The Web API with apps.connections.open, which requires the app-level token in the header."""

    def __init__(self, workspace, faults, limits, socket_mode, methods):
        super().__init__(workspace, faults, limits)
        self.socket_mode, self.origin = socket_mode, None
        methods[METHOD] = self.method = Method(self.connections_open, SCOPE, takes_json=False)

    def connections_open(self, _workspace, _arguments):
        return {"url": self.socket_mode.fresh_url(self.origin)}

    def authenticate(self, request, arguments, method, headers):
        settings = self.socket_mode.settings
        if method is not self.method:
            # No other method accepts an app-level token.
            if request.headers.get("Authorization", "") == f"Bearer {settings.app_token}":
                raise Refusal("not_allowed_token_type")
            super().authenticate(request, arguments, method, headers)
            return
        self.origin = request.url.origin()
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if arguments.token or request.query.get("token"):
            raise Refusal("insecure_request")
        if scheme.lower() != "bearer" or not given.strip():
            raise Refusal("not_authed")
        if given.strip() == self.workspace.token.value:
            raise Refusal("not_allowed_token_type")
        if given.strip() != settings.app_token:
            raise Refusal("invalid_auth")
        if not settings.accepted:
            raise Refusal(settings.error)
        headers["x-oauth-scopes"], headers["x-accepted-oauth-scopes"] = ",".join(settings.scopes), SCOPE
        if SCOPE not in settings.scopes:
            raise Refusal("missing_scope", needed=SCOPE, provided=",".join(settings.scopes))
        if arguments.values:
            raise Refusal("invalid_arguments")
