"""The JSON Schema of a record's type, for pages and documents that are made from it."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter


def inlined_schema(shape: Any) -> dict[str, Any]:
    """The schema with each reference replaced by what it refers to, so that each part stands by itself."""
    schema = TypeAdapter(shape).json_schema()
    inlined: dict[str, Any] = _inlined(schema, schema.get("$defs", {}))
    return inlined


def _inlined(schema: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_inlined(one, definitions) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(definitions[schema["$ref"].rsplit("/", 1)[-1]], definitions)
    return {key: _inlined(value, definitions) for key, value in schema.items() if key != "$defs"}
