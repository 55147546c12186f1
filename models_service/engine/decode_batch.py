"""A batch of rows: sampled together, then scored from their own KV cache."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from models_service.engine.attention import AttentionPlan
from models_service.engine.backend import Heartbeat, TokenIds, truncate_at_end
from models_service.engine.gumbel_noise import gumbel_noise
from models_service.engine.random_streams import RandomStream
from models_service.engine.yes_no import LabelHead


class ForwardPass(Protocol):
    """Runs the model under a plan: tokens [T] at positions [T] to logits [kept, vocabulary]."""

    def __call__(
        self, plan: AttentionPlan, tokens: Tensor, positions: Tensor, logit_indices: Tensor | None = None
    ) -> Tensor: ...


class DecodePlan(AttentionPlan, Protocol):
    """A plan for rows that grow together."""

    rows: int
    length: int
    """How many tokens of each row are in the KV cache."""

    def step(self, positions: Tensor, visible: Tensor | None = None) -> None:
        """The next forward pass computes new tokens of every row, at `positions` [rows, new].

        `visible` [rows, new, keys]: which of the row's own keys each attends to, the new ones last; None for all.
        """


class DecodeBatch:
    """Rows that grow by one forward pass per token, launched operation by operation."""

    def __init__(self, forward: ForwardPass, plan: DecodePlan, prompt_lengths: Tensor, end_ids: frozenset[int]) -> None:
        """`prompt_lengths` [rows]: how many tokens each row's prompt has."""
        self.plan = plan
        self._forward, self._prompt_lengths, self._end_ids = forward, prompt_lengths, end_ids
        self._ends = torch.tensor(sorted(end_ids), dtype=torch.long, device=prompt_lengths.device)

    def generate(
        self,
        logits: Tensor,
        streams: Sequence[RandomStream],
        temperatures: Sequence[float],
        max_new_tokens: int,
        heartbeat: Heartbeat,
    ) -> list[TokenIds]:
        """Sample all rows until each has ended or has `max_new_tokens`. `logits` [rows, vocabulary] begin them."""
        noise = gumbel_noise(streams, temperatures, logits.device)
        output: list[Tensor] = []
        finished = torch.zeros(len(streams), dtype=torch.bool, device=logits.device)
        while True:
            tokens = noise.sample(logits)
            output.append(tokens)
            finished |= self._is_end(tokens)
            if len(output) == max_new_tokens or bool(finished.all()):
                return self._texts(torch.stack(output, 1))
            positions = self._prompt_lengths + self.plan.length
            self.plan.step(positions[:, None])
            logits = self._forward(self.plan, tokens, positions)
            self.plan.length += 1
            heartbeat(len(output) / max_new_tokens)

    def _is_end(self, tokens: Tensor) -> Tensor:
        return (tokens[:, None] == self._ends).any(1)

    def _texts(self, output: Tensor) -> list[TokenIds]:
        return [truncate_at_end(row, self._end_ids) for row in output.tolist()]

    def score(self, texts: Sequence[TokenIds], tail: TokenIds, head: LabelHead) -> list[float]:
        """Pr[Yes] after each text and the tail.

        Every row feeds one slot and the tail. The slot holds the row's last token where that was sampled but is not
        in the cache yet. The other rows mask it, as they mask what was computed beyond their end.
        """
        plan, length, device = self.plan, self.plan.length, self._prompt_lengths.device
        text_lengths = torch.tensor([len(text) for text in texts], device=device)
        pending = text_lengths > length
        last = torch.tensor([text[-1] if text else tail[0] for text in texts], device=device)
        tails = torch.tensor(tail, device=device).expand(plan.rows, -1)
        tokens = torch.cat([last[:, None], tails], 1)
        new = tokens.shape[1]
        step = torch.arange(new, device=device)
        # The slot's position is that of the last token; the tail continues from there.
        positions = (self._prompt_lengths + text_lengths - 1)[:, None] + step
        before = torch.arange(length, device=device) < text_lengths[:, None]
        causal = step <= step[:, None]
        causal = causal & ((step != 0) | pending[:, None, None] | (step[:, None] == 0))
        visible = torch.cat([before[:, None].expand(-1, new, -1), causal], 2)
        plan.step(positions, visible)
        ends = torch.arange(new - 1, plan.rows * new, new, device=device)
        with head.appended():
            logits = self._forward(plan, tokens.reshape(-1), positions.reshape(-1), ends)
        return head.probabilities(logits)
