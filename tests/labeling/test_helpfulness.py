"""What a judgement of critiques needs, on plain values: nothing that is not asked is answered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.rules import helpfulness as rules
from labeling.rules.helpfulness import Asks, Judged, NewCritique, Verdict

EVERYTHING = Asks(clearly_helpful=True, severity=True)
NEW = NewCritique("It was a mill.", "accuracy", "", 3)


def helpful(tier: int | None = None) -> Verdict:
    return Verdict(True, True, 2, tier)


UNHELPFUL = Verdict(False)


maybe = st.sampled_from([None, True, False])
verdicts = st.builds(
    Verdict, maybe, maybe, st.sampled_from([None, 1, 4]), st.one_of(st.none(), st.integers(min_value=0, max_value=4))
)
said = st.builds(
    Judged,
    st.lists(verdicts, min_size=1, max_size=5).map(tuple),
    maybe,
    maybe,
    st.sampled_from([None, NEW, NewCritique()]),
)
asks = st.builds(Asks, st.booleans(), st.booleans())


@given(said=said, asks=asks)
def test_what_is_settled_answers_only_what_is_asked(said: Judged, asks: Asks) -> None:
    kept = rules.settled(said, asks)
    assert [verdict.helpful for verdict in kept.verdicts] == [verdict.helpful for verdict in said.verdicts]
    for verdict in kept.verdicts:
        if not verdict.helpful:
            assert (verdict.tier, verdict.severity, verdict.clearly_helpful) == (None, None, None)
        assert verdict.clearly_helpful is None or asks.clearly_helpful
        assert verdict.severity is None or asks.severity
    assert kept.helpful >= 2 or all(verdict.tier is None for verdict in kept.verdicts)
    assert kept.has_better_critique is None or (kept.is_decided and kept.helpful > 0)
    assert kept.is_critiqueable is None or (kept.is_decided and kept.helpful == 0)
    assert (kept.new_critique is not None) == (kept.has_better_critique is True or kept.is_critiqueable is True)


@given(said=said, asks=asks)
def test_settling_twice_changes_nothing(said: Judged, asks: Asks) -> None:
    once = rules.settled(said, asks)
    assert rules.settled(once, asks) == once


@pytest.mark.parametrize(
    ("said", "lacking"),
    [
        (Judged((Verdict(),)), "critique 1: say whether it is helpful."),
        (Judged((UNHELPFUL, Verdict(True)), False), "critique 2: say whether it is clearly"),
        (Judged((Verdict(True, False),), False), "critique 1: say how severe"),
        (Judged((helpful(0), helpful()), False), "critique 2: rank it"),
        (Judged((helpful(),)), "say whether there is a better critique"),
        (Judged((UNHELPFUL,)), "say whether the answer can be criticised"),
        (Judged((UNHELPFUL,), None, True, NewCritique()), "write the critique"),
        (Judged((UNHELPFUL,), None, True, NewCritique("x")), "needs a category"),
        (Judged((UNHELPFUL,), None, True, NewCritique("x", "other", " ", 1)), "say in a few words"),
        (Judged((UNHELPFUL,), None, True, NewCritique("x", "accuracy")), "needs a severity"),
        (Judged((UNHELPFUL,), None, False), None),
        (Judged((helpful(3), helpful(3), UNHELPFUL), False), None),
        (Judged((helpful(),), True, None, NEW), None),
    ],
)
def test_what_is_missing_is_named_in_the_order_of_asking(said: Judged, lacking: str | None) -> None:
    found = rules.missing(said, EVERYTHING)
    assert found is None if lacking is None else found is not None and lacking in found
