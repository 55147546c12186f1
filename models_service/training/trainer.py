"""One trainer for any causal language model of transformers, whole or with adapters: packed trees in, a curve out.

The loss falls on what a person or an oracle produced, and logits are computed only there. Master weights (or adapters)
are in fp32, the passes in bf16 where asked. The rate follows a budget of seconds or of tokens: warm-up, then linear
decay. accelerate spreads a run over several processes.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models_service.training.rows import Batch
from models_service.training.tree_reading import TreeReader

Precision = Literal["no", "bf16"]
STATE: Final = "state.pt"


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """How to learn, and for how long: by `seconds` or by `tokens`, whichever budget is spent first."""

    learning_rate: float
    seconds: float | None = None
    tokens: int | None = None
    final_share: float = 0.0
    """What is left of the rate when the budget is spent."""
    warm_up: int = 20
    """Steps."""
    optimizer: Literal["adamw", "muon"] = "adamw"
    """With `muon`, matrices of the layers learn by torch.optim.Muon, everything else by AdamW."""
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.98)
    clip: float = 1.0
    precision: Precision = "no"
    compiled: bool = False
    """Compile each layer once: faster steps after a minute's start."""
    note_every: int = 10
    """Steps between two notes on the curve: only then does the host wait for the device."""
    save_every: float = 300.0
    """Seconds between two checkpoints."""
    seed: int = 1

    def __post_init__(self) -> None:
        if self.seconds is None and self.tokens is None:
            raise ValueError("a run needs an end: give seconds or tokens")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How much was read and learned from, how long it took, and the loss at the end (the last note's mean)."""

    steps: int
    tokens: int
    trees: int
    learned: int
    seconds: float
    loss: float


class Learner(nn.Module):
    """What accelerate wraps: a batch in; loss to descend out, and the plain mean over learned tokens."""

    def __init__(self, reader: TreeReader, precision: Precision) -> None:
        super().__init__()
        self.reader = reader
        self._half = precision == "bf16"

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        with torch.autocast(batch.tokens.device.type, dtype=torch.bfloat16, enabled=self._half):
            logits = self.reader(batch, batch.sources)
        losses = F.cross_entropy(logits, batch.targets, reduction="none")
        return (losses * batch.weights).sum() / batch.weights.sum(), losses.detach().mean()


class Trainer:
    """Holds a run's state; `run` takes it to the end of its budget, saving as it goes so that it can resume.

    `batches` is drawn again from its start on resuming, and what was read before is passed over: a resumed run reads
    what an uninterrupted one would have read.
    """

    def __init__(
        self,
        reader: TreeReader,
        batches: Callable[[], Iterable[Batch]],
        config: TrainConfig,
        directory: Path,
        *,
        look: Callable[[], Mapping[str, float]] | None = None,
        looks: int = 1,
    ) -> None:
        """`look` measures the model `looks` times at even distances, the last time at the end of the budget."""
        from accelerate import Accelerator

        self.config, self.directory = config, directory
        self._accelerator = Accelerator(mixed_precision="no", cpu=reader.model.device.type == "cpu")
        self._trained = [p for p in reader.parameters() if p.requires_grad]
        learner, optimizers = Learner(reader, config.precision), _optimizers(reader.model, config)
        self._learner, *self._optimizers = self._accelerator.prepare(learner, *optimizers)
        self._batches, self._look, self._looks = batches, look, looks
        self.steps = self.tokens = self.trees = self.learned = self.drawn = 0
        self.seconds = self.loss = self._began = self._saved = 0.0
        self._recent: list[Tensor] = []
        self._noted = (0.0, 0)
        if config.compiled:
            compile_layers(reader.model)

    # ---- the budget

    def progress(self) -> float:
        """How much of the budget is spent, 0 to 1; one answer for all processes."""
        by_time = self.seconds / self.config.seconds if self.config.seconds else 0.0
        by_tokens = self.tokens / self.config.tokens if self.config.tokens else 0.0
        spent = min(1.0, max(by_time, by_tokens))
        if self._accelerator.num_processes > 1:
            from accelerate.utils import broadcast_object_list

            return float(broadcast_object_list([spent])[0])
        return spent

    def rate(self) -> float:
        """Share of the full learning rate."""
        decayed = 1 - (1 - self.config.final_share) * self.progress()
        return min(1.0, (self.steps + 1) / self.config.warm_up) * decayed

    # ---- the run

    def run(self, *, resume: bool = False) -> Outcome:
        """Learn until the budget is spent or the batches end; with `resume`, from the last checkpoint, if any."""
        self._open(resume=resume)
        for number, batch in enumerate(self._batches() if self.progress() < 1 else ()):
            if number < self.drawn:
                continue
            self.drawn += 1
            looks = int(self.progress() * self._looks)
            self._step(batch)
            self.seconds = time.monotonic() - self._began
            if self.steps % self.config.note_every == 0:
                self._note_progress()
            if int(self.progress() * self._looks) > looks:
                self._look_at_it()
            if time.monotonic() - self._saved > self.config.save_every:
                self.save()
            if self.progress() >= 1:
                break
        self._note_progress()
        self.save()
        self._reader().model.eval()
        return Outcome(self.steps, self.tokens, self.trees, self.learned, round(self.seconds, 1), round(self.loss, 4))

    def _open(self, *, resume: bool) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        if resume and (self.directory / STATE).exists():
            self._load()
        else:
            if self._accelerator.is_main_process:
                (self.directory / "curve.jsonl").unlink(missing_ok=True)
            told = {"flat": self._reader().flat, "parameters": sum(p.numel() for p in self._trained)}
            self._note(
                config=asdict(self.config), processes=self._accelerator.num_processes, device=self._device(), **told
            )
        self._began, self._saved = time.monotonic() - self.seconds, time.monotonic()
        self._recent, self._noted = [], (self.seconds, self.tokens)
        self._reader().model.train()

    def _look_at_it(self) -> None:
        """The caller's measures, on the curve; the time that they take is not the run's."""
        if self._look is None:
            return
        self._note_progress()
        paused = time.monotonic()
        self._reader().model.eval()
        self._note(step=self.steps, tokens=self.tokens, **self._look())
        self._reader().model.train()
        self._began += time.monotonic() - paused

    def _step(self, batch: Batch) -> None:
        if not len(batch.targets):
            return
        rate = self.config.learning_rate * self.rate()
        for optimizer in self._optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate
        loss, mean = self._learner(batch.to(self._accelerator.device))
        self._accelerator.backward(loss)
        self._accelerator.clip_grad_norm_(self._trained, self.config.clip)
        for optimizer in self._optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.steps += 1
        self.tokens += batch.read * self._accelerator.num_processes
        self.trees += batch.trees
        self.learned += len(batch.targets)
        self._recent.append(mean)

    def _reader(self) -> TreeReader:
        learner: Any = self._accelerator.unwrap_model(self._learner)
        reader: TreeReader = learner.reader
        return reader

    # ---- what is left behind

    def _note_progress(self) -> None:
        """What was learned since the last note; only here does the host wait for the device."""
        if not self._recent:
            return
        self.loss = float(torch.stack(self._recent).mean())
        self.seconds = time.monotonic() - self._began
        took, tokens = self.seconds - self._noted[0], self.tokens - self._noted[1]
        self._recent, self._noted = [], (self.seconds, self.tokens)
        self._note(
            step=self.steps,
            tokens=self.tokens,
            seconds=round(self.seconds, 1),
            loss=round(self.loss, 4),
            rate=round(self.config.learning_rate * self.rate(), 8),
            tokens_per_second=round(tokens / max(took, 1e-9)),
            **self._memory(),
        )

    def _memory(self) -> dict[str, float]:
        if self._accelerator.device.type != "cuda":
            return {}
        return {"device_gb": round(torch.cuda.max_memory_allocated() / 1e9, 1)}

    def _device(self) -> str:
        device = self._accelerator.device
        return torch.cuda.get_device_name(device) if device.type == "cuda" else str(device)

    def _note(self, **fields: object) -> None:
        if self._accelerator.is_main_process:
            with (self.directory / "curve.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(fields) + "\n")

    def save(self) -> None:
        """Everything needed to go on from here, written whole or not at all."""
        self._saved = time.monotonic()
        if not self._accelerator.is_main_process:
            return
        state = {
            "trained": [p.detach().cpu() for p in self._trained],
            "optimizers": [one.state_dict() for one in self._optimizers],
            "counts": {name: getattr(self, name) for name in ("steps", "tokens", "trees", "learned", "drawn")},
            "seconds": self.seconds,
            "loss": self.loss,
            "random": torch.get_rng_state(),
            "curve": (self.directory / "curve.jsonl").stat().st_size,
        }
        partial = self.directory / f"{STATE}.partial"
        torch.save(state, partial)
        partial.replace(self.directory / STATE)

    def _load(self) -> None:
        saved = torch.load(self.directory / STATE, weights_only=True, map_location="cpu")
        with torch.no_grad():
            for parameter, kept in zip(self._trained, saved["trained"], strict=True):
                parameter.copy_(kept)
        for optimizer, kept in zip(self._optimizers, saved["optimizers"], strict=True):
            optimizer.load_state_dict(kept)
        for name, count in saved["counts"].items():
            setattr(self, name, count)
        self.seconds, self.loss = saved["seconds"], saved["loss"]
        torch.set_rng_state(saved["random"])
        # What was noted after the checkpoint is noted again.
        if self._accelerator.is_main_process:
            os.truncate(self.directory / "curve.jsonl", saved["curve"])


def _optimizers(model: Any, config: TrainConfig) -> list[torch.optim.Optimizer]:
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    fused = next(iter(trained.values())).device.type == "cuda"
    if config.optimizer == "adamw":
        return [_adamw(list(trained.values()), config, fused=fused)]
    ends = {id(m.weight) for m in (model.get_input_embeddings(), model.get_output_embeddings()) if m is not None}
    matrices = [p for p in trained.values() if p.dim() == 2 and id(p) not in ends]
    others = [p for p in trained.values() if p.dim() != 2 or id(p) in ends]
    found: list[torch.optim.Optimizer] = []
    if matrices:
        # Steps of the size of AdamW's, so that both follow one rate.
        muon = torch.optim.Muon(
            matrices, lr=config.learning_rate, weight_decay=config.weight_decay, adjust_lr_fn="match_rms_adamw"
        )
        found.append(muon)
    return [*found, _adamw(others, config, fused=fused)] if others else found


def _adamw(parameters: list[nn.Parameter], config: TrainConfig, *, fused: bool) -> torch.optim.Optimizer:
    return torch.optim.AdamW(
        parameters, lr=config.learning_rate, betas=config.betas, weight_decay=config.weight_decay, fused=fused
    )


def compile_layers(model: Any) -> None:
    """Compile each layer in place: all of one kind share what is compiled."""
    for module in model.modules():
        if isinstance(module, nn.ModuleList):
            for layer in module:
                layer.compile(dynamic=False)
            return
