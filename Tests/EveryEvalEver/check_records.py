"""Validates records of Every Eval Ever; run by scripts/test-formats.

usage: check_records.py FOLDER BOARD
FOLDER has data/…; BOARD is the board's leaderboard.json, with which the records must agree.
"""

import json
import math
import pathlib
import re
import sys

import jsonschema

HERE = pathlib.Path(__file__).parent
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\.json")
RESERVED = {"data", "con", "prn", "aux", "nul"}

folder, board = pathlib.Path(sys.argv[1]), json.loads(pathlib.Path(sys.argv[2]).read_text())
schema = json.loads((HERE / "eval.schema.json").read_text())
validator = jsonschema.Draft7Validator(schema)
validator.check_schema(schema)
systems = {(row["team"], row["system"]): row for row in board["rows"]}
ids = set()
paths = sorted(path for path in folder.rglob("*") if path.is_file())
for path in paths:
    record = json.loads(path.read_text(), parse_constant=lambda name: sys.exit(f"{path}: {name}"))
    validator.validate(record)
    # Where the datastore looks for a model.
    data, collection, developer, model, name = path.relative_to(folder).parts
    assert data == "data" and collection == board["benchmark"] and UUID.fullmatch(name), path
    assert record["model_info"]["id"] == f"{developer}/{model}", path
    assert not {developer, model} & RESERVED and not model.endswith((".", " ")), path
    assert record["schema_version"] == schema["version"]
    assert record["evaluation_id"].endswith(record["retrieved_timestamp"])
    ids.add(record["evaluation_id"])
    # What is in it is what the board shows.
    row = systems.pop((record["model_info"]["developer"], record["model_info"]["name"]))
    figures = {(target, metric): figure for target, scores in row["targets"].items()
               for metric, figure in scores.items()
               if isinstance(figure, dict) and "value" in figure
               and metric not in ("rowwise", "pccWithin")}
    for result in record["evaluation_results"]:
        target, metric = result["evaluation_result_id"].split(".")
        figure = figures.pop((target, metric))
        config, score = result["metric_config"], result["score_details"]["score"]
        assert score == figure["value"] and config["score_type"] == "continuous", path
        low, high = float(config["min_score"]), float(config["max_score"])
        assert math.isfinite(score) and low <= score <= high, (path, metric, score)
        assert config["lower_is_better"] == (metric in ("rmse", "mae")), (path, metric)
        interval = result["score_details"].get("uncertainty", {}).get("confidence_interval", {})
        assert (interval.get("lower"), interval.get("upper")) == (figure.get("low"), figure.get("high"))
        assert interval.get("confidence_level", board["level"]) == board["level"]
    assert not figures, (path, figures)
assert not systems and len(ids) == len(paths) > 0, systems
print(f"every-eval-ever: {len(paths)} records are valid by schema {schema['version']}")
