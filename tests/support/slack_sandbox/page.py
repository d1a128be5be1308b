"""Serves page.html with a Content-Security-Policy that allows only its own script and style, whatever a message contains."""
import base64
import hashlib
import re
from pathlib import Path

from aiohttp import web


def digest(page: str, tag: str) -> str:
    content = re.search(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL).group(1)
    return "'sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode() + "'"


def page_handler():
    page = (Path(__file__).parent / "page.html").read_text()
    policy = (
        f"default-src 'none'; script-src {digest(page, 'script')}; style-src {digest(page, 'style')}; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    headers = {"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}

    async def show(_request):
        return web.Response(text=page, content_type="text/html", headers=headers)

    return show
