"""Lessons: problems with graded answers, laid out as token trees in the wording of `formats`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random

from tokenizers import Tokenizer

from models_service.formats import FINETUNED, Piece
from models_service.synthetic.task import Problem, SyntheticTask
from models_service.training.small.trees import Node
from models_service.training.small.vocabulary import Encoder
from models_service.types import Subject

#: A single token decides critiqueability and helpfulness; it outweighs a token of running text.
VERDICT_WEIGHT = 3.0


@dataclass(frozen=True, slots=True)
class Graded:
    """An answer and what the oracles say of it."""

    question: str
    answer: str
    valid: Sequence[str]
    """Valid critiques; none if the answer is sound."""
    invalid: Sequence[str]
    hints: Sequence[tuple[int, int, int]] = ()
    """Training-only questions about characters of the answer: (character it ends on, question, class)."""
    emphasis: Sequence[tuple[int, int, float]] = ()
    """Spans of characters of the answer that weigh more (or less) than 1 when it is learned."""
    refinements: Sequence[tuple[str | None, str]] = ()
    """Pairs of a critique (None: direct) and the refined answer."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One passage (or none) with graded answers to questions about it."""

    passage: str
    graded: Sequence[Graded]
    title: str | None = None


def with_own_critiques(sheet: Sheet, said: Sequence[Sequence[str]], task: SyntheticTask) -> Sheet:
    """The sheet with what a model said of each flawed answer in place of the oracle's untrue critiques."""
    graded = []
    for one, texts in zip(sheet.graded, said, strict=True):
        problem = Problem(sheet.passage, one.question)
        wrong = [text for text in dict.fromkeys(texts) if not task.is_helpful(problem, one.answer, text)]
        graded.append(replace(one, invalid=wrong or one.invalid))
    return replace(sheet, graded=graded)


@dataclass(slots=True)
class Proportions:
    """How much of each task a stage of training teaches."""

    verdicts: float = 1.0
    """Share of answers that get critiqueability, critique and helpfulness leaves."""
    base: float = 1.0
    """Weight of the tokens of a demonstrated answer."""
    passage: float = 0.0
    """Weight of the passage's own tokens: reading them teaches the words, and to repeat a name."""
    valid: int = 2
    invalid: int = 2
    refinements: float = 0.0


@dataclass
class Layout:
    """Turns sheets into trees with one tokenizer."""

    tokenizer: Tokenizer
    proportions: Proportions = field(default_factory=Proportions)

    def __post_init__(self) -> None:
        self.encoder = Encoder(self.tokenizer)

    def tree(self, rng: Random, sheet: Sheet) -> Node:
        """The passage as root, each answer a branch, its verdicts and critiques the leaves."""
        subject = Subject(key="", passage=sheet.passage, question="", answer="", title=sheet.title)
        root = Node([], [])
        for piece in FINETUNED.passage(subject):
            root.tokens += self.encoder.ids(piece.text)
        # Nothing comes before a root's first token, so nothing could predict it.
        root.weights = [0.0, *[self.proportions.passage] * len(root.tokens)][: len(root.tokens)]
        root.children = [self._branch(rng, graded) for graded in sheet.graded]
        return root

    def _branch(self, rng: Random, graded: Graded) -> Node:
        subject = Subject(key="", passage="", question=graded.question, answer=graded.answer)
        branch = Node([], [])
        self._say(branch, FINETUNED.question(subject), 0.0)
        start = len(branch.tokens)
        ids, spans = self.encoder.spans(f" {graded.answer}")
        weight = 0.0 if graded.valid else self.proportions.base
        weights = [weight] * len(ids)
        # Offsets count characters of " answer"; the leading space shifts them by one.
        ends = {end - 1: place for place, (_, end) in enumerate(spans)}
        for first, last, factor in graded.emphasis:
            for place, (begin, end) in enumerate(spans):
                if begin - 1 < last and end - 1 > first:
                    weights[place] *= factor
        branch.tokens += ids
        branch.weights += weights
        branch.hints = [(start + ends[c], q, a) for c, q, a in graded.hints if c in ends]
        branch.stop = weight
        if rng.random() < self.proportions.verdicts:
            branch.children = self._verdicts(rng, graded)
        return branch

    def _verdicts(self, rng: Random, graded: Graded) -> list[Node]:
        sure, wish = VERDICT_WEIGHT, self.proportions
        valid = rng.sample(list(graded.valid), min(wish.valid, len(graded.valid)))
        invalid = rng.sample(list(graded.invalid), min(wish.invalid, len(graded.invalid)))
        leaves = []
        if not valid:
            sound = self._opened()
            self._say(sound, FINETUNED.label(False), sure)
            leaves.append(sound)
        for number, critique in enumerate(valid):
            leaves.append(self._critique(critique, verdict=sure if number == 0 else 0.0, text=1.0, helpful=True))
        leaves += [self._critique(text, verdict=0.0, text=0.0, helpful=False) for text in invalid]
        if rng.random() < wish.refinements and graded.refinements:
            leaves.append(self._refinement(*rng.choice(list(graded.refinements))))
        return leaves

    def _opened(self) -> Node:
        leaf = Node([], [])
        self._say(leaf, (Piece("tail", "\n"), *FINETUNED.critiqueability()), 0.0)
        return leaf

    def _critique(self, critique: str, *, verdict: float, text: float, helpful: bool) -> Node:
        leaf = self._opened()
        self._say(leaf, FINETUNED.label(True), verdict)
        self._say(leaf, (Piece("tail", FINETUNED.critique_tail),), 0.0)
        self._say(leaf, FINETUNED.said_critique(critique), text)
        if text:
            leaf.stop = text
        verdict_leaf = Node([], [])
        self._say(verdict_leaf, FINETUNED.helpfulness(), 0.0)
        self._say(verdict_leaf, FINETUNED.label(helpful), VERDICT_WEIGHT)
        leaf.children = [verdict_leaf]
        return leaf

    def _refinement(self, critique: str | None, refinement: str) -> Node:
        if critique is None:
            leaf = Node([], [])
            self._say(leaf, (Piece("tail", "\n"), *FINETUNED.direct_refinement()), 0.0)
        else:
            leaf = self._critique(critique, verdict=0.0, text=0.0, helpful=True)
            leaf.children = []
            self._say(leaf, FINETUNED.conditional_refinement(), 0.0)
        self._say(leaf, (Piece("refinement", f" {refinement}"),), 1.0)
        leaf.stop = 1.0
        return leaf

    def _say(self, node: Node, pieces: Sequence[Piece], weight: float) -> None:
        for piece in pieces:
            ids = self.encoder.ids(piece.text)
            node.tokens += ids
            node.weights += [weight] * len(ids)
