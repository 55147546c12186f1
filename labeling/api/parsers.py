"""How requests are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from findings import jsonl


class ExactJsonParser(JSONParser):
    """JSON as files are read: a key that an object holds twice is refused, where one of its values would be lost."""

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            return jsonl.parse(stream.read())
        except ValueError as error:
            raise ParseError(str(error)) from error
