"""The input format as OpenAPI shows it: made from the very types that check it."""

from __future__ import annotations

from typing import Any

from labeling.exchange.json_schema import inlined_schema
from labeling.exchange.upload_format import UploadedPassage

PASSAGE_SCHEMA: dict[str, Any] = inlined_schema(UploadedPassage)
