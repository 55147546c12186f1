"""Rows that are written together, and then scored from their own keys and values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from models_service.engine.attention import Plan, as_added
from models_service.engine.backend import Ids, Tick
from models_service.engine.gumbel_noise import gumbel_noise
from models_service.engine.plain import until_end
from models_service.engine.random_streams import RandomStream
from models_service.engine.yes_no import probability_of_yes


class Forward(Protocol):
    """One forward pass by a plan: logits [kept, vocabulary] of packed tokens [T] at positions [T]."""

    def __call__(self, plan: Plan, tokens: Tensor, positions: Tensor, keep: Tensor | None = None) -> Tensor: ...


class RowsPlan(Plan, Protocol):
    """A plan for rows that grow together."""

    rows: int
    filled: int
    """How many tokens of each row have been read."""
    mask: Tensor | None
    """Added to the scores of each row's new tokens with its own keys, [rows, 1, new, keys]."""


class Batch:
    """Rows that grow by one forward pass a token, each launched operation by operation."""

    def __init__(self, forward: Forward, plan: RowsPlan, lengths: Tensor, end_ids: frozenset[int]) -> None:
        """`lengths` [rows]: of each row's prompt, in tokens."""
        self.plan = plan
        self._forward, self._lengths, self._end_ids = forward, lengths, end_ids
        self._ends = torch.tensor(sorted(end_ids), dtype=torch.long, device=lengths.device)

    def write(
        self, logits: Tensor, streams: Sequence[RandomStream], temperatures: Sequence[float], limit: int, tick: Tick
    ) -> list[Ids]:
        """Sample all rows until each has ended or `limit` tokens are written; logits [rows, vocabulary]."""
        noise = gumbel_noise(streams, temperatures, logits.device)
        said: list[Tensor] = []
        ended = torch.zeros(len(streams), dtype=torch.bool, device=logits.device)
        while True:
            tokens = noise.sample(logits)
            said.append(tokens)
            ended |= self._is_end(tokens)
            if len(said) == limit or bool(ended.all()):
                return self._texts(torch.stack(said, 1))
            logits = self._forward(self.plan, tokens, self._lengths + self.plan.filled)
            self.plan.filled += 1
            if len(said) % 8 == 0:
                tick()

    def _is_end(self, tokens: Tensor) -> Tensor:
        return (tokens[:, None] == self._ends).any(1)

    def _texts(self, said: Tensor) -> list[Ids]:
        return [until_end(row, self._end_ids) for row in said.tolist()]

    def score(self, texts: Sequence[Ids], tail: Ids, labels: tuple[int, int]) -> list[float]:
        """Pr[Yes] after each text and the tail.

        Every row feeds one slot and the tail. The slot holds the row's last token where that was sampled but
        not yet read; other rows leave it out by mask, as they do what was computed beyond their end.
        """
        plan, filled, device = self.plan, self.plan.filled, self._lengths.device
        lengths = torch.tensor([len(text) for text in texts], device=device)
        pending = lengths > filled
        last = torch.tensor([text[-1] if text else tail[0] for text in texts], device=device)
        tails = torch.tensor(tail, device=device).expand(plan.rows, -1)
        tokens = torch.cat([last[:, None], tails], 1)
        new = tokens.shape[1]
        step = torch.arange(new, device=device)
        # The slot's position is that of the last token; the tail goes on from there.
        positions = (self._lengths + lengths - 1)[:, None] + step
        before = torch.arange(filled, device=device) < lengths[:, None]
        causal = step <= step[:, None]
        causal = causal & ((step != 0) | pending[:, None, None] | (step[:, None] == 0))
        seen = torch.cat([before[:, None].expand(-1, new, -1), causal], 2)
        plan.mask = as_added(seen)[:, None]
        ends = torch.arange(new - 1, plan.rows * new, new, device=device)
        logits = self._forward(plan, tokens.reshape(-1), positions.reshape(-1), ends)
        return probability_of_yes(logits, labels)
