"""A study's cells and people as the values that dealing works on, and back. Reads; actions/dealing.py writes."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Count, Max

from labeling.enums import Activity
from labeling.models import Assignment, Exposure, Passage, Slot, Study
from labeling.rules.dealing import deal


class Cell(NamedTuple):
    """A slot, without its texts."""

    slot: int
    question: int | None
    """The row of the study; None for a sitting."""
    passage: int
    digest: str
    condition: tuple[str, str, bool, int]


@dataclass(frozen=True)
class Dealt:
    """A cell, who gets it, and where it stands in that labeler's order."""

    cell: Cell
    labeler: int
    order: int


def cells_to_deal(study: Study) -> list[Cell]:
    """The study's slots that nobody has."""
    slots = (
        Slot.objects.filter(study=study)
        .exclude(activity=Activity.CHECKING)  # goes to the author: actions/checking.py
        .exclude(assignments__in=Assignment.objects.live())
        .order_by("study_question__position", "answer_kind", "assisted", "number")
    )
    rows = slots.values_list(
        "pk", "study_question", "passage", "passage__text_digest", "activity", "answer_kind", "assisted", "number"
    )
    return [Cell(*row[:4], row[4:]) for row in rows]


def make_design(
    study: Study, cells: Sequence[Cell], labelers: Sequence[int], met: Mapping[int, set[str]]
) -> list[tuple[Cell, int]]:
    """Each cell that can be dealt, with its labeler."""
    questions: dict[tuple[int | None, int], int] = {}
    texts: list[str] = []
    conditions: dict[tuple[str, str, bool, int], int] = {}
    places: dict[tuple[int, int], Cell] = {}
    for cell in cells:
        question = questions.setdefault((cell.question, cell.passage), len(questions))
        if question == len(texts):
            texts.append(cell.digest)
        places[question, conditions.setdefault(cell.condition, len(conditions))] = cell
    result = deal(
        texts, list(places), labelers, lambda labeler, text: text not in met[labeler], study.seed + _dealt_so_far(study)
    )
    return [(cell, result.labelers[place]) for place, cell in places.items() if place in result.labelers]


def _dealt_so_far(study: Study) -> int:
    return Assignment.objects.filter(slot__study=study).count()


def in_own_order(study: Study, design: Sequence[tuple[Cell, int]]) -> Iterator[Dealt]:
    """Shuffle the design, and put each labeler's cells after what they have already."""
    shuffled = list(design)
    random.Random(f"order:{study.seed}:{_dealt_so_far(study)}").shuffle(shuffled)
    theirs = Assignment.objects.filter(labeler__in={labeler for _, labeler in design}).order_by()
    last: Counter[int] = Counter(dict(theirs.values_list("labeler").annotate(last=Max("order"))))
    for cell, labeler in shuffled:
        last[labeler] += 1
        yield Dealt(cell, labeler, last[labeler])


def still_to_be_had(batch: Sequence[Dealt]) -> list[Dealt]:
    """Those whose slot nobody took and whose text the labeler did not come to meet since the design was made."""
    texts = Passage.objects.filter(text_digest__in={dealt.cell.digest for dealt in batch})
    # By their texts, not their people: a labeler may have met thousands of texts, and few have met a text.
    met = set(Exposure.objects.filter(passage__in=texts).values_list("labeler", "text_digest"))
    taken = set()
    coming = Assignment.objects.live().filter(slot__in=Slot.objects.filter(passage__in=texts)).order_by()
    for slot, labeler, digest in coming.values_list("slot", "labeler", "slot__passage__text_digest"):
        taken.add(slot)
        met.add((labeler, digest))
    return [one for one in batch if one.cell.slot not in taken and (one.labeler, one.cell.digest) not in met]


def spread(study: Study, labelers: Sequence[int]) -> int:
    """Largest difference, within a condition, between two labelers' counts of live assignments."""
    live = Assignment.objects.live().filter(slot__study=study).order_by()
    rows = live.values_list("slot__answer_kind", "slot__assisted", "labeler").annotate(Count("pk"))
    counts: defaultdict[tuple[str, bool], Counter[int]] = defaultdict(Counter)
    for kind, assisted, labeler, count in rows:
        counts[kind, assisted][labeler] = count
    return max(
        (
            max(counter[labeler] for labeler in labelers) - min(counter[labeler] for labeler in labelers)
            for counter in counts.values()
        ),
        default=0,
    )
