"""What the released rows do not tell: which model, which seed, what was shown. One extra key, `provenance`."""

from __future__ import annotations

from typing import Any

from labeling.models import Answer, Assignment, AssistanceBundle, StudyQuestion, Suggestion


def row_provenance(row: StudyQuestion) -> dict[str, Any]:
    """The study a row comes from, and which conditions it had."""
    study = row.study
    return {
        "study": study.name,
        "imported": study.is_imported,
        "seed": study.seed,
        "critic": study.critic or None,
        "temperatures": study.temperatures,
        "conditions": [
            {"answer_source": condition.answer_kind, "assisted": condition.assisted}
            for condition in study.conditions.all()
        ],
        "covered": row.question.covered,
    }


def label_provenance(
    answer: Answer, assignment: Assignment, released: list[Suggestion], *, imported: bool
) -> dict[str, Any]:
    """Where the answer and the suggestions of a label come from, and what of them its labeler met."""
    places = {suggestion.pk: index for index, suggestion in enumerate(released)}
    return {
        "answer": {
            "provenance": answer.provenance,
            "model_name": answer.model_name,
            "model_revision": answer.model_revision,
            "temperature": answer.temperature,
            "seed": answer.seed,
        },
        "active_time": None if imported else assignment.sitting.active_time_ms,
        "bundle": _bundle(assignment.bundle),
        "shown": [
            {
                "critique": places[shown.suggestion_id],
                "rank": shown.rank,
                "calibrated": shown.calibrated,
                "first_used": shown.first_used_ms,
                "times_used": shown.times_used,
            }
            for shown in assignment.shown_suggestions.all()
        ],
    }


def _bundle(bundle: AssistanceBundle | None) -> dict[str, Any] | None:
    """The critic's run and all its samples, repeats included."""
    if bundle is None:
        return None
    samples = list(bundle.suggestions.all())
    places = {suggestion.pk: index for index, suggestion in enumerate(samples)}
    recipe = ("provenance", "critic", "model_name", "model_revision", "format_name", "format_version")
    machine = ("engine", "dtype", "device", "seed", "grouping")
    return {
        "id": bundle.public_id,
        **{name: getattr(bundle, name) for name in (*recipe, *machine)},
        "samples": [
            {
                "temperature": sample.temperature,
                "text": sample.critique.text,
                "helpfulness": sample.helpfulness,
                "same_as": None if sample.same_as_id is None else places[sample.same_as_id],
                **({"degenerate": True} if sample.degenerate else {}),
            }
            for sample in samples
        ],
    }
