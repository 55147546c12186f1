"""Answers in pairs of one shape: one with flaws and their record, one that is sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from models_service.synthetic.english.flaws import Flaw, FlawName, Misstater
from models_service.synthetic.english.reading import Reading, Source, Stray
from models_service.synthetic.english.rephrasing import rephrase
from models_service.synthetic.english.text import Sentence, content_words, join, occurs
from models_service.synthetic.english.topics import Topic, ask, find_topics

NO_ANSWER = "No answer"

#: Weights of what is wrong with a flawed answer. Strays to another topic show without the passage, so they are rare.
SHARES: dict[FlawName, float] = {"misstated": 0.66, "omitted": 0.16, "added": 0.09, "strayed": 0.03, "unanswered": 0.06}

#: Topics tried before another kind of flaw is: not every topic takes each kind.
_TRIES = 6


@dataclass(frozen=True, slots=True)
class MadeAnswer:
    """An answer to a question about a passage, and what is wrong with it: nothing where it is sound."""

    question: str
    answer: str
    flaws: tuple[Flaw, ...]
    sources: tuple[str, ...]
    """The passage's sentences that it is made of."""


Pair = tuple[MadeAnswer, MadeAnswer]


class Asker:
    """Asks and answers about one passage."""

    def __init__(self, rng: Random, reading: Reading, source: Source, title: str) -> None:
        self._rng, self._reading, self._source, self._title = rng, reading, source, title
        self._topics = find_topics(reading)
        self._misstater = Misstater(rng, reading, source)

    def pair(self) -> Pair | None:
        """A flawed and a sound answer of as many sentences; None where this try found nothing to make."""
        if not self._topics:
            return None
        name = self._rng.choices(list(SHARES), list(SHARES.values()))[0]
        makers = {
            "misstated": self._misstated, "omitted": self._omitted, "added": self._added,
            "strayed": self._strayed, "unanswered": self._unanswered,
        }  # fmt: skip
        tries = (makers[name]() for _ in range(_TRIES))
        return next((pair for pair in tries if pair is not None), None)

    def _topic(self, *, number: int | None = None, whole: bool = False) -> Topic | None:
        """A topic by chance, those that take several sentences before those of one."""
        fit = [
            topic
            for topic in self._topics
            if (number is None or len(topic.sentences) == number) and (topic.whole or not whole)
        ]
        if not fit:
            return None
        return self._rng.choices(fit, [(1, 3, 4, 4, 4)[len(topic.sentences) - 1] for topic in fit])[0]

    def _sound(self, topic: Topic) -> MadeAnswer:
        said = rephrase(self._rng, self._reading, [one.text for one in topic.sentences])
        return MadeAnswer(ask(self._rng, topic), join(said), (), _texts(topic.sentences))

    def _misstated(self) -> Pair | None:
        topic = self._topic()
        assert topic is not None
        question = ask(self._rng, topic)
        said = rephrase(self._rng, self._reading, [one.text for one in topic.sentences])
        flaws: list[Flaw] = []
        taken: set[int] = set()
        for _ in range(self._rng.choice((1, 1, 1, 1, 2, 2, 3))):
            made = self._misstater.change(said, question, taken)
            used = {value for flaw in flaws for value in (flaw.false, flaw.true)}
            if made is None or any(
                occurs(new, old) or occurs(old, new) for new in (made.false, made.true) for old in used
            ):
                continue
            if occurs(made.true, original := topic.sentences[made.place].text):
                taken.add(made.place)
                said[made.place] = made.said
                flaws.append(Flaw("misstated", made.kind, made.false, made.true, made.said, original))
        if not flaws:
            return None
        wrong = MadeAnswer(question, join(said), tuple(flaws), _texts(topic.sentences))
        return wrong, self._twin(topic)

    def _twin(self, topic: Topic) -> MadeAnswer:
        """A sound answer from the same sentences; now and then from as many others."""
        other = self._topic(number=len(topic.sentences)) if self._rng.random() < 0.2 else topic
        return self._sound(other or topic)

    def _omitted(self) -> Pair | None:
        topic = self._topic(whole=True)
        if topic is None or len(topic.sentences) < 2:
            return None
        twin = self._topic(number=len(topic.sentences) - 1)
        if twin is None:
            return None
        left_out = self._rng.choice(topic.sentences)
        kept = [one for one in topic.sentences if one is not left_out]
        question = ask(self._rng, topic)
        if len(set(content_words(left_out.text)) - set(content_words(join([*_texts(kept), question])))) < 4:
            return None
        said = rephrase(self._rng, self._reading, _texts(kept))
        flaw = Flaw("omitted", None, "", left_out.text, "", left_out.text)
        return MadeAnswer(question, join(said), (flaw,), _texts(kept)), self._sound(twin)

    def _added(self) -> Pair | None:
        topic = self._topic()
        assert topic is not None
        twin = self._topic(number=len(topic.sentences) + 1)
        stray = self._stray(topic)
        if twin is None or stray is None:
            return None
        return self._with(topic, stray.text, "added"), self._sound(twin)

    def _stray(self, topic: Topic) -> Stray | None:
        """A sentence of another text that has the topic's word, or else two words of the answer."""
        own = set(content_words(join(_texts(topic.sentences))))
        asked = [word for word in content_words(topic.phrase) if self._source.by_stem.get(word)]
        if not asked:
            return None
        head = asked[-1]
        fit = [
            one
            for one in self._rng.sample(self._source.by_stem[head], min(40, len(self._source.by_stem[head])))
            if one.title != self._title and self._is_new(one.text, own)
        ]
        return max(fit, key=lambda one: len(set(content_words(one.text)) & own)) if fit else None

    def _is_new(self, sentence: str, own: set[str]) -> bool:
        words = set(content_words(sentence))
        return len(words - own) >= 5 and len(words - self._reading.stems) >= 3

    def _strayed(self) -> Pair | None:
        topic = self._topic()
        assert topic is not None
        twin = self._topic(number=len(topic.sentences) + 1)
        others = [one for one in self._reading.usable if one not in topic.sentences and self._is_off(one, topic)]
        if twin is None or not others or topic.shape not in {"topic", "year"}:
            return None
        return self._with(topic, self._rng.choice(others).text, "strayed"), self._sound(twin)

    def _is_off(self, sentence: Sentence, topic: Topic) -> bool:
        asked = set(content_words(topic.phrase))
        near = {one.place + 1 for one in topic.sentences}
        return sentence.place not in near and not asked & set(content_words(sentence.text))

    def _with(self, topic: Topic, extra: str, name: FlawName) -> MadeAnswer:
        """The answer with one sentence more; an opening says `The passage says that` of the first alone."""
        texts = list(_texts(topic.sentences))
        place = self._rng.randint(0, len(texts))
        said = rephrase(self._rng, self._reading, [*texts[:place], extra, *texts[place:]])
        flaw = Flaw(name, None, said[place], "", said[place], extra if name == "strayed" else "")
        return MadeAnswer(ask(self._rng, topic), join(said), (flaw,), tuple(texts))

    def _unanswered(self) -> Pair | None:
        topic = self._topic(whole=True)
        other = self._uncovered()
        if topic is None or topic.shape == "paragraph" or other is None:
            return None
        told = "\n".join(_texts(topic.sentences))
        flaw = Flaw("unanswered", None, NO_ANSWER, told, NO_ANSWER, told)
        wrong = MadeAnswer(ask(self._rng, topic), NO_ANSWER, (flaw,), ())
        return wrong, MadeAnswer(ask(self._rng, other), NO_ANSWER, (), ())

    def _uncovered(self) -> Topic | None:
        """A topic of another passage of the source, none of whose words stand in this one."""
        for _ in range(4):
            topics = [
                one for one in find_topics(self._rng.choice(self._source.readings)) if one.shape in {"topic", "year"}
            ]
            fit = [one for one in topics if not set(content_words(one.phrase)) & self._reading.stems]
            if fit:
                return self._rng.choice(fit)
        return None


def _texts(sentences: Sequence[Sentence]) -> tuple[str, ...]:
    return tuple(one.text for one in sentences)
