"""What a model in training thinks of judged passages: its verdicts read off trees, many passages at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch

from models_service.engine.yes_no import LabelHead, label_tokens
from models_service.formats import FINETUNED, Pieces
from models_service.training.judged import subject_of
from models_service.training.rows import Batch, laid_out
from models_service.training.tree_reading import TreeReader
from models_service.training.trees import Node, Tree
from models_service.types import JudgedAnswer, JudgedPassage


@dataclass(frozen=True, slots=True)
class Scores:
    """Of one answer: Pr[Yes] that it has a flaw, and for each of its critiques that it is helpful."""

    critiqueability: float
    helpfulness: tuple[float, ...]


def score(reader: TreeReader, tokenizer: Any, passages: Sequence[JudgedPassage], *, rows: int) -> list[list[Scores]]:
    """The scores of each answer of each passage, whatever is known of it."""
    trees: list[Tree] = []
    asked: list[list[Node]] = []
    for passage in passages:
        nodes: list[Node] = []
        for prompt in _prompts(passage):
            if reader.flat or not nodes:
                trees.append(Tree(tokenizer))
            nodes.append(trees[-1].add(prompt))
        asked.append(nodes)
    found = _probabilities(reader, tokenizer, trees, [node for nodes in asked for node in nodes], rows)
    return [
        [_scores(answer, found, nodes) for answer in passage.answers]
        for passage, nodes in zip(passages, map(iter, asked), strict=True)
    ]


def _prompts(passage: JudgedPassage) -> Iterator[Pieces]:
    """For each answer critiqueability, then each critique's verdict."""
    for answer in passage.answers:
        subject = subject_of(passage, answer)
        yield FINETUNED.critiqueability_prompt(subject)
        for critique in answer.critiques:
            yield FINETUNED.helpfulness_prompt(subject, critique.text)


def _scores(answer: JudgedAnswer, found: dict[int, float], nodes: Iterator[Node]) -> Scores:
    critiqueability = found[id(next(nodes))]
    return Scores(critiqueability, tuple(found[id(next(nodes))] for _ in answer.critiques))


@torch.inference_mode()
def _probabilities(
    reader: TreeReader, tokenizer: Any, trees: Sequence[Tree], nodes: Sequence[Node], rows: int
) -> dict[int, float]:
    """Pr[Yes] after each node, by its id."""
    head = LabelHead(reader.model, label_tokens(tokenizer, FINETUNED))
    wanted = {id(node) for node in nodes}
    longest = max(tree.size() for tree in trees)
    length = -(-longest // 64) * 64
    found: dict[int, float] = {}
    laid = (row for row, _ in laid_out((tree.root for tree in trees), length, flat=bool(reader.flat)))
    while group := list(islice(laid, rows)):
        ends = [(at * length + row.last[i], i) for at, row in enumerate(group) for i in row.last.keys() & wanted]
        batch = Batch.of(group, length, device=reader.model.device)
        places = torch.tensor([place for place, _ in ends], device=reader.model.device)
        with head.appended():
            scores = head.probabilities(reader(batch, places))
        found |= zip((i for _, i in ends), scores, strict=True)
    return found
