"""Critiques of an answer about a report that are plausible and not true: the negatives of helpfulness."""

from __future__ import annotations

from random import Random

from models_service.synthetic.report_flaws import find_flaws, invented, misstated, omitted, stray
from models_service.synthetic.report_passages import Question, Report
from models_service.synthetic.report_text import Statement, read_statements


def invalid_critiques(rng: Random, report: Report, question: Question, answer: str) -> list[str]:
    """For a fact or two of the topic: blame for what is right, and true blame with a value changed."""
    facts = report.facts(question.asked)
    flaws, _ = find_flaws(facts, question.asked, answer)
    said = [one for one in read_statements(answer, question.asked.name) if one is not None]
    told = {one.kind: one.value for one in said if one.subject == question.asked.name}
    candidates = []
    for fact in rng.sample(question.asked.topic.facts, 3):
        other = report.vocabulary.value(rng, fact)
        true, given = facts.get(fact.key), told.get(fact.key)
        if true and given:
            candidates.append(misstated(fact.key, given, other))
            candidates.append(invented(fact.key, given))
            if given == true:
                candidates.append(omitted(fact.key, true))
        elif true:
            candidates.append(omitted(fact.key, other))
            candidates.append(misstated(fact.key, other, true))
        elif given:
            candidates.append(misstated(fact.key, given, other))
            candidates.append(omitted(fact.key, given))
        else:
            candidates.append(omitted(fact.key, other))
    candidates.append(stray(rng.choice(_elsewhere(report, question))))
    # A misstated fact is also left out, in a way: that critique is neither taught nor held against anyone.
    unfair = {omitted(flaw.kind, facts[flaw.kind]).critique for flaw in flaws if flaw.kind in facts}
    unfair |= {flaw.critique for flaw in flaws}
    texts = dict.fromkeys(flaw.critique for flaw in candidates if flaw.critique not in unfair)
    return rng.sample(list(texts), len(texts))


def _elsewhere(report: Report, question: Question) -> list[Statement]:
    """What the report says of other subjects; of this one where there is no other."""
    statements = [one for block in report.blocks for one in block.statements]
    return [one for one in statements if one.subject != question.asked.name] or statements
