"""Quotes are counted in UTF-16 units of the stored text, whatever a browser shows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.refusals import Refused
from labeling.rules.quoting import Span, crlf_places, quoted, read_span

TEXTS = st.text(st.sampled_from("ab \r\n😀é\u0301") | st.characters(exclude_categories=["Cs"]), max_size=40)


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def to_stored(text: str, shown: int) -> int:
    """As js/quoting.js counts."""
    return shown + sum(place < shown for place in crlf_places(text))


@pytest.mark.parametrize(
    ("text", "span", "words"),
    [
        ("a 😀 smile", Span(2, 4), "😀"),
        ("a 😀 smile", Span(5, 10), "smile"),
        ("cafe\u0301 noir", Span(0, 5), "cafe\u0301"),
        ("cafe\u0301 noir", Span(6, 10), "noir"),
        ("one\r\ntwo", Span(5, 8), "two"),
    ],
)
def test_a_quote_says_what_its_units_say(text: str, span: Span, words: str) -> None:
    assert quoted(text, span) == words


@pytest.mark.parametrize("span", [Span(0, 0), Span(3, 2), Span(0, 12), Span(11, 12)])
def test_a_quote_that_is_empty_or_outside_is_refused(span: Span) -> None:
    with pytest.raises(Refused, match="does not lie"):
        quoted("a 😀 smile!", span)


@pytest.mark.parametrize("span", [Span(2, 3), Span(3, 5)])
def test_half_an_emoji_cannot_be_quoted(span: Span) -> None:
    with pytest.raises(Refused, match="cuts a character in two"):
        quoted("a 😀 smile", span)


@pytest.mark.parametrize("written", ["", "3", "a-b", "-1-2", "1-2-3", "1 - 2", "9999999999-1"])
def test_what_is_no_span_is_refused(written: str) -> None:
    with pytest.raises(Refused, match="not a quote"):
        read_span(written)


@given(TEXTS, st.data())
def test_what_is_selected_in_the_text_shown_is_what_the_stored_span_quotes(text: str, data: st.DataObject) -> None:
    shown = text.replace("\r\n", "\n").replace("\r", "\n")
    begin = data.draw(st.integers(0, len(shown)))
    end = data.draw(st.integers(begin, len(shown)))
    if begin == end:
        return
    span = Span(to_stored(text, units(shown[:begin])), to_stored(text, units(shown[:end])))
    assert quoted(text, span).replace("\r\n", "\n").replace("\r", "\n") == shown[begin:end]
