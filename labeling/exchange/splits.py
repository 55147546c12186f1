"""Train and test are split by passage: no text and no source may stand on both sides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from findings.records import rules
from labeling.models import Passage
from labeling.models.fields import text_digest


class SplitCheck:
    """Remembers on which side each text and source of a file stood, and knows those of the database.

    Costs a digest for each different passage, far less than the passage.
    """

    def __init__(self) -> None:
        self.seen: dict[tuple[str, str], tuple[str, str]] = {}

    def breaches(self, record: Any, line: int) -> Iterator[rules.Breach]:
        """Yield a problem if the record's passage is on the other side of the split already."""
        split = record.get("split")
        if split is None:
            return
        source = record.get("source_id", record["id"])
        digest = text_digest(record["data"]["passage"]["text"])
        keys = {"text": ("text_digest", digest), "source": ("public_id", source)}
        for what, key in keys.items():
            other, where = self.seen.get(key) or self._in_database(*key) or (split, "")
            if other != split:
                yield "split", f"is {split}, but the same {what} is in {other} ({where})"
                return
        for key in keys.values():
            self.seen.setdefault(key, (split, f"line {line}"))

    @staticmethod
    def _in_database(column: str, key: str) -> tuple[str, str] | None:
        found = (
            Passage.objects.filter(**{column: key}, split__isnull=False)
            .select_related("import_batch")
            .only("split", "import_batch__file_name")
            .first()
        )
        if found is None or found.split is None:
            return None
        return found.split, f"imported from {found.import_batch.file_name}" if found.import_batch else "on this site"
