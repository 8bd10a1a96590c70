"""A benchmark of one's own: 5,000 rows, two targets, three attributes and two cluster columns, from a
CSV to a served leaderboard, as an organiser and a team would do it from the guide. Then every shipped
definition against the published JSON Schema (2020-12).

usage: own_benchmark.py PATH_OF_INVITRO
"""
import csv
import json
import os
import pathlib
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import jsonschema

program = sys.argv[1]
root = pathlib.Path(__file__).resolve().parent.parent.parent
checks = 0


def check(holds, what):
    global checks
    if not holds:
        sys.exit(f"test-benchmark: {what}")
    checks += 1


class Home:
    """A working folder; counts the commands."""

    def __init__(self, folder):
        self.folder = folder
        self.environment = {**os.environ, "INVITRO_DATA": str(folder / "data")}
        self.commands = 0

    def run(self, *words, status=0, **environment):
        self.commands += 1
        done = subprocess.run(
            [program, *words], cwd=self.folder, env={**self.environment, **environment},
            capture_output=True, text=True, timeout=600)
        check(done.returncode == status, f"{' '.join(words)}: {done.returncode}\n{done.stderr}")
        return done


def write_rows(file, predictions):
    """5,000 turns of 400 conversations by 150 speakers; and the predictions of the split test."""
    random.seed(17)
    speakers = {n: random.gauss(0, 1) for n in range(150)}
    with open(file, "w", newline="") as out, open(predictions, "w", newline="") as guess:
        rows, guesses = csv.writer(out), csv.writer(guess)
        rows.writerow(
            ["turn_id", "conversation_id", "speaker_id", "platform", "age", "language", "words",
             "valence", "arousal", "part"])
        guesses.writerow(["id", "valence", "arousal"])
        for n in range(5000):
            conversation = n * 400 // 5000
            speaker = random.randrange(150)
            truth = 5 + speakers[speaker] + random.gauss(0, 1.5)
            valence = min(10, max(0, round(truth, 2)))
            arousal = min(7, max(1, round(4 + random.gauss(0, 1.2), 2)))
            part = ["train", "train", "train", "dev", "test"][conversation % 5]
            rows.writerow(
                [f"t{n}", f"c{conversation}", f"s{speaker}", random.choice(["forum", "chat", "mail"]),
                 random.randrange(18, 80), random.choice(["en", "de"]),
                 f"Turn {n}: that was {random.choice(['kind', 'hard', 'sad', 'good'])} of them, I felt "
                 "it for a long while.", valence, arousal, part])
            if part == "test":
                guesses.writerow(
                    [f"t{n}", round(truth + random.gauss(0, 1), 3),
                     round(arousal + random.gauss(0, 1), 3)])


def serve(home):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home.commands += 1
    server = subprocess.Popen(
        [program, "serve", "--port", str(port)],
        cwd=home.folder, env=home.environment, stdout=subprocess.DEVNULL, stderr=open(home.folder / "serve.log", "w"))
    address = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            urllib.request.urlopen(address + "/api/v1/benchmarks", timeout=5).read()
            return server, address
        except OSError:
            time.sleep(0.2)
    sys.exit("test-benchmark: the server does not answer\n" + (home.folder / "serve.log").read_text())


def get(address):
    return urllib.request.urlopen(address, timeout=10).read().decode()


def appears(address, text):
    """Whether the page has the text within half a minute: pages follow the store within seconds."""
    for _ in range(150):
        try:
            if text in get(address):
                return True
        except OSError:
            pass
        time.sleep(0.2)
    return False


def leaderboard(folder):
    home = Home(folder)
    (folder / "files").mkdir()
    write_rows(folder / "files/all.csv", folder / "predictions.csv")
    home.run(
        "benchmark", "init", "turns", "--from", "files/all.csv", "--id", "turn_id",
        "--target", "valence:0:10", "--target", "arousal:1:7",
        "--cluster", "conversation=conversation_id", "--cluster", "speaker=speaker_id",
        "--attribute", "platform", "--attribute", "language", "--attribute", "age",
        "--text", "words", "--split-column", "part")
    definition = json.loads((folder / "data/turns/benchmark.json").read_text())
    check([t["name"] for t in definition["targets"]] == ["valence", "arousal"], "targets")
    check(definition["clusters"] == ["conversation", "speaker"], "clusters")
    check(len(definition["groups"]) == 3, "three attributes with groups")
    home.run("benchmark", "check", "turns", "--from", "files")
    home.run("data", "import", "turns", "--from", "files")
    token = home.run("team", "add", "My team").stdout
    token = re.search(r"[A-Za-z0-9_-]{20,}", token).group()
    home.run("phase", "set", "-b", "turns", "-s", "test", "--labels", "open", "--visibility", "public")
    server, address = serve(home)
    try:
        home.run(
            "submit", "push", "predictions.csv", "--server", address, "-b", "turns", "-s", "test",
            "--system", "First try", INVITRO_TOKEN=token)
        check(home.commands < 10, f"{home.commands} commands, fewer than ten wanted")
        for _ in range(100):
            try:
                board = json.loads(get(address + "/api/v1/leaderboard?benchmark=turns&split=test"))
                if board.get("rows"):
                    break
            except OSError:
                pass
            time.sleep(0.2)
        check(board["rows"][0]["system"] == "First try", f"the board's row: {board}")
        known = json.loads(get(address + "/api/v1/benchmarks"))
        ids = [one["id"] for one in (known if isinstance(known, list) else known["benchmarks"])]
        check(ids == ["turns"], f"the organiser's benchmark and no other, found {ids}")
        check(appears(address + "/turns/test/", "First try"), "the board's page names the system")
        check("NewsEmp" not in get(address + "/"), "the home page speaks of the organiser's own")
    finally:
        server.terminate()
        server.wait(30)
    scored = json.loads(
        home.run("score", "predictions.csv", "-b", "turns", "-s", "test", "--format", "json").stdout)
    check(scored["n"] == 1000 and scored["clusters"] == 80, "rows and conversations of the split")
    check({"valence", "arousal"} <= set(scored["targets"]), "figures of both targets")
    changed = folder / "data/turns/benchmark.json"
    definition["targets"][0]["high"] = 12
    changed.write_text(json.dumps(definition))
    told = home.run("score", "predictions.csv", "-b", "turns", "-s", "test", status=65).stderr
    check("targets" in told and "turns/t" in told, f"a changed definition is told: {told}")
    near = home.run("score", "predictions.csv", "-b", "turn", "-s", "test", status=64).stderr
    check("turns" in near, "a near name is suggested")


def schema(folder):
    home = Home(folder)
    printed = json.loads(home.run("benchmark", "schema").stdout)
    published = json.loads((root / "docs/reference/benchmark.schema.json").read_text())
    check(printed == published, "the schema in docs is the program's")
    jsonschema.Draft202012Validator.check_schema(published)
    validator = jsonschema.Draft202012Validator(published)
    files = sorted((root / "Sources/Harness/Resources/Benchmarks").glob("*.json"))
    shipped = [file for file in files if not file.name.startswith("fetch-")]
    check(len(shipped) >= 8, "the shipped definitions")
    for file in shipped:
        faults = list(validator.iter_errors(json.loads(file.read_text())))
        check(not faults, f"{file.name}: {faults[:1]}")
        home.run("benchmark", "check", str(file))
    broken = json.loads(shipped[0].read_text())
    broken["clustres"] = broken.pop("clusters")
    (folder / "broken.json").write_text(json.dumps(broken))
    check(list(validator.iter_errors(broken)), "a misspelt key is against the schema")
    told = home.run("benchmark", "check", "broken.json", status=65).stderr
    check("clustres" in told and "clusters" in told, "and is told with what was meant")


with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
    leaderboard(pathlib.Path(one))
    schema(pathlib.Path(two))
print(f"test-benchmark: {checks} checks hold")
