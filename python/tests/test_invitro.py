"""The API over the program that the package carries, or that INVITRO_PROGRAM names."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import invitro

RANDOM = random.Random(1)
GOLD = [RANDOM.uniform(1, 7) for _ in range(200)]
GOOD = [label + RANDOM.gauss(0, 1) for label in GOLD]
POOR = [label + RANDOM.gauss(0, 2) for label in GOLD]
PERSONS = [f"p{index // 4}" for index in range(200)]


def pearson(x: list[float], y: list[float]) -> float:
    """By its definition."""
    mx, my = sum(x) / len(x), sum(y) / len(y)
    cross = sum((a - mx) * (b - my) for a, b in zip(x, y))
    return float(cross / (sum((a - mx) ** 2 for a in x) * sum((b - my) ** 2 for b in y)) ** 0.5)


def test_lists_are_scored_with_an_interval_over_the_clusters() -> None:
    score = invitro.score(GOOD, GOLD, clusters=PERSONS)
    assert score["pcc"].value == pytest.approx(pearson(GOOD, GOLD), abs=5e-5)
    assert score.n == 200 and score.clusters == 50 and score.level == 0.95
    low, high = score["pcc"].low, score["pcc"].high
    assert low is not None and high is not None and low < pearson(GOOD, GOLD) < high
    assert "cluster:cluster" in score.signature
    assert invitro.score(GOOD, GOLD).clusters == 200


def test_data_of_every_kind_give_the_same_figures() -> None:
    numpy = pytest.importorskip("numpy")
    pandas = pytest.importorskip("pandas")
    datasets = pytest.importorskip("datasets")
    expected = invitro.score({"empathy": GOOD}, {"empathy": GOLD}, clusters=PERSONS)
    table = {"empathy": GOLD, "person": PERSONS, "text": ["…"] * 200}
    given: list[tuple[Any, Any, Any]] = [
        (numpy.array(GOOD), pandas.Series(GOLD, name="empathy"), numpy.array(PERSONS)),
        (numpy.array(GOOD)[:, None], {"empathy": GOLD}, PERSONS),
        (pandas.DataFrame({"empathy": GOOD}), pandas.DataFrame(table), "person"),
        (
            datasets.Dataset.from_dict({"empathy": GOOD, "text": ["…"] * 200}),
            datasets.Dataset.from_dict(table),
            ["person"],
        ),
    ]
    for predictions, gold, clusters in given:
        score = invitro.score(predictions, gold, clusters=clusters, targets="empathy")
        assert score.targets == expected.targets
    ranges = {"empathy": (numpy.float64(-9), numpy.float64(99))}
    assert invitro.score(GOOD, GOLD, clusters=PERSONS, targets=ranges).targets == expected.targets


def test_a_dataset_with_splits_is_refused() -> None:
    datasets = pytest.importorskip("datasets")
    splits = datasets.DatasetDict({"dev": datasets.Dataset.from_dict({"empathy": GOLD})})
    with pytest.raises(TypeError, match="one of its splits: dev"):
        invitro.score(GOOD, splits)


def test_rows_are_matched_by_id_where_one_is_named() -> None:
    ids = [f"r{index}" for index in range(200)]
    order = RANDOM.sample(range(200), 200)
    shuffled = {"id": [ids[i] for i in order], "empathy": [GOOD[i] for i in order]}
    score = invitro.score(shuffled, {"id": ids, "empathy": GOLD, "person": PERSONS}, id="id", clusters="person")
    assert score["pcc"] == invitro.score(GOOD, GOLD, clusters=PERSONS)["pcc"]


def test_indexes_that_differ_are_refused() -> None:
    pandas = pytest.importorskip("pandas")
    gold = pandas.Series(GOLD)
    with pytest.raises(ValueError, match="predictions: its index differs from that of gold"):
        invitro.score(pandas.Series(GOOD).sample(frac=1, random_state=1), gold)


def test_files_are_scored_as_data_are(tmp_path: Path) -> None:
    gold, predictions = tmp_path / "gold.csv", tmp_path / "predictions.csv"
    gold.write_text("id,person,empathy\n" + "".join(f"{i},{p},{g!r}\n" for i, (p, g) in enumerate(zip(PERSONS, GOLD))))
    predictions.write_text("id,empathy\n" + "".join(f"{i},{g!r}\n" for i, g in enumerate(GOOD)))
    expected = invitro.score(GOOD, GOLD, clusters=PERSONS)["pcc"]
    table = {"id": list(range(200)), "empathy": GOOD}
    assert invitro.score(predictions, gold, clusters="person")["pcc"] == expected
    assert invitro.score(table, gold, id="id", targets="empathy", clusters="person")["pcc"] == expected


def test_a_benchmark_is_scored_by_its_name(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "invitro"]
    subprocess.run([*program, "data", "sample", "--data", tmp_path], check=True, capture_output=True)
    system = next((tmp_path / "sample24-files" / "systems").glob("*/predictions_EMP.tsv"))
    rows = [line.split("\t") for line in system.read_text().splitlines()]
    by_file = invitro.score(system, benchmark="sample24", split="test", data=tmp_path)
    by_array = invitro.score(
        [[float(x) for x in row] for row in rows], benchmark="sample24", split="test", data=tmp_path
    )
    assert set(by_file.targets) == {"empathy", "distress"}
    assert by_file.targets == by_array.targets
    assert invitro.validate(system, benchmark="sample24", split="test", data=tmp_path)


def test_several_targets_have_ranges_and_groups() -> None:
    gold = {"empathy": GOLD, "distress": GOLD[::-1], "gender": ["a", "b"] * 100}
    ranges = {"empathy": (0.0, 7.5), "distress": None}
    with pytest.warns(invitro.InvitroWarning, match=r"predictions\[1\] \(empathy\): found '7.88.*expected 0.0 to 7.5"):
        score = invitro.score({"empathy": GOOD, "distress": POOR}, gold, targets=ranges, attributes="gender")
    assert set(score.targets) == {"empathy", "distress"}
    assert {(group.attribute, group.name, group.n) for group in score.groups} == {
        ("gender", "a", 100),
        ("gender", "b", 100),
    }
    assert score["empathy", "rmse"].value is not None
    with pytest.raises(KeyError, match="several targets"):
        score["pcc"]
    with pytest.raises(KeyError, match="the metrics are"):
        score["empathy", "auc"]


def test_small_groups_are_withheld_unless_asked_for() -> None:
    gold = {"empathy": GOLD, "gender": ["a"] * 195 + ["b"] * 5}
    withheld = invitro.score({"empathy": GOOD}, gold, attributes="gender").groups
    assert all(group.suppressed and not group.targets for group in withheld)
    shown = invitro.score({"empathy": GOOD}, gold, attributes="gender", all_groups=True)
    assert not shown.publishable
    assert all(group.targets["empathy"]["ccc"].value is not None for group in shown.groups)


def test_an_undefined_figure_is_none_with_a_reason() -> None:
    with pytest.warns(invitro.InvitroWarning, match="the same number on every row"):
        score = invitro.score([3.0] * 200, GOLD)
    assert score["pcc"].value is None and score["pcc"].reason == "the predictions are constant"
    assert score["rmse"].value is not None


def test_two_systems_are_compared() -> None:
    comparison = invitro.compare(GOOD, POOR, GOLD, clusters=PERSONS)
    assert comparison["pcc"].first == pytest.approx(pearson(GOOD, GOLD), abs=5e-5)
    assert comparison["pcc"].second == pytest.approx(pearson(POOR, GOLD), abs=5e-5)
    assert comparison["pcc"].p is not None and comparison["pcc"].p < 0.001
    assert comparison.conclusion.startswith("first is better than second on these 200 rows")


def test_all_faults_come_at_once_with_their_rows() -> None:
    predictions: list[Any] = list(GOOD)
    predictions[3], predictions[7], predictions[9] = None, float("nan"), "high"
    with pytest.raises(invitro.DataError) as caught:
        invitro.score(predictions, GOLD)
    assert caught.value.exit_code == 65
    assert [fault.row for fault in caught.value.faults] == [3, 7, 9]
    assert "predictions[9] (label): found 'high', expected a number" in str(caught.value)
    assert "drop_missing=True" in str(caught.value)
    validation = invitro.validate(predictions, GOLD)
    assert not validation and validation.faults == caught.value.faults


def test_the_rest_is_scored_where_that_is_asked_for() -> None:
    predictions: list[Any] = list(GOOD)
    predictions[3] = None
    score = invitro.score(predictions, GOLD, drop_missing=True)
    rest = [index for index in range(200) if index != 3]
    assert score.n == 199
    expected = pearson([GOOD[i] for i in rest], [GOLD[i] for i in rest])
    assert score["pcc"].value == pytest.approx(expected, abs=5e-5)


def test_faulty_labels_and_missing_files_raise(tmp_path: Path) -> None:
    with pytest.raises(invitro.DataError, match=r"gold\[2\] \(label\): found 'a label that is not shown'"):
        invitro.score(GOOD, [*GOLD[:2], "x", *GOLD[3:]], targets="label")
    with pytest.raises(invitro.DataError) as caught:
        invitro.score(tmp_path / "none.csv", tmp_path / "gold.csv")
    assert caught.value.exit_code == 66


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "either gold or benchmark"),
        ({"gold": GOLD[1:]}, "predictions: found 200 rows, expected 199"),
        ({"gold": GOLD, "clusters": PERSONS[1:]}, "cluster: found 199 values, expected 200"),
        ({"gold": {"empathy": GOLD, "distress": GOLD}}, "expected one of gold's columns"),
        ({"gold": "gold.csv", "clusters": [1, 2]}, "expected names of columns"),
        ({"benchmark": "sample24", "targets": "empathy"}, "a benchmark defines its own"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        invitro.score(GOOD, **arguments)


def test_results_become_data_frames() -> None:
    pandas = pytest.importorskip("pandas")
    frame = invitro.score(GOOD, GOLD).to_frame()
    assert isinstance(frame, pandas.DataFrame) and {"pcc", "ccc", "rmse"} <= set(frame["metric"])
    assert set(invitro.compare(GOOD, POOR, GOLD).to_frame()["target"]) == {"label"}
    faults = invitro.validate([*GOOD[:199], None], GOLD).to_frame()
    assert list(faults["row"]) == [199]


def test_the_trainer_gets_figures_by_name() -> None:
    numpy = pytest.importorskip("numpy")

    class Prediction:
        predictions = numpy.stack([GOOD, POOR], axis=1).astype("float32")
        label_ids = numpy.stack([GOLD, GOLD], axis=1)

    figures = invitro.compute_metrics(["empathy", "distress"], clusters=PERSONS)(Prediction())
    assert figures["empathy_pcc"] == pytest.approx(pearson(GOOD, GOLD), abs=1e-4)
    assert figures["distress_pcc_low"] < pearson(POOR, GOLD) < figures["distress_pcc_high"]
    Prediction.predictions, Prediction.label_ids = (numpy.full((200, 1), 3.0), numpy.array(GOLD)), numpy.array(GOLD)
    Prediction.predictions = (Prediction.predictions[0], numpy.zeros(3))
    with pytest.warns(invitro.InvitroWarning):
        constant = invitro.compute_metrics(intervals=False)(Prediction())
    assert set(constant) == {"pcc", "ccc", "rmse"} and numpy.isnan(constant["pcc"])


def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INVITRO_PROGRAM", "/none/invitro")
    with pytest.raises(invitro.InvitroError, match="/none/invitro: is not there"):
        invitro.score(GOOD, GOLD)


def test_python_m_invitro_becomes_the_program() -> None:
    done = subprocess.run([sys.executable, "-m", "invitro", "scroe"], capture_output=True, text=True, check=False)
    assert done.returncode == 64 and "scroe" in done.stderr
    assert subprocess.run([sys.executable, "-m", "invitro", "--version"], capture_output=True, check=True).stdout
