"""The rules of judging helpfulness (protocol of the released data, "state machine"), on plain values.

For each critique: is it helpful? Where two or more are, they are ranked in tiers: 0 is best, ties and gaps are
legal. With a helpful one: is there a better critique than these? With none: is the answer critiqueable at all?
A yes to either asks for that critique. Nothing that is not asked has an answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from labeling.enums import Severity
from labeling.rules.grades import missing_grade


@dataclass(frozen=True)
class Asks:
    """What a study asks about each helpful critique besides: the stricter mark, and its severity."""

    clearly_helpful: bool = False
    severity: bool = False


@dataclass(frozen=True)
class Verdict:
    """What was said about one critique. Null is not said, or not asked."""

    helpful: bool | None = None
    clearly_helpful: bool | None = None
    severity: int | None = None
    tier: int | None = None


@dataclass(frozen=True)
class NewCritique:
    """The critique that those shown were not."""

    text: str = ""
    category: str = ""
    category_text: str = ""
    severity: int | None = None


@dataclass(frozen=True)
class Judged:
    """All that was said about one answer's critiques."""

    verdicts: tuple[Verdict, ...]
    has_better_critique: bool | None = None
    is_critiqueable: bool | None = None
    new_critique: NewCritique | None = None

    @property
    def helpful(self) -> int:
        """How many are helpful."""
        return sum(verdict.helpful is True for verdict in self.verdicts)

    @property
    def is_decided(self) -> bool:
        """Whether every critique was found helpful or not."""
        return all(verdict.helpful is not None for verdict in self.verdicts)

    @property
    def wants_new_critique(self) -> bool:
        return bool(self.has_better_critique or self.is_critiqueable)


def settled(judged: Judged, asks: Asks) -> Judged:
    """The same without whatever is not asked (any more)."""
    ranked = judged.helpful >= 2
    verdicts = tuple(
        Verdict(
            helpful=verdict.helpful,
            clearly_helpful=verdict.clearly_helpful if verdict.helpful and asks.clearly_helpful else None,
            severity=verdict.severity if verdict.helpful and asks.severity else None,
            tier=verdict.tier if verdict.helpful and ranked else None,
        )
        for verdict in judged.verdicts
    )
    any_helpful = judged.helpful > 0
    kept = replace(
        judged,
        verdicts=verdicts,
        has_better_critique=judged.has_better_critique if judged.is_decided and any_helpful else None,
        is_critiqueable=judged.is_critiqueable if judged.is_decided and not any_helpful else None,
    )
    return replace(kept, new_critique=(kept.new_critique or NewCritique()) if kept.wants_new_critique else None)


def missing(judged: Judged, asks: Asks) -> str | None:
    """What still has to be answered in a settled draft, the first thing first; None if it is complete."""
    for number, verdict in enumerate(judged.verdicts, start=1):
        lacking = missing_of_verdict(verdict, asks, ranked=judged.helpful >= 2)
        if lacking is not None:
            return f"critique {number}: {lacking}"
    if judged.helpful and judged.has_better_critique is None:
        return "say whether there is a better critique than these."
    if not judged.helpful and judged.is_critiqueable is None:
        return "say whether the answer can be criticised at all."
    return None if judged.new_critique is None else missing_of_new(judged.new_critique)


def missing_of_verdict(verdict: Verdict, asks: Asks, *, ranked: bool) -> str | None:
    """What the verdict on one critique lacks."""
    for lacks, needed in (
        (verdict.helpful is None, "say whether it is helpful."),
        (
            verdict.helpful and asks.clearly_helpful and verdict.clearly_helpful is None,
            "say whether it is clearly and unambiguously helpful.",
        ),
        (
            verdict.helpful and asks.severity and verdict.severity not in Severity.values,
            "say how severe the flaw is.",
        ),
        (verdict.helpful and ranked and verdict.tier is None, "rank it among the helpful ones."),
    ):
        if lacks:
            return needed
    return None


def missing_of_new(new: NewCritique) -> str | None:
    """What a newly written critique lacks."""
    if not new.text.strip():
        return "write the critique that you have in mind."
    lacking = missing_grade(new.category, new.category_text, new.severity)
    return None if lacking is None else f"your critique {lacking}"
