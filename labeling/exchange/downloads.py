"""Files that are streamed to the browser, record by record."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import StreamingHttpResponse

from findings import jsonl


def download(records: Iterable[Any], name: str) -> StreamingHttpResponse:
    """The records as JSON Lines, one at a time, to be saved under this name."""
    return StreamingHttpResponse(
        map(jsonl.dump_line, records),
        content_type="application/jsonl",
        headers={"Content-Disposition": f'attachment; filename="{name}.jsonl"'},
    )
