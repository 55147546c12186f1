"""A passage read once teaches what its examples teach one by one: the same losses, the same gradients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
import transformers

from models_service.formats import FINETUNED, encode, first_tokens
from models_service.training.judged import examples_of, judged_tree, subject_of
from models_service.training.rows import Batch, batches
from models_service.training.scoring import score
from models_service.training.trainer import Learner
from models_service.training.tree_reading import TreeReader, why_flat
from models_service.training.trees import WEIGHTS, Node, Row, paths, shorten
from models_service.types import JudgedAnswer, JudgedCritique, JudgedPassage, Subject
from tests.models_service.tiny_models import CONFIGS, VOCABULARY, tokenizer

_SHAPE: dict[str, Any] = {
    "vocab_size": VOCABULARY, "hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4,
    "num_key_value_heads": 2, "intermediate_size": 48, "head_dim": 8, "max_position_embeddings": 512,
}  # fmt: skip
_LAYERS = ["sliding_attention", "full_attention", "sliding_attention"]
TREES: dict[str, Any] = {
    "llama": CONFIGS["llama"],
    "mistral with a window": CONFIGS["mistral"],
    "gemma 3": lambda: transformers.Gemma3TextConfig(**_SHAPE, sliding_window=16, layer_types=_LAYERS),
    "gemma 2": lambda: transformers.Gemma2Config(**_SHAPE, sliding_window=16),
    "gpt2": CONFIGS["gpt2"],
}
HYBRID = transformers.Qwen3NextConfig(
    **_SHAPE, linear_key_head_dim=8, linear_value_head_dim=8, linear_num_key_heads=2, linear_num_value_heads=2,
    num_experts=0, layer_types=["linear_attention", "full_attention", "linear_attention"],
)  # fmt: skip

PASSAGE = JudgedPassage(
    "The ship left at dawn with forty sailors. A storm broke the mast, and they drifted for two days.",
    (
        JudgedAnswer(
            "What broke?",
            "The rudder broke.",
            True,
            (
                JudgedCritique("The mast broke, not the rudder.", helpful=True, learn=True),
                JudgedCritique("It leaves out the dawn.", helpful=False, learn=False),
                JudgedCritique("Nobody judged this.", helpful=None, learn=True),
            ),
        ),
        JudgedAnswer("What broke?", "The mast broke.", False, (JudgedCritique("No.", helpful=False, learn=False),)),
        JudgedAnswer("When did it leave?", "At noon.", None, (JudgedCritique("At dawn.", helpful=True, learn=True),)),
    ),
    title="Drifting",
)


def model_of(config: Any, *, dtype: torch.dtype = torch.float32) -> Any:
    torch.manual_seed(0)
    config.eos_token_id = config.bos_token_id = config.pad_token_id = 0
    model = transformers.AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(0, 0.2)
    return model.to(dtype).eval()


def learned(model: Any, batch: Batch, flat: str | None = None) -> tuple[float, dict[str, torch.Tensor]]:
    """The loss that is descended, and its gradients."""
    model.zero_grad()
    loss, _ = Learner(TreeReader(model, flat), "no")(batch)
    loss.backward()
    return loss.item(), {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


def by_hand(model: Any) -> tuple[float, dict[str, torch.Tensor]]:
    """Each example as a text of its own, through the model's plain forward pass; what several share counts once."""
    tok, total, weights, seen = tokenizer(), torch.zeros(()), 0.0, set()
    for pieces in examples_of(PASSAGE):
        ids, spots = first_tokens(tok), []
        for number, piece in enumerate(pieces):
            new = encode(tok, [piece])
            if piece.learn and (place := tuple((p.role, p.text) for p in pieces[: number + 1])) not in seen:
                seen.add(place)
                spots += [(len(ids) + i, WEIGHTS.get(piece.role, 1.0)) for i in range(len(new))]
            ids += new
        losses = torch.log_softmax(model(torch.tensor([ids]), use_cache=False).logits[0].float(), -1)
        for place, weight in spots:
            total = total - weight * losses[place - 1, ids[place]]
            weights += weight
    model.zero_grad()
    (total / weights).backward()
    return (total / weights).item(), {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}


def check_same(one: tuple[float, dict[str, torch.Tensor]], other: tuple[float, dict[str, torch.Tensor]]) -> None:
    assert one[0] == pytest.approx(other[0], abs=1e-5)
    assert one[1].keys() == other[1].keys()
    for name, gradient in one[1].items():
        torch.testing.assert_close(gradient, other[1][name], atol=1e-5, rtol=1e-4, msg=name)


def one_batch(*, flat: bool = False, length: int = 512) -> Batch:
    (batch,) = batches(
        iter([judged_tree(tokenizer(), PASSAGE).root]), rows=1 if not flat else 99, length=length, flat=flat
    )
    return batch


@pytest.mark.parametrize("kind", TREES)
def test_a_tree_teaches_what_its_examples_teach_one_by_one(kind: str) -> None:
    model = model_of(TREES[kind]())
    assert why_flat(model) is None
    check_same(learned(model, one_batch()), by_hand(model))


def test_a_window_is_what_keeps_a_gemma_exact() -> None:
    model = model_of(TREES["gemma 3"]())
    full = TreeReader(model)._masks(one_batch())
    assert not torch.equal(full["full_attention"], full["sliding_attention"])


def test_a_model_with_recurrent_layers_reads_each_text_by_itself_and_says_why() -> None:
    model = model_of(HYBRID)
    reason = why_flat(model)
    assert reason is not None
    assert "linear_attention" in reason
    check_same(learned(model, one_batch(flat=True), reason), by_hand(model))


@pytest.mark.parametrize("kind", ["bloom", "llama with positions that follow the longest prompt"])
def test_a_model_whose_positions_are_not_its_own_to_give_is_read_flat(kind: str) -> None:
    model = model_of(CONFIGS[kind]())
    reason = why_flat(model)
    assert reason is not None
    check_same(learned(model, one_batch(flat=True), reason), by_hand(model))


def test_several_trees_in_a_row_do_not_see_each_other() -> None:
    model = model_of(TREES["llama"]())
    other = JudgedPassage("A frost in May killed the beans.", PASSAGE.answers[:1])
    roots = [judged_tree(tokenizer(), one).root for one in (PASSAGE, other)]
    together = next(batches(iter(roots), rows=1, length=1024))
    apart = next(batches(iter(roots), rows=2, length=max(r.size() for r in roots)))
    assert together.trees == apart.trees == 2
    check_same(learned(model, together), learned(model, apart))


def texts(root: Node) -> Iterator[list[int]]:
    def walk(node: Node, before: list[int]) -> Iterator[list[int]]:
        yield before + node.tokens
        for child in node.children.values():
            yield from walk(child, before + node.tokens)

    return walk(root, [])


def test_every_path_is_token_for_token_what_sampling_reads() -> None:
    tok = tokenizer()
    found = list(texts(judged_tree(tok, PASSAGE).root))
    for answer in PASSAGE.answers:
        subject = subject_of(PASSAGE, answer)
        prompts = [FINETUNED.critique_prompt(subject)]
        prompts += [
            FINETUNED.helpfulness_prompt(subject, one.text) for one in answer.critiques if one.helpful is not None
        ]
        for prompt in prompts:
            assert first_tokens(tok) + encode(tok, prompt) in found


def test_only_what_somebody_judged_is_learned() -> None:
    row = Row()
    row.add(judged_tree(tokenizer(), PASSAGE).root)
    text = tokenizer().decode(row.targets, skip_special_tokens=False)
    assert "The mast broke, not the rudder." in text
    assert "Nobody judged this." in text
    for never in ("rudder broke", "leaves out the dawn", "Passage", "Critique:", "Helpful:"):
        assert never not in text
    # Verdicts: two critiqueable, three helpful, one each a token; and three critiques that end.
    assert row.weights.count(WEIGHTS["label"]) == 2 + 4
    assert text.count("<eos>") == 3


def test_what_the_flat_texts_learn_is_learned_once() -> None:
    tree = judged_tree(tokenizer(), PASSAGE)
    row = Row()
    row.add(tree.root)
    flat = [Row() for _ in range(sum(1 for _ in paths(tree.root)))]
    for line, path in zip(flat, paths(tree.root), strict=True):
        line.add(path)
    assert sorted(t for line in flat for t in line.targets) == sorted(row.targets)


def test_a_tree_too_long_loses_its_last_branches_and_one_that_has_no_room_is_passed_over() -> None:
    tree = judged_tree(tokenizer(), PASSAGE)
    most = tree.size() - 10
    assert shorten(tree.root, most)
    assert tree.size() <= most
    kept = list(texts(tree.root))
    subject = Subject("", PASSAGE.passage, "What broke?", "The rudder broke.", PASSAGE.title)
    assert encode(tokenizer(), FINETUNED.critiqueability_prompt(subject)) in kept
    assert not list(batches(iter([judged_tree(tokenizer(), PASSAGE).root]), rows=1, length=40))


@pytest.mark.parametrize("flat", [None, "said so"])
def test_scores_are_those_of_each_prompt_by_itself(flat: str | None) -> None:
    model, tok = model_of(TREES["llama"]()), tokenizer()
    passages = [PASSAGE, JudgedPassage("Beans.", PASSAGE.answers[:2])]
    found = score(TreeReader(model, flat), tok, passages, rows=2)
    yes, no = (encode(tok, FINETUNED.label(v))[0] for v in (True, False))
    for passage, scores in zip(passages, found, strict=True):
        for answer, told in zip(passage.answers, scores, strict=True):
            subject = subject_of(passage, answer)
            prompts = [FINETUNED.critiqueability_prompt(subject)]
            prompts += [FINETUNED.helpfulness_prompt(subject, one.text) for one in answer.critiques]
            for prompt, said in zip(prompts, (told.critiqueability, *told.helpfulness), strict=True):
                logits = model(torch.tensor([encode(tok, prompt)]), use_cache=False).logits[0, -1]
                assert said == pytest.approx((logits[yes] - logits[no]).sigmoid().item(), abs=1e-5)
