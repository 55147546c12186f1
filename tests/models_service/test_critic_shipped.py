"""The critics that ship load like any model, are small, say what they are, and are as good as promised."""

from __future__ import annotations

from pathlib import Path

import pytest

from models_service.critic import critic_for, read_card, shipped
from models_service.engine import open_engine
from models_service.engine.interface import Engine, EngineError, EngineSettings
from models_service.evaluation.self_critique import critic_measures, draw_problems, judge_all, oracle_helpfulness
from models_service.synthetic import TASKS
from models_service.types import Subject
from tests.conftest import LEFT_OUT

CHECKOUT = Path(__file__).parents[2]
#: Tolerant floors for few problems: the card has the numbers, these notice a broken critic.
FLOORS = {
    "addition": {
        "greedy critique valid": 0.90,
        "critiqueability AUC": 0.95,
        "helpfulness AUC, critiques by the oracle": 0.93,
    },
    "reports": {
        "greedy critique valid": 0.75,
        "critiqueability AUC": 0.92,
        "helpfulness AUC, critiques by the oracle": 0.95,
    },
}


@pytest.mark.parametrize("tasks", [["addition", "reports"], ["english"]])
def test_the_small_critics_ship_in_ten_megabytes_and_english_in_ten_more(tasks: list[str]) -> None:
    assert shipped() == ["addition", "english", "reports"]
    files = [path for task in tasks for path in critic_for(task).iterdir()]
    assert sum(path.stat().st_size for path in files) <= 10_000_000
    assert {path.suffix for path in files} <= {".safetensors", ".json", ".jsonl", ".md"}


def test_no_critic_ships_for_other_tasks() -> None:
    with pytest.raises(ValueError, match="no critic ships for 'race', only for addition, english, reports"):
        critic_for("race")


@pytest.mark.parametrize("task", ["addition", "english", "reports"])
def test_a_card_says_what_the_critic_reads_and_cannot(task: str) -> None:
    found = read_card(critic_for(task))
    assert found["task"] == task
    assert found["reads"].endswith(".")
    assert found["cannot"].endswith(".")
    assert {"set", "measure", "value", "low95", "high95", "n"} <= found["numbers"][0].keys()
    readme = (critic_for(task) / "README.md").read_text(encoding="utf-8")
    assert all(f"{row['value']:.3f}" in readme for row in found["numbers"] if row["value"] is not None)


@pytest.mark.parametrize("task", ["addition", "reports"])
def test_a_critic_loads_like_any_model_and_ends_its_texts(task: str) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    directory = critic_for(task)
    model, tokenizer = AutoModelForCausalLM.from_pretrained(directory), AutoTokenizer.from_pretrained(directory)
    assert model.config.max_position_embeddings >= 1536
    assert tokenizer.eos_token_id == model.generation_config.eos_token_id == model.config.eos_token_id
    for text in ("Grüße, naïve café 漢字 🙂\r\n", "505579 + 900050"):
        assert tokenizer.decode(tokenizer.encode(text)) == text


@pytest.fixture(scope="module", params=["addition", "reports"])
def engine(request: pytest.FixtureRequest) -> tuple[str, Engine]:
    return request.param, open_engine(EngineSettings(model=str(critic_for(request.param))))


def test_a_critic_is_as_good_as_the_tests_demand(engine: tuple[str, Engine]) -> None:
    task = TASKS[engine[0]]
    answered = draw_problems(task, number=80, seed=7)
    judged = judge_all(engine[1], task, answered, seed=7)
    helpfulness = oracle_helpfulness(engine[1], task, answered, seed=7)
    found = {one.name: one.interval.value for one in critic_measures(judged, helpfulness, seed=7)}
    for name, floor in FLOORS[task.name].items():
        assert found[name] >= floor, (name, found[name])


def test_no_file_of_a_critic_is_a_leftover() -> None:
    """Every file of a critic's directory belongs to it."""
    small = {"config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
    english = {"adapter_config.json", "adapter_model.safetensors", "curve.jsonl", "generation_config.json"}
    for task in shipped():
        own = english if task == "english" else small
        assert {path.name for path in critic_for(task).iterdir()} == own | {"card.json", "README.md"}


def test_english_names_its_base_as_the_script_that_fetches_it_does() -> None:
    script = (CHECKOUT / "scripts" / "base-model").read_text(encoding="utf-8")
    base = read_card(critic_for("english"))["base"]
    assert f"name={base['name']}\ndigest={base['digest']}\n" in script


def test_the_card_of_english_says_that_released_critiques_were_learned_from_and_ship_nowhere() -> None:
    readme = (critic_for("english") / "README.md").read_text(encoding="utf-8")
    assert "Of every hundred passages read 8 were released ones" in readme
    assert "Their texts are not part of this directory." in readme
    assert "Apache-2.0" in readme


def test_english_finds_a_false_year_once_its_base_is_fetched() -> None:
    try:
        engine = open_engine(EngineSettings(model=str(critic_for("english"))))
    except EngineError as error:
        pytest.skip(f"{LEFT_OUT}the critic english, whose base scripts/base-model has not fetched ({error})")
    text = "The mill was built in 1846 by two brothers. It burned down in 1902, and nobody rebuilt it."
    asked = "When did the mill burn down?"
    false, true = (Subject(said, text, asked, f"It burned down in {said}.") for said in ("1846", "1902"))
    flawed, sound = engine.critique([false, true], seed=1)
    assert flawed.critiqueability > sound.critiqueability
    assert "1902" in flawed.suggestions[0].text


def test_evaluating_prints_the_papers_shares_and_writes_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from findings import jsonl
    from models_service.__main__ import main

    output = tmp_path / "measures.jsonl"
    assert main(["evaluate", "self-critique", "--task", "addition", "--n", "16", "--output", str(output)]) == 0
    rows = [line.value for line in jsonl.read(output)]
    own = {row["group"]: row for row in rows if row["figure"] == "self-critique, own answers"}
    of_wrong = "valid, critiqueable"
    assert own.keys() - {of_wrong} == {"critiqueable", "critique valid, all"}
    # A share of no answers at all is no number, and has no row.
    assert (of_wrong in own) == (own["critiqueable"]["value"] > 0)
    made = {row["group"]: row for row in rows if row["figure"] == "self-critique, made answers"}
    assert made["greedy critique valid"]["n"] == 8
    assert made["greedy critique valid"]["low95"] <= made["greedy critique valid"]["value"]
    assert "addition, made answers" in capsys.readouterr().out
