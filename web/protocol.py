"""Uvicorn's HTTP protocol, which tells the wall how many connections there are.

Uvicorn's own refusal (``limit_concurrency``) has no Retry-After; so the number goes along with each
request as an ASGI extension, and `web.security.Wall` refuses.
"""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from web.security import LOAD


class CountingProtocol(HttpToolsProtocol):
    """As uvicorn's, with the load in the scope of each request."""

    def on_headers_complete(self) -> None:
        """Put the number of connections into the scope, then go on as usual."""
        load = max(len(self.connections), len(self.tasks) + 1)
        self.scope["extensions"] = {LOAD: {"connections": load}}
        super().on_headers_complete()
