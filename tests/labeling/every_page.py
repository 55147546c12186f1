"""Every page of work and every page of those who run studies, with the fragments that they lead to."""

from __future__ import annotations

from collections.abc import Callable

from django.apps import apps
from django.db.models import Case, F, Q, TextField, Value, When
from django.db.models.functions import Concat
from django.test import Client

from labeling.actions.answering import add_intended, add_question
from labeling.actions.critiquing import add_critique
from labeling.actions.demonstrating import add_link, prepare, ranked_answers
from labeling.actions.onboarding import publish_instructions, publish_quiz
from labeling.enums import Activity, Role
from labeling.forms.onboarding import read_questions
from labeling.models import Assignment, Passage, Study, User
from tests.browser.desks import desk
from tests.browser.rounds import checking_desk, comparing_desk, judging_desk
from tests.factories import make_user
from tests.labeling.crawling import Crawler, Seen
from tests.labeling.test_onboarding import WRITTEN
from tests.sittings import asked, make_passage, round_of, sitting_for

KEY = "1" * 32


def _critiquing() -> Assignment:
    work = desk(assisted=True)
    add_critique(labeler=work.labeler, assignment=work, client_key=KEY)  # type: ignore[arg-type]
    return work


def _answering() -> Assignment:
    work = sitting_for(Activity.ANSWERING, make_passage(), options={"misleading": True}, name="asker")
    draft = add_question(labeler=work.labeler, assignment=work, client_key=KEY)  # type: ignore[arg-type]
    add_intended(labeler=work.labeler, draft=draft, client_key=KEY)  # type: ignore[arg-type]
    return work


def _over_answers(activity: Activity, answers: list[str]) -> Assignment:
    passage = make_passage()
    asked(passage, "What burned?", answers)
    return sitting_for(activity, passage)


def _demonstrating() -> Assignment:
    work = _over_answers(Activity.DEMONSTRATING, ["The mill.", "The barn."])
    row = ranked_answers(prepare(work))[0]
    add_link(labeler=work.labeler, row=row, client_key=KEY)  # type: ignore[arg-type]
    return work


def _refining() -> Assignment:
    return _over_answers(Activity.REFINING, ["The mill."])


#: One opened assignment of every activity, each with something written already.
DESKS: dict[str, Callable[[], Assignment]] = {
    "critiquing": _critiquing,
    "answering": _answering,
    "demonstrating": _demonstrating,
    "refining": _refining,
    "judging": judging_desk,
    "checking": checking_desk,
    "comparing": comparing_desk,
}


def client_of(user: User | None) -> Client:
    client = Client()
    assert user is not None
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def pages_of_work(assignment: Assignment) -> list[Seen]:
    """A desk with every fragment that its buttons answer with, then the labeler's home."""
    crawler = Crawler(client_of(assignment.labeler.user))
    crawler.crawl(assignment.get_absolute_url())
    crawler.crawl("/")
    return [seen for seen in crawler.seen if not seen.is_static]


def guarded_study(text: str = "Write questions.") -> Study:
    """A study with a consent to give and a quiz to pass first, and somebody who has done neither."""
    beginner = make_user("beginner").labeler
    study = round_of(Activity.ANSWERING, [make_passage()], labelers=[beginner])
    publish_instructions(study, text=text, consent="My work may be published.")
    publish_quiz(study, Activity.ANSWERING, questions=read_questions(WRITTEN), pass_mark=2)
    return study


def pages_before_work(study: Study) -> list[Seen]:
    """What stands before the work: the consent, the quiz, signing in."""
    crawler = Crawler(client_of(study.labelers.get().user))
    for address in ("consent", "answering/quiz"):
        crawler.keep(address, crawler.client.get(f"/onboarding/{study.public_id}/{address}/"))
    crawler.keep("/sign-in/", Client().get("/sign-in/"))
    return crawler.seen


def pages_of_staff() -> list[Seen]:
    """All that an admin is led to, without pressing anything."""
    crawler = Crawler(client_of(make_user("admin", Role.ADMIN)))
    crawler.follow("/studies/")
    return [seen for seen in crawler.seen if "text/html" in seen.headers]


#: Fields of text that are no words of people: what machines wrote for machines.
NOT_WORDS = {"text_digest", "digest", "report", "error"}


def _words_if_any(name: str, words: str) -> Case:
    """What stays empty: a text that is empty, and one that is absent."""
    kept = When(Q(**{name: ""}) | Q(**{f"{name}__isnull": True}), then=F(name))
    return Case(kept, default=Value(words), output_field=TextField())


def say_everywhere(words: str) -> None:
    """Let every text that people or files wrote say this, in what is stored now."""
    for model in apps.get_app_config("labeling").get_models():
        texts = [field for field in model._meta.get_fields() if type(field) is TextField and not field.choices]
        names = {field.name for field in texts} - NOT_WORDS
        filled = {name: _words_if_any(name, words) for name in names}
        if filled:
            model._default_manager.update(**filled)
    Passage.objects.update(title=words)
    Study.objects.update(name=Concat(Value(words), "pk", output_field=TextField()))
