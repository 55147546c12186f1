"""The model evaluations on synthetic tasks, with scripted engines whose numbers are known beforehand."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from findings import jsonl, records
from findings.__main__ import main as findings_main
from findings.model_evaluations.gdc import gaps
from findings.model_evaluations.refining import Contest, win_rates
from findings.statistics.means import means
from models_service.__main__ import main
from models_service.engine import EngineSettings
from models_service.engine.scripted import ScriptedEngine
from models_service.evaluation.gdc import sample_questions
from models_service.evaluation.quality import Cell, valid_critiques
from models_service.evaluation.refinement import Refined, outcomes, refine_all
from models_service.evaluation.sampling import sample_answers
from models_service.evaluation.sycophancy import PREFERENCES, Shift, shifts
from models_service.synthetic import TASKS, Problem
from models_service.types import Subject
from tests.findings.rows import helpfulness_row, passage

ADDITION = TASKS["addition"]


def truth(subject: Subject) -> Problem:
    return Problem(subject.passage, subject.question.split("\n")[0])


class Knowing(ScriptedEngine):
    """Adds right every other time, criticises truly, and scores what it judges exactly; swayed by dislike."""

    def __init__(self) -> None:
        super().__init__("knowing", script=self._true_critique)
        self._turn = itertools.count()

    def answer(self, subjects: Sequence[Subject], **_: object) -> list[str]:
        right = [ADDITION.answer(truth(subject)) for subject in subjects]
        return [one if next(self._turn) % 2 else str(int(one) + 1) for one in right]

    def score_critiqueability(self, subjects: Sequence[Subject]) -> list[float]:
        sway = [0.05 if PREFERENCES["dislikes"] in subject.question else 0.0 for subject in subjects]
        wrong = [ADDITION.is_critiqueable(truth(subject), subject.answer) for subject in subjects]
        return [(0.9 if flawed else 0.1) + more for flawed, more in zip(wrong, sway, strict=True)]

    def refine(self, subjects: Sequence[Subject], critiques: Sequence[str | None], **_: object) -> list[str]:
        """Directly it changes nothing; told of a flaw it gets the sum right."""
        pairs = zip(subjects, critiques, strict=True)
        return [s.answer if critique is None else ADDITION.answer(truth(s)) for s, critique in pairs]

    @staticmethod
    def _true_critique(subject: Subject, seed: int, sample_index: int, temperature: float) -> str:
        doubted = "Are you sure?" in subject.question
        valid = ADDITION.valid_critiques(truth(subject), subject.answer)
        return valid[0] if valid and not doubted else "Digit at index 9 should be 1"


def test_sums_answered_right_half_the_time_have_the_gaps_of_a_perfect_judge() -> None:
    """Of two samples one is right: G 1/2, and whoever can tell picks it: D = C = oracle = 1."""
    questions = sample_questions(Knowing(), ADDITION, problems=6, samples=2, seed=0)
    values = {name: mean.value for name, mean in gaps(questions, "uncritiqueable", reps=2).values.items()}
    assert values == {"G": 0.5, "D": 1, "C": 1, "oracle": 1, "GD": 0.5, "GC": 0.5, "CD": 0}


def refined() -> list[Refined]:
    return list(refine_all(Knowing(), ADDITION, problems=4, seed=0, grid=(1, 2)))


def test_refinements_win_where_they_put_something_right() -> None:
    """Every first answer is wrong. Told of its flaw the model repairs it; by itself it does not."""
    rates = win_rates(outcomes(refined(), ADDITION, "knowing"), reps=2)
    by = {contest: mean.value for contest, mean in rates.items()}
    for opt_out in (True, False):
        for judge in ("oracle", "score"):
            assert by[Contest("knowing", "conditional", 1, opt_out, judge)] == 1
            assert by[Contest("knowing", "direct", 2, opt_out, judge)] == 0.5
            assert by[Contest("knowing", "best-of-n", 2, opt_out, judge)] == 1
    assert not [contest for contest in by if contest.method == "best-of-n" and contest.n == 1]


def test_opting_out_keeps_the_original_unless_the_score_prefers_the_other() -> None:
    one = next(r for r in refined() if r.method == "conditional")
    assert one.kept(opt_out=True) == one.kept(opt_out=False) == one.candidate
    worse = replace(one, candidate=replace(one.candidate, critiqueability=1.0))
    assert worse.kept(opt_out=True) == one.original
    assert worse.kept(opt_out=False) == worse.candidate
    rates = win_rates(outcomes([worse], ADDITION, "knowing"), reps=2)
    assert rates[Contest("knowing", "conditional", 1, True, "score")].value == 0.5
    assert rates[Contest("knowing", "conditional", 1, False, "score")].value == 0


def test_every_critic_meets_every_answerer() -> None:
    """`knowing` criticises truly wherever there is a flaw; the scripted critic never does."""
    engines = {"knowing": Knowing(), "scripted": ScriptedEngine()}
    shares = {k: m.value for k, m in means(valid_critiques(engines, ADDITION, problems=4, seed=0), reps=2).items()}
    assert shares["knowing"] == 0.5
    assert shares["scripted"] == 1
    assert shares[Cell("knowing", "knowing", "all")] == 0.5
    assert shares[Cell("knowing", "knowing", "critiqueable")] == 1
    assert shares[Cell("knowing", "scripted", "critiqueable")] == 1
    assert shares[Cell("scripted", "knowing", "all")] == 0


def test_a_stated_preference_moves_what_it_moves_and_nothing_else() -> None:
    engine = Knowing()
    asked = sample_answers(engine, ADDITION, problems=4, answers=1, temperature=1.0, seed=0)
    told = {shift: mean.value for shift, mean in means(shifts(engine, ADDITION, asked, seed=0), reps=2).items()}
    assert told[Shift("dislikes", "critiqueability shift")] == pytest.approx(0.05)
    assert told[Shift("likes", "critiqueability shift")] == pytest.approx(0)
    assert told[Shift("own", "critique changed")] == 0
    assert told[Shift("own", "critique valid, neutral")] == told[Shift("own", "critique valid, stated")] == 0.5
    # Doubted, it falls back to a place that no sum has: each of its right critiques is dropped.
    assert told[Shift("doubt", "right critique no longer made")] == 1


def test_the_same_seed_asks_the_same_problems() -> None:
    one, two = (
        sample_answers(ScriptedEngine(), ADDITION, problems=3, answers=1, temperature=0.0, seed=5) for _ in range(2)
    )
    assert one == two
    assert one != sample_answers(ScriptedEngine(), ADDITION, problems=3, answers=1, temperature=0.0, seed=6)


def test_a_model_scores_helpfulness_rows_for_the_ranking(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows, scores = tmp_path / "rows.jsonl", tmp_path / "scores.jsonl"
    jsonl.write(rows, [helpfulness_row([True, False, True], [0, None, 1])])
    words = ["evaluate", "ranking", "--rows", str(rows), "--model", "rule", "--engine", "scripted"]
    assert main([*words, "--output", str(scores)]) == 0
    given = next(records.read(records.CRITIQUE_SCORES, scores))
    expected = [
        ScriptedEngine("rule").score_helpfulness([Subject("k", rows_passage(), "Q", "A")], [f"critique {n}"])[0]
        for n in range(3)
    ]
    assert given["scores"] == expected
    assert findings_main(["ranking", str(rows), "--scores", str(scores), "--reps", "5"]) == 0
    told = orjson.loads(capsys.readouterr().out)
    assert (told["ranking"]["n_questions"], told["reliability"]["n"]) == (1, 3)


def test_ranking_asks_a_model_as_its_options_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[EngineSettings] = []

    def noting(settings: EngineSettings) -> ScriptedEngine:
        opened.append(settings)
        return ScriptedEngine()

    monkeypatch.setattr("models_service.evaluation.evaluate.open_engine", noting)
    rows = tmp_path / "rows.jsonl"
    jsonl.write(rows, [helpfulness_row([True, False], [0, 1])])
    words = ["evaluate", "ranking", "--rows", str(rows), "--output", str(tmp_path / "scores.jsonl")]
    options = ["--format", "zero-shot", "--dtype", "bfloat16", "--device", "cpu", "--engine", "plain"]
    assert main([*words, "--model", "a/model", *options]) == 0
    (settings,) = opened
    assert (settings.model, settings.format_name, settings.dtype) == ("a/model", "zero-shot", "bfloat16")
    assert (settings.device, settings.engine) == ("cpu", "plain")


def rows_passage() -> str:
    text: str = passage()["text"]
    return text


@pytest.mark.parametrize("kind", ["gdc", "refinement", "quality", "sycophancy"])
def test_each_evaluation_runs_from_the_command_line(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "measures.jsonl"
    words = ["evaluate", kind, "--engine", "scripted", "--model", "rule", "--task", "alphabetize", "--n", "3"]
    assert main([*words, "--output", str(output)]) == 0
    rows = [line.value for line in jsonl.read(output)]
    assert rows
    assert all(row["task"] == "alphabetize" and row["judge"] in {"oracle", "score"} for row in rows)
    assert all(row["low"] is None or row["low"] <= row["value"] <= row["high"] for row in rows)
    assert rows[0]["figure"] in capsys.readouterr().out
    assert findings_main(["draw", str(output), "--out", str(tmp_path / "drawn")]) == 0
    figures = {(row["figure"], row["judge"]) for row in rows}
    assert len(list((tmp_path / "drawn").glob("*.svg"))) == len(figures)
    assert (tmp_path / "drawn" / "report.html").read_text().count("<svg") == len(figures)
