"""From demonstrations to token ids and labels: the loss falls on what a person produced and nothing else.

Worked example, one token a word::

    text     Question: Where? Answer: Home. ⏎ Critiqueable: Yes ⏎⏎Critique: At work. END
    learned                                                 ^^^             ^^^^^^^^ ^^^
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from models_service.formats import encode_piece, first_tokens
from models_service.training.demonstrations import Demonstration

#: The label that transformers' losses pass over.
IGNORED: Final = -100


@dataclass(frozen=True, slots=True)
class Example:
    """Token ids of one text and, of the same length, labels: the id where it is learned, else IGNORED."""

    input_ids: list[int]
    labels: list[int]


def example(tokenizer: Any, demonstration: Demonstration) -> Example:
    """Tokenise piece by piece, as sampling does, and mark what is learned."""
    ids = first_tokens(tokenizer)
    labels = [IGNORED] * len(ids)
    for piece in demonstration.pieces:
        tokens = encode_piece(tokenizer, piece)
        ids += tokens
        labels += tokens if piece.learn else [IGNORED] * len(tokens)
    return Example(ids, labels)


def collate(rows: Sequence[dict[str, list[int]]], *, pad: int) -> dict[str, Any]:
    """A batch padded on the right: input_ids, attention_mask and labels, each (rows, longest)."""
    import torch

    longest = max(len(row["input_ids"]) for row in rows)

    def padded(name: str, filler: int) -> list[list[int]]:
        return [row[name] + [filler] * (longest - len(row[name])) for row in rows]

    mask = [[1] * len(row["input_ids"]) + [0] * (longest - len(row["input_ids"])) for row in rows]
    return {
        "input_ids": torch.tensor(padded("input_ids", pad)),
        "attention_mask": torch.tensor(mask),
        "labels": torch.tensor(padded("labels", IGNORED)),
    }
