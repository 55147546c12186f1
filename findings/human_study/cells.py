"""Which cells of the design are filled: missing labels and doubled ones are counted and shown, never filled
in.

A study's cells are the conditions that it has at least one label in (a study may use a subset of the six).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from findings.human_study.labels import CELLS, Labels


@dataclass(frozen=True, slots=True)
class Cell:
    """One condition, and how many questions have no, one or several labels in it."""

    answer_source: str
    assisted: bool
    n_labels: int
    missing: int
    doubled: int


@dataclass(frozen=True, slots=True)
class Design:
    """What a study's labels cover. Counts are of questions (rows of the file), except where named."""

    questions: int
    passages: int
    labelers: int
    labels: int
    complete: int
    """Questions with exactly one label in each of the study's cells."""
    repeated_labelers: int
    """Labels beyond the first by one labeler on one passage: each had seen the text."""
    cells: list[Cell]


def design(labels: Labels) -> Design:
    """Count filled, missing and doubled cells. A question without labels is missing from every cell."""
    filled = np.zeros((labels.questions, len(CELLS)), dtype=np.int64)
    np.add.at(filled, (labels.question, labels.source * 2 + labels.assisted), 1)
    in_study = filled.any(axis=0)
    cells = [
        Cell(source, assisted, int(column.sum()), int((column == 0).sum()), int((column > 1).sum()))
        for (source, assisted), column in zip(CELLS, filled.T, strict=True)
        if column.any()
    ]
    pairs = {*zip(labels.passage.tolist(), labels.labeler.tolist(), strict=True)}
    return Design(
        questions=labels.questions,
        passages=int(np.unique(labels.passage).size),
        labelers=int(np.unique(labels.labeler).size),
        labels=len(labels),
        complete=int((filled[:, in_study] == 1).all(axis=1).sum()) if in_study.any() else 0,
        repeated_labelers=len(labels) - len(pairs),
        cells=cells,
    )
