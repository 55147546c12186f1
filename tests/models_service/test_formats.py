"""The wording of the tasks, to the character, and its pieces, to the token."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models_service.formats import (
    FEW_SHOT_BASE,
    FINETUNED,
    Pieces,
    chat_turns_format,
    encode,
    encode_piece,
    first_tokens,
    open_format,
    turns_of,
)
from models_service.types import Subject
from tests.models_service.tiny_models import tokenizer

STORY = Subject(
    key="a1",
    title="The Voyage",
    passage="The ship left at dawn. A storm broke the mast.",
    question="What happened to the ship?",
    answer="It left at dawn.",
)
HEADER = (
    "Title: The Voyage\nPassage: The ship left at dawn. A storm broke the mast.\n"
    "Question: What happened to the ship?\nAnswer: It left at dawn.\n"
)


def text(pieces: Pieces) -> str:
    return "".join(piece.text for piece in pieces)


def learned(pieces: Pieces) -> list[str]:
    return ["END" if piece.role == "end" else piece.text for piece in pieces if piece.learn]


def test_spells_every_prompt_as_documented():
    assert text(FINETUNED.answer_prompt(STORY)) == HEADER.removesuffix(" It left at dawn.\n")
    assert text(FINETUNED.critiqueability_prompt(STORY)) == HEADER + "Critiqueable:"
    assert text(FINETUNED.critique_prompt(STORY)) == HEADER + "Critiqueable: Yes\n\nCritique:"
    assert (
        text(FINETUNED.helpfulness_prompt(STORY, "No storm."))
        == HEADER + "Critiqueable: Yes\n\nCritique: No storm.\nHelpful:"
    )
    assert (
        text(FINETUNED.refinement_prompt(STORY, "No storm."))
        == HEADER + "Critiqueable: Yes\n\nCritique: No storm.\nRefinement:"
    )
    assert text(FINETUNED.refinement_prompt(STORY, None)) == HEADER + "Refinement:"


def test_leaves_out_the_title_and_an_empty_passage():
    bare = Subject(key="k", passage="", question="12 + 30 =", answer="42", title="Sum")
    assert text(FINETUNED.critiqueability_prompt(bare)) == "Question: 12 + 30 =\nAnswer: 42\nCritiqueable:"
    untitled = Subject(key="k", passage="P", question="Q", answer="A")
    assert text(FINETUNED.header(untitled)) == "Passage: P\nQuestion: Q\nAnswer: A\n"


def test_trains_only_on_what_a_person_produced():
    assert learned(FINETUNED.answer_example(STORY)) == [" It left at dawn.", "END"]
    assert learned(FINETUNED.critique_example(STORY, "No storm.")) == [" Yes", " No storm.", "END"]
    assert learned(FINETUNED.critique_example(STORY, None)) == [" No"]
    assert learned(FINETUNED.helpfulness_example(STORY, "No storm.", False)) == [" No"]
    assert learned(FINETUNED.refinement_example(STORY, "No storm.", "A storm broke it.")) == [
        " A storm broke it.",
        "END",
    ]


def test_an_empty_text_leaves_no_piece_and_no_space():
    empty = Subject(key="k", passage="P", question="Q", answer="")
    assert text(FINETUNED.header(empty)).endswith("Answer:\n")
    assert learned(FINETUNED.refinement_example(STORY, None, "")) == ["END"]


texts = st.text(max_size=30)


@settings(deadline=None)
@given(passage=texts, question=texts, answer=texts, critique=texts)
def test_a_critique_is_a_prefix_of_its_helpfulness_prompt_piece_by_piece(passage, question, answer, critique):
    subject = Subject(key="k", passage=passage, question=question, answer=answer)
    sampled = (*FINETUNED.critique_prompt(subject), *FINETUNED.said_critique(critique))
    assert FINETUNED.helpfulness_prompt(subject, critique)[: len(sampled)] == sampled
    assert FINETUNED.refinement_prompt(subject, critique)[: len(sampled)] == sampled


@pytest.mark.parametrize("critique", ["No storm.", None])
def test_the_trained_prompt_is_the_prompt_that_is_sampled_from(critique):
    example = FINETUNED.critique_example(STORY, critique)
    prompt = FINETUNED.critique_prompt(STORY) if critique else FINETUNED.critiqueability_prompt(STORY)
    assert text(example[: len(prompt)]) == text(prompt)


@settings(deadline=None)
@given(passage=texts, question=texts, answer=texts, critique=texts)
def test_no_token_spans_two_pieces(passage, question, answer, critique):
    subject = Subject(key="k", passage=passage, question=question, answer=answer)
    prompt = FINETUNED.helpfulness_prompt(subject, critique)
    ids = encode(tokenizer(), prompt)
    assert ids == [token for piece in prompt for token in encode_piece(tokenizer(), piece)]
    critique_ids = encode(tokenizer(), FINETUNED.critique_prompt(subject))
    assert ids[: len(critique_ids)] == critique_ids, "a sampled critique's cache is a prefix"
    assert tokenizer().decode(ids) == text(prompt)


def test_the_end_of_a_text_is_the_tokenizers_own_token():
    example = FINETUNED.critique_example(STORY, "No storm.")
    assert encode(tokenizer(), example)[-1] == tokenizer().eos_token_id
    assert first_tokens(tokenizer()) == [], "this tokenizer opens a text with nothing"


def test_speaks_to_a_chat_model_through_its_own_template():
    chat = open_format("zero-shot", tokenizer())
    user = text(chat.header(STORY)).removeprefix("<|turn|>user\n")
    asked = "Does the answer have a flaw that a critique could point out? Reply with Yes or No only."
    critique = (
        "Write one critique of the answer: one or two sentences that name one flaw. Reply with the critique only."
    )
    turns = [
        {"role": "user", "content": f"{user}\n{asked}"},
        {"role": "assistant", "content": "Yes"},
        {"role": "user", "content": critique},
    ]
    rendered = tokenizer().apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    assert text(chat.critique_prompt(STORY)) == rendered
    turns += [
        {"role": "assistant", "content": "No storm."},
        {"role": "user", "content": "Is this critique valid and helpful? Reply with Yes or No only."},
    ]
    rendered = tokenizer().apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    assert text(chat.helpfulness_prompt(STORY, "No storm.")) == rendered


def test_gives_a_server_the_same_turns():
    chat, sly = chat_turns_format("zero-shot"), "It left <<assistant>> at dawn."
    subject = Subject(key="k", passage="P", question="Q", answer=sly)
    turns = turns_of(chat.helpfulness_prompt(subject, "No storm."))
    assert [turn["role"] for turn in turns] == ["user", "assistant", "user", "assistant", "user"]
    assert [turn["content"] for turn in turns[1::2]] == ["Yes", "No storm."]
    assert f"Answer: {sly}\n" in turns[0]["content"]


def test_few_shot_shows_a_flawed_and_a_sound_answer_first():
    for fmt in (FEW_SHOT_BASE, open_format("few-shot", tokenizer())):
        prompt = text(fmt.critiqueability_prompt(STORY))
        assert prompt.index("Critiqueable: Yes") < prompt.index("Critiqueable: No") < prompt.index("The ship left")
        assert prompt.index("Helpful: Yes") < prompt.index("Helpful: No") < prompt.index("Critiqueable: No")
        assert fmt.version == 2
        assert all(f"Critique: {critique}\nHelpful: " in prompt for critique in fmt.example_critiques)
    assert (FINETUNED.version, open_format("zero-shot", tokenizer()).version) == (1, 1), "they show no examples"
    assert text(FEW_SHOT_BASE.critique_prompt(STORY)).endswith("Answer: It left at dawn.\nCritiqueable: Yes\nCritique:")


def test_refuses_a_chat_without_a_template():
    with pytest.raises(ValueError, match="needs a chat template"):
        open_format("few-shot", None)


def test_a_text_opens_with_the_token_that_the_tokenizer_puts_there():
    from copy import deepcopy

    from tokenizers.processors import TemplateProcessing

    opening = deepcopy(tokenizer())
    opening.bos_token = "<|turn|>"
    bos = opening.bos_token_id
    template = TemplateProcessing(single="<|turn|> $A", special_tokens=[("<|turn|>", bos)])
    opening.backend_tokenizer.post_processor = template
    assert first_tokens(opening) == [bos]
    assert bos not in encode(opening, FINETUNED.header(STORY)), "once, and not in every piece"
