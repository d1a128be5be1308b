"""Puts the sandbox together."""
from dataclasses import dataclass

import aiohttp
from aiohttp import web

from .control import Control, explain_mistakes
from .faults import Faults
from .interactions import Clicker
from .limits import Limits
from .page import page_handler
from .web_api import WebApi
from .workspace import SCOPES, Token, Workspace


@dataclass
class Options:
    token: str
    signing_secret: str
    interactivity_url: str | None = None
    scopes: tuple = SCOPES
    known_domains: set | None = None  # None: everyone exists
    rate_limits: bool = True


def make_app(options: Options) -> web.Application:
    async def session_of(app):
        async with aiohttp.ClientSession() as session:
            clicker.session = session
            yield

    workspace = Workspace(Token(options.token, scopes=options.scopes), options.known_domains)
    faults, limits = Faults(), Limits() if options.rate_limits else None
    clicker = Clicker(None, options.signing_secret, options.interactivity_url)
    app = web.Application(middlewares=[explain_mistakes], client_max_size=4 * 1024 * 1024)
    app.cleanup_ctx.append(session_of)
    api = WebApi(workspace, faults, limits)
    app.add_routes([web.get("/", page_handler()), web.get("/api/{method}", api.handle), web.post("/api/{method}", api.handle)])
    app.add_routes(Control(workspace, faults, limits, clicker).routes())
    return app
