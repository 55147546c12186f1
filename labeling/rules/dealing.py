"""Who gets which cell: a balanced, seeded design. Plain values in and out; the database is actions/dealing.py's.

Start from a cyclic Latin rectangle, in which every labeler has every condition equally often (counts differ
by at most one, over labelers and over conditions), then let labelers trade places within a condition until
nobody has a text they may not meet. A trade leaves every count as it is. What no trade can mend is given to
the eligible labeler with the least of that condition, or left undealt and said so.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

L = TypeVar("L", bound=Hashable)
#: A cell of the design: (index of the question, index of the condition).
Cell = tuple[int, int]
#: Exclusions can make one start come out uneven; the best of so many is kept.
ATTEMPTS = 16


@dataclass
class Deal(Generic[L]):
    """The labeler of each cell, and the cells that nobody could be given."""

    labelers: dict[Cell, L] = field(default_factory=dict)
    undealt: list[Cell] = field(default_factory=list)

    def badness(self, labelers: Collection[L]) -> tuple[int, int]:
        """What a better deal has less of: cells left undealt, then unevenness."""
        return len(self.undealt), self.spread(labelers)

    def spread(self, labelers: Collection[L]) -> int:
        """Largest difference, within one condition, between the counts of two labelers."""
        counts = Counter((condition, labeler) for (_, condition), labeler in self.labelers.items())
        conditions = {condition for _, condition in self.labelers}
        return max(
            (
                max(counts[c, labeler] for labeler in labelers) - min(counts[c, labeler] for labeler in labelers)
                for c in conditions
            ),
            default=0,
        )


def deal(
    texts: Sequence[Hashable],
    cells: Sequence[Cell],
    labelers: Sequence[L],
    may_meet: Callable[[L, Hashable], bool],
    seed: int,
) -> Deal[L]:
    """Give each cell to a labeler.

    `texts[q]` is the text of question q: nobody gets two cells of one text. `may_meet(labeler, text)` says
    who is free to meet it. The same arguments make the same deal.
    """
    free = _free_for(texts, labelers, may_meet)
    questions = _questions_that_fit(texts, cells, free)
    perfect = _surely_undealt(texts, cells, free), 1
    best: Deal[L] | None = None
    for attempt in range(ATTEMPTS):
        table = _Table(texts, labelers, may_meet, random.Random(f"deal:{seed}:{attempt}"))
        candidate = table.make(questions, cells)
        if best is None or candidate.badness(labelers) < best.badness(labelers):
            best = candidate
        if best.badness(labelers) <= perfect:
            break
    assert best is not None
    return best


def _free_for(
    texts: Sequence[Hashable], labelers: Sequence[L], may_meet: Callable[[L, Hashable], bool]
) -> dict[Hashable, int]:
    """How many labelers may meet each text."""
    return {text: sum(may_meet(labeler, text) for labeler in labelers) for text in set(texts)}


def _questions_that_fit(texts: Sequence[Hashable], cells: Sequence[Cell], free: Mapping[Hashable, int]) -> list[int]:
    """The questions to deal: of one text, only as many as there are labelers for; the first ones first."""
    width = Counter(question for question, _ in cells)
    left = dict(free)
    chosen = []
    for question in sorted(width):
        if left[texts[question]] > 0:
            chosen.append(question)
            left[texts[question]] -= width[question]
    return chosen


def _surely_undealt(texts: Sequence[Hashable], cells: Sequence[Cell], free: Mapping[Hashable, int]) -> int:
    """Cells for which there is nobody, however they are dealt."""
    wanted = Counter(texts[question] for question, _ in cells)
    return sum(max(0, count - free[text]) for text, count in wanted.items())


class _Table(Generic[L]):
    """The design while it is being made."""

    def __init__(
        self,
        texts: Sequence[Hashable],
        labelers: Sequence[L],
        may_meet: Callable[[L, Hashable], bool],
        rng: random.Random,
    ) -> None:
        self.texts, self.labelers, self.may_meet, self.rng = texts, list(labelers), may_meet, rng
        self.at: dict[Cell, L | None] = {}
        self.questions_of: defaultdict[tuple[int, L | None], set[int]] = defaultdict(set)
        """By condition and labeler."""
        self.partners: defaultdict[int, list[Cell]] = defaultdict(list)
        """The cells of each condition, in a random order."""
        self.meets: defaultdict[Hashable, Counter[L]] = defaultdict(Counter)

    def make(self, questions: Sequence[int], cells: Sequence[Cell]) -> Deal[L]:
        self.fill(questions, cells)
        self.trade_places()
        self.give_or_leave()
        self.even_out()
        dealt = {cell: labeler for cell, labeler in self.at.items() if labeler is not None}
        return Deal(dealt, sorted(cell for cell in cells if cell not in dealt))

    def fill(self, questions: Sequence[int], cells: Sequence[Cell]) -> None:
        """Lay cyclic Latin rectangles over shuffled questions, a fresh one for every round of all labelers."""
        conditions = sorted({condition for _, condition in cells})
        wanted = set(cells)
        seats: list[L | None] = [*self.labelers]
        seats += [None] * max(0, len(conditions) - len(seats))
        order = list(questions)
        self.rng.shuffle(order)
        for start in range(0, len(order), len(seats)):
            self.rng.shuffle(seats)
            offsets = self.rng.sample(range(len(seats)), len(conditions))
            for row, question in enumerate(order[start : start + len(seats)]):
                for condition, offset in zip(conditions, offsets, strict=True):
                    if (question, condition) in wanted:
                        self.put((question, condition), seats[(row + offset) % len(seats)])

    def put(self, cell: Cell, labeler: L | None) -> None:
        text = self.texts[cell[0]]
        before = self.at.get(cell)
        if before is not None:
            self.meets[text][before] -= 1
        self.questions_of[cell[1], before].discard(cell[0])
        self.questions_of[cell[1], labeler].add(cell[0])
        self.at[cell] = labeler
        if labeler is not None:
            self.meets[text][labeler] += 1

    def fits(self, labeler: L | None, cell: Cell) -> bool:
        """Whether the labeler could be put there without meeting a text twice. Nobody fits anywhere."""
        text = self.texts[cell[0]]
        return labeler is None or (self.may_meet(labeler, text) and self.meets[text][labeler] == 0)

    def is_wrong(self, cell: Cell) -> bool:
        labeler, text = self.at[cell], self.texts[cell[0]]
        return labeler is not None and (not self.may_meet(labeler, text) or self.meets[text][labeler] > 1)

    def trade_places(self) -> None:
        for cell in self.at:
            self.partners[cell[1]].append(cell)
        for cells in self.partners.values():
            self.rng.shuffle(cells)
        for cell in sorted(self.at):
            if self.is_wrong(cell):
                self._trade(cell)

    def _trade(self, cell: Cell) -> None:
        """Swap with somebody of the same condition where both then fit. Looked for from a random place on."""
        others = self.partners[cell[1]]
        start = self.rng.randrange(len(others))
        mine = self.at[cell]
        for number in range(len(others)):
            other = others[start + number - len(others)]
            theirs = self.at[other]
            if other != cell and self.fits(mine, other) and self.fits(theirs, cell):
                self.put(cell, None)
                self.put(other, mine)
                self.put(cell, theirs)
                return

    def give_or_leave(self) -> None:
        """Empty what is still wrong, then give what is empty to the eligible labeler with the least of it."""
        wrong = [cell for cell in sorted(self.at) if self.is_wrong(cell)]
        for cell in wrong:
            if self.is_wrong(cell):
                self.put(cell, None)
        for cell in sorted(cell for cell, labeler in self.at.items() if labeler is None):
            fitting = [labeler for labeler in self.labelers if self.fits(labeler, cell)]
            if fitting:
                self.rng.shuffle(fitting)
                self.put(cell, min(fitting, key=lambda labeler: self.count(cell[1], labeler)))

    def count(self, condition: int, labeler: L) -> int:
        return len(self.questions_of[condition, labeler])

    def even_out(self) -> None:
        """Where giving made a condition uneven by two or more, move cells from who has most to who has least."""
        for condition in sorted({c for _, c in self.at}):
            while self._move_one(condition):
                pass

    def _move_one(self, condition: int) -> bool:
        counts = {labeler: self.count(condition, labeler) for labeler in self.labelers}
        ranked = sorted(self.labelers, key=lambda labeler: counts[labeler])
        for most in reversed(ranked):
            for least in ranked:
                if counts[most] - counts[least] < 2:
                    break
                for question in sorted(self.questions_of[condition, most]):
                    if self.fits(least, (question, condition)):
                        self.put((question, condition), least)
                        return True
        return False
