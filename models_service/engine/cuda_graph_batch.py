"""Decoding with a step captured once as a CUDA graph: launching each operation takes longer than a GPU needs to run it.

A step reads the tokens sampled last, samples the next ones and counts itself, all at fixed addresses and without the
host. So replaying the graph is all there is to do.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import torch
from torch import Tensor

from models_service.engine.backend import Heartbeat, TokenIds
from models_service.engine.decode_batch import DecodeBatch, ForwardPass
from models_service.engine.gumbel_noise import GumbelNoise, gumbel_noise
from models_service.engine.random_streams import RandomStream
from models_service.engine.varlen_plans import VarlenDecode

log = logging.getLogger(__name__)
#: Steps launched operation by operation before the capture, so that nothing is built or tuned within it.
WARMUP_STEPS = 2
#: Steps between two looks at the device.
LOOK_INTERVAL = 8


class CudaGraphBatch(DecodeBatch):
    """A `DecodeBatch` whose step is a CUDA graph. For each group of rows call `begin`, `generate` and `score`.

    Off a GPU nothing is captured: the very same step is launched.
    """

    plan: VarlenDecode

    def __init__(self, forward: ForwardPass, plan: VarlenDecode, max_new_tokens: int, end_ids: frozenset[int]) -> None:
        """At most `max_new_tokens` a row."""
        device = plan.device_length.device
        super().__init__(forward, plan, torch.zeros(plan.rows, dtype=torch.long, device=device), end_ids)
        self._tokens = torch.zeros(plan.rows, dtype=torch.long, device=device)
        self._output = torch.zeros(plan.rows, max_new_tokens, dtype=torch.long, device=device)
        self._finished = torch.zeros(plan.rows, dtype=torch.bool, device=device)
        self._noise: GumbelNoise | None = None
        self._graph: torch.cuda.CUDAGraph | None = None
        self._launches = 0

    def begin(self, prompt_lengths: Sequence[int]) -> CudaGraphBatch:
        """Start over with other rows. The plan must have begun with their prompts."""
        self._prompt_lengths.copy_(torch.tensor(prompt_lengths))
        self._finished.zero_()
        return self

    def generate(
        self,
        logits: Tensor,
        streams: Sequence[RandomStream],
        temperatures: Sequence[float],
        max_new_tokens: int,
        heartbeat: Heartbeat,
    ) -> list[TokenIds]:
        """As `DecodeBatch.generate`. Asking whether all rows have ended makes the device wait, so it is done seldom."""
        self._reset_noise(streams, temperatures)
        self._sample(logits)
        for step in range(1, max_new_tokens):
            if step % LOOK_INTERVAL == 0:
                heartbeat(step / max_new_tokens)
                if bool(self._finished.all()):
                    max_new_tokens = step
                    break
            self._step()
            self.plan.length += 1
        return self._texts(self._output[:, :max_new_tokens])

    def _reset_noise(self, streams: Sequence[RandomStream], temperatures: Sequence[float]) -> None:
        if self._noise is None or not self._noise.reset(streams, temperatures):
            self._noise = gumbel_noise(streams, temperatures, self._tokens.device)

    def _sample(self, logits: Tensor) -> None:
        """Sample the next token of every row and append it to the output."""
        assert self._noise is not None
        self._tokens.copy_(self._noise.sample(logits))
        self._output.index_copy_(1, self.plan.device_length, self._tokens[:, None])
        self._finished |= self._is_end(self._tokens)

    def _launch(self) -> None:
        """One step, operation by operation."""
        positions = self._prompt_lengths + self.plan.device_length
        self.plan.step(positions[:, None])
        logits = self._forward(self.plan, self._tokens, positions)
        self.plan.advance()
        self._sample(logits)

    def _step(self) -> None:
        if self._tokens.device.type != "cuda":
            self._launch()
        elif self._graph is not None:
            self._graph.replay()
        elif self._launches != WARMUP_STEPS:
            self._launches += 1
            self._launch()
        else:
            self._launches += 1
            self._capture()
            self._step()

    def _capture(self) -> None:
        """Capturing runs nothing. If a model's step cannot be captured, launches continue and the log says so."""
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph):
                self._launch()
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            log.warning(
                "a step of this model cannot be captured as a CUDA graph, so it is launched each time: %s", error
            )
        else:
            self._graph = graph
