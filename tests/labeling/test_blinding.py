"""What is blinded stays blinded, whatever a labeler asks for."""

from __future__ import annotations

import re
import uuid

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from labeling.actions import critiquing
from labeling.actions.opening import open_next
from labeling.enums import AnswerKind, AssignmentState
from labeling.models import Answer, Assignment, Critique, Labeler, LabelerCritique, Study
from tests.factories import SAMPLES, make_study
from tests.labeling.crawling import Crawler, Seen, without_tokens

pytestmark = pytest.mark.django_db

#: Words of the design that no labeler's page, fragment, header, address or asset may hold.
DESIGN = r"mislead|\bhuman|honest|intended|unassisted|answer.?kind|critiqueab|\bcondition(s|_)?\b|\bbundle|\bslot"
#: Where nobody is assisted, nothing may say that assistance exists.
ASSISTANCE = r"suggest|assist|helpful|\bmodel|\bscore|\bcritic\b"
THEIRS = "A finding that only its own labeler may read."


@pytest.fixture
def study() -> Study:
    """Six texts over the six conditions; nothing in the answers gives their kind away."""
    study = make_study(6)
    for answer in Answer.objects.all():
        answer.text = f"The harbour was built in 18{answer.pk:02}."
        answer.save(update_fields=["text"])
    return study


@pytest.fixture
def me(study: Study) -> Labeler:
    return Labeler.objects.get(user__username="labeler1")


@pytest.fixture
def client(me: Labeler) -> Client:
    client = Client()
    client.force_login(me.user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def theirs(study: Study) -> Assignment:
    """An assisted piece of work of somebody else, in full swing, and one that they have submitted."""
    other = Labeler.objects.get(user__username="labeler2")
    while True:
        assignment = open_next(other)
        assert assignment is not None
        found = critiquing.add_critique(labeler=other, assignment=assignment, client_key=uuid.uuid4())
        critiquing.change_critique(
            labeler=other, found=found, base_revision=0, text=THEIRS, category="accuracy", category_text="", severity=3
        )
        if assignment.bundle is not None and other.assignments.filter(state=AssignmentState.SUBMITTED).exists():
            return assignment
        critiquing.rate(labeler=other, assignment=assignment, rating=2)
        critiquing.submit(labeler=other, assignment=assignment)


def secrets() -> list[str]:
    """Texts in the database that labeler1 may never read, with names of others."""
    intended = Critique.objects.filter(intended__isnull=False).values_list("text", flat=True)
    others = [f"labeler{number}" for number in range(2, 7)]
    return [THEIRS, *intended, *others, "author", "tests/tiny"]


def suggestions() -> list[str]:
    return sorted({sample.text for sample in SAMPLES})


def leaks(seen: list[Seen], texts: list[str], words: str) -> list[str]:
    """Every place where one of the texts, or a word of the pattern, came back. Vendored files are nobody's prose."""
    found = []
    for answer in seen:
        everything = answer.everything()
        found += [f"{answer.address}: {text}" for text in texts if text in everything]
        if not answer.is_vendored:
            found += [f"{answer.address}: {match[0]}" for match in re.finditer(words, everything, re.IGNORECASE)]
    return found


def complete(labeler: Labeler, assignment: Assignment) -> None:
    """Add a critique to what the crawler left, grade them all, and rate."""
    critiquing.add_critique(labeler=labeler, assignment=assignment, client_key=uuid.uuid4())
    for found in LabelerCritique.objects.filter(sitting__assignment=assignment, removed_ms=None):
        critiquing.change_critique(
            labeler=labeler,
            found=found,
            base_revision=found.revision,
            text="A finding of mine.",
            category="accuracy",
            category_text="",
            severity=2,
        )
    critiquing.rate(labeler=labeler, assignment=assignment, rating=3)


def test_a_crawl_through_all_six_conditions_finds_nothing_blinded(
    client: Client, me: Labeler, theirs: Assignment
) -> None:
    met = set()
    for _ in range(6):
        assignment = open_next(me)
        assert assignment is not None
        met.add((assignment.slot.answer_kind, assignment.slot.assisted))
        address = assignment.get_absolute_url()
        crawler = Crawler(client)
        crawler.crawl("/")
        crawler.crawl(address)
        crawler.crawl("/nothing-here/")
        crawler.finish(address)  # refused, with a reason
        complete(me, assignment)
        crawler.finish(address)
        assert len(crawler.seen) > 40
        if assignment.slot.assisted:
            assert leaks(crawler.seen, secrets(), DESIGN) == []
            assert any(suggestions()[0] in answer.everything() for answer in crawler.seen)
        else:
            assert leaks(crawler.seen, secrets() + suggestions(), f"{DESIGN}|{ASSISTANCE}") == []
        assignment.refresh_from_db()
        assert assignment.state == AssignmentState.SUBMITTED
    assert met == {(kind.value, assisted) for kind in AnswerKind for assisted in (False, True)}


def test_a_crawl_would_notice_a_leak() -> None:
    leaking = [Seen("/", 200, "X-Kind: Human misleading", ""), Seen("/x/", 200, "", "Written by labeler2")]
    assert len(leaks(leaking, ["labeler2"], DESIGN)) == 3


def addresses_about(assignment: Assignment) -> list[str]:
    key = LabelerCritique.objects.filter(sitting__assignment=assignment).values_list("client_key", flat=True).first()
    key = key or uuid.uuid4()
    start = assignment.get_absolute_url()
    rest = ["", "critiques/", f"critiques/{key}/", f"critiques/{key}/remove/", f"critiques/{key}/restore/"]
    rest += ["suggestions/1/use/", "rating/", "active-time/", "submit/", "give-back/"]
    return [start + each for each in rest]


@pytest.mark.parametrize("method", ["get", "post", "head", "options", "put", "delete"])
def test_somebody_elses_assignment_is_as_absent_as_none(client: Client, theirs: Assignment, method: str) -> None:
    before = list(Assignment.objects.order_by("pk").values())
    for address in addresses_about(theirs):
        answers = []
        for public_id in (theirs.public_id, "a" * 30):
            for headers in ({}, {"HX-Request": "true"}):
                asked = getattr(client, method)(address.replace(theirs.public_id, public_id), headers=headers)
                answers.append((asked.status_code, without_tokens(asked.content.decode())))
        assert len(set(answers)) == 1, address
        assert THEIRS not in answers[0][1]
    assert list(Assignment.objects.order_by("pk").values()) == before


def own(me: Labeler, *, assisted: bool) -> Assignment:
    """The labeler's first opened assignment of this sort; what comes before it is handed in."""
    while True:
        assignment = open_next(me)
        assert assignment is not None
        if assignment.slot.assisted == assisted:
            return assignment
        critiquing.rate(labeler=me, assignment=assignment, rating=7)
        critiquing.submit(labeler=me, assignment=assignment, confirmed=True)


@pytest.mark.parametrize("method", ["get", "post", "head", "options", "put", "delete"])
def test_suggestions_of_an_unassisted_assignment_do_not_exist(client: Client, me: Labeler, method: str) -> None:
    assignment = own(me, assisted=False)
    for number in (0, 1, 2, 8, 9999):
        answers = set()
        for path in (f"suggestions/{number}/use/", f"nonsense/{number}/use/"):
            data = {"client_key": str(uuid.uuid4())} if method == "post" else None
            asked = getattr(client, method)(assignment.get_absolute_url() + path, data)
            answers.add((asked.status_code, without_tokens(asked.content.decode())))
        assert [status for status, _ in answers] == [404]
    assert not LabelerCritique.objects.filter(sitting__assignment=assignment).exists()


def test_another_answers_suggestion_cannot_be_used_by_a_number_out_of_range(client: Client, me: Labeler) -> None:
    assignment = own(me, assisted=True)
    for number in (0, len(suggestions()) + 1, 9999):
        asked = client.post(
            f"{assignment.get_absolute_url()}suggestions/{number}/use/", {"client_key": str(uuid.uuid4())}
        )
        assert asked.status_code == 404


def test_a_critique_of_another_assignment_is_not_reached_through_ones_own(
    client: Client, me: Labeler, theirs: Assignment
) -> None:
    mine = own(me, assisted=True)
    found = LabelerCritique.objects.get(sitting__assignment=theirs)
    for tail in ("", "remove/", "restore/"):
        asked = client.post(f"{mine.get_absolute_url()}critiques/{found.client_key}/{tail}", {"base_revision": 1})
        assert asked.status_code == 404
    found.refresh_from_db()
    assert found.removed_ms is None


def test_no_database_id_is_an_address(client: Client, me: Labeler) -> None:
    assignment = own(me, assisted=False)
    for guess in (assignment.pk, assignment.slot_id, 1, 2, 3):
        assert client.get(f"/critiquing/{guess}/").status_code == 404


def every_address(resolver: URLResolver, values: dict[str, list[str]], prefix: str = "/") -> list[str]:
    """Every address of the site, its parameters filled in with what exists."""
    found: list[str] = []
    for pattern in resolver.url_patterns:
        route = str(pattern.pattern).removeprefix("^").removesuffix("$").removesuffix("\\Z")
        if isinstance(pattern, URLResolver):
            found += every_address(pattern, values, prefix + route)
            continue
        assert isinstance(pattern, URLPattern)
        filled = [prefix + route]
        for parameter in re.findall(r"<[^>]+>", prefix + route):
            kind = parameter.strip("<>").partition(":")[0]
            filled = [each.replace(parameter, value) for each in filled for value in values.get(kind, values["str"])]
        found += filled
    return found


def test_no_address_of_the_site_tells_a_labeler_what_is_blinded(
    client: Client, me: Labeler, theirs: Assignment, study: Study
) -> None:
    own(me, assisted=False)
    found = LabelerCritique.objects.filter(sitting__assignment=theirs).get()
    values = {
        "str": [study.public_id, theirs.public_id],
        "slug": [study.public_id, theirs.public_id],
        "int": ["1"],
        "uuid": [str(found.client_key)],
    }
    crawler = Crawler(client)
    addresses = every_address(get_resolver(), values)
    assert len(addresses) > 20
    for address in addresses:
        if address.endswith(("sign-out/", "next/")) or "(?P" in address:
            continue
        for method in ("get", "head", "options", "post"):
            crawler.keep(address, getattr(client, method)(address))
    texts = [*secrets(), *suggestions(), study.notes or "no notes"]
    texts.remove("author")  # the framework's own pages speak of authors
    answered = [answer for answer in crawler.seen if not answer.address.startswith("/static/")]
    assert leaks(answered, texts, "Human misleading") == []
