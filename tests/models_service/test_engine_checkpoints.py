"""GGUF files and LoRA adapters are models like any other; what is missing is said in a sentence."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
import transformers

from models_service.engine import EngineError, EngineSettings, checkpoints, open_engine
from models_service.engine.checkpoints import digest, directory_revision, read_checkpoint
from models_service.engine.loading import load
from models_service.formats import FINETUNED, encode
from models_service.training.adapters import add_adapter, save_adapter
from models_service.types import Subject
from tests.models_service.remote import make_gguf

STORY = Subject("a", "The ship left at dawn. A storm broke the mast.", "What broke?", "The rudder.")


@pytest.fixture(scope="module")
def gguf(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    make_gguf.main(tiny, file)
    return file


def adapter_of(base: Path, directory: Path) -> Path:
    """An adapter that changes much, as training leaves it beside a card."""
    adapted = add_adapter(read_checkpoint(str(base), torch.float32).model, rank=2, alpha=4, seed=1)
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "lora_" in name:
                parameter.normal_(0, 0.2)
    save_adapter(adapted, directory, base=base.name)
    card = {"base": {"name": base.name, "digest": digest(base)}}
    (directory / "card.json").write_text(json.dumps(card), encoding="utf-8")
    return directory


def logits(model: object, tokenizer: object) -> torch.Tensor:
    ids = encode(tokenizer, FINETUNED.critiqueability_prompt(STORY))
    found: torch.Tensor = model(torch.tensor([ids])).logits  # type: ignore[operator]
    return found.detach()


@pytest.mark.parametrize("by", ["file", "directory"])
def test_a_gguf_file_is_the_model_that_it_was_made_from(gguf: Path, tiny: Path, by: str) -> None:
    found = read_checkpoint(str(gguf if by == "file" else gguf.parent), torch.float32)
    model = transformers.AutoModelForCausalLM.from_pretrained(tiny)
    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny)
    prompt = FINETUNED.critique_prompt(STORY)
    assert encode(found.tokenizer, prompt) == encode(tokenizer, prompt)
    torch.testing.assert_close(logits(found.model, found.tokenizer), logits(model, tokenizer), atol=1e-5, rtol=1e-4)
    assert found.revision == digest(gguf)


def test_a_gguf_file_critiques_by_the_prefix_tree(gguf: Path, tiny: Path) -> None:
    one, other = (
        open_engine(EngineSettings(model=str(name))).critique([STORY], seed=1, max_new_tokens=6)[0]
        for name in (gguf, tiny)
    )
    assert one.model.engine == "local"
    assert one.critiqueability == pytest.approx(other.critiqueability, abs=1e-5)
    for found, expected in zip(one.suggestions, other.suggestions, strict=True):
        assert found.helpfulness == pytest.approx(expected.helpfulness, abs=1e-4)


def test_of_two_gguf_files_one_must_be_named(gguf: Path, tmp_path: Path) -> None:
    for name in ("a.gguf", "b.gguf"):
        shutil.copy(gguf, tmp_path / name)
    with pytest.raises(EngineError, match="holds 2 GGUF files; name the one that is meant"):
        read_checkpoint(str(tmp_path), torch.float32)


@pytest.mark.parametrize("kind", ["file", "directory"])
def test_an_adapter_is_added_to_its_base_which_lies_beside_it(
    gguf: Path, tiny: Path, tmp_path: Path, kind: str
) -> None:
    from peft import PeftModel

    base = tmp_path / ("tiny.gguf" if kind == "file" else "tiny")
    shutil.copy(gguf, base) if kind == "file" else shutil.copytree(tiny, base)
    adapter = adapter_of(base, tmp_path / "adapter")
    found = read_checkpoint(str(adapter), torch.float32)
    plain = read_checkpoint(str(base), torch.float32)
    before = logits(plain.model, plain.tokenizer)
    adapted = PeftModel.from_pretrained(plain.model, str(adapter)).eval()
    torch.testing.assert_close(
        logits(found.model, found.tokenizer), logits(adapted, plain.tokenizer), atol=1e-5, rtol=1e-4
    )
    assert not torch.allclose(logits(found.model, found.tokenizer), before, atol=1e-2)
    assert str(tmp_path) not in (adapter / "adapter_config.json").read_text(encoding="utf-8")


def test_an_adapter_says_itself_which_tokens_end_its_texts(tiny: Path, tmp_path: Path) -> None:
    adapter = adapter_of(shutil.copytree(tiny, tmp_path / "base"), tmp_path / "adapter")
    base_ends = load(EngineSettings(model=str(tmp_path / "base"))).end_ids
    assert load(EngineSettings(model=str(adapter))).end_ids == base_ends
    (adapter / "generation_config.json").write_text('{"eos_token_id": [5]}', encoding="utf-8")
    assert load(EngineSettings(model=str(adapter))).end_ids == base_ends | {5}


def test_the_identity_names_the_adapter_and_its_base(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELS_DIR", f"{tmp_path / 'none'}:{tiny.parent}")
    adapter = adapter_of(tiny, tmp_path / "adapter")
    identity = open_engine(EngineSettings(model=str(adapter))).identity
    assert identity.engine == "local"
    assert identity.revision == f"{directory_revision(adapter)[:40]} on {directory_revision(tiny)[:40]}"
    assert len(identity.revision) <= 100, "what the records hold"


def test_a_base_that_is_not_there_or_another_one_is_refused(tiny: Path, tmp_path: Path) -> None:
    base = shutil.copytree(tiny, tmp_path / "tiny")
    adapter = adapter_of(base, tmp_path / "adapter")
    config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    (base / "config.json").write_text(json.dumps(config | {"rms_norm_eps": 1e-3}), encoding="utf-8")
    with pytest.raises(EngineError, match="is another one"):
        read_checkpoint(str(adapter), torch.float32)
    shutil.rmtree(base)
    with pytest.raises(EngineError, match=r"needs its base, tiny .*Put it there, or set MODELS_DIR"):
        read_checkpoint(str(adapter), torch.float32)


@pytest.mark.parametrize(
    ("card", "said"),
    [
        ("{}", "must name the adapter's base"),
        ("[", "must name the adapter's base"),
        ('{"base": {"name": "../tiny", "digest": "0"}}', "not a path"),
        ('{"base": {"name": "tiny", "digest": 3}}', "not a path"),
    ],
)
def test_a_card_that_does_not_name_the_base_is_refused(tiny: Path, tmp_path: Path, card: str, said: str) -> None:
    adapter = adapter_of(tiny, tmp_path / "adapter")
    (adapter / "card.json").write_text(card, encoding="utf-8")
    with pytest.raises(EngineError, match=said):
        read_checkpoint(str(adapter), torch.float32)


def test_a_broken_adapter_is_a_sentence(tiny: Path, tmp_path: Path) -> None:
    adapter = adapter_of(shutil.copytree(tiny, tmp_path / "tiny"), tmp_path / "adapter")
    (adapter / "adapter_model.safetensors").write_bytes(b"torn")
    with pytest.raises(EngineError, match="cannot load the model"):
        read_checkpoint(str(adapter), torch.float32)


@pytest.mark.parametrize("package", ["gguf", "peft"])
def test_a_missing_package_is_named(
    gguf: Path, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    adapter = adapter_of(tiny, tmp_path / "adapter")
    monkeypatch.setattr(checkpoints, "find_spec", lambda name: None if name == package else object())
    with pytest.raises(EngineError, match=f"the package {package} is needed: pip install {package}"):
        read_checkpoint(str(gguf if package == "gguf" else adapter), torch.float32)


def test_an_adapter_ends_its_texts_with_the_token_that_its_card_names(tiny: Path, tmp_path: Path) -> None:
    adapter = adapter_of(shutil.copytree(tiny, tmp_path / "tiny"), tmp_path / "adapter")
    card = json.loads((adapter / "card.json").read_text(encoding="utf-8"))
    usual = read_checkpoint(str(adapter), torch.float32).tokenizer
    other = next(token for token, place in sorted(usual.get_vocab().items()) if place != usual.eos_token_id)
    (adapter / "card.json").write_text(json.dumps(card | {"end": other}), encoding="utf-8")
    assert read_checkpoint(str(adapter), torch.float32).tokenizer.eos_token == other
