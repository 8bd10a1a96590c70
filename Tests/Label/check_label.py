"""Labels synthetic essays with a real server, llama.cpp by llama-cpp-python, and looks at what it and
the journal hold: answers under a JSON schema, free text, sampling, seeds, a kill, keys, prices.

usage: check_label.py PATH_OF_INVITRO
"""
import collections
import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import tiny_gguf

program = sys.argv[1]
KEY = "a-key-that-is-written-nowhere"
ESSAYS = 63
checks = 0


def check(holds, what):
    global checks
    if not holds:
        sys.exit(f"test-label: {what}")
    checks += 1


class Home:
    """A working folder with the synthetic benchmark and the address of a server."""

    def __init__(self, folder, address):
        self.folder, self.address = folder, address
        self.environment = {**os.environ, "INVITRO_DATA": str(folder / "data"), "TINY_KEY": KEY}

    def words(self, name, *more, address=None):
        return [
            program, "label", "-b", "sample24", "-s", "dev", "--base-url", address or self.address,
            "--model", "tiny", "--key-variable", "TINY_KEY", "--concurrency", "2", "--journal",
            f"{name}.jsonl", "--out", f"{name}.tsv", "--items", f"{name}-items.tsv", "--json", *more]

    def label(self, name, *more, status=0, address=None, **environment):
        done = subprocess.run(
            self.words(name, *more, address=address), cwd=self.folder,
            env={**self.environment, **environment}, capture_output=True, text=True, timeout=600)
        check(done.returncode == status, f"{name}: status {done.returncode}\n{done.stderr}")
        return done

    def journal(self, name):
        return [json.loads(line) for line in (self.folder / f"{name}.jsonl").open()]

    def table(self, name):
        lines = (self.folder / f"{name}.tsv").read_text().splitlines()
        header = lines[0].split("\t")
        return [dict(zip(header, line.split("\t"))) for line in lines[1:]]


@contextlib.contextmanager
def server(folder):
    """Serves the tiny model on a free port of the loopback; its log is shown where it fails."""
    model = folder / "tiny.gguf"
    tiny_gguf.main(str(model))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "llama_cpp.server", "--model", str(model), "--model_alias", "tiny",
             "--host", "127.0.0.1", "--port", str(port), "--n_ctx", "2560", "--n_threads", "1",
             "--n_threads_batch", "1", "--api_key", KEY],
            stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}/v1"
    try:
        for _ in range(300):
            request = urllib.request.Request(
                f"{address}/models", headers={"Authorization": f"Bearer {KEY}"})
            try:
                urllib.request.urlopen(request, timeout=5).close()
                break
            except (urllib.error.URLError, ConnectionError):
                if process.poll() is not None:
                    break
                time.sleep(0.2)
        else:
            sys.exit("test-label: the server does not come up")
        yield address
    except SystemExit:
        print((folder / "server.log").read_text()[-3000:], file=sys.stderr)
        raise
    finally:
        process.terminate()
        process.wait(20)


def constrained(home):
    """Every answer under a schema can be read, and the journal has what the server says of it."""
    prices = home.folder / "prices.json"
    prices.write_text(json.dumps({"tiny": {"prompt": 1, "answer": 1000}}))
    schema = ["--response-format", "json_schema", "--prices", str(prices)]
    report = json.loads(home.label("schema", *schema).stdout)
    check(report["labelled"] == ESSAYS and report["unreadableAnswers"] == 0, f"labels: {report}")
    check(report["finishReasons"] == {"stop": ESSAYS}, f"answers end by themselves: {report}")
    entries = home.journal("schema")
    check(len(entries) == ESSAYS, "an answer an essay")
    items = list(home.table("schema-items")[0])[-6:]
    sent = received = 0
    for entry in entries:
        scores = json.loads(entry["answer"])
        check([scores[item] for item in items] == entry["scores"], f"the answer's scores: {entry}")
        check(len(scores) == 6 and all(1 <= score <= 7 for score in scores.values()), "six scores")
        check(entry["model"] == "tiny" and entry["finishReason"] == "stop", "model, finish_reason")
        check(entry["question"]["settings"]["format"] == "json_schema", "the form that was asked for")
        usage = entry["usage"]
        check(usage["prompt_tokens"] > 500 and usage["completion_tokens"] > 50, f"usage: {usage}")
        sent, received = sent + usage["prompt_tokens"], received + usage["completion_tokens"]
    check(abs(report["spent"] - (sent + 1000 * received) / 1e6) < 1e-4, "the price of the tokens")
    rows = home.table("schema")
    check(len(rows) == ESSAYS and all(1 <= float(row["llm_empathy"]) <= 7 for row in rows), "table")
    again = json.loads(home.label("schema", *schema).stdout)
    check(again["requests"] == 0 and again["labelled"] == ESSAYS, "what is answered is not asked")
    one = json.loads(home.label("plain", "--prompt", "plain", "--max-requests", "5", *schema,
                                status=1).stdout)
    # The schema's form is found out by one refused request of each of the two workers at most.
    check(one["requests"] == 5 and 3 <= one["labelled"] == ESSAYS - one["notAsked"], f"a cap: {one}")


def free_text(home):
    """A model that answers nonsense is given up, with an example and status 1."""
    told = home.label("text", "--give-up-after", "3", "--concurrency", "1", status=1)
    check("answers cannot be read. The last one:" in told.stderr, f"an example: {told.stderr}")
    check(len(home.journal("text")) == 3, "three answers were paid for")
    check(json.loads(told.stdout)["stoppedBy"] == "unreadable", "the report says why it stopped")


def sampling(home):
    """Temperature and seed reach the model: the n-th sample of an essay has the seed plus n."""
    def answers(name, *more, count=6):
        # One more request finds out the schema's form.
        home.label(
            name, "--response-format", "json_schema", "--max-requests", str(count + 1),
            "--concurrency", "1", *more, status=1)
        keyed = collections.defaultdict(dict)
        for entry in home.journal(name):
            keyed[entry["question"]["id"]][entry["question"]["sample"]] = entry["answer"]
        return keyed
    refused = home.label("twice", "--samples", "2", status=64).stderr
    check("--temperature" in refused and "--yes" in refused, f"two at temperature 0: {refused}")
    hot = ["--temperature", "1.5", "--top-p", "1", "--seed-request"]
    first = answers("first", "--samples", "2", *hot, "70")
    second = answers("second", "--samples", "2", *hot, "70")
    check(first == second, "the same seed gives the same answers")
    check(all(found[0] != found[1] for found in first.values() if len(found) == 2), "samples differ")
    shifted = answers("shifted", *hot, "71", count=3)
    check(all(shifted[id][0] == found[1] for id, found in first.items()), "the second has seed + 1")
    rows = [row for row in home.table("first-items") if row["samples"] == "2"]
    check(rows and all(float(row["llm_empathy_sd"]) > 0 for row in rows), "a spread over samples")
    cold = answers("cold", "--samples", "2", "--yes", "--seed-request", "1")
    check(all(found[0] == found[1] for found in cold.values()), "at temperature 0 they are the same")


def kills(home):
    """SIGKILL in the middle: the next run asks what is left and nothing twice."""
    words = home.words("killed", "--response-format", "json_schema")
    for least in [5, 20]:
        process = subprocess.Popen(
            words, cwd=home.folder, env=home.environment, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        file = home.folder / "killed.jsonl"
        while process.poll() is None and (
                not file.exists() or file.read_bytes().count(b"\n") < least):
            time.sleep(0.02)
        check(process.poll() is None, "the run is killed before its end")
        process.send_signal(signal.SIGKILL)
        process.wait()
    before = file.read_bytes().count(b"\n")
    rest = json.loads(home.label("killed", "--response-format", "json_schema").stdout)
    check(ESSAYS - before <= rest["requests"] <= ESSAYS - before + 2, f"{before} before, {rest}")
    asked = collections.Counter(entry["question"]["id"] for entry in home.journal("killed"))
    check(len(asked) == ESSAYS and set(asked.values()) == {1}, "every essay once")
    check(home.table("killed") == home.table("schema"), "the labels of an uninterrupted run")


def wrong(home):
    """A refused key and a wrong path end the run at the first answer."""
    told = home.label("key", status=69, TINY_KEY="another-key").stderr
    check("401" in told and "another-key" not in told, f"a refused key: {told}")
    told = home.label("path", status=69, address=home.address.removesuffix("/v1")).stderr
    check("404" in told, f"a wrong path: {told}")
    for file in home.folder.glob("*.*"):
        if file.suffix in {".jsonl", ".tsv", ".json"}:
            check(KEY not in file.read_text(), f"the key stands in {file.name}")


def agreement(home):
    """The labels are read by the commands that come after."""
    done = subprocess.run(
        [program, "agreement", "-b", "sample24", "-s", "dev", "--labels", "tiny=schema.tsv", "--format=json"],
        cwd=home.folder, env=home.environment, capture_output=True, text=True, timeout=600)
    check(done.returncode == 0 and json.loads(done.stdout)["rows"] == ESSAYS, f"{done.stderr}")


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    with server(folder) as address:
        home = Home(folder, address)
        subprocess.run(
            [program, "data", "sample"], cwd=folder, env=home.environment, check=True,
            capture_output=True, timeout=600)
        for part in [constrained, free_text, sampling, kills, wrong, agreement]:
            start = time.monotonic()
            part(home)
            print(f"{part.__name__}: {time.monotonic() - start:.0f} s", file=sys.stderr)
print(f"test-label: {checks} checks hold")
