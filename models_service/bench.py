"""`python -m models_service bench`: what the shared prefix saves, against what a user would write today.

Random-weight Llama-shaped models, one process, one thread on a CPU, interleaved rounds, medians. A: eight
`generate` calls and nine full forwards. B1: one batched `generate` with a temperature per row, batched
scoring. B2: the prompt read once, its cache repeated, `generate`. All three with sdpa, a cache and the same
dtype.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from models_service.engine.backend import CritiqueOutput, CritiqueRequest, TokenIds

NEW_TOKENS = 48
CRITIQUEABILITY, HEADER, TAIL = 12, 8, 12
"""Tokens that a task adds to passage, question and answer: as many as a real format's."""
LABELS = (5, 9)
PASSAGE_SHARE = 0.8
"""Which part of the length all answers share."""
PHASES = ("prefill", "decode", "bundle")
SHAPES = {
    "6M": {"vocab_size": 8192, "hidden_size": 256, "intermediate_size": 512, "num_hidden_layers": 4}
    | {"num_attention_heads": 4, "num_key_value_heads": 2},
    "100M": {"vocab_size": 32000, "hidden_size": 768, "intermediate_size": 2048, "num_hidden_layers": 12}
    | {"num_attention_heads": 12, "num_key_value_heads": 4},
    "8B": {"vocab_size": 128256, "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32}
    | {"num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128},
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--params", choices=SHAPES, default="6M")
    parser.add_argument("--length", type=int, default=2048, help="tokens of passage, question and answer")
    parser.add_argument("--window", type=int, help="tokens that three of four layers see; all of them if not given")
    parser.add_argument("--answers", type=int, default=1, help="answers of one passage, asked together")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--json", type=Path, required=True, help="where the numbers go")


def run(args: argparse.Namespace) -> int:
    """Measure, write the JSON and print the ratios."""
    import torch

    torch.set_num_threads(1)
    with torch.inference_mode():
        result = _Bench(args).measure()
    args.json.write_text(json.dumps(result, indent=2) + "\n")
    sys.stdout.write(_summary(result))
    return 0


def _summary(result: dict[str, Any]) -> str:
    """The JSON's main numbers for a person."""
    seconds, ratio, roofline = result["cpu_seconds"], result["ratio"], result["roofline"]
    lines = [
        f"{design:7s}{spent:9.4f} s a bundle"
        + (f", engine {ratio[design]:.2f} times faster" if design in ratio else "")
        for design, spent in seconds.items()
    ]
    lines.append(f"peak bytes above the model {result['peak_bytes_above_model']}")
    lines.append(f"tokens equal {result['tokens_equal']}, scores within {result['max_score_difference']:.1e}")
    if roofline:
        lines.append("of the machine's limit: " + ", ".join(f"{phase} {roofline[phase]:.2f}" for phase in PHASES))
    return "\n".join(lines) + "\n"


def _median_bytes(values: list[int | None]) -> int | None:
    """None where the system keeps no high-water mark."""
    known = [value for value in values if value is not None]
    return int(statistics.median(known)) if known else None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a design said about one answer."""

    tokens: list[TokenIds]
    critiqueability: float
    helpfulness: list[float]


class _Bench:
    def __init__(self, args: argparse.Namespace) -> None:
        from models_service.engine.prefix_tree import PrefixTreeBackend

        self._args = args
        self._loaded = random_model(args.params, args.length, args.device, args.dtype, args.window)
        self._requests = random_requests(args.length, args.answers, SHAPES[args.params]["vocab_size"])
        # Buffers that the engine keeps count as its own: above the model means above its weights.
        self._weights = sum(p.nbytes for p in self._loaded.model.parameters())
        self._backend = PrefixTreeBackend(self._loaded)

    def measure(self) -> dict[str, Any]:
        """Every field of the JSON."""
        args = self._args
        # B2 crops its cache, which one that has slid does not allow.
        baselines = {"A": run_a, "B1": run_b1} | ({} if args.window else {"B2": run_b2})
        seconds: dict[str, list[float]] = {name: [] for name in (*baselines, "engine")}
        peaks: dict[str, list[int | None]] = {"B1": [], "engine": []}
        equal, difference, load = True, 0.0, [os.getloadavg()[0]]
        self._warm_up()
        for number in range(args.rounds):
            which = number % args.answers
            request = self._requests[which]
            # transformers' own attention for the baselines, ours again for the engine
            self._loaded.model.set_attn_implementation("sdpa")
            outcomes = {}
            for name, design in baselines.items():
                outcomes[name], spent, peak = self._timed(partial(design, self._loaded, request))
                seconds[name].append(spent)
                peaks.get(name, []).append(peak)
            outputs, spent, peak = self._timed(partial(self._backend.critique, self._requests, NEW_TOKENS))
            seconds["engine"].append(spent / args.answers)
            peaks["engine"].append(peak)
            ours = _outcome(outputs[which])
            equal &= ours.tokens == outcomes["B1"].tokens
            difference = max(difference, _difference(ours, outcomes["B1"]))
            load.append(os.getloadavg()[0])
            sys.stderr.write(f"round {number + 1} of {args.rounds}\n")
        medians = {name: statistics.median(values) for name, values in seconds.items()}
        return {
            "params": args.params,
            "length": args.length,
            "window": args.window,
            "answers": args.answers,
            "new_tokens": NEW_TOKENS,
            "rounds": args.rounds,
            "device": args.device,
            "dtype": args.dtype,
            "load": statistics.median(load),
            "cpu_seconds": medians,
            "ratio": {name: medians[name] / medians["engine"] for name in baselines},
            "peak_bytes_above_model": {name: _median_bytes(values) for name, values in peaks.items()},
            "tokens_equal": equal,
            "max_score_difference": difference,
            "roofline": None if args.window else self._roofline(medians["engine"]),
            "all_cpu_seconds": seconds,
        }

    def _warm_up(self) -> None:
        """What is built at first use is not measured; on a GPU that is the recorded step of this very shape."""
        if self._args.device.startswith("cuda"):
            self._backend.critique(self._requests, NEW_TOKENS)
        else:
            self._backend.critique(self._requests[:1], 4)

    def _roofline(self, bundle_seconds: float) -> dict[str, float]:
        """Which part of the machine's limit reading, writing and a whole bundle reach."""
        from models_service.engine.loading import DTYPES
        from models_service.roofline import Bundles, Shape, measured_ceilings

        args, config = self._args, self._loaded.model.config
        passage = int(args.length * PASSAGE_SHARE)
        bundles = Bundles(
            passage=passage,
            answer=args.length - passage + HEADER,
            critiqueability=CRITIQUEABILITY,
            tail=TAIL,
            new=NEW_TOKENS,
            answers=args.answers,
            rows=len(self._requests[0].temperatures),
        )
        shape = Shape(
            hidden=config.hidden_size,
            intermediate=config.intermediate_size,
            layers=config.num_hidden_layers,
            heads=config.num_attention_heads,
            kv_heads=config.num_key_value_heads,
            width=config.head_dim,
            vocabulary=config.vocab_size,
            value_bytes=DTYPES[args.dtype].itemsize,
        )
        ceilings = measured_ceilings(args.device, DTYPES[args.dtype])
        floor = bundles.floor(shape, ceilings)
        # One token is read and scored like forty-eight: the difference is what writing takes.
        short = statistics.median(
            self._timed(partial(self._backend.critique, self._requests, 1))[1] / args.answers for _ in range(3)
        )
        prompts = [one.critique_prompt for one in self._requests] + [
            one.critiqueability_prompt for one in self._requests
        ]
        reading = statistics.median(
            self._timed(partial(self._backend.score, prompts))[1] / args.answers for _ in range(3)
        )
        return {
            "operations_per_second": ceilings.operations_per_second,
            "bytes_per_second": ceilings.bytes_per_second,
            "prefill": floor["prefill"] / reading,
            "decode": floor["decode"] / (bundle_seconds - short),
            "bundle": floor["bundle"] / bundle_seconds,
        }

    def _timed(self, work: Callable[[], Any]) -> tuple[Any, float, int | None]:
        """Result, seconds (process CPU time; device time on a GPU), peak bytes above what was there."""
        from models_service.measuring import Meter

        with Meter(self._args.device, self._weights) as meter:
            result = work()
        return result, meter.seconds, meter.peak_bytes


def random_model(params: str, length: int, device: str, dtype: str, window: int | None = None) -> Any:
    """A Llama of random weights whose next tokens are neither certain nor uniform, as `Loaded`.

    With a window, Ministral's architecture: the same but that three of four layers see so many tokens.
    """
    import torch
    import transformers

    from models_service.engine.loading import DTYPES, Loaded
    from models_service.formats import FINETUNED

    torch.manual_seed(0)
    shape = SHAPES[params]
    kinds: Any = transformers
    layers = ["sliding_attention"] * 3 + ["full_attention"]
    windows = {"sliding_window": window, "layer_types": layers * (shape["num_hidden_layers"] // 4)} if window else {}
    config = (kinds.MinistralConfig if window else kinds.LlamaConfig)(
        **{"head_dim": 64, **shape, **windows},
        max_position_embeddings=length + 256,
        initializer_range=0.06 if params == "6M" else 0.04,
        attn_implementation="sdpa",
        tie_word_embeddings=False,
        eos_token_id=None,
        bos_token_id=None,
        pad_token_id=None,
    )
    previous = torch.get_default_dtype()
    torch.set_default_dtype(DTYPES[dtype])
    try:
        with torch.device(device):
            model = kinds.AutoModelForCausalLM.from_config(config)
    finally:
        torch.set_default_dtype(previous)
    with torch.no_grad():
        model.lm_head.weight.normal_(0, 3.0 / config.hidden_size**0.5)
    generator = torch.Generator().manual_seed(1)
    tail = torch.randint(10, shape["vocab_size"], (TAIL,), generator=generator).tolist()
    return Loaded(
        model=model.eval().requires_grad_(False),
        tokenizer=None,
        format=FINETUNED,
        revision="random",
        labels=LABELS,
        end_ids=frozenset(),
        helpfulness_tail=tuple(tail),
        context=config.max_position_embeddings,
    )


def random_requests(length: int, answers: int, vocabulary: int) -> list[CritiqueRequest]:
    """Requests about `answers` answers to one passage. A prompt has `length` random tokens and those of its task."""
    import random

    from models_service.engine.backend import CritiqueRequest
    from models_service.engine.random_streams import RandomStream
    from models_service.types import PAPER_TEMPERATURES

    chance = random.Random(2)

    def some(count: int) -> TokenIds:
        return tuple(chance.randrange(10, vocabulary) for _ in range(count))

    passage = some(int(length * PASSAGE_SHARE))
    critiqueability, header = some(CRITIQUEABILITY), some(HEADER)
    requests = []
    for number in range(answers):
        answer = some(length - len(passage))
        requests.append(
            CritiqueRequest(
                critiqueability_prompt=(*passage, *answer, *critiqueability),
                critique_prompt=(*passage, *answer, *header),
                streams=tuple(RandomStream(7, "critique", str(number), row) for row in range(len(PAPER_TEMPERATURES))),
                temperatures=PAPER_TEMPERATURES,
            )
        )
    return requests


# ---- the baselines


def run_a(loaded: Any, request: CritiqueRequest) -> Outcome:
    """Eight calls of `generate`, then nine full forwards."""
    model = loaded.model
    ids = _tensor(loaded, [request.critique_prompt])
    tokens = []
    for temperature in request.temperatures:
        how = {"do_sample": False} if temperature == 0 else {"do_sample": True, "temperature": temperature}
        written = model.generate(ids, **_GENERATE, **how, **({"top_k": 0, "top_p": 1.0} if temperature else {}))
        tokens.append(tuple(written[0, ids.shape[1] :].tolist()))
    critique_prompts = ((*request.critique_prompt, *t, *loaded.helpfulness_tail) for t in tokens)
    prompts = [request.critiqueability_prompt, *critique_prompts]
    scores = [_scores(loaded, _tensor(loaded, [prompt]))[0] for prompt in prompts]
    return Outcome(tokens, scores[0], scores[1:])


def run_b1(loaded: Any, request: CritiqueRequest) -> Outcome:
    """One `generate` of eight rows that repeat the prompt, then one forward of eight rows."""
    ids = _tensor(loaded, [request.critique_prompt] * len(request.temperatures))
    written = loaded.model.generate(ids, do_sample=False, logits_processor=_noise(request, ids.device), **_GENERATE)
    return _score_batch(loaded, request, written[:, ids.shape[1] :])


def run_b2(loaded: Any, request: CritiqueRequest) -> Outcome:
    """The prompt read once, its cache repeated for `generate` and used again for scoring."""
    import torch
    from transformers import DynamicCache

    model, rows = loaded.model, len(request.temperatures)
    pairs = zip(request.critique_prompt, request.critiqueability_prompt, strict=False)
    shared = next(i for i, (a, b) in enumerate(pairs) if a != b)
    cache: Any = DynamicCache(config=model.config)
    model(_tensor(loaded, [request.critique_prompt[:shared]]), past_key_values=cache, logits_to_keep=1)
    last = _tensor(loaded, [request.critiqueability_prompt[shared:]])
    critiqueability = _scores(loaded, last, past_key_values=cache)[0]
    cache.crop(-last.shape[1])
    cache.batch_repeat_interleave(rows)
    ids = _tensor(loaded, [request.critique_prompt] * rows)
    noise = _noise(request, ids.device)
    written = model.generate(ids, past_key_values=cache, do_sample=False, logits_processor=noise, **_GENERATE)
    cache.crop(-(cache.get_seq_length() - shared))
    tail = _tensor(loaded, [loaded.helpfulness_tail] * rows)
    helpfulness = _scores(loaded, torch.cat([written[:, shared:], tail], 1), past_key_values=cache)
    tokens = [tuple(row) for row in written[:, ids.shape[1] :].tolist()]
    return Outcome(tokens, critiqueability, helpfulness)


#: Critiques of random models must not end early, and nobody pads.
_GENERATE: dict[str, Any] = {"max_new_tokens": NEW_TOKENS, "min_new_tokens": None, "pad_token_id": 0}


def _score_batch(loaded: Any, request: CritiqueRequest, tokens: Any) -> Outcome:
    """Full forwards: one for the critiqueability prompt, one for all helpfulness prompts."""
    rows = [tuple(row) for row in tokens.tolist()]
    critiqueability = _scores(loaded, _tensor(loaded, [request.critiqueability_prompt]))[0]
    prompts = [(*request.critique_prompt, *row, *loaded.helpfulness_tail) for row in rows]
    return Outcome(rows, critiqueability, _scores(loaded, _tensor(loaded, prompts)))


def _scores(loaded: Any, ids: Any, **cache: Any) -> list[float]:
    from models_service.engine.yes_no import LabelHead

    head = LabelHead(loaded.model, loaded.labels)
    with head.appended():
        logits = loaded.model(ids, logits_to_keep=1, use_cache=bool(cache), **cache).logits[:, -1]
    return head.probabilities(logits)


def _noise(request: CritiqueRequest, device: Any) -> list[Any]:
    """The very noise that the engine samples with, so that tokens can be compared."""
    from models_service.engine.gumbel_noise import gumbel_noise
    from models_service.engine.plain import GumbelLogitsProcessor

    return [GumbelLogitsProcessor(gumbel_noise(request.streams, request.temperatures, device))]


def _tensor(loaded: Any, rows: list[TokenIds]) -> Any:
    import torch

    return torch.tensor(rows, device=loaded.model.device)


def _outcome(output: CritiqueOutput) -> Outcome:
    return Outcome(list(output.critiques), output.critiqueability, list(output.helpfulness))


def _difference(one: Outcome, other: Outcome) -> float:
    """The largest difference of two designs' scores; of helpfulness only where the critiques are equal."""
    pairs = zip(one.tokens, other.tokens, one.helpfulness, other.helpfulness, strict=True)
    same = [abs(a - b) for critique, other_critique, a, b in pairs if critique == other_critique]
    return max([abs(one.critiqueability - other.critiqueability), *same])
