"""The fast backend: every shared prefix is computed once, all rows decode together, and each sampled critique is scored
for helpfulness from its own KV cache.

One bundle takes one pass over the prompt, one small pass per token for all rows, and one pass over the helpfulness
tails. Several answers about one passage share the passage and every small pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeVar

import torch
from torch import Tensor

from models_service.engine.attention import ACTIVE_PLAN, ATTENTION_NAME, AttentionPlan, UnsupportedArchitecture
from models_service.engine.backend import (
    CritiqueOutput,
    CritiqueRequest,
    Heartbeat,
    SamplingRequest,
    TokenIds,
    no_heartbeat,
)
from models_service.engine.loading import Loaded
from models_service.engine.packing import PackedTree, pack_prompts
from models_service.engine.skinny_matmul import patch_linears
from models_service.engine.strategies import AttentionStrategy, PerNodeStrategy, PrefillPlan, VarlenStrategy
from models_service.engine.yes_no import LabelHead

__all__ = ["PrefixTreeBackend", "UnsupportedArchitecture"]

T = TypeVar("T")


StrategyName = Literal["per-node", "varlen"]


def strategies_for(loaded: Loaded) -> tuple[StrategyName, ...]:
    """What to try on a model's device, the faster first. `varlen` needs the GPU's flash kernel: half precision."""
    model = loaded.model
    if torch.device(model.device).type == "cuda" and model.dtype != torch.float32:
        return "varlen", "per-node"
    return ("per-node",)


class PrefixTreeBackend:
    """`Backend` for models whose attention goes through transformers' attention interface."""

    name = "prefix_tree"

    def __init__(self, loaded: Loaded, strategy: StrategyName | None = None) -> None:
        """Raises UnsupportedArchitecture where the tree would not be exact, and leaves the model unchanged."""
        self._model = loaded.model
        self._device = torch.device(loaded.model.device)
        self._layers = int(loaded.model.config.get_text_config().num_hidden_layers)
        self._head = LabelHead(loaded.model, loaded.labels)
        self._tail = loaded.helpfulness_tail
        self._no_mask = torch.empty(1, 1, 1, 1, device=self._device)
        """Four dimensions tell transformers that the mask is ready. No plan looks at it."""
        self._strategy = self._open_strategy(strategy or strategies_for(loaded)[0], loaded)
        if (before := self._model.config._attn_implementation) == ATTENTION_NAME:
            self._model.set_attn_implementation(before := "sdpa")
        patched = patch_linears(self._model)
        try:
            self._check_exact()
        except Exception as error:
            self._model.set_attn_implementation(before)
            for module in patched:
                del module.forward
            if isinstance(error, UnsupportedArchitecture):
                raise
            raise UnsupportedArchitecture(f"a trial of its attention failed: {error}") from error

    def _open_strategy(self, name: StrategyName, loaded: Loaded) -> AttentionStrategy:
        """`forward` is passed as a function, so that a strategy does not hold the rest of the backend."""
        tail, ends = len(loaded.helpfulness_tail), loaded.end_ids
        if name == "varlen":
            return VarlenStrategy(self.forward, tail, ends, self._device)
        return PerNodeStrategy(self.forward, self._layers, tail, ends, self._device)

    # ---- Backend

    @torch.inference_mode()
    def score(self, prompts: Sequence[TokenIds]) -> list[float]:
        _, _, logits = self._prefill(prompts)
        return self._head.probabilities(logits)

    @torch.inference_mode()
    def sample(
        self, requests: Sequence[SamplingRequest], max_new_tokens: int, heartbeat: Heartbeat = no_heartbeat
    ) -> list[TokenIds]:
        prompts = [request.prompt for request in requests]
        tree, prefill, logits = self._prefill(prompts, len(requests), max_new_tokens)
        order = _packed_order(tree.ends)
        batch = self._strategy.decode_batch(tree, prefill, [tree.ends[i] for i in order], 1, max_new_tokens)
        streams, temperatures = [requests[i].stream for i in order], [requests[i].temperature for i in order]
        texts = batch.generate(self._head.words(logits)[order], streams, temperatures, max_new_tokens, heartbeat)
        return _request_order(texts, order)

    @torch.inference_mode()
    def critique(
        self, requests: Sequence[CritiqueRequest], max_new_tokens: int, heartbeat: Heartbeat = no_heartbeat
    ) -> list[CritiqueOutput]:
        count, each = len(requests), len(requests[0].temperatures)
        # Critique prompts first: a lone answer's path is then contiguous in the packed sequence and is never copied.
        prompts = [one.critique_prompt for one in requests] + [one.critiqueability_prompt for one in requests]
        tree, prefill, logits = self._prefill(prompts, count * each, max_new_tokens)
        critiqueability = self._head.probabilities(logits[count:])
        order = _packed_order(tree.ends[:count])
        ends = [tree.ends[i] for i in order]
        batch = self._strategy.decode_batch(tree, prefill, ends, each, max_new_tokens)
        streams = [stream for i in order for stream in requests[i].streams]
        temperatures = [temperature for i in order for temperature in requests[i].temperatures]
        first = self._head.words(logits)[order].repeat_interleave(each, 0)
        texts = batch.generate(first, streams, temperatures, max_new_tokens, heartbeat)
        scores = batch.score(texts, self._tail, self._head)
        outputs = [
            CritiqueOutput(critiqueability[i], tuple(texts[at : at + each]), tuple(scores[at : at + each]))
            for at, i in zip(range(0, count * each, each), order, strict=True)
        ]
        return _request_order(outputs, order)

    # ---- forward passes

    def _prefill(
        self, prompts: Sequence[TokenIds], rows: int = 0, max_new_tokens: int = 0
    ) -> tuple[PackedTree, PrefillPlan, Tensor]:
        """Prefill the prompts, with room for `rows` of `max_new_tokens`; logits at their ends, for `LabelHead`."""
        chunk = self._strategy.chunk
        tree = pack_prompts(prompts, chunk)
        prefill = self._strategy.prefill_plan(tree, rows, max_new_tokens)
        tokens = torch.tensor(tree.tokens, device=self._device)
        positions = torch.tensor(tree.positions, device=self._device)
        last = [tree.nodes[end].stop - 1 for end in tree.ends]
        logits_at: dict[int, Tensor] = {}
        for start in range(0, len(tokens), chunk):
            stop = min(start + chunk, len(tokens))
            indices = sorted({index for index in last if start <= index < stop}) or [start]
            prefill.next_chunk(stop, indices)
            within_chunk = torch.tensor([index - start for index in indices], device=self._device)
            with self._head.appended():
                logits = self.forward(prefill, tokens[start:stop], positions[start:stop], within_chunk)
            logits_at.update(zip(indices, logits, strict=True))
        return tree, prefill, torch.stack([logits_at[index] for index in last])

    def forward(
        self, plan: AttentionPlan, tokens: Tensor, positions: Tensor, logit_indices: Tensor | None = None
    ) -> Tensor:
        """Logits [kept, vocabulary] of packed tokens [T] at positions [T]: at `logit_indices`, or at every token."""
        if self._model.config._attn_implementation != ATTENTION_NAME:
            self._model.set_attn_implementation(ATTENTION_NAME)
        options: dict[str, Any] = {} if logit_indices is None else {"logits_to_keep": logit_indices}
        active = ACTIVE_PLAN.set(plan)
        try:
            output = self._model(
                input_ids=tokens[None],
                position_ids=positions[None],
                attention_mask=self._no_mask,
                use_cache=False,
                **options,
            )
        finally:
            ACTIVE_PLAN.reset(active)
        logits: Tensor = output.logits[0]
        return logits if logit_indices is None or len(logits) == len(logit_indices) else logits[logit_indices]

    # ---- whether all this is exact for the model

    @torch.inference_mode()
    def _check_exact(self) -> None:
        """Compare a small tree with the model's own forward pass. Raises UnsupportedArchitecture."""
        self._check_positions()
        vocabulary = self._model.get_input_embeddings().weight.shape[0]
        tokens = [(i * 7919 + 11) % vocabulary for i in range(64)]
        trunk, one, other = tokens[:40], tokens[40:52], tokens[52:]
        prompts = [tuple(trunk + one), tuple(trunk + other), tuple(trunk)]
        expected = torch.stack([self._model(torch.tensor([p], device=self._device)).logits[0, -1] for p in prompts])
        self._model.set_attn_implementation(ATTENTION_NAME)
        if self._model.config._attn_implementation != ATTENTION_NAME:
            raise UnsupportedArchitecture("its attention does not go through transformers' attention interface")
        self._check_mask(prompts[2])
        tree, prefill, logits = self._prefill(prompts, rows=2, max_new_tokens=1)
        if prefill.layers != list(range(self._layers)):
            raise UnsupportedArchitecture(
                f"{len(prefill.layers)} of its {self._layers} layers use the attention interface"
            )
        self._check_close(self._head.words(logits), expected)
        next_token = 3 % vocabulary
        batch = self._strategy.decode_batch(tree, prefill, tree.ends[:2], 1, 1)
        decoded = self.forward(
            batch.plan,
            torch.tensor([next_token] * 2, device=self._device),
            torch.tensor([len(p) for p in prompts[:2]], device=self._device),
        )
        alone = [self._logits_after([*prompt, next_token]) for prompt in prompts[:2]]
        self._check_close(decoded, torch.stack(alone))

    def _logits_after(self, prompt: Sequence[int]) -> Tensor:
        """Logits after one prompt, prefilled as a tree of one node."""
        return self._head.words(self._prefill([tuple(prompt)])[2])[0]

    def _check_positions(self) -> None:
        """Rotary frequencies that follow the longest prompt would make a bundle depend on the rest of its batch."""
        rope = getattr(self._model.config.get_text_config(), "rope_parameters", None) or {}
        kinds = [part.get("rope_type") for part in (rope, *rope.values()) if isinstance(part, dict)]
        if moving := {"dynamic", "longrope"} & set(kinds):
            raise UnsupportedArchitecture(f"its rotary positions ({moving.pop()}) depend on what is read together")

    def _check_mask(self, prompt: TokenIds) -> None:
        """Let the model request its mask once: any but a causal one is refused there."""
        prefill = self._strategy.prefill_plan(pack_prompts([prompt]))
        prefill.next_chunk(len(prompt), [len(prompt) - 1])
        active = ACTIVE_PLAN.set(prefill)
        try:
            self._model(torch.tensor([prompt], device=self._device), use_cache=False)
        finally:
            ACTIVE_PLAN.reset(active)

    def _check_close(self, logits: Tensor, expected: Tensor) -> None:
        scale = float(expected.float().abs().max()) or 1.0
        tolerance = 1e-3 if self._model.dtype == torch.float32 else 1e-1
        difference = float((logits.float() - expected.float()).abs().max())
        if not difference <= tolerance * scale:
            raise UnsupportedArchitecture(f"its logits differ by {difference:.2g} where they reach {scale:.2g}")


def _packed_order(ends: Sequence[int]) -> list[int]:
    """Indices of the prompts, in the order in which they end in the packed sequence."""
    return sorted(range(len(ends)), key=lambda i: ends[i])


def _request_order(outputs: Sequence[T], order: Sequence[int]) -> list[T]:
    """Undo `_packed_order`."""
    return [item for _, item in sorted(zip(order, outputs, strict=True), key=lambda pair: pair[0])]
