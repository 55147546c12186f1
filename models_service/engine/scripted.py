"""An engine that follows rules instead of a model, for tests and rehearsals. Deterministic, without torch.

By default each critique names a word of the answer, and every score is a hash of what it judges, so that
records differ where their inputs differ and the same input always gives the same record.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from models_service.critiquing import suggestions
from models_service.engine.interface import Progress
from models_service.types import PAPER_TEMPERATURES, Bundle, ModelIdentity, Subject

#: (subject, seed, sample index, temperature) to a critique.
CritiqueScript = Callable[[Subject, int, int, float], str]


def _fraction(*parts: object) -> float:
    """A number in [0, 1) that depends on nothing but the parts."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:6]) / 2**48


def _name_a_word(subject: Subject, seed: int, sample_index: int, temperature: float) -> str:
    """At temperature 0 the first word, else any: so that bundles hold duplicates, as real ones do."""
    words = subject.answer.split() or ["nothing"]
    draw = _fraction("critique", subject.key, seed, sample_index) * temperature
    return f"The answer says “{words[int(draw * len(words))]}”, which the passage does not support."


class ScriptedEngine:
    """`Engine` by rules. A script may choose the critiques' texts."""

    def __init__(self, name: str = "scripted", *, script: CritiqueScript = _name_a_word) -> None:
        self._script = script
        self.identity = ModelIdentity(
            name=name,
            revision="1",
            format_name="scripted",
            format_version=1,
            dtype="none",
            device="none",
            engine="scripted",
        )

    def check(self, subject: Subject, *, max_new_tokens: int) -> None:
        """No text is too long for a script."""

    def critique(
        self,
        subjects: Sequence[Subject],
        *,
        seed: int,
        temperatures: Sequence[float] = PAPER_TEMPERATURES,
        max_new_tokens: int = 96,
        progress: Progress | None = None,
    ) -> list[Bundle]:
        """As `Engine.critique`; texts are cut at `max_new_tokens` words."""
        bundles = []
        for done, subject in enumerate(subjects, start=1):
            texts = [
                " ".join(self._script(subject, seed, index, temperature).split()[:max_new_tokens])
                for index, temperature in enumerate(temperatures)
            ]
            scores = self.score_helpfulness([subject] * len(texts), texts)
            bundles.append(
                Bundle(
                    key=subject.key,
                    critiqueability=self.score_critiqueability([subject])[0],
                    suggestions=suggestions(texts, temperatures, scores),
                    model=self.identity,
                    seed=seed,
                )
            )
            if progress:
                progress(done * len(temperatures), len(subjects) * len(temperatures))
        return bundles

    def score_critiqueability(self, subjects: Sequence[Subject]) -> list[float]:
        return [_fraction("critiqueable", s.passage, s.question, s.answer) for s in subjects]

    def score_helpfulness(self, subjects: Sequence[Subject], critiques: Sequence[str]) -> list[float]:
        pairs = zip(subjects, critiques, strict=True)
        return [_fraction("helpful", s.passage, s.question, s.answer, c) for s, c in pairs]

    def answer(
        self,
        subjects: Sequence[Subject],
        *,
        seed: int,
        temperatures: Sequence[float],
        max_new_tokens: int = 160,
    ) -> list[str]:
        """The passage's opening words."""
        return [
            " ".join((s.passage or s.question).split()[: min(12, max_new_tokens)])
            for s, _ in zip(subjects, temperatures, strict=True)
        ]

    def refine(
        self,
        subjects: Sequence[Subject],
        critiques: Sequence[str | None],
        *,
        seed: int,
        temperatures: Sequence[float],
        max_new_tokens: int = 160,
    ) -> list[str]:
        """The answer with the critique's last word added, or with a full stop."""
        return [
            f"{s.answer} ({c.split()[-1]})" if c and c.split() else f"{s.answer}."
            for s, c, _ in zip(subjects, critiques, temperatures, strict=True)
        ]
