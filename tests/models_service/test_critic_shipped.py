"""The critics that ship load like any model, are small, say what they are, and are as good as promised."""

from __future__ import annotations

from pathlib import Path

import pytest

from models_service.critic import critic_for, read_card, shipped
from models_service.engine import open_engine
from models_service.engine.interface import Engine, EngineSettings
from models_service.evaluation.self_critique import critic_measures, draw_problems, judge_all, oracle_helpfulness
from models_service.synthetic import TASKS

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


def test_critics_for_addition_and_reports_ship_in_ten_megabytes() -> None:
    assert shipped() == ["addition", "reports"]
    files = [path for task in shipped() for path in critic_for(task).iterdir()]
    assert sum(path.stat().st_size for path in files) <= 10 * 2**20
    assert {path.suffix for path in files} <= {".safetensors", ".json", ".md"}


def test_no_critic_ships_for_other_tasks() -> None:
    with pytest.raises(ValueError, match="no critic ships for 'race', only for addition, reports"):
        critic_for("race")


@pytest.mark.parametrize("task", ["addition", "reports"])
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


def test_the_card_of_no_critic_is_a_leftover() -> None:
    """Every file of a critic's directory belongs to it."""
    known = {"config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
             "card.json", "README.md"}  # fmt: skip
    assert all({path.name for path in Path(critic_for(task)).iterdir()} == known for task in shipped())


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
