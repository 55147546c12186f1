"""One labeler at one desk: an opened assignment over a text worth reading, with and without assistance."""

from __future__ import annotations

from pathlib import Path

from labeling.actions.assisting import Sample
from labeling.actions.exposures import expose
from labeling.actions.opening import open_next
from labeling.enums import Activity, AnswerKind, Provenance, Role
from labeling.models import Answer, Assignment, Passage, Question
from tests.factories import make_author, make_bundle, make_study, make_user, offer_questions_about

LABELER = "labeler1"
TITLE = "The ferry at Low Sands"
PASSAGE = (Path(__file__).parent / "ferry.txt").read_text()
QUESTION = "What does the text say about why the ferry stopped and what Ida Marlow did afterwards?"
ANSWER = (
    "The ferry stopped running when the bridge at Harrow Point was finished in 1992. On the last day Ida ran it "
    "free of charge. Afterwards she became a toll collector and later opened a boatbuilding school in the harbour shed."
)
HARBOUR = "The answer leaves out that the school trained some sixty pupils in its first ten years."
YEAR = "The bridge was finished in 1996, not 1992; 1992 was only the plan."
SAMPLES = [
    Sample(0.0, HARBOUR, 0.41, None),
    Sample(0.1, HARBOUR, 0.41, 0),
    Sample(0.2, "The answer should mention why people first wanted the bridge.", 0.2, None),
    Sample(0.3, YEAR, 0.93, None),
    Sample(0.4, "Ida did not become a toll collector: she declined the post.", 0.88, None),
    Sample(0.5, YEAR, 0.93, 3),
    Sample(0.6, "The answer does not say that the ferry lies in the garden.", 0.17, None),
    Sample(1.0, "The last sentence is too long.", 0.06, None),
]


def desk(*, assisted: bool, name: str = LABELER, samples: list[Sample] = SAMPLES) -> Assignment:
    """The opened assignment of a labeler who has just begun."""
    passage = Passage.objects.create(title=TITLE, text=PASSAGE, author=make_author())
    expose(make_author(), passage, Activity.ANSWERING)
    question = Question.objects.create(passage=passage, text=QUESTION)
    answer = Answer.objects.create(
        question=question,
        kind=AnswerKind.MODEL,
        text=ANSWER,
        provenance=Provenance.SAMPLED,
        model_name="tests/tiny",
        temperature=0.3,
        seed=1,
    )
    labeler = make_user(name, Role.LABELER).labeler
    conditions = [(AnswerKind.MODEL, assisted)]
    make_study([question], labelers=[labeler], conditions=conditions, assisted=False, name=f"Ferries {name}")
    if assisted:
        make_bundle(answer, samples=samples)
        offer_questions_about(answer)
    opened = open_next(labeler)
    assert opened is not None
    return opened
