"""The benchmark measures what it says and checks what it measures; no time is asserted here."""

from __future__ import annotations

import json

from models_service.__main__ import main


def test_compares_the_engine_with_stock_transformers(tmp_path, capsys):
    out = tmp_path / "bench.json"
    options = ["--params", "6M", "--length", "96", "--answers", "2", "--rounds", "2", "--json", str(out)]
    assert main(["bench", *options]) == 0
    result = json.loads(out.read_text())
    assert {k: result[k] for k in ("params", "length", "answers", "new_tokens", "rounds", "device")} == {
        "params": "6M",
        "length": 96,
        "answers": 2,
        "new_tokens": 48,
        "rounds": 2,
        "device": "cpu",
    }
    assert set(result["cpu_seconds"]) == {"A", "B1", "B2", "engine"}
    for design, ratio in result["ratio"].items():
        assert ratio == result["cpu_seconds"][design] / result["cpu_seconds"]["engine"]
    assert set(result["ratio"]) == {"A", "B1", "B2"}
    assert set(result["peak_bytes_above_model"]) == {"B1", "engine"}
    assert result["load"] >= 0
    assert result["tokens_equal"] is True
    assert result["max_score_difference"] < 1e-4
    assert "tokens equal True" in capsys.readouterr().out


def test_compares_windows_too(tmp_path, capsys):
    out = tmp_path / "bench.json"
    assert main(["bench", "--length", "96", "--window", "24", "--rounds", "1", "--json", str(out)]) == 0
    result = json.loads(out.read_text())
    assert (result["window"], result["tokens_equal"]) == (24, True)
    assert set(result["ratio"]) == {"A", "B1"}
