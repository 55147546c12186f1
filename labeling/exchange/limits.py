"""What a record may hold for the database to hold it too: sizes that the released formats leave open."""

from __future__ import annotations

from collections.abc import Iterator

from findings.records import rules
from labeling.limits import LARGEST_COUNT, LARGEST_NUMBER

#: Most characters of the fields that are kept as ids or names, wherever they stand.
LENGTHS = {
    **dict.fromkeys(("id", "source_id", "labeler", "source_labeler", "label_id"), 64),
    **dict.fromkeys(("source", "answer_source", "critic"), 300),
}
#: Whole numbers that are places or counts; all others may be twice as wide.
PLACES = {"question_index", "rankings", "rank", "assistance_critique", "n"}


def limit_breaches(value: object, path: str = "", name: str = "") -> Iterator[rules.Breach]:
    """Yield (field path, reason) for ids and whole numbers that no column can keep."""
    if isinstance(value, str):
        if len(value) > LENGTHS.get(name, len(value)):
            yield path, f"has {len(value)} characters, more than {LENGTHS[name]}"
    elif isinstance(value, int):
        largest = LARGEST_COUNT if name in PLACES else LARGEST_NUMBER
        if value > largest:
            yield path, f"is {value}, larger than {largest}"
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from limit_breaches(inner, f"{path}.{key}".lstrip("."), key)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from limit_breaches(inner, f"{path}[{index}]", name)
