"""The fast backend: every shared prefix is computed once, all rows decode together, and each sampled critique is scored
for helpfulness from its own KV cache.

One bundle takes one pass over the prompt, one small pass per token for all rows, and one pass over the helpfulness
tails. Several answers about one passage share the passage and every small pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeVar

import torch
from torch import Tensor

from models_service.engine.attention import ACTIVE_PLAN, ATTENTION_NAME, AttentionPlan, LayerSurvey
from models_service.engine.backend import (
    CritiqueOutput,
    CritiqueRequest,
    Heartbeat,
    SamplingRequest,
    TokenIds,
    no_heartbeat,
    within,
)
from models_service.engine.loading import Loaded
from models_service.engine.packing import PackedTree, pack_prompts
from models_service.engine.plain import PlainBackend
from models_service.engine.positions import HeldPositions, Lengths
from models_service.engine.skinny_matmul import patch_linears
from models_service.engine.strategies import AttentionStrategy, PerNodeStrategy, PrefillPlan, VarlenStrategy
from models_service.engine.windows import UnsupportedArchitecture, Window
from models_service.engine.yes_no import LabelHead

__all__ = ["PrefixTreeBackend", "UnsupportedArchitecture"]

S = TypeVar("S")
T = TypeVar("T")
#: How many tokens a model is tried with at start, and the longest window beyond which a CPU still tries.
TRIAL_TOKENS, LONG_WINDOW = 64, 512


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
        self._own_attention = before = _own_attention(self._model)
        patched = patch_linears(self._model)
        held: HeldPositions | None = None
        try:
            self._positions = held = HeldPositions(self._model)
            windows = self._survey()
            self._strategy = self._open_strategy(strategy or strategies_for(loaded)[0], loaded, windows)
            if held.limit is not None:
                self._strategy.chunk = min(self._strategy.chunk, held.limit)
            self._check_exact(_trial_length(windows, loaded.context, self._device))
            self._plain = PlainBackend(loaded)
        except Exception as error:
            self._model.set_attn_implementation(before)
            if held is not None:
                held.release()
            for module in patched:
                del module.forward
            if isinstance(error, UnsupportedArchitecture):
                raise
            raise UnsupportedArchitecture(f"a trial of its attention failed: {error}") from error

    def _open_strategy(self, name: StrategyName, loaded: Loaded, windows: Mapping[int, Window]) -> AttentionStrategy:
        """`forward` is passed as a function, so that a strategy does not hold the rest of the backend."""
        tail, ends = len(loaded.helpfulness_tail), loaded.end_ids
        if name == "varlen":
            return VarlenStrategy(self.forward, tail, ends, self._device, windows)
        return PerNodeStrategy(self.forward, self._layers, tail, ends, self._device, windows)

    # ---- Backend

    def score(self, prompts: Sequence[TokenIds]) -> list[float]:
        lengths = [Lengths(len(prompt), len(prompt)) for prompt in prompts]
        tree, plain = (lambda group, _: self._score(group)), (lambda group, _: self._plain.score(group))
        return self._by_regime(prompts, lengths, tree, plain, no_heartbeat)

    def sample(
        self, requests: Sequence[SamplingRequest], max_new_tokens: int, heartbeat: Heartbeat = no_heartbeat
    ) -> list[TokenIds]:
        return self._by_regime(
            requests,
            [Lengths(len(one.prompt), len(one.prompt) + max_new_tokens) for one in requests],
            lambda group, beat: self._sample(group, max_new_tokens, beat),
            lambda group, beat: self._plain.sample(group, max_new_tokens, beat),
            heartbeat,
        )

    def critique(
        self, requests: Sequence[CritiqueRequest], max_new_tokens: int, heartbeat: Heartbeat = no_heartbeat
    ) -> list[CritiqueOutput]:
        widest = sum(len(one.temperatures) for one in requests) * (len(self._tail) + 1)
        return self._by_regime(
            requests,
            [_lengths(one, max_new_tokens + len(self._tail), widest) for one in requests],
            lambda group, beat: self._critique(group, max_new_tokens, beat),
            lambda group, beat: self._plain.critique(group, max_new_tokens, beat),
            heartbeat,
        )

    def _by_regime(
        self,
        items: Sequence[S],
        lengths: Sequence[Lengths],
        tree: Callable[[Sequence[S], Heartbeat], list[T]],
        plain: Callable[[Sequence[S], Heartbeat], list[T]],
        heartbeat: Heartbeat,
    ) -> list[T]:
        """What all the texts of a regime give as a tree. What belongs to none is left to the reference backend."""
        groups: dict[str | None, list[int]] = {}
        for index, one in enumerate(lengths):
            groups.setdefault(self._positions.regime(one), []).append(index)
        outputs: dict[int, T] = {}
        for regime, indices in groups.items():
            if regime is None:
                self._model.set_attn_implementation(self._own_attention)
            else:
                self._positions.hold(regime)
            work, beat = plain if regime is None else tree, within(heartbeat, len(outputs), len(indices), len(items))
            outputs.update(zip(indices, work([items[i] for i in indices], beat), strict=True))
        return [outputs[index] for index in range(len(items))]

    # ---- trees of one regime

    @torch.inference_mode()
    def _score(self, prompts: Sequence[TokenIds]) -> list[float]:
        _, _, logits = self._prefill(prompts)
        return self._head.probabilities(logits)

    @torch.inference_mode()
    def _sample(self, requests: Sequence[SamplingRequest], max_new_tokens: int, heartbeat: Heartbeat) -> list[TokenIds]:
        prompts = [request.prompt for request in requests]
        tree, prefill, logits = self._prefill(prompts, len(requests), max_new_tokens)
        order = _packed_order(tree.ends)
        batch = self._strategy.decode_batch(tree, prefill, [tree.ends[i] for i in order], 1, max_new_tokens)
        streams, temperatures = [requests[i].stream for i in order], [requests[i].temperature for i in order]
        texts = batch.generate(self._head.words(logits)[order], streams, temperatures, max_new_tokens, heartbeat)
        return _request_order(texts, order)

    @torch.inference_mode()
    def _critique(
        self, requests: Sequence[CritiqueRequest], max_new_tokens: int, heartbeat: Heartbeat
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
    def _check_exact(self, length: int) -> None:
        """Compare a small tree with the model's own forward pass. Raises UnsupportedArchitecture."""
        vocabulary = self._model.get_input_embeddings().weight.shape[0]
        tokens = [(i * 7919 + 11) % vocabulary for i in range(length)]
        trunk, one, other = tokens[:-24], tokens[-24:-12], tokens[-12:]
        prompts = [tuple(trunk + one), tuple(trunk + other), tuple(trunk)]
        self._model.set_attn_implementation(self._own_attention)
        expected = torch.stack([self._model(torch.tensor([p], device=self._device)).logits[0, -1] for p in prompts])
        tree, prefill, logits = self._prefill(prompts, rows=2, max_new_tokens=1)
        self._check_close(self._head.words(logits), expected)
        next_token = 3 % vocabulary
        batch = self._strategy.decode_batch(tree, prefill, tree.ends[:2], 1, 1)
        positions = torch.tensor([len(p) for p in prompts[:2]], device=self._device)
        batch.plan.step(positions[:, None])
        decoded = self.forward(batch.plan, torch.tensor([next_token] * 2, device=self._device), positions)
        alone = [self._logits_after([*prompt, next_token]) for prompt in prompts[:2]]
        self._check_close(decoded, torch.stack(alone))

    def _logits_after(self, prompt: Sequence[int]) -> Tensor:
        """Logits after one prompt, prefilled as a tree of one node."""
        return self._head.words(self._prefill([tuple(prompt)])[2])[0]

    @torch.inference_mode()
    def _survey(self) -> dict[int, Window]:
        """Let the model make its own masks once, to see which of its layers have a window."""
        self._model.set_attn_implementation(ATTENTION_NAME)
        if self._model.config._attn_implementation != ATTENTION_NAME:
            raise UnsupportedArchitecture("its attention does not go through transformers' attention interface")
        survey = LayerSurvey()
        active = ACTIVE_PLAN.set(survey)
        try:
            self._model(torch.zeros(1, 8, dtype=torch.long, device=self._device), use_cache=False)
        finally:
            ACTIVE_PLAN.reset(active)
        if sorted(survey.windows) != list(range(self._layers)):
            raise UnsupportedArchitecture(
                f"{len(survey.windows)} of its {self._layers} layers use the attention interface"
            )
        return {layer: window for layer, window in survey.windows.items() if window is not None}

    def _check_close(self, logits: Tensor, expected: Tensor) -> None:
        scale = float(expected.float().abs().max()) or 1.0
        tolerance = 1e-3 if self._model.dtype == torch.float32 else 1e-1
        difference = float((logits.float() - expected.float()).abs().max())
        if not difference <= tolerance * scale:
            raise UnsupportedArchitecture(f"its logits differ by {difference:.2g} where they reach {scale:.2g}")


def _trial_length(windows: Mapping[int, Window], context: int | None, device: torch.device) -> int:
    """How many tokens to try: beyond the windows, if these are short or the device is fast."""
    longest = max((window.size for window in windows.values()), default=0)
    if device.type == "cpu" and longest > LONG_WINDOW:
        longest = 0
    return min(TRIAL_TOKENS + longest, context or TRIAL_TOKENS + longest)


def _own_attention(model: Any) -> str:
    """The attention that the model computes with where this backend does not."""
    if (name := str(model.config._attn_implementation)) != ATTENTION_NAME:
        return name
    return "sdpa" if model._supports_sdpa else "eager"


def _lengths(request: CritiqueRequest, more: int, widest: int) -> Lengths:
    """Of its prompts, of which one is continued by so many tokens."""
    scored, continued = len(request.critiqueability_prompt), len(request.critique_prompt)
    return Lengths(min(scored, continued), max(scored, continued + more), widest)


def _packed_order(ends: Sequence[int]) -> list[int]:
    """Indices of the prompts, in the order in which they end in the packed sequence."""
    return sorted(range(len(ends)), key=lambda i: ends[i])


def _request_order(outputs: Sequence[T], order: Sequence[int]) -> list[T]:
    """Undo `_packed_order`."""
    return [item for _, item in sorted(zip(order, outputs, strict=True), key=lambda pair: pair[0])]
