"""Runs the sandbox: PYTHONPATH=tests/support python3 -m slack_sandbox --port 8080 --print-address"""
import argparse
import asyncio
import json
import os
import signal
import ssl
from pathlib import Path

from aiohttp import web

from .app import Options, make_app
from .socket_mode import Settings
from .workspace import SCOPES


def parse_arguments():
    parser = argparse.ArgumentParser(prog="slack_sandbox", description="A small Slack on loopback.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument("--token", default="xoxb-sandbox", help="the accepted bot token")
    parser.add_argument("--signing-secret", default="sandbox-signing-secret", help="signs interactions (button clicks)")
    parser.add_argument("--interactivity-url", help="receives interactions")
    parser.add_argument("--socket-mode", action="store_true", help="send interactions over a WebSocket instead")
    parser.add_argument("--app-token", default="xapp-sandbox", help="the app-level token that opens the WebSocket")
    parser.add_argument("--scopes", default=",".join(SCOPES), help="scopes of the bot token, comma separated")
    parser.add_argument("--users", default="any", help="e-mail domains with accounts: any, none, or a list, comma separated")
    parser.add_argument("--no-rate-limits", action="store_true")
    parser.add_argument("--certificate", help="PEM; enables TLS")
    parser.add_argument("--key", help="PEM")
    parser.add_argument("--print-address", action="store_true", help="print one line of JSON when ready")
    parser.add_argument("--address-file", type=Path, help="write the same line to this file")
    return parser.parse_args()


async def serve(arguments):
    domains = {"any": None, "none": set()}.get(arguments.users, set(arguments.users.lower().split(",")))
    options = Options(
        arguments.token,
        arguments.signing_secret,
        arguments.interactivity_url,
        tuple(filter(None, arguments.scopes.split(","))),
        domains,
        not arguments.no_rate_limits,
        Settings(arguments.socket_mode, arguments.app_token),
    )
    tls = None
    if arguments.certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(arguments.certificate, arguments.key)
    runner = web.AppRunner(make_app(options), access_log=None, handle_signals=False, keepalive_timeout=120)
    await runner.setup()
    await web.TCPSite(runner, arguments.host, arguments.port, ssl_context=tls, backlog=1024, shutdown_timeout=1).start()

    host, port = runner.addresses[0][:2]
    base = f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"
    line = json.dumps({"url": base, "api_url": base + "/api/", "port": port})
    if arguments.address_file:
        partial = arguments.address_file.with_suffix(".partial")
        partial.write_text(line + "\n")
        os.replace(partial, arguments.address_file)
    if arguments.print_address:
        print(line, flush=True)

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve(parse_arguments()))
