"""Whether a critique is valid, by what it claims and the record of what is wrong with the answer.

Three grades. `names_false`: what is blamed is false, and nothing true is blamed. `valid`: and nothing else that it says
is untrue, above all not what it says is right. `names_both`: and it says what is right.

    record:   misstated, false "Indonesia", true "the UK"
    The answer says Indonesia, but the passage says the UK.      names both
    It was not Indonesia.                                        valid
    The answer says Indonesia, but the passage says Australia.   names the false value, and is not valid
    The answer says the UK, but the passage says Indonesia.      nothing
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from models_service.synthetic.english.claims import Claims, read_claims
from models_service.synthetic.english.flaws import Flaw
from models_service.synthetic.english.text import content_words, split_paragraph


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a critique is worth."""

    names_false: bool = False
    valid: bool = False
    names_both: bool = False


NOTHING = Verdict()
#: A stretch of so many words that is blamed as a whole points at nothing in it.
_MOST_BLAMED = 9
#: Share of the words about something missing or added that may be other than the sentence's own.
_MOST_FOREIGN = 0.15
#: Words of an added sentence that a critique must say, and how many of them each other sentence must lack.
_LEAST_NAMED, _LEAST_OWN = 3, 2


def judge(flaws: Sequence[Flaw], question: str, answer: str, critique: str) -> Verdict:
    """The best that the critique is worth of any of the answer's flaws; nothing where there are none."""
    if not flaws:
        return NOTHING
    misstated = [flaw for flaw in flaws if flaw.name == "misstated"]
    values = [value for flaw in misstated for value in (flaw.false, flaw.true)]
    claims = read_claims(critique, values)
    asked = set(content_words(question))
    verdicts = [_of_value(claims, misstated, place) for place in range(len(misstated))]
    plain = read_claims(critique) if len(misstated) < len(flaws) else claims
    for flaw in flaws:
        if flaw.name in {"omitted", "unanswered"}:
            verdicts.append(_of_missing(plain, flaw, asked, answer))
        elif flaw.name in {"added", "strayed"}:
            verdicts.append(_of_extra(plain, flaw, answer))
    return max(verdicts, key=lambda one: (one.valid, one.names_both, one.names_false), default=NOTHING)


def _of_value(claims: Claims, flaws: Sequence[Flaw], place: int) -> Verdict:
    flaw, false, true = flaws[place], 2 * place, 2 * place + 1
    wrong, right = claims.values("wrong"), claims.values("right")
    if false not in wrong or false in right or claims.values("missing") or claims.about("missing"):
        return NOTHING
    if any(value % 2 for value in wrong) or any(value % 2 == 0 for value in right):
        return NOTHING
    own = {word for value in wrong for word in content_words(flaws[value // 2].said)}
    blamed, praised = claims.about("wrong"), claims.about("right")
    if blamed - own or (true not in right and len(blamed) > _MOST_BLAMED):
        return NOTHING
    sources = {
        word for value in wrong for word in content_words(flaws[value // 2].source + " " + flaws[value // 2].said)
    }
    says_what = bool(praised or right)
    if says_what and (true not in right or praised - sources or _parts(flaw.false) & praised):
        return Verdict(names_false=True)
    return Verdict(names_false=True, valid=True, names_both=true in right)


def _parts(value: str) -> set[str]:
    return set(content_words(value)) if " " not in value else set()


def _of_missing(claims: Claims, flaw: Flaw, asked: set[str], answer: str) -> Verdict:
    """It must say words of the sentence that the answer lacks, and hardly any that are not the sentence's."""
    said = claims.about("missing") | claims.about("right")
    blamed = claims.about("wrong") - asked
    sentence, here = set(content_words(flaw.true)), set(content_words(answer))
    new = (said & sentence) - here - asked
    foreign = said - sentence - asked
    if blamed or len(foreign) > _MOST_FOREIGN * len(said) or len(new) < min(2, len(sentence - here - asked)) or not new:
        return NOTHING
    return Verdict(names_false=True, valid=True, names_both=len(new) >= min(3, len(sentence - here - asked)))


def _of_extra(claims: Claims, flaw: Flaw, answer: str) -> Verdict:
    """It must say words of the sentence that no other has, hardly any others, and that they do not belong."""
    if not (claims.unsupported if flaw.name == "added" else claims.unasked):
        return NOTHING
    said, sentence = claims.about("wrong"), set(content_words(flaw.said))
    others = [set(content_words(one)) for one in split_paragraph(answer.replace(flaw.said, " "))]
    foreign = said - sentence
    if claims.about("right") or claims.about("missing") or len(foreign) > _MOST_FOREIGN * len(said):
        return NOTHING
    if len(said & sentence) < _LEAST_NAMED or any(len(said - other) < _LEAST_OWN for other in others):
        return NOTHING
    return Verdict(names_false=True, valid=True, names_both=True)
