"""Joint supervised fine-tuning of a causal language model on all tasks, on transformers' Trainer (paper, 2.2).

One epoch over everything, shuffled; the learning rate is the one knob. Several GPUs, FSDP, DeepSpeed and mixed
precision are settings of the Trainer, passed through as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from findings import jsonl
from models_service.training.demonstrations import Demonstration
from models_service.training.examples import collate, examples


@dataclass(frozen=True, slots=True)
class Settings:
    """What to train, where to, and how fast."""

    model: str
    output: Path
    learning_rate: float
    epochs: float = 1.0
    batch: int = 8
    context: int = 2048
    seed: int = 1
    lora_rank: int | None = None
    """Train low-rank adapters of this rank on all linear layers, in place of all weights."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Any further argument of transformers.TrainingArguments: fsdp, bf16, gradient_accumulation_steps, …"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Losses in nats per learned token, how much was learned from, and where the curve lies."""

    train_loss: float
    test_loss: float | None
    train_examples: int
    test_examples: int
    too_long: int
    curve: tuple[dict[str, Any], ...]


def finetune(settings: Settings, demonstrations: list[Demonstration], *, resume: bool = False) -> Outcome:
    """Train, save model and tokenizer to `output/model`, the curve to `output/curve.jsonl`.

    With `resume`, go on from the last checkpoint in `output`. Raises ValueError without training examples.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, Trainer, TrainingArguments

    tokenizer = AutoTokenizer.from_pretrained(settings.model)
    train, test = (
        examples(tokenizer, [one for one in demonstrations if one.split == split], context=settings.context)
        for split in ("train", "test")
    )
    if not len(train):
        raise ValueError(
            f"nothing to learn from: {_why_nothing(train.too_long, len(demonstrations), settings.context)}"
        )
    model = _with_adapters(AutoModelForCausalLM.from_pretrained(settings.model), settings)
    arguments: dict[str, Any] = {
        "output_dir": str(settings.output),
        "learning_rate": settings.learning_rate,
        "num_train_epochs": settings.epochs,
        "per_device_train_batch_size": settings.batch,
        "per_device_eval_batch_size": settings.batch,
        "seed": settings.seed,
        "data_seed": settings.seed,
        "eval_strategy": "epoch" if len(test) else "no",
        "save_total_limit": 2,
        "save_steps": 0.1,
        "logging_steps": 0.01,
        "lr_scheduler_type": "linear",
        "warmup_steps": 0.03,
        "report_to": [],
        "remove_unused_columns": False,
        "dataloader_pin_memory": torch.cuda.is_available(),
    }
    trainer = Trainer(
        model=model,
        args=TrainingArguments(**arguments | dict(settings.extra)),
        train_dataset=train,
        eval_dataset=test if len(test) else None,
        data_collator=partial(collate, pad=_padding(tokenizer)),
    )
    result = trainer.train(resume_from_checkpoint=resume or None)
    trainer.save_model(str(settings.output / "model"))
    tokenizer.save_pretrained(settings.output / "model")
    curve = tuple(trainer.state.log_history)
    jsonl.write(settings.output / "curve.jsonl", curve)
    losses = [row["eval_loss"] for row in curve if "eval_loss" in row]
    return Outcome(
        train_loss=float(result.training_loss),
        test_loss=losses[-1] if losses else None,
        train_examples=len(train),
        test_examples=len(test),
        too_long=train.too_long + test.too_long,
        curve=curve,
    )


def _why_nothing(too_long: int, read: int, context: int) -> str:
    if too_long:
        return f"each of the {too_long} training examples is longer than {context} tokens"
    if read:
        return f"each of the {read} examples is of the test split, or about one of its passages"
    return "the files hold no example"


def _padding(tokenizer: Any) -> int:
    """Padding is masked, so the end token serves where a tokenizer has none of its own."""
    return int(tokenizer.eos_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id)


def _with_adapters(model: Any, settings: Settings) -> Any:
    if settings.lora_rank is None:
        return model
    from peft import LoraConfig, get_peft_model

    return get_peft_model(model, LoraConfig(r=settings.lora_rank, target_modules="all-linear", task_type="CAUSAL_LM"))
