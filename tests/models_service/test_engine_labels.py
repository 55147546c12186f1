"""Yes against No is a number in fp32, whatever type the model computes in."""

from __future__ import annotations

import pytest
import torch

from models_service.engine.backend import CritiqueRequest
from models_service.engine.interface import EngineError, EngineSettings
from models_service.engine.loading import load
from models_service.engine.plain import PlainBackend
from models_service.engine.prefix_tree import PrefixTreeBackend
from models_service.engine.random_streams import RandomStream
from models_service.engine.yes_no import LabelHead, label_tokens
from models_service.formats import FINETUNED

PROMPTS = [tuple(range(20, 40 + n)) for n in range(12)]
REQUEST = CritiqueRequest(
    PROMPTS[0], PROMPTS[1], tuple(RandomStream(5, "critique", "a", row) for row in range(8)), (1.0,) * 8
)


@pytest.fixture(params=["per-node", "varlen", "plain"])
def backend(request, tiny):
    """Half-precision, with logits so large that half precision has steps between them."""
    loaded = load(EngineSettings(model=str(tiny), dtype="bfloat16"))
    loaded.model.get_output_embeddings().weight.mul_(8)
    return PlainBackend(loaded) if request.param == "plain" else PrefixTreeBackend(loaded, request.param)


def logit(score: float) -> float:
    return float(torch.tensor(score, dtype=torch.float64).logit())


def test_half_precision_scores_do_not_move_in_steps(backend):
    (output,) = backend.critique([REQUEST], 6)
    scores = [*backend.score(PROMPTS), output.critiqueability, *output.helpfulness]
    between = [x for s in scores if 1e-4 < s < 1 - 1e-4 for x in [logit(s) * 64] if abs(x - round(x)) > 0.02]
    assert len(between) > 6, "differences of bfloat16 logits are multiples of 1/64 at least"


def test_they_are_the_last_states_own_product(tiny):
    loaded = load(EngineSettings(model=str(tiny), dtype="bfloat16"))
    ids = torch.tensor([PROMPTS[3]])
    state = loaded.model.model(ids).last_hidden_state[0, -1].float()
    expected = loaded.model.lm_head.weight[list(loaded.labels)].float() @ state
    head = LabelHead(loaded.model, loaded.labels)
    with head.appended():
        logits = loaded.model(ids).logits[:, -1]
    torch.testing.assert_close(head.labels(logits)[0], expected)
    torch.testing.assert_close(head.words(logits), loaded.model(ids).logits[:, -1].float())


def test_a_models_own_scale_holds_for_them_too(model_directory):
    """Gemma 2 caps its logits: half of them and the labels' alike."""
    loaded = load(EngineSettings(model=str(model_directory("gemma2")), dtype="bfloat16"))
    loaded.model.get_output_embeddings().weight.mul_(50)
    head = LabelHead(loaded.model, loaded.labels)
    with head.appended():
        logits = loaded.model(torch.tensor([PROMPTS[3]])).logits[:, -1]
    assert head.labels(logits).abs().max() <= loaded.model.config.final_logit_softcapping
    torch.testing.assert_close(head.labels(logits), head.words(logits)[:, list(loaded.labels)], atol=0.2, rtol=0.02)


def test_an_output_matrix_of_an_unknown_kind_is_refused_in_half_precision(tiny):
    loaded = load(EngineSettings(model=str(tiny), dtype="bfloat16"))
    loaded.model.set_output_embeddings(torch.nn.Identity())
    with pytest.raises(EngineError, match="float32"):
        LabelHead(loaded.model, label_tokens(loaded.tokenizer, FINETUNED))
