"""Which tokens mean Yes and No, and what probability a model gives to Yes."""

from __future__ import annotations

from typing import Any

from models_service.engine.interface import EngineError
from models_service.formats import Format, encode


def label_tokens(tokenizer: Any, fmt: Format) -> tuple[int, int]:
    """The ids of Yes and No as the format writes them, found once per tokenizer.

    Raises EngineError where they are not single, distinct tokens: the probability of "Yes" would then not be that
    of one token.
    """
    ids = [encode(tokenizer, fmt.label(verdict)) for verdict in (True, False)]
    if any(len(label) != 1 for label in ids) or ids[0] == ids[1]:
        raise EngineError(
            f"the labels {fmt.yes!r} and {fmt.no!r} of the format {fmt.name!r} must be single, distinct "
            f"tokens; this tokenizer makes them {ids[0]} and {ids[1]}. Choose another model."
        )
    return ids[0][0], ids[1][0]


def probability_of_yes(logits: Any, labels: tuple[int, int]) -> list[float]:
    """Pr[Yes] / (Pr[Yes] + Pr[No]) in fp32; `logits` is a tensor [prompts, vocabulary]."""
    yes, no = labels
    difference = logits[:, yes].float() - logits[:, no].float()
    return [float(p) for p in difference.sigmoid()]
