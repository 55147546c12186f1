"""Writing by a step recorded once as a CUDA graph: launching an operation at a time takes longer than a GPU needs.

A step reads the tokens last written, samples the next ones and counts itself, all at fixed addresses and without a
word from the host, so that replaying it is all there is to do.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import torch
from torch import Tensor

from models_service.engine.backend import Ids, Tick
from models_service.engine.batch import Batch, Forward
from models_service.engine.gumbel_noise import GumbelNoise, gumbel_noise
from models_service.engine.random_streams import RandomStream
from models_service.engine.stretch_plans import StretchWriting

log = logging.getLogger(__name__)
#: Steps between two looks whether all rows have ended: each look makes the device wait for the host.
LOOK_EVERY = 8
#: Steps launched one by one before the recording, so that nothing is built or tuned within it.
REHEARSALS = 2


class RecordedBatch(Batch):
    """A `Batch` whose step is recorded. It serves one group of rows after another: `begin`, `write`, `score`.

    Off a GPU nothing is recorded: the very same step is launched.
    """

    plan: StretchWriting

    def __init__(self, forward: Forward, plan: StretchWriting, limit: int, end_ids: frozenset[int]) -> None:
        """At most `limit` tokens a row."""
        device = plan.written.device
        super().__init__(forward, plan, torch.zeros(plan.rows, dtype=torch.long, device=device), end_ids)
        self._tokens = torch.zeros(plan.rows, dtype=torch.long, device=device)
        self._said = torch.zeros(plan.rows, limit, dtype=torch.long, device=device)
        self._ended = torch.zeros(plan.rows, dtype=torch.bool, device=device)
        self._noise: GumbelNoise | None = None
        self._graph: torch.cuda.CUDAGraph | None = None
        self._launches = 0

    def begin(self, lengths: Sequence[int]) -> RecordedBatch:
        """Other rows; the plan has been pointed at their prompts."""
        self._lengths.copy_(torch.tensor(lengths))
        self._ended.zero_()
        return self

    def write(
        self, logits: Tensor, streams: Sequence[RandomStream], temperatures: Sequence[float], limit: int, tick: Tick
    ) -> list[Ids]:
        self._sow(streams, temperatures)
        self._choose(logits)
        for step in range(1, limit):
            if step % LOOK_EVERY == 0:
                tick()
                if bool(self._ended.all()):
                    limit = step
                    break
            self._step()
            self.plan.filled += 1
        return self._texts(self._said[:, :limit])

    def _sow(self, streams: Sequence[RandomStream], temperatures: Sequence[float]) -> None:
        if self._noise is None or not self._noise.reset(streams, temperatures):
            self._noise = gumbel_noise(streams, temperatures, self._tokens.device)

    def _choose(self, logits: Tensor) -> None:
        """Write down the next token of every row."""
        assert self._noise is not None
        self._tokens.copy_(self._noise.sample(logits))
        self._said.index_copy_(1, self.plan.written, self._tokens[:, None])
        self._ended |= self._is_end(self._tokens)

    def _launch(self) -> None:
        """One step, operation by operation."""
        logits = self._forward(self.plan, self._tokens, self._lengths + self.plan.written)
        self.plan.advance()
        self._choose(logits)

    def _step(self) -> None:
        if self._tokens.device.type != "cuda":
            self._launch()
        elif self._graph is not None:
            self._graph.replay()
        elif self._launches != REHEARSALS:
            self._launches += 1
            self._launch()
        else:
            self._launches += 1
            self._record()
            self._step()

    def _record(self) -> None:
        """Recording runs nothing. A model whose step cannot be recorded goes on as it began, and it is said."""
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph):
                self._launch()
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            log.warning(
                "a step of this model cannot be recorded as a CUDA graph, so it is launched each time: %s", error
            )
        else:
            self._graph = graph
