"""Composes the sandbox."""
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web

from . import methods
from .control import Control, errors_as_json
from .faults import Faults
from .interactions import Clicker
from .limits import Limits
from .page import page_handler
from .socket_mode import Settings, SocketMode, SocketModeApi
from .socket_mode_control import SocketModeControl
from .workspace import SCOPES, Token, Workspace


@dataclass
class Options:
    token: str
    signing_secret: str
    interactivity_url: str | None = None
    scopes: tuple = SCOPES
    known_domains: set | None = None  # None: everyone exists
    rate_limits: bool = True
    socket_mode: Settings = field(default_factory=Settings)


def make_app(options: Options) -> web.Application:
    async def session_of(app):
        async with aiohttp.ClientSession() as session:
            clicker.session = session
            yield

    workspace = Workspace(Token(options.token, scopes=options.scopes), options.known_domains)
    faults, limits = Faults(), Limits() if options.rate_limits else None
    socket_mode = SocketMode(options.socket_mode)
    clicker = Clicker(None, options.signing_secret, options.interactivity_url, socket_mode)
    app = web.Application(middlewares=[errors_as_json], client_max_size=4 * 1024 * 1024)
    app.cleanup_ctx.append(session_of)
    app.on_shutdown.append(socket_mode.close)
    api = SocketModeApi(workspace, faults, limits, socket_mode, methods.ALL)
    app.add_routes([web.get("/", page_handler()), web.get("/api/{method}", api.handle), web.post("/api/{method}", api.handle)])
    app.add_routes([web.get("/link/", socket_mode.handle)])
    app.add_routes(Control(workspace, faults, limits, clicker).routes() + SocketModeControl(socket_mode).routes())
    return app
