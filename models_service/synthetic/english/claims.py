"""What a critique claims: which of its words are about what is wrong, what is right, what is missing.

Read from cues, whoever wrote the critique: `the answer says` begins what is wrong, `but the passage says` what is
right, `leaves out that` what is missing, `, not` and `rather than` turn to the other side. Without a cue words are
about what is wrong. Words in quotation marks are never cues.

    The answer says 1934, but the passage says 1878.    wrong: 1934; right: 1878
    It was the UK, not Indonesia.                       right: the UK; wrong: Indonesia
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from models_service.synthetic.english.text import content_words, find_phrase, stem
from models_service.synthetic.english.words import words

Side = Literal["wrong", "right", "missing"]

_VALUE = re.compile("\x01v(\\d+)\x02")
_POSSESSED = re.compile("\x01v\\d+\x02(?:'s?(?!\\w))?")
_QUOTE = re.compile("\x01q(\\d+)\x02")


@dataclass
class Claims:
    """A critique's words by side."""

    text: dict[Side, str] = field(default_factory=lambda: {"wrong": "", "right": "", "missing": ""})
    unsupported: bool = False
    """Whether it says that something is not in the passage."""
    unasked: bool = False
    """Whether it says that something was not asked for."""

    def about(self, side: Side) -> set[str]:
        """Stems of the words on a side, without those that critiques say of any answer."""
        return set(content_words(_POSSESSED.sub(" ", self.text[side]))) - _said_of_any()

    def values(self, side: Side) -> set[int]:
        """Which of the marked values stand on a side."""
        return {int(number) for number in _VALUE.findall(self.text[side])}


@cache
def _said_of_any() -> frozenset[str]:
    return frozenset(stem(word) for word in words("critique_words"))


_A = r"(?:answer|response|summary|reply|writer)"
_P = r"(?:passage|text|article|story|source|author|original|paragraph)"
_ADVERBS = (
    r"(?:(?:also|actually|really|only|incorrectly|wrongly|falsely|mistakenly|inaccurately|clearly|does|did|instead) )*"
)
_SAYS = (
    r"(?:says?|said|states?|stated|gives?|gave|claims?|claimed|names?|has|puts?|reports?|tells?|writes?|reads?|mentions?"
    r"|describes?|calls?|asserts?|implies|suggests?|indicates?|gets|uses?|speaks? of|makes?|changes|reverses)"
)
_SAY = r"(?:say|state|mention|include|give|support|tell|contain|name|speak of|claim|cover|note|answer|explain|indicate|suggest)"
_NO = r"(?:does not|doesn't|do not|did not|didn't|never|fails? to|failed to|misses to|neglects? to|forgets? to)"

# ruff: noqa: E501 -- one cue a line
#: What each cue begins. An earlier one wins where two begin at the same place.
_CUES: tuple[tuple[str, str], ...] = (
    ("unasked", r"\b(?:(?:is|was) not (?:what was )?asked(?: about| for)?|(?:has )?nothing to do with the question|(?:is )?irrelevant(?: to the question)?|strays(?: from the question)?|(?:is )?off[- ]topic|something that was not asked for)\b"),
    ("unsupported", rf"\b(?:nothing|nowhere) in the {_P}(?: (?:{_SAY}s?|supports))?(?: that)?\b"),
    ("unsupported", rf"\bthere is (?:nothing|no (?:mention|evidence|sign|support|indication|statement))(?: in the {_P})?(?: that| of| about)?\b"),
    ("unsupported", rf"\bthe {_P} (?:{_NO}|never) (?:actually |also |ever )?{_SAY}s?(?: that)?\b"),
    ("unsupported", rf"\bthe {_P} never {_SAY}s(?: that)?\b"),
    ("unsupported", rf"\b(?:it )?(?:is|are|was|were) (?:not|never|nowhere) (?:actually )?(?:stated|mentioned|said|supported|found|given|what|in)(?: that)?(?: in| by)?(?: the {_P})?(?: says)?\b"),
    ("unsupported", rf"\b{_A} (?:adds|invents|makes up|makes this up|made up|made this up)(?: something)?(?: that the {_P} {_NO} {_SAY})?\b"),
    ("unsupported", r"\b(?:is|are) (?:made up|invented|unsupported|not supported|fabricated)(?: by the passage)?\b"),
    ("missing", rf"\b{_NO} (?:also )?{_SAY}(?: that)?\b"),
    ("missing", r"\b(?:should|could|needs? to|must|might|ought to) (?:also |have )*(?:mention(?:ed)?|included?|add(?:ed)?|cover)(?: that)?\b"),
    ("missing", rf"\b{_A} should (?:say|state)(?: that)?\b"),
    ("missing", r"\b(?:leaves? out|left out|omits?|omitted(?: is)?|missing(?: is)?|an answer can be found in the text|there is an answer)(?: that)?\b"),
    ("negated", r"\b(?:should|must) not (?:be|say|read|have)\b|\bshouldn't be\b"),
    ("right", r"\b(?:should|must|ought to) (?:be|say|read|have|state|give)(?: that)?\b"),
    ("wrong", rf"\b{_A} {_ADVERBS}{_SAYS}(?: that)?\b"),
    ("neutral", rf"\bcontradicts the {_P}(?!, which)|\bopposite of (?:what )?the {_P}(?: says)?\b"),
    ("right", rf"\b{_P},? (?:which )?{_ADVERBS}{_SAYS}(?: that)?\b"),
    ("right", rf"\bthe {_P} does (?:answer the question|say something about it|{_SAY})(?: that)?\b"),
    ("it", rf"\b(?:it|which|this) {_ADVERBS}(?:says|states|gives|reads|claims)(?: that)?\b"),
    ("right", rf"\b(?:according to|in|where) (?:the|this) {_P}(?:,? (?:it|this|he|she|they) (?:is|was|are|were))?\b"),
    ("negated", r"(?:^|(?<=[.;:,] ))(?:it|this|that|he|she|they) (?:is|was|are|were)(?: not|n't)\b"),
    ("right", r"(?:^|(?<=[.;:,] )|(?<=but ))(?:it|that|the (?:correct|right|true) \w+) (?:is|was|are|were)(?: actually| really)?\b"),
    ("flip", r",(?: and)? not\b|\brather than\b|\binstead of\b"),
    ("right", r"\b(?:is|are|was|were) (?:wrong|incorrect|inaccurate|false|untrue|mistaken|not right|not correct|not true)\b"),
    ("but", r"\bbut\b"),
)  # fmt: skip
_CUE = re.compile("|".join(f"(?P<c{place}>{pattern})" for place, (_, pattern) in enumerate(_CUES)), re.IGNORECASE)
_NAMED = re.compile(rf"\b({_A}|{_P})\b", re.IGNORECASE)
_TURNED: dict[Side, Side] = {"wrong": "right", "right": "wrong", "missing": "wrong"}


def read_claims(critique: str, values: Sequence[str] = ()) -> Claims:
    """The critique's words by side; the given values are marked by their place, so that they are found whole."""
    text = " ".join(critique.replace("’", "'").replace("“", '"').replace("”", '"').split())
    marked = _marked(text, values)
    quotes: list[str] = []

    def hidden(match: re.Match[str]) -> str:
        quotes.append(match[1])
        return f'"\x01q{len(quotes) - 1}\x02"'

    claims = _read(re.sub(r'"([^"]+)"', hidden, marked))
    for side, said in claims.text.items():
        claims.text[side] = _QUOTE.sub(lambda match: quotes[int(match[1])], said)
    return claims


def _marked(text: str, values: Sequence[str]) -> str:
    for place in sorted(range(len(values)), key=lambda i: -len(values[i])):
        value = values[place].replace("’", "'")
        for form in {value, value[0].upper() + value[1:]}:
            while (start := find_phrase(form, text)) >= 0:
                text = f"{text[:start]}\x01v{place}\x02{text[start + len(form) :]}"
    return text


def _read(text: str) -> Claims:
    side: Side = "wrong"
    claims, last, begin, subject = Claims(), "", 0, "answer"
    while match := _CUE.search(text, begin):
        cue = _CUES[int(str(match.lastgroup)[1:])][0]
        claims.text[side] += f" {text[begin : match.start()]}"
        claims.unsupported |= cue == "unsupported"
        claims.unasked |= cue == "unasked"
        subject = _subject(cue, match[0], text[begin : match.start()], subject)
        side = _side(cue, side, last, subject)
        last, begin = cue, match.end()
        if match[0].endswith("that") and (
            cue in {"missing", "unsupported"} or (side == "right" and "\x01v" not in text[begin:])
        ):
            end = re.search(r"\.(?: |$)|$", text[begin:])
            assert end is not None
            claims.text[side] += f" {text[begin : begin + end.start()]}"
            begin += end.end()
    claims.text[side] += f" {text[begin:]}"
    return claims


def _subject(cue: str, words_of_cue: str, text: str, before: str) -> str:
    """Whom `it` means next: the answer or the passage, whichever the cue names first or else was named last."""
    if cue in {"unsupported", "neutral", "unasked"}:
        return "passage" if cue == "unsupported" else before
    named = _NAMED.findall(words_of_cue)[:1] or _NAMED.findall(text)[-1:]
    if not named:
        return before
    return "answer" if re.fullmatch(_A, named[0], re.IGNORECASE) else "passage"


def _side(cue: str, side: Side, last: str, subject: str) -> Side:
    if cue in {"right", "missing"}:
        return "right" if cue == "right" else "missing"
    if cue == "flip":
        return _TURNED[side]
    if cue == "it":
        return "wrong" if subject == "answer" else "right"
    if cue == "but":
        return "right" if last == "negated" else side
    return side if cue == "neutral" else "wrong"
