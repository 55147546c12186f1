"""Time an admin's big steps on a new site, and what a labeler's saves wait beside them.

Uploads a file of passages, adds all its questions to a study, opens it and deals it out, as requests of an
admin's browser, while another process saves a labeler's rating twenty times a second. Prints the table of
docs/performance.md. Usage: .venv/bin/python scripts/load_studies.py sqlite|postgresql [QUESTIONS [LABELERS]]
"""

from __future__ import annotations

import io
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]
sys.path.insert(0, str(CHECKOUT))

WORDS_A_PASSAGE, SOUGHT = 300, "zebra"
WORDS = "the a harbour ship mast storm town mill year letter was built lost found of in"
BACKEND = "django.contrib.auth.backends.ModelBackend"
SAVES = "saves.txt"


@contextmanager
def site(kind: str) -> Iterator[Path]:
    """An empty site: the environment of its processes, with servers of its own where it needs them."""
    from tests.services.servers import postgresql, redis_server

    servers = kind == "postgresql"
    with (
        tempfile.TemporaryDirectory(prefix="load-studies-") as folder,
        postgresql() if servers else nullcontext() as database,
        redis_server() if servers else nullcontext() as broker_url,
    ):
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "VAR_DIR": folder,
            "LOG_LEVEL": "ERROR",
            "DATABASE_URL": f"{database.url}/postgres" if database else f"sqlite:///{folder}/site.sqlite3",
            "BROKER_URL": broker_url or "filesystem://localhost",
        }
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=CHECKOUT, check=True)
        import django

        django.setup()
        yield Path(folder)


def file_of(questions: int) -> io.BytesIO:
    """One question a passage of some 300 words, with an answer of each kind and an intended critique."""
    rng = random.Random(0)
    words = WORDS.split()
    lines = []
    for number in range(questions):
        text = f"Report {number}. " + " ".join(rng.choices(words, k=WORDS_A_PASSAGE))
        question = {
            "question": f"What does report {number} say of the {SOUGHT if number % 100 == 0 else 'harbour'}?",
            "human_answer": f"It was built, {number}. " + " ".join(rng.choices(words, k=30)),
            "misleading_answer": f"It was lost, {number}. " + " ".join(rng.choices(words, k=30)),
            "intended_critiques": [{"text": f"Not lost, {number}.", "category": "accuracy", "severity": 3}],
            "model_answer": {"text": f"It was found, {number}. " + " ".join(rng.choices(words, k=30)), "model": "m"},
        }
        lines.append(json.dumps({"text": text, "author": f"author {number % 20}", "questions": [question]}))
    file = io.BytesIO("\n".join(lines).encode())
    file.name = "reports.jsonl"
    return file


def make_people(count: int) -> None:
    from labeling.enums import Role
    from labeling.models import Labeler, User

    User.objects.create(username="admin", role=Role.ADMIN)
    users = User.objects.bulk_create(User(username=f"labeler {number}") for number in range(count))
    Labeler.objects.bulk_create(Labeler(user=user) for user in users)


def save_for_ever(folder: Path) -> None:
    """A labeler at work on another study: a line for each save, when it began and what it took."""
    import django

    django.setup()
    from django.db import OperationalError

    from labeling.actions.critiquing import rate
    from labeling.actions.opening import open_next
    from labeling.actions.studies import add_questions, create_study, open_study
    from labeling.enums import AnswerKind
    from labeling.exchange.uploads import add_passages
    from labeling.models import Labeler, Question

    add_passages(file_of(1), "one.jsonl")
    labeler = Labeler.objects.filter(user__isnull=False).order_by("-pk")[0]
    study = create_study(name="Work", conditions=[(AnswerKind.HUMAN, False)], labelers=[labeler])
    add_questions(study, Question.objects.all())
    open_study(study, though_unreadable=True)  # its texts are of random words
    assignment = open_next(labeler)
    assert assignment is not None
    with (folder / SAVES).open("w", buffering=1) as saves:
        rating = 0
        while True:
            rating = rating % 7 + 1
            began, saved = time.monotonic(), False
            while not saved:
                with suppress(OperationalError):  # locked for longer than the site waits: the page saves again
                    rate(labeler=labeler, assignment=assignment, rating=rating)
                    saved = True
            saves.write(f"{began} {time.monotonic() - began}\n")
            time.sleep(0.05)


def longest_save(folder: Path, began: float, ended: float) -> tuple[float, int]:
    """The longest save that was under way between the two moments, in seconds, and how many there were."""
    rows = [tuple(map(float, line.split())) for line in (folder / SAVES).read_text().splitlines()]
    took = [seconds for start, seconds in rows if start < ended and start + seconds > began]
    return max(took, default=ended - began), len(took)


def count_queries(step: Callable[[], object]) -> int:
    from django.db import connection

    count = 0

    def counted(execute, *arguments):  # type: ignore[no-untyped-def]
        nonlocal count
        count += 1
        return execute(*arguments)

    with connection.execute_wrapper(counted):
        step()
    return count


def measure(folder: Path, questions: int) -> None:
    from django.test import Client
    from django.urls import reverse

    from labeling.actions.studies import SIX_CONDITIONS, create_study
    from labeling.models import Labeler, Study, User

    admin = Client(headers={"host": "localhost"})
    admin.force_login(User.objects.get(username="admin"), backend=BACKEND)
    study = create_study(
        name="Big", conditions=SIX_CONDITIONS, critic="reports", labelers=Labeler.objects.filter(user__isnull=False)
    )
    page = {name: reverse(f"studies:{name}", args=[study.public_id]) for name in ("study", "questions", "open", "deal")}
    file = file_of(questions)
    steps: list[tuple[str, Callable[[], object]]] = [
        ("upload", lambda: admin.post(reverse("passages:upload"), {"file": file})),
        ("the list of passages", lambda: admin.get(reverse("passages:list"))),
        ("the list of questions", lambda: admin.get(page["questions"])),
        ("a search of it", lambda: admin.get(page["questions"], {"q": SOUGHT})),
        ("Add all", lambda: admin.post(page["questions"], {"all": "1"})),
        ("Open", lambda: admin.post(page["open"])),
        ("Deal out", lambda: admin.post(page["deal"])),
        ("the study's page", lambda: admin.get(page["study"])),
    ]
    sys.stdout.write("| step | s | its CPU, s | queries | longest save beside it, s | saves | load |\n")
    sys.stdout.write("|---|---|---|---|---|---|---|\n")
    for name, step in steps:
        began, worked = time.monotonic(), time.process_time()
        queries = count_queries(step)
        ended, worked = time.monotonic(), time.process_time() - worked
        time.sleep(1)
        longest, saves = longest_save(folder, began, ended)
        sys.stdout.write(
            f"| {name} | {ended - began:.1f} | {worked:.1f} | {queries:,} | {longest:.2f} | {saves} "
            f"| {os.getloadavg()[0]:.1f} |\n"
        )
        sys.stdout.flush()
    study = Study.objects.get(name="Big")
    sys.stdout.write(f"\n{study.study_questions.count():,} questions, {study.slots.count():,} cells\n")


def main() -> None:
    if sys.argv[1] == "--save":
        save_for_ever(Path(sys.argv[2]))
        return
    database, questions, labelers = sys.argv[1], *map(int, (*sys.argv[2:], *("10000", "100")[len(sys.argv) - 2 :]))
    with site(database) as folder:
        make_people(labelers)
        saver = subprocess.Popen([sys.executable, __file__, "--save", str(folder)])  # noqa: S603 - ourselves
        try:
            while not (folder / SAVES).exists():
                time.sleep(0.1)
            measure(folder, questions)
        finally:
            saver.terminate()
            saver.wait()


if __name__ == "__main__":
    main()
