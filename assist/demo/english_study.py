"""The demo's study in English: passages in the public domain that the critic `english` was not trained on.

Questions, answers and intended critiques were written for it by hand, in the passages' words where that serves, for
the critic reads such answers best. The model's answers are those of the critic's base, asked in its own chat form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from assist.critics import critic_settings
from assist.demo.reports_study import INSTRUCTIONS
from findings import jsonl
from labeling.actions.dealing import deal_study
from labeling.actions.studies import add_questions, create_study, open_study, questions_to_choose
from labeling.exchange.upload_format import uploaded_passage
from labeling.exchange.uploads import store_passages
from labeling.models import Labeler, Study
from models_service.engine import EngineError
from models_service.synthetic.english import read_passages

NAME: Final = "Demo: English"
CRITIC: Final = "english"
AUTHOR: Final = "author of the demo"
#: `id` of a passage that ships with the generator, and its `questions` as in any uploaded file.
FILE: Final = Path(__file__).with_name("english.jsonl")
NOTES: Final = """\
Stories, histories and news in the public domain. The critic was trained on other passages of such sources; its card \
on this page says what it can and cannot read, and how well it does."""


def is_ready() -> bool:
    """Whether the critic's base is on this machine (`scripts/base-model` fetches it)."""
    from models_service.engine.checkpoints import find_base

    try:
        find_base(Path(critic_settings(CRITIC).model))
    except EngineError:
        return False
    return True


def passages() -> Iterator[dict[str, Any]]:
    """What is asked, with the passages that it is asked about: the input format of docs/input-format.md."""
    texts = {passage.key: passage for passage in read_passages()}
    for _, row in jsonl.read(FILE):
        passage = texts[row["id"]]
        yield {
            "id": f"english-{passage.key}",
            "title": passage.title,
            "text": passage.text,
            "author": AUTHOR,
            "questions": row["questions"],
        }


def load(labelers: Sequence[Labeler], *, seed: int, tell: Callable[[str], None] = print) -> Study | None:
    """Make the study, open it and deal it out. None if it is there already."""
    if Study.objects.filter(name=NAME).exists():
        return None
    tell("Adding passages in English")
    records = [(f"{FILE.name}: ", uploaded_passage(row)) for row in passages()]
    report = store_passages(records, FILE.name)
    study = create_study(name=NAME, instructions=INSTRUCTIONS, notes=NOTES, critic=CRITIC, seed=seed, labelers=labelers)
    add_questions(study, list(questions_to_choose(study).filter(passage__in=report.passages)))
    open_study(study)
    deal_study(study)
    return study
