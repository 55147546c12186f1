"""The one trainer: it learns, keeps to its budget, resumes where it stopped, whole or with adapters."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from models_service.training.adapters import add_adapter, merged, save_adapter
from models_service.training.judged import judged_tree
from models_service.training.rows import Batch, BatchSource
from models_service.training.sampling import sample
from models_service.training.scoring import score
from models_service.training.streams import mixed, read_judged, repeated, replayed, write_judged
from models_service.training.trainer import TrainConfig, Trainer
from models_service.training.tree_reading import TreeReader, why_flat
from models_service.training.trees import Node
from models_service.types import JudgedPassage
from tests.models_service.test_training_trees import HYBRID, PASSAGE, TREES, model_of
from tests.models_service.tiny_models import tokenizer

CONFIG = TrainConfig(learning_rate=3e-3, tokens=9000, warm_up=3, note_every=2)


def source(seed: int = 1, *, flat: bool = False, workers: int = 0) -> Callable[[], Iterable[Batch]]:
    passages = [replace(PASSAGE, passage=f"Number {n}. {PASSAGE.passage}") for n in range(6)]

    def trees(stream: int) -> Iterator[Node]:
        return (judged_tree(tokenizer(), one).root for one in repeated(passages)(stream))

    made = BatchSource(trees, seed=seed, rows=4, length=300, flat=flat)
    return lambda: made.loader(workers)


def losses(directory: Path) -> list[float]:
    lines = (directory / "curve.jsonl").read_text(encoding="utf-8").splitlines()
    return [row["loss"] for row in map(json.loads, lines) if "loss" in row]


def trained(model: Any) -> dict[str, torch.Tensor]:
    return {name: p.detach().clone() for name, p in model.named_parameters() if p.requires_grad}


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_a_model_learns_whole(tmp_path: Path, optimizer: Any) -> None:
    model = model_of(TREES["llama"]())
    outcome = Trainer(TreeReader(model), source(), replace(CONFIG, optimizer=optimizer), tmp_path).run()
    assert losses(tmp_path)[-1] < losses(tmp_path)[0] - 0.2
    assert outcome.loss == losses(tmp_path)[-1]
    assert outcome.tokens >= 9000
    assert outcome.tokens - 9000 < 4 * 300, "it stops with the batch that spends the budget"


def test_a_hybrid_learns_flat_and_the_curve_says_so(tmp_path: Path) -> None:
    reader = TreeReader(model_of(HYBRID), "it has recurrent layers")
    Trainer(reader, source(flat=True), CONFIG, tmp_path).run()
    assert losses(tmp_path)[-1] < losses(tmp_path)[0]
    first = json.loads((tmp_path / "curve.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert first["flat"] == "it has recurrent layers"


def test_half_precision_passes_leave_full_precision_weights(tmp_path: Path) -> None:
    model = model_of(TREES["llama"]())
    Trainer(TreeReader(model), source(), replace(CONFIG, precision="bf16"), tmp_path).run()
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert losses(tmp_path)[-1] < losses(tmp_path)[0] - 0.2


def test_a_resumed_run_is_the_run_that_was_never_stopped(tmp_path: Path) -> None:
    whole, stopped, resumed = (model_of(TREES["llama"]()) for _ in range(3))
    Trainer(TreeReader(whole), source(), CONFIG, tmp_path / "whole").run()

    def torn() -> Iterator[Batch]:
        yield from (batch for batch, _ in zip(source()(), range(4), strict=False))

    Trainer(TreeReader(stopped), torn, CONFIG, tmp_path / "torn").run()
    Trainer(TreeReader(resumed), source(), CONFIG, tmp_path / "torn").run(resume=True)
    for name, parameter in trained(resumed).items():
        assert torch.equal(parameter, trained(whole)[name]), name
    assert losses(tmp_path / "torn") == losses(tmp_path / "whole")


def test_a_run_that_is_done_is_not_done_again(tmp_path: Path) -> None:
    model = model_of(TREES["llama"]())
    first = Trainer(TreeReader(model), source(), CONFIG, tmp_path).run()
    before = trained(model)
    assert Trainer(TreeReader(model), source(), CONFIG, tmp_path).run(resume=True) == first
    assert all(torch.equal(p, before[name]) for name, p in trained(model).items())


def test_batches_of_background_processes_are_the_same_for_the_same_seed() -> None:
    def first(seed: int) -> list[list[int]]:
        return [batch.tokens.flatten().tolist() for batch, _ in zip(source(seed, workers=2)(), range(4), strict=False)]

    assert first(1) == first(1)
    assert first(1) != first(2)


def test_a_run_without_an_end_is_refused() -> None:
    with pytest.raises(ValueError, match="give seconds or tokens"):
        TrainConfig(learning_rate=1.0)


def test_adapters_learn_and_the_base_stays_as_it_was(tmp_path: Path) -> None:
    model = model_of(TREES["llama"]())
    base = {name: p.clone() for name, p in model.named_parameters()}
    adapted = add_adapter(model, rank=4, alpha=8, seed=1)
    reader = TreeReader(adapted.get_base_model())
    Trainer(reader, source(), replace(CONFIG, learning_rate=2e-2), tmp_path).run()
    assert losses(tmp_path)[-1] < losses(tmp_path)[0] - 0.2
    assert all(p.dtype == torch.float32 and "lora_" in name for name, p in trained(adapted).items())
    for name, parameter in adapted.get_base_model().named_parameters():
        if "lora_" not in name:
            assert torch.equal(parameter, base[name.replace(".base_layer", "")]), name
    ids = torch.tensor([[5, 6, 7, 8]])
    whole = merged(adapted, torch.float32)
    torch.testing.assert_close(whole(ids).logits, adapted.get_base_model()(ids).logits, atol=1e-4, rtol=1e-4)
    assert not any("lora_" in name for name, _ in whole.named_parameters())


def test_an_adapter_is_saved_in_half_precision_without_a_path(tmp_path: Path) -> None:
    from safetensors.torch import load_file

    adapted = add_adapter(model_of(TREES["llama"]()), rank=2, alpha=4, seed=1)
    save_adapter(adapted, tmp_path / "adapter", base="tiny")
    saved = load_file(tmp_path / "adapter" / "adapter_model.safetensors")
    assert {t.dtype for t in saved.values()} == {torch.bfloat16}
    config = json.loads((tmp_path / "adapter" / "adapter_config.json").read_text(encoding="utf-8"))
    assert config["base_model_name_or_path"] == "tiny"


def test_many_texts_written_together_are_those_written_one_by_one() -> None:
    model = model_of(TREES["llama"]())
    prompts = [[5, 6, 7], [9, 8, 7, 6, 5, 4, 3, 20, 21], [30], [31, 32]]
    alone = [
        sample(model, [p], [0.0], end=0, max_new_tokens=8, seed=1, tokens_at_once=1)[0] for p in prompts
    ]  # fmt: skip
    for at_once in (1, 30, 1000):
        found = sample(model, prompts, [0.0] * 4, end=0, max_new_tokens=8, seed=1, tokens_at_once=at_once)
        assert found == alone
    hot = [sample(model, prompts, [1.0] * 4, end=0, max_new_tokens=8, seed=s, tokens_at_once=99) for s in (1, 1, 2)]
    assert hot[0] == hot[1]
    assert hot[0] != hot[2]
    assert all(0 not in text for text in hot[0])


def test_streams_mix_by_shares_repeat_by_epochs_and_replay() -> None:
    one, other = (JudgedPassage(name, ()) for name in ("one", "other"))
    names = [
        p.passage
        for p, _ in zip(mixed([(0.25, repeated([one])), (0.75, repeated([other]))])(1), range(800), strict=False)
    ]
    assert 120 < names.count("one") < 280
    epoch = [p.passage for p, _ in zip(repeated([one, other])(3), range(20), strict=False)]
    assert all(set(epoch[at : at + 2]) == {"one", "other"} for at in range(0, 20, 2))
    many = [JudgedPassage(str(n), ()) for n in range(30)]
    again = [p.passage for p in replayed(lambda _seed: iter(many), 3)(1)]
    assert sorted(again) == sorted(p.passage for p in many for _ in range(3))
    with pytest.raises(ValueError, match="no passage to learn from"):
        repeated([])


def test_judged_passages_are_kept_as_they_were(tmp_path: Path) -> None:
    write_judged(tmp_path / "own.jsonl", [PASSAGE])
    assert read_judged(tmp_path / "own.jsonl") == [PASSAGE]


def test_adapters_in_full_precision_learn_on_a_base_in_half(tmp_path: Path) -> None:
    """As on a GPU: found to read trees before the adapters are there, trained in autocast, merged for sampling."""
    model = model_of(TREES["llama"](), dtype=torch.bfloat16)
    assert why_flat(model) is None
    adapted = add_adapter(model, rank=4, alpha=8, seed=1)
    assert {p.dtype for p in trained(adapted).values()} == {torch.float32}
    reader = TreeReader(adapted.get_base_model())
    Trainer(reader, source(), replace(CONFIG, learning_rate=2e-2, precision="bf16"), tmp_path).run()
    assert losses(tmp_path)[-1] < losses(tmp_path)[0] - 0.2
    whole = merged(adapted, torch.bfloat16)
    assert {p.dtype for p in whole.parameters()} == {torch.bfloat16}
    assert score(TreeReader(whole), tokenizer(), [PASSAGE], rows=1)
    assert sample(whole, [[5, 6, 7]], [0.5], end=0, max_new_tokens=4, seed=1, tokens_at_once=99)
