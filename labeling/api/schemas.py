"""The input format as OpenAPI shows it: made from the very types that check it."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from labeling.exchange.upload_format import UploadedPassage


def inlined(schema: Any, definitions: dict[str, Any]) -> Any:
    """The schema with each reference replaced by what it refers to, so that it can stand anywhere."""
    if isinstance(schema, list):
        return [inlined(one, definitions) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return inlined(definitions[schema["$ref"].rsplit("/", 1)[-1]], definitions)
    return {key: inlined(value, definitions) for key, value in schema.items() if key != "$defs"}


_whole = TypeAdapter(UploadedPassage).json_schema()
PASSAGE_SCHEMA: dict[str, Any] = inlined(_whole, _whole.get("$defs", {}))
