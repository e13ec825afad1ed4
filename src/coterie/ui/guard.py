"""Who may ask: the browser of the person who started the server, and no page that it happens to have open."""

import secrets

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coterie.ui.answers import refusal

API = "/api/"
HEADERS = {
    "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class Guard:
    """Lets through what is asked of this server by its own name, from its own page, with its token.

    A page of another site can send a browser here, also under a name of its own that leads to 127.0.0.1 (DNS
    rebinding): its requests have another Host or Origin, and no token. Every answer has the security headers.
    """

    def __init__(self, app: ASGIApp, *, token: str, port: int) -> None:
        self._app = app
        self._token = token.encode()
        self._hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}
        self._origins = {f"http://{host}" for host in self._hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what must not come further, and pass on the rest."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        headers = Headers(scope=scope)
        answer = self._refused(headers, scope["path"]) or self._app
        await answer(scope, receive, _with_headers(send))

    def _refused(self, headers: Headers, path: str) -> ASGIApp | None:
        origins = headers.getlist("origin")
        if headers.getlist("host") not in [[host] for host in self._hosts]:
            return refusal(403, "This server answers under 127.0.0.1 and localhost alone: use the address it printed.")
        if any(origin not in self._origins for origin in origins):
            return refusal(403, "Another site's page asked: open the address that the server printed.")
        if path.startswith(API) and not self._knows(headers.get("authorization", "")):
            return refusal(401, "The token is missing or another server's: open the address that this one printed.")
        return None

    def _knows(self, authorization: str) -> bool:
        kind, _, token = authorization.partition(" ")
        return kind == "Bearer" and secrets.compare_digest(token.encode(), self._token)


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sent
