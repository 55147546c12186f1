"""JSON Lines in and out."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from findings import jsonl

JSON_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON_VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**53), 2**53),
        st.floats(allow_nan=False, allow_infinity=False),
        JSON_TEXT,
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(JSON_TEXT, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=50, deadline=None)
@given(
    rows=st.lists(st.dictionaries(JSON_TEXT, JSON_VALUES, max_size=4), max_size=5),
    suffix=st.sampled_from(["", ".gz"]),
)
def test_what_is_written_is_read_back_the_same(
    rows: list[dict[str, Any]], suffix: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("rows") / f"rows.jsonl{suffix}"
    assert jsonl.write(path, rows) == len(rows)
    assert [line.value for line in jsonl.read(path)] == rows


def test_numbers_lines_as_an_editor_does(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"a": 1}\n\n{"a": 2}\n')
    assert list(jsonl.read(path)) == [jsonl.Line(1, {"a": 1}), jsonl.Line(3, {"a": 2})]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b'{"a": 1', "not JSON"),
        (b'{"a": NaN}', "not JSON"),
        (b'{"a": "\\ud800"}', "not JSON"),
        (b'{"a": "\xff"}', "not JSON"),
        (b"[1]", "must be one JSON object, this is a list"),
        (b"null", "must be one JSON object, this is a NoneType"),
        (b'{"a": 1, "b": 2, "a": 1}', "the key 'a' stands twice in one object"),
        (b'{"a": [{"b": {"c": 1, "c": 2}}]}', "the key 'c' stands twice in one object"),
        (b'{"a": 1, "\\u0061": 2}', "the key 'a' stands twice in one object"),
        (b'{"a": ' + b"[" * 300 + b"]" * 300 + b"}", "nested too deeply"),
        (b'\xef\xbb\xbf{"a": 1}', "byte order mark"),
    ],
)
def test_an_error_names_file_and_line(tmp_path: Path, bad: bytes, reason: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"a": 1}\n' + bad + b"\n")
    with pytest.raises(jsonl.JsonlError, match=reason) as caught:
        list(jsonl.read(path))
    assert str(caught.value).startswith(f"{path}:2: ")


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_byte_order_mark_at_the_start_of_a_file_is_passed_over(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rows.jsonl{suffix}"
    whole = b'\xef\xbb\xbf{"a": 1}\r\n{"a": 2}'
    path.write_bytes(gzip.compress(whole) if suffix else whole)
    assert list(jsonl.read(path)) == [jsonl.Line(1, {"a": 1}), jsonl.Line(2, {"a": 2})]


def test_a_key_in_two_objects_of_a_line_is_no_key_given_twice(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"a" : 1.50, "b": [{"a": 12345678901234567890}, {"a": "\\u00e9"}]}\n')
    assert next(jsonl.read(path)).value["b"][1] == {"a": "é"}


def test_a_cut_gzip_file_is_an_error_not_a_shorter_file(tmp_path: Path) -> None:
    whole = gzip.compress(b'{"a": "' + bytes(range(97, 123)) * 3000 + b'"}\n')
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(jsonl.JsonlError, match="gzip stream is broken"):
        list(jsonl.read(path))


def test_plain_text_named_gz_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(b'{"a": 1}\n')
    with pytest.raises(jsonl.JsonlError, match="gzip stream is broken"):
        list(jsonl.read(path))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(jsonl.JsonlError, match=r"nowhere\.jsonl: No such file"):
        list(jsonl.read(tmp_path / "nowhere.jsonl"))


def test_an_error_half_way_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    jsonl.write(path, [{"old": True}])

    def failing() -> Iterator[dict[str, int]]:
        yield {"a": 1}
        raise RuntimeError

    with pytest.raises(RuntimeError):
        jsonl.write(path, failing())
    assert path.read_bytes() == b'{"old":true}\n'
    assert list(tmp_path.iterdir()) == [path]


def test_the_same_rows_compress_to_the_same_bytes(tmp_path: Path) -> None:
    one, two = tmp_path / "one.jsonl.gz", tmp_path / "two.jsonl.gz"
    jsonl.write(one, [{"a": 1}])
    jsonl.write(two, [{"a": 1}])
    assert one.read_bytes() == two.read_bytes()
