"""How the API reads: JSON no deeper than can be read, and pages no longer than can be answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.parsers import JSONParser


class BoundedJSONParser(JSONParser):
    """JSON that is nested deeper than Python reads is refused, as all other JSON that cannot be read."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError("JSON parse error: lists and objects are nested too deeply.") from error


class Pages(LimitOffsetPagination):
    """A hundred rows unless asked for another number; a thousand at most. `next` leads on to the others."""

    max_limit = 1000
