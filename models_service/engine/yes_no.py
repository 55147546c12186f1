"""Which tokens mean Yes and No, and what probability a model gives to Yes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

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


class LabelHead:
    """The logits of Yes and No in fp32, whatever type the model computes in.

    A half-precision model rounds its logits: at 20 a bfloat16 has steps of 0.125, which moves a probability in leaps.
    So within `appended` the output matrix gives two more columns, computed in fp32 from the same last state. Whatever
    the model then does to its logits (a scale, a soft cap), it does to these too.
    """

    def __init__(self, model: Any, labels: tuple[int, int]) -> None:
        """Raises EngineError where the output matrix of a half-precision model is of an unknown kind."""
        self._labels = list(labels)
        self._output: nn.Linear | None = None
        if model.dtype == torch.float32 and not torch.is_autocast_enabled(model.device.type):
            return
        output = model.get_output_embeddings()
        if not isinstance(output, nn.Linear):
            raise EngineError("this model's output matrix is of a kind that is scored in float32 only: set that dtype")
        self._output = output

    @contextmanager
    def appended(self) -> Iterator[None]:
        """Forward passes within this give logits that `words` and `labels` take apart."""
        if self._output is None:
            yield
            return
        output = self._output
        weight = output.weight[self._labels].float()
        bias = None if output.bias is None else output.bias[self._labels].float()

        def forward(x: Tensor) -> Tensor:
            words = F.linear(x, output.weight, output.bias)
            with torch.autocast(x.device.type, enabled=False):
                return torch.cat([words.float(), F.linear(x.float(), weight, bias)], -1)

        output.forward = forward  # type: ignore[method-assign, assignment]
        try:
            yield
        finally:
            del output.forward

    def words(self, logits: Tensor) -> Tensor:
        """Logits [prompts, vocabulary] to sample from."""
        return logits if self._output is None else logits[:, :-2]

    def labels(self, logits: Tensor) -> Tensor:
        """Logits [prompts, 2] of Yes and No."""
        return logits[:, self._labels] if self._output is None else logits[:, -2:]

    def probabilities(self, logits: Tensor) -> list[float]:
        """Pr[Yes] / (Pr[Yes] + Pr[No]) of each prompt."""
        return probability_of_yes(self.labels(logits))


def probability_of_yes(labels: Tensor) -> list[float]:
    """Pr[Yes] / (Pr[Yes] + Pr[No]) from the logits of both, [prompts, 2]."""
    return [float(p) for p in (labels[:, 0].float() - labels[:, 1].float()).sigmoid()]
