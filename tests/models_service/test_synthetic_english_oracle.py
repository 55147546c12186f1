"""The oracle of English: a critique is judged by what it blames, what it holds right and what it says is missing."""

from __future__ import annotations

import pytest

from models_service.synthetic.english import (
    judge,
)
from models_service.synthetic.english.claims import read_claims
from models_service.synthetic.english.flaws import Flaw

QUESTION = "What does the passage say about the islands?"
TRUE = "In 1931, the UK transferred the islands to Australia, which accepted them in 1934."
SAID = "In 1931, Indonesia transferred the islands to Australia, which accepted them in 1934."
MORE = "The islands became marine reserves in 1983."
PLACE = Flaw("misstated", "place", "Indonesia", "the UK", SAID, TRUE)
OMITTED = Flaw("omitted", None, "", "American whalers later settled the islands to mine phosphate deposits.", "", "")
ADDED = Flaw(
    "added", None, "The islands export frozen fish to Japan.", "", "The islands export frozen fish to Japan.", ""
)
STRAYED = Flaw("strayed", None, "Cotton is grown in the south.", "", "Cotton is grown in the south.", "")
DENIED = Flaw(
    "misstated", "negation", "was not annexed", "was annexed", "It was not annexed in 1909.", "It was annexed in 1909."
)


def grade(flaw: Flaw, critique: str) -> str:
    """The highest grade that the oracle gives."""
    answer = " ".join(one for one in (flaw.said, MORE) if one)
    verdict = judge([flaw], QUESTION, answer, critique)
    return "both" if verdict.names_both else "valid" if verdict.valid else "false" if verdict.names_false else "nothing"


@pytest.mark.parametrize(
    ("critique", "expected"),
    [
        ("The answer says Indonesia, but the passage says the UK.", "both"),
        ("It was the UK, not Indonesia, that transferred the islands.", "both"),
        ("It was not Indonesia but the UK.", "both"),
        ("“Indonesia transferred the islands” - this is incorrect. The text says the UK.", "both"),
        ("Indonesia should be the UK.", "both"),
        ("The answer names Indonesia instead of the UK.", "both"),
        ("The passage does not say Indonesia; it says the UK.", "both"),
        ("The answer contradicts the passage: it says Indonesia, the text says the UK.", "both"),
        ("According to the passage it was the UK rather than Indonesia.", "both"),
        ("Indonesia is wrong.", "valid"),
        ("The place Indonesia is incorrect.", "valid"),
        ("The answer says Indonesia, but the passage says Australia.", "false"),
        ("The answer says Indonesia, but the passage says Portugal.", "false"),
        ("The answer says the UK, but the passage says Indonesia.", "nothing"),
        ("It was Indonesia, not the UK.", "nothing"),
        ("The answer says 1931, but the passage says the UK.", "nothing"),
        ("The answer says Australia, but the passage says the UK.", "nothing"),
        ("The answer says Indonesia and Portugal, but the passage says the UK.", "nothing"),
        ("The islands became marine reserves in 1983 is wrong.", "nothing"),
        ("The answer leaves out Indonesia.", "nothing"),
        ("The answer leaves out that the UK transferred the islands.", "nothing"),
        ("“In 1931, Indonesia transferred the islands to Australia, which accepted them in 1934” is wrong.", "valid"),
        ("The answer is not clear.", "nothing"),
        ("", "nothing"),
    ],
)
def test_a_critique_is_graded_by_what_it_blames_and_what_it_holds_right(critique: str, expected: str) -> None:
    assert grade(PLACE, critique) == expected


@pytest.mark.parametrize(
    ("flaw", "critique", "expected"),
    [
        (OMITTED, "The answer leaves out that American whalers later settled the islands to mine phosphate.", "both"),
        (OMITTED, "The answer should mention the American whalers.", "valid"),
        (OMITTED, "The passage also says that whalers settled the islands to mine phosphate deposits.", "both"),
        (OMITTED, "The answer leaves out the marine reserves.", "nothing"),
        (OMITTED, "The answer leaves out that American whalers sold candles and ivory to explorers.", "nothing"),
        (OMITTED, "The answer leaves out important details.", "nothing"),
        (OMITTED, "American whalers settled the islands is wrong.", "nothing"),
        (ADDED, "Nothing in the passage says that the islands export frozen fish.", "both"),
        (ADDED, "“The islands export frozen fish to Japan” is not in the passage.", "both"),
        (ADDED, "It is not stated that the islands export frozen fish to Japan.", "both"),
        (ADDED, "The passage does not say that the islands became marine reserves.", "nothing"),
        (ADDED, "The answer leaves out that the islands export frozen fish to Japan.", "nothing"),
        (ADDED, "The passage says that the islands export frozen fish to Japan.", "nothing"),
        (STRAYED, "“Cotton is grown in the south” is not what was asked about.", "both"),
        (STRAYED, "“The islands became marine reserves” is not what was asked about.", "nothing"),
        (DENIED, "The answer says “was not annexed”, but the passage says “was annexed”.", "both"),
        (DENIED, "The answer says “was annexed”, but the passage says “was not annexed”.", "nothing"),
    ],
)  # fmt: skip
def test_critiques_of_what_is_missing_added_or_denied_are_graded_too(flaw: Flaw, critique: str, expected: str) -> None:
    assert grade(flaw, critique) == expected


def test_no_critique_of_a_sound_answer_is_valid() -> None:
    assert not judge([], QUESTION, TRUE, "The answer says the UK, but the passage says Indonesia.").valid


def test_of_several_flaws_a_critique_may_name_any() -> None:
    year = Flaw("misstated", "year", "1993", "1983", "The islands became marine reserves in 1993.", MORE)
    for critique in ("The answer says 1993, but the passage says 1983.", "Indonesia should be the UK."):
        assert judge([PLACE, year], QUESTION, f"{SAID} {year.said}", critique).names_both
    mixed = "The answer says Indonesia, but the passage says 1983."
    assert not judge([PLACE, year], QUESTION, f"{SAID} {year.said}", mixed).valid


def test_words_within_quotation_marks_are_no_cues() -> None:
    claims = read_claims("“the text says it should be blue” is wrong: the passage says “red”.")
    assert claims.about("right") == {"red"}
    assert "blue" in claims.about("wrong")
