"""`python -m models_service critique` and `score`, on real files and a real model."""

from __future__ import annotations

import json

import pytest

from models_service.__main__ import main
from models_service.commands.records import write_records
from models_service.engine import EngineSettings, open_engine
from models_service.types import PAPER_TEMPERATURES, Subject

LINES = [
    {"passage": f"The ship left at dawn, day {i // 3}.", "question": "When?", "answer": f"On day {i}."}
    for i in range(7)
]


@pytest.fixture
def files(tmp_path):
    given, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    given.write_text("".join(json.dumps(line) + "\n" for line in LINES))
    return given, out


def run(command, tiny, files, *more):
    given, out = files
    options = ["--model", str(tiny), "--input", str(given), "--output", str(out)]
    return main([command, *options, *more])


def records(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_writes_one_record_a_line_with_all_eight(tiny, files):
    assert run("critique", tiny, files, "--max-new-tokens", "6", "--seed", "4") == 0
    written = records(files[1])
    assert len(written) == len(LINES)
    engine = open_engine(EngineSettings(model=str(tiny)))
    for line, record in zip(LINES, written, strict=True):
        assert [s["temperature"] for s in record["suggestions"]] == list(PAPER_TEMPERATURES)
        assert {"text", "helpfulness", "same_as", "rank"} < set(record["suggestions"][0])
        subject = Subject(key=record["key"], **line)
        (bundle,) = engine.critique([subject], seed=4, max_new_tokens=6)
        assert record["critiqueability"] == pytest.approx(bundle.critiqueability, abs=1e-4)
        assert [s["text"] for s in record["suggestions"]] == [s.text for s in bundle.suggestions]


@pytest.mark.parametrize(("engine", "at_a_time"), [("plain", 1), ("local", 3)])
def test_records_are_written_as_they_come(tiny, files, monkeypatch, engine, at_a_time):
    """What is computed together is written together: an interruption loses one group and no more."""
    seen: list[int] = []

    def noting(path, given):
        seen.append(len(given))
        write_records(path, given)

    monkeypatch.setattr("models_service.commands.critique.write_records", noting)
    options = ["--engine", engine, "--max-rows", "24", "--max-new-tokens", "4"]
    assert run("critique", tiny, files, *options) == 0
    assert sum(seen) == len(LINES)
    assert max(seen) == at_a_time


@pytest.mark.parametrize("torn", [b"", b'{"key": "half'])
def test_goes_on_where_it_was_interrupted(tiny, files, torn):
    run("critique", tiny, files, "--max-new-tokens", "6")
    whole = files[1].read_bytes()
    kept = b"".join(whole.splitlines(keepends=True)[:3])
    files[1].write_bytes(kept + torn)
    assert run("critique", tiny, files, "--max-new-tokens", "6") == 0
    assert files[1].read_bytes().startswith(kept), "what was done stays as it was"
    texts = [[s["text"] for s in record["suggestions"]] for record in records(files[1])]
    expected = [[s["text"] for s in json.loads(line)["suggestions"]] for line in whole.splitlines()]
    assert texts == expected


def test_does_not_go_on_with_other_work(tiny, files, capsys):
    run("critique", tiny, files, "--max-new-tokens", "6")
    before = files[1].read_bytes()
    assert run("critique", tiny, files, "--seed", "1") == 2
    assert "out.jsonl:1: its seed is not that of this work" in capsys.readouterr().err
    assert files[1].read_bytes() == before


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"passage": "p", "question": "q"}', "in.jsonl:8: the field 'answer' is missing"),
        ('{"passage": 3, "question": "q", "answer": "a"}', "in.jsonl:8: the field 'passage' must be a string"),
        ("[]", "in.jsonl:8: a line must be one JSON object"),
        ("{", "in.jsonl:8: not JSON"),
    ],
)
def test_names_a_bad_line_before_any_work(tiny, files, capsys, line, message):
    with files[0].open("a") as stream:
        stream.write(line + "\n")
    assert run("critique", tiny, files) == 2
    assert message in capsys.readouterr().err
    assert not files[1].exists()


@pytest.mark.parametrize("command", ["critique", "score"])
def test_names_an_answer_that_the_model_cannot_read_whole_before_any_work(tiny, files, capsys, command):
    with files[0].open("a") as stream:
        stream.write("\n" + json.dumps({**LINES[0], "passage": "storm " * 600}) + "\n")
    assert run(command, tiny, files) == 2
    error = capsys.readouterr().err
    assert "in.jsonl:9: " in error, "an empty line counts"
    assert "the model's context is 512" in error
    assert not files[1].exists()


def test_asks_which_model(files, capsys):
    assert main(["critique", "--input", str(files[0]), "--output", str(files[1])]) == 2
    assert "Give --model, or --task" in capsys.readouterr().err


def test_scores_answers_and_given_critiques(tiny, files):
    given, out = files
    lines = [{**line, "critique": None if i % 2 else "It was noon."} for i, line in enumerate(LINES)]
    given.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert run("score", tiny, files) == 0
    written = records(out)
    engine = open_engine(EngineSettings(model=str(tiny)))
    subjects = [Subject(key="k", **line) for line in LINES]
    assert [r["critiqueability"] for r in written] == pytest.approx(engine.score_critiqueability(subjects), abs=1e-4)
    assert [r["helpfulness"] is None for r in written] == [bool(i % 2) for i in range(7)]
    assert written[2]["helpfulness"] == pytest.approx(
        engine.score_helpfulness([subjects[2]], ["It was noon."])[0], abs=1e-4
    )
