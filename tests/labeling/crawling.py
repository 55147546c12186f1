"""A labeler with bad intentions: follows every link, form, hx- attribute and asset, and keeps all that comes back."""

from __future__ import annotations

import html
import re
import uuid
from dataclasses import dataclass
from html.parser import HTMLParser

from django.contrib.staticfiles import finders
from django.http import StreamingHttpResponse
from django.test import Client

LINKS = ("href", "src", "hx-get")
TARGETS = ("action", "formaction", "hx-post")
#: They end the work or the visit, so they come last or never.
FINAL = ("/submit/", "/give-back/", "/sign-out/", "/next/")
#: What is read elsewhere: files, and the lists that Django makes.
ELSEWHERE = ("/static/", "/admin/")
#: One plausible value for every field of the site's forms.
VALUES = {
    "text": "A finding of mine.",
    "category": "accuracy",
    "category_text": "",
    "severity": "2",
    "rating": "3",
    "active_ms": "5000",
}
#: As a page from before somebody else's save would send it.
STALE = {"text": "Another finding of mine.", "base_revision": "99"}
HEADERS: list[dict[str, str]] = [{"HX-Request": "true"}, {}]


@dataclass(frozen=True)
class Seen:
    """One answer of the site, whole: address, headers and body."""

    address: str
    status: int
    headers: str
    body: str

    def everything(self) -> str:
        """As a reader sees it: `&#x27;` is an apostrophe."""
        return html.unescape(f"{self.address}\n{self.headers}\n{self.body}")

    @property
    def is_static(self) -> bool:
        return self.address.startswith("/static/")

    @property
    def is_vendored(self) -> bool:
        return "/vendor/" in self.address


class _Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.targets: list[str] = []
        self.hidden: dict[str, str] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.links += [values[name] for name in LINKS if values.get(name)]
        self.targets += [values[name] for name in TARGETS if values.get(name)]
        if tag == "input" and values.get("type") == "hidden" and values.get("name"):
            self.hidden[values["name"]] = values.get("value", "")


class Crawler:
    """One signed-in client, and every answer it got."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.seen: list[Seen] = []
        self.visited: set[str] = set()

    def keep(self, address: str, answer: object) -> str:
        """Write an answer down."""
        streamed = isinstance(answer, StreamingHttpResponse)
        raw = b"".join(answer.streaming_content) if streamed else answer.content  # type: ignore[attr-defined]
        body = raw.decode("utf-8", "replace")
        headers = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())  # type: ignore[attr-defined]
        self.seen.append(Seen(address, answer.status_code, headers, body))  # type: ignore[attr-defined]
        return body

    def get(self, address: str, headers: dict[str, str]) -> str:
        if address.startswith("/static/"):
            return self._asset(address)
        return self.keep(address, self.client.get(address, headers=headers))

    def _asset(self, address: str) -> str:
        path = finders.find(address.removeprefix("/static/"))
        assert path is not None, f"{address} is linked and absent"
        with open(path, encoding="utf-8") as file:
            self.seen.append(Seen(address, 200, "", file.read()))
        return ""

    def crawl(self, address: str) -> None:
        """Read a page and all it leads to, as a page and as a fragment; press every button on the way."""
        waiting = [address]
        while waiting:
            current = waiting.pop().partition("#")[0]
            if current.startswith("/") and current not in self.visited:
                self.visited.add(current)
                for headers in HEADERS[:1] if current.startswith("/static/") else HEADERS:
                    waiting += self._read(self.get(current, headers))

    def follow(self, address: str) -> None:
        """Read a page and all pages and fragments it leads to, and press nothing."""
        waiting = [address]
        while waiting:
            current = waiting.pop().partition("#")[0]
            if current.startswith("/") and not current.startswith(ELSEWHERE) and current not in self.visited:
                self.visited.add(current)
                waiting += _Page(self.get(current, {})).links

    def _read(self, body: str) -> list[str]:
        """Press what this page or fragment offers, and what comes of that. Returns the addresses linked."""
        page = _Page(body)
        links = page.links
        for target in page.targets:
            if target in self.visited or target.endswith(FINAL):
                continue
            self.visited.add(target)
            for data in (VALUES | page.hidden | {"client_key": str(uuid.uuid4())}, VALUES | STALE, {}):
                for headers in HEADERS:
                    links += self._read(self.keep(target, self.client.post(target, data, headers=headers)))
        return links

    def finish(self, address: str) -> None:
        """Hand in, or be refused with a reason; look at what comes after."""
        for data in ({}, {"compare": "1"}, {"confirmed": "1"}):
            for headers in HEADERS:
                self.keep(f"{address}submit/", self.client.post(f"{address}submit/", data, headers=headers))
        self.visited.discard(address)
        self.crawl(address)
        self.visited.discard("/")
        self.crawl("/")


def without_tokens(body: str) -> str:
    """An answer without what differs each time."""
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", body)
