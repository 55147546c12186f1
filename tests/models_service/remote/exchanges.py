"""What was said to a real server and what it replied: written by `live.py`, read by the tests of every day."""

from __future__ import annotations

import json
from pathlib import Path

import httpx

REPLIES = Path(__file__).parent / "replies.json"


def name_of(request: httpx.Request) -> str:
    """A request as text: method, path below /v1 and body."""
    body = json.loads(request.content) if request.content else None
    return f"{request.method} {request.url.path.removeprefix('/v1/')} {json.dumps(body, sort_keys=True)}"


class Replaying(httpx.BaseTransport):
    """Answers as the real server answered the same request; any other request is a failure of the test."""

    def __init__(self) -> None:
        self._replies = json.loads(REPLIES.read_text())

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        name = name_of(request)
        if name not in self._replies:
            raise AssertionError(f"never recorded: {name}")
        status, reply = self._replies[name]
        return httpx.Response(status, json=reply, request=request)


class Recording(httpx.BaseTransport):
    """Passes requests on to a real server and keeps its replies."""

    def __init__(self) -> None:
        self._network = httpx.HTTPTransport()
        self.replies: dict[str, tuple[int, object]] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        response = self._network.handle_request(request)
        response.read()
        self.replies[name_of(request)] = response.status_code, json.loads(response.content)
        return response

    def close(self) -> None:
        self._network.close()

    def save(self) -> None:
        REPLIES.write_text(json.dumps(self.replies, indent=1, sort_keys=True) + "\n")
