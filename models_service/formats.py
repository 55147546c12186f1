"""The exact text of every model task, in one place: training, sampling and scoring use it to the token.

The worked example of the paper (Table 2), in the format `finetuned`, version 1 (`⏎` is a newline)::

    Passage: …⏎
    Question: What is the best summary of the story?⏎
    Answer: The captain sails home.⏎
    Critiqueable: Yes⏎
    ⏎
    Critique: The answer leaves out the storm.⏎
    Helpful: Yes

One header serves every task, so that a sampled critique's cache is the helpfulness prompt's prefix:

==================  ===================================================================  ==================
task                prompt                                                               target
==================  ===================================================================  ==================
base (answer)       [Title: …⏎] Passage: …⏎ Question: …⏎ Answer:                         `` {answer}`` END
critiqueability     … Answer: {answer}⏎ Critiqueable:                                    `` Yes`` / `` No``
critique            … Critiqueable: Yes⏎⏎Critique:                                       `` {critique}`` END
helpfulness         … Critique: {critique}⏎Helpful:                                      `` Yes`` / `` No``
conditional         … Critique: {critique}⏎Refinement:                                   `` {refinement}`` END
refinement
direct refinement   … Answer: {answer}⏎ Refinement:                                      `` {refinement}`` END
==================  ===================================================================  ==================

Prompts are lists of pieces, and each piece is tokenised by itself: a token never spans two pieces, so what
two prompts share as pieces they share as token ids. Re-tokenising joined text could move a boundary.

The other formats are the paper's baselines, for models that were not trained on these tasks: `zero-shot`
and `few-shot` speak to a chat model through its own chat template, `few-shot-base` to a model that only
continues text. They keep the order passage, question, answer, tails, and so share prefixes in the same way;
in a chat the tails are turns, and a sampled critique is a turn that the question about its helpfulness
follows.

A format may change only together with its version: bundles record both.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from models_service.types import Subject

Role = Literal["opening", "passage", "question", "answer", "tail", "label", "critique", "refinement", "end"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a prompt or target that is tokenised by itself."""

    role: Role
    text: str
    """Empty for the role `end`, which stands for the tokenizer's end-of-text token."""
    learn: bool = False
    """Whether training takes a loss on its tokens: only what a person (or an oracle) produced."""
    literal: bool = False
    """Whether special tokens spelled out in the text are plain characters: so it is for anyone's writing."""


Pieces = tuple[Piece, ...]
END: Final = Piece("end", "")


def encode(tokenizer: Any, pieces: Sequence[Piece]) -> list[int]:
    """The token ids of the pieces in order, each tokenised by itself; `tokenizer` is a transformers one.

    Begin-of-text tokens are not added here: they belong to the first node of a prompt (`first_tokens`).
    """
    return [token for piece in pieces for token in encode_piece(tokenizer, piece)]


def encode_piece(tokenizer: Any, piece: Piece) -> list[int]:
    """Token ids of one piece; for the trainer, which needs ids and loss mask side by side."""
    if piece.role == "end":
        return [int(tokenizer.eos_token_id)]
    if not piece.text:
        return []
    ids = tokenizer.encode(piece.text, add_special_tokens=False, split_special_tokens=piece.literal)
    return [int(token) for token in ids]


def first_tokens(tokenizer: Any) -> list[int]:
    """What the tokenizer puts before any text: the begin-of-text token, or nothing."""
    bos = tokenizer.bos_token_id
    opening = tokenizer.encode("", add_special_tokens=True)
    return [int(bos)] if bos is not None and opening[:1] == [bos] else []


def learned(pieces: Pieces) -> Pieces:
    """The same pieces as targets of training."""
    return tuple(replace(piece, learn=True) for piece in pieces)


@dataclass(frozen=True, slots=True)
class Format:
    """One wording of all tasks: the fixed strings between passage, question, answer and what follows."""

    name: str
    version: int
    critiqueability_tail: str
    critique_tail: str
    helpfulness_tail: str
    """Continues a critique, sampled or given."""
    conditional_refinement_tail: str
    """Continues a critique, sampled or given."""
    direct_refinement_tail: str
    opening: str = ""
    """Instructions and worked examples, before everything."""
    after_question: str = "\nAnswer:"
    answering_tail: str = ""
    """Between the question and an answer that is to be written."""
    before_answer: str = " "
    before_reply: str = " "
    """Before whatever a model writes: the space after a colon."""
    yes: str = " Yes"
    no: str = " No"
    ends_at_newline: bool = False
    """For models that know no end of a text: what they write ends with its line."""
    example_critiques: tuple[str, ...] = ()
    """The critiques of the worked examples. A model that writes one of them says nothing about the answer."""

    # ---- the path from the root of the prefix tree: passage -> question -> answer

    def passage(self, subject: Subject) -> Pieces:
        """Title and passage, shared by all questions about it; nothing where the passage is empty."""
        if not subject.passage:
            return self._opening()
        title = f"Title: {subject.title}\n" if subject.title else ""
        return (*self._opening(), Piece("passage", f"{title}Passage: {subject.passage}\n", literal=True))

    def question(self, subject: Subject) -> Pieces:
        """The question up to the place where its answer begins."""
        return (Piece("question", f"Question: {subject.question}{self.after_question}", literal=True),)

    def answer(self, subject: Subject) -> Pieces:
        """The given answer and the line's end. Tokenised apart, so the answer is the base task's target."""
        said = Piece("answer", f"{self.before_answer}{subject.answer}", literal=True)
        return (*((said,) if subject.answer else ()), Piece("tail", "\n"))

    def _opening(self) -> Pieces:
        return (Piece("opening", self.opening),) if self.opening else ()

    def header(self, subject: Subject) -> Pieces:
        """Passage, question and answer: what every task about an answer begins with."""
        return (*self.passage(subject), *self.question(subject), *self.answer(subject))

    # ---- what follows the header

    def critiqueability(self) -> Pieces:
        return (Piece("tail", self.critiqueability_tail),)

    def label(self, verdict: bool) -> Pieces:
        return (Piece("label", self.yes if verdict else self.no),)

    def critique(self) -> Pieces:
        """From the header to the place where a forced critique begins: critiqueable is answered Yes."""
        return (*self.critiqueability(), *self.label(True), Piece("tail", self.critique_tail))

    def said_critique(self, critique: str) -> Pieces:
        return self._reply("critique", critique)

    def _reply(self, role: Role, text: str) -> Pieces:
        """A text that a model writes, exactly as given; nothing at all for an empty one."""
        return (Piece(role, f"{self.before_reply}{text}", literal=True),) if text else ()

    def helpfulness(self) -> Pieces:
        return (Piece("tail", self.helpfulness_tail),)

    def conditional_refinement(self) -> Pieces:
        return (Piece("tail", self.conditional_refinement_tail),)

    def direct_refinement(self) -> Pieces:
        return (Piece("tail", self.direct_refinement_tail),)

    # ---- whole prompts

    def answer_prompt(self, subject: Subject) -> Pieces:
        answering = (Piece("tail", self.answering_tail),) if self.answering_tail else ()
        return (*self.passage(subject), *self.question(subject), *answering)

    def critiqueability_prompt(self, subject: Subject) -> Pieces:
        return (*self.header(subject), *self.critiqueability())

    def critique_prompt(self, subject: Subject) -> Pieces:
        return (*self.header(subject), *self.critique())

    def helpfulness_prompt(self, subject: Subject, critique: str) -> Pieces:
        return (*self.critique_prompt(subject), *self.said_critique(critique), *self.helpfulness())

    def refinement_prompt(self, subject: Subject, critique: str | None) -> Pieces:
        """Conditional on the critique, or direct where it is None."""
        if critique is None:
            return (*self.header(subject), *self.direct_refinement())
        return (*self.critique_prompt(subject), *self.said_critique(critique), *self.conditional_refinement())

    # ---- whole training examples: the prompt, then the learned target

    def answer_example(self, subject: Subject) -> Pieces:
        """The base task: the subject's own answer is the target."""
        return (*self.answer_prompt(subject), *learned((*self._reply("answer", subject.answer), END)))

    def critique_example(self, subject: Subject, critique: str | None) -> Pieces:
        """Critiqueability and critique in one example (paper 2.2.1): Yes and the critique, or No alone."""
        prompt = self.critiqueability_prompt(subject)
        if critique is None:
            return (*prompt, *learned(self.label(False)))
        forced = Piece("tail", self.critique_tail)
        said = learned((*self.said_critique(critique), END))
        return (*prompt, *learned(self.label(True)), forced, *said)

    def helpfulness_example(self, subject: Subject, critique: str, helpful: bool) -> Pieces:
        return (*self.helpfulness_prompt(subject, critique), *learned(self.label(helpful)))

    def refinement_example(self, subject: Subject, critique: str | None, refinement: str) -> Pieces:
        prompt = self.refinement_prompt(subject, critique)
        return (*prompt, *learned((*self._reply("refinement", refinement), END)))


FINETUNED: Final = Format(
    name="finetuned",
    version=1,
    critiqueability_tail="Critiqueable:",
    critique_tail="\n\nCritique:",
    helpfulness_tail="\nHelpful:",
    conditional_refinement_tail="\nRefinement:",
    direct_refinement_tail="Refinement:",
)

# ---- the paper's baselines: models that were not trained on these tasks

_INSTRUCTIONS = (
    "A passage, a question about it and an answer follow. A critique points out a flaw of the answer: "
    "something false, missing, irrelevant or unclear. A critique is helpful if the flaw is real and worth "
    "pointing out.\n\n"
)
_EXAMPLES = (
    Subject(
        key="example 1",
        passage="The ferry to Aldsund left at seven with forty passengers. Near the lighthouse its engine "
        "failed, and a fishing boat towed it back to the harbour. Nobody was hurt.",
        question="What happened to the ferry?",
        answer="The ferry reached Aldsund late because of bad weather.",
    ),
    Subject(
        key="example 2",
        passage="Mira planted beans in May. The frost of the second week killed half of them, so she sowed "
        "again in June and had a good harvest in September.",
        question="Why did Mira sow twice?",
        answer="Frost killed half of the beans that she had planted in May.",
    ),
)
_EXAMPLE_CRITIQUE = "The ferry never reached Aldsund: its engine failed and it was towed back to the harbour."
_UNHELPFUL_CRITIQUE = "The answer does not say how many passengers the ferry can carry."
_EXAMPLE_REFINEMENT = "Its engine failed near the lighthouse and a fishing boat towed it back; nobody was hurt."

_FEW_SHOT_BASE: Final = replace(
    FINETUNED,
    name="few-shot-base",
    version=2,
    example_critiques=(_EXAMPLE_CRITIQUE, _UNHELPFUL_CRITIQUE),
    critique_tail="\nCritique:",
    ends_at_newline=True,
)


def _worked_examples() -> str:
    """One flawed answer with a helpful critique and one that is not, one good answer; in the layout of the prompts."""
    flawed, good = (text_of(_FEW_SHOT_BASE.critiqueability_prompt(example)) for example in _EXAMPLES)
    return (
        f"{flawed} Yes\nCritique: {_EXAMPLE_CRITIQUE}\nHelpful: Yes\nRefinement: {_EXAMPLE_REFINEMENT}\n\n"
        f"{flawed} Yes\nCritique: {_UNHELPFUL_CRITIQUE}\nHelpful: No\n\n"
        f"{good} No\n\n"
    )


def text_of(pieces: Pieces) -> str:
    """The pieces as one text, for servers that tokenise themselves."""
    return "".join(piece.text for piece in pieces)


FEW_SHOT_BASE: Final = replace(_FEW_SHOT_BASE, opening=_INSTRUCTIONS + _worked_examples())


_ASK_ANSWER = (
    "Answer the question from the passage alone, in a few sentences. If the passage does not cover it, reply: No answer"
)
_ASK_CRITIQUEABLE = "Does the answer have a flaw that a critique could point out? Reply with Yes or No only."
_ASK_CRITIQUE = (
    "Write one critique of the answer: one or two sentences that name one flaw. Reply with the critique only."
)
_ASK_HELPFUL = "Is this critique valid and helpful? Reply with Yes or No only."
_ASK_CONDITIONAL = "Rewrite the answer so that it no longer has this flaw. Reply with the answer only."
_ASK_DIRECT = "Rewrite the answer so that it has no flaw. Reply with the answer only."


def chat_format(name: str, tokenizer: Any) -> Format:
    """The tasks as turns of a chat, with the tokenizer's own template around them.

    Raises ValueError where the tokenizer has no chat template, or one that rewrites what it is given.
    """
    if not getattr(tokenizer, "chat_template", None):
        raise ValueError(f"the format {name!r} needs a chat template, and this tokenizer has none")
    first, reply, second = "<<first>>", "<<reply>>", "<<second>>"
    user = {"role": "user", "content": first}
    follow_up = [user, {"role": "assistant", "content": reply}, {"role": "user", "content": second}]

    def render(turns: list[dict[str, str]]) -> str:
        return str(
            tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True, enable_thinking=False)
        )

    before, _, asks = render([user]).partition(first)
    _, _, turn = render(follow_up).partition(reply)
    turn, _, last = turn.partition(second)
    if not (asks and turn and last):
        raise ValueError("this chat template does not keep what the turns say, so prompts cannot be built")
    before = before.removeprefix(tokenizer.bos_token or "")
    return _chat_format(name, before, asks, turn)


#: Stand for the ends of turns where a server applies the chat template.
_USER, _ASSISTANT = "<<user>>", "<<assistant>>"


def chat_turns_format(name: str) -> Format:
    """The same for a server that knows the template: `turns_of` makes messages of its prompts."""
    return _chat_format(name, "", _ASSISTANT, _USER)


def turns_of(pieces: Pieces) -> list[dict[str, str]]:
    """Pieces of a `chat_turns_format` as messages; marks in anyone's writing are plain characters."""
    turns = [{"role": "user", "content": ""}]
    for piece in pieces:
        parts = [piece.text] if piece.literal else re.split(f"({_USER}|{_ASSISTANT})", piece.text)
        for part in parts:
            if not piece.literal and part in {_USER, _ASSISTANT}:
                turns.append({"role": part.strip("<>"), "content": ""})
            else:
                turns[-1]["content"] += part
    return turns[:-1]


def _chat_format(name: str, before: str, asks: str, turn: str) -> Format:
    """`before` opens the user's first turn, `asks` ends a user's and opens a model's, `turn` the reverse."""
    shown = name == "few-shot"
    opening = _INSTRUCTIONS + (_worked_examples() if shown else "")
    return Format(
        name=name,
        version=2 if shown else 1,
        example_critiques=FEW_SHOT_BASE.example_critiques if shown else (),
        opening=before + opening,
        after_question="\n",
        before_answer="Answer: ",
        answering_tail=f"\n{_ASK_ANSWER}{asks}",
        critiqueability_tail=f"\n{_ASK_CRITIQUEABLE}{asks}",
        critique_tail=f"{turn}{_ASK_CRITIQUE}{asks}",
        helpfulness_tail=f"{turn}{_ASK_HELPFUL}{asks}",
        conditional_refinement_tail=f"{turn}{_ASK_CONDITIONAL}{asks}",
        direct_refinement_tail=f"\n{_ASK_DIRECT}{asks}",
        before_reply="",
        yes="Yes",
        no="No",
    )


def open_format(name: str, tokenizer: Any) -> Format:
    """The format of that name for this tokenizer. Raises ValueError: no such format, no chat template."""
    if name == "finetuned":
        return FINETUNED
    if name == "few-shot-base":
        return FEW_SHOT_BASE
    if name in {"zero-shot", "few-shot"}:
        return chat_format(name, tokenizer)
    raise ValueError(f"no such format: {name!r}; there are finetuned, zero-shot, few-shot and few-shot-base")
