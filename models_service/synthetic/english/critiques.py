"""Critiques of made answers, valid and not, in many wordings; the oracle has the last word on each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

from models_service.synthetic.english.answers import NO_ANSWER, MadeAnswer
from models_service.synthetic.english.flaws import Flaw, FlawName, Misstater
from models_service.synthetic.english.oracle import Verdict, judge
from models_service.synthetic.english.reading import Reading
from models_service.synthetic.english.rephrasing import without_opener, without_said_by
from models_service.synthetic.english.text import find_phrase, split_paragraph
from models_service.synthetic.english.topics import wordings
from models_service.types import JudgedCritique

NUMBER = 8
MOST_FAIR = 5


class Critic:
    """Writes critiques of answers about one passage."""

    def __init__(self, rng: Random, reading: Reading, misstater: Misstater) -> None:
        self._rng, self._reading, self._misstater = rng, reading, misstater
        self._verdicts: dict[tuple[MadeAnswer, str], Verdict] = {}

    def critiques(self, made: MadeAnswer) -> tuple[JudgedCritique, ...]:
        """Up to eight, in any order: those that name a flaw whole are to be learned."""
        fair = list(dict.fromkeys(self._fair(made)))
        self._rng.shuffle(fair)
        texts = list(dict.fromkeys([*fair[:MOST_FAIR], *self.unfair(made)]))[:NUMBER]
        self._rng.shuffle(texts)
        return tuple(self._judged(made, text) for text in texts)

    def _judged(self, made: MadeAnswer, text: str) -> JudgedCritique:
        verdict = self._verdict(made, text)
        return JudgedCritique(text, verdict.valid, verdict.names_both and verdict.valid)

    def _verdict(self, made: MadeAnswer, text: str) -> Verdict:
        if (made, text) not in self._verdicts:
            self._verdicts[made, text] = judge(made.flaws, made.question, made.answer, text)
        return self._verdicts[made, text]

    def _fair(self, made: MadeAnswer) -> Iterator[str]:
        """Two or three of each flaw, now and then one that does not say what is right."""
        for flaw in made.flaws:
            yield from (self.put(flaw) for _ in range(3 if len(made.flaws) == 1 else 2))
            if flaw.name == "misstated" and self._rng.random() < 0.4:
                yield self._filled(self._rng.choice(wordings()["valid"]["half"]), flaw)

    def unfair(self, made: MadeAnswer) -> Iterator[str]:
        """What is plausible and not true: told in the words of what is."""
        pretended = list(self._pretended(made))
        self._rng.shuffle(pretended)
        if self._rng.random() < 0.5:
            yield self._rng.choice(wordings()["invalid"]["vague"])
        for flaw in pretended:
            text = self.put(flaw)
            if not self._verdict(made, text).valid:
                yield text
        yield self._rng.choice(wordings()["invalid"]["unfounded" if made.answer != NO_ANSWER else "vague"])

    def _pretended(self, made: MadeAnswer) -> Iterator[Flaw]:
        """Records of what is not wrong with the answer."""
        yield from self._half_true(made)
        yield from self._blame(made)
        told = [text for text in made.sources if all(text != flaw.source for flaw in made.flaws)]
        for text in self._rng.sample(told, min(1, len(told))):
            yield Flaw("omitted", None, "", text, "", text)
        name: FlawName = "omitted" if made.answer != NO_ANSWER else "unanswered"
        for other in self._rng.sample(self._reading.usable, min(1 if made.sources else 3, len(self._reading.usable))):
            yield Flaw(name, None, "", other.text, "", other.text)
        for text in self._rng.sample(_sentences(made), min(1, len(_sentences(made)))):
            yield Flaw(self._rng.choice(("added", "added", "strayed")), None, text, "", text, "")

    def _half_true(self, made: MadeAnswer) -> list[Flaw]:
        """A flaw turned round: what is true blamed and what is false praised."""
        return [
            Flaw("misstated", one.kind, one.true, one.false, one.source, one.said)
            for one in made.flaws
            if one.name == "misstated"
        ]

    def _blame(self, made: MadeAnswer) -> Iterator[Flaw]:
        """What the answer has right, against a value that could have stood there; and a flaw wrongly corrected."""
        sentences = _sentences(made)
        wrong = {place for place, text in enumerate(sentences) if any(flaw.said == text for flaw in made.flaws)}
        taken: set[int] = set()
        for _ in range(3):
            change = self._misstater.change(
                sentences, made.question, wrong | taken if self._rng.random() < 0.7 else wrong
            )
            if change and change.place not in wrong:
                taken.add(change.place)
                yield Flaw("misstated", change.kind, change.true, change.false, sentences[change.place], change.said)
        for flaw in made.flaws:
            if flaw.name == "misstated":
                yield from self._miscorrected(flaw, made.question)

    def _miscorrected(self, flaw: Flaw, question: str) -> Iterator[Flaw]:
        """The false value against another than the true one; and something right in the same sentence blamed."""
        other = self._misstater.instead(flaw.said, flaw.false, around=f"{question} {flaw.true}")
        if other is not None and other != flaw.true:
            yield Flaw("misstated", flaw.kind, flaw.false, other, flaw.said, flaw.said.replace(flaw.false, other, 1))
        change = self._misstater.change([flaw.said], question)
        if change and change.true != flaw.false:
            yield Flaw("misstated", change.kind, change.true, change.false, flaw.said, change.said)

    def put(self, flaw: Flaw) -> str:
        """One of the wordings of a flaw's critique."""
        name = _name_of(flaw)
        return self._worded(self._rng.choice(wordings()["valid"][name]), name, flaw)

    def wordings_of(self, flaw: Flaw) -> list[str]:
        """Every wording of a flaw's critique."""
        name = _name_of(flaw)
        return [self._worded(wording, name, flaw) for wording in wordings()["valid"][name]]

    def _worded(self, wording: str, name: str, flaw: Flaw) -> str:
        if name in {"value", "phrase", "order"}:
            return self._filled(wording, flaw)
        text = self._rng.choice((flaw.true or flaw.false).split("\n"))
        return _tidy(wording.format(c=self._clause(text, quoted="“" in wording)))

    def _filled(self, wording: str, flaw: Flaw) -> str:
        kind = wordings()["kinds"][flaw.kind]
        around = snippet(without_said_by(flaw.said), flaw.false)
        other = around.replace(flaw.false, flaw.true, 1)
        return _tidy(wording.format(f=flaw.false, t=flaw.true, F=around, T=other, k=kind))

    def _clause(self, sentence: str, *, quoted: bool) -> str:
        """A sentence as part of another one, cut where it is long."""
        said = without_said_by(sentence)
        text = shortened((said if quoted else without_opener(said)).rstrip("."), 12 if quoted else 20)
        return text.replace("“", "").replace("”", "") if quoted else self._reading.lowered(text) or text


def _name_of(flaw: Flaw) -> str:
    """Which wordings a flaw takes."""
    if flaw.name != "misstated":
        return flaw.name
    return "order" if flaw.kind == "order" else "phrase" if flaw.kind in {"negation", "opposite"} else "value"


def _sentences(made: MadeAnswer) -> list[str]:
    """The answer's sentences, where it is one of sentences."""
    return [] if made.answer == NO_ANSWER else split_paragraph(made.answer)


def snippet(sentence: str, value: str) -> str:
    """The value with a few words around it, none from beyond a stop or a quotation mark."""
    start = find_phrase(value, sentence)
    if start < 0:
        return value
    end = start + len(value)
    before = re.split(r"[“”\"();:]|[.,] ", sentence[:start])[-1].split()
    after = re.split(r"[“”\"();:]|[.,](?: |$)", sentence[end:])[0].split()
    possessive = after.pop(0) if sentence[end : end + 1] in {"’", "'"} and after else ""
    return " ".join([*before[-3:], value + possessive, *after[:3]])


_BREAK = re.compile(r"(?:,|;| –| —| -)? (?:which|who|where|when|while|and|but|because|so that|as|that)$|[,;:–—-]+$")


def shortened(sentence: str, most: int) -> str:
    """The first words of a sentence, ended where a clause ends if one does near there."""
    parts = sentence.split()
    if len(parts) <= most + 4:
        return sentence
    ends = [place for place in range(max(8, most // 2), most + 1) if parts[place - 1].endswith((",", ";", ":"))]
    cut = " ".join(parts[: ends[-1] if ends else most])
    while match := _BREAK.search(cut):
        cut = cut[: match.start()]
    return cut.rstrip(",;: ")


def _tidy(text: str) -> str:
    """Begun with a capital, brackets and stops paired."""
    if text.count("(") != text.count(")"):
        text = re.sub(r"[()]", "", text)
    text = text.replace("..", ".")
    return text[0].upper() + text[1:]
