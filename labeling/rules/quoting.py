"""Quotes: half-open spans in UTF-16 units of a stored text, as released files and browsers count them.

A browser shows CR LF and CR as LF, so what a reader selects is counted in a text that may be shorter than the
stored one. `crlf_places` is the map back: the page carries it, and js/quoting.js counts with it.

    stored "a\\r\\nb😀"   shown "a\\nb😀"   crlf_places [1]   "b" is 2..3 shown, 3..4 stored; the emoji is 4..6
"""

from __future__ import annotations

import re
from typing import NamedTuple

from labeling.refusals import Refused


class Span(NamedTuple):
    begin: int
    end: int

    def __str__(self) -> str:
        return f"{self.begin}-{self.end}"


def utf16(text: str) -> bytes:
    """Two bytes a unit."""
    return text.encode("utf-16-le")


def read_span(written: str) -> Span:
    """The span that a page writes as `12-34`."""
    found = re.fullmatch(r"(\d{1,9})-(\d{1,9})", written)
    if found is None:
        raise Refused("This is not a quote. Reload the page and select it again.")
    return Span(int(found[1]), int(found[2]))


def quoted(text: str, span: Span) -> str:
    """What a span quotes. Raises Refused if it is empty, not inside the text, or cuts a character in two."""
    units = utf16(text)
    if not 0 <= span.begin < span.end <= len(units) // 2:
        raise Refused("This quote does not lie in the text. Select it again.")
    try:
        return units[2 * span.begin : 2 * span.end].decode("utf-16-le")
    except UnicodeDecodeError:
        raise Refused("This quote cuts a character in two. Select it again.") from None


def crlf_places(text: str) -> list[int]:
    """Where, in UTF-16 units of the text as a browser shows it, a line ends that is stored as CR LF."""
    return [len(utf16(text[: found.start()])) // 2 - before for before, found in enumerate(re.finditer("\r\n", text))]
