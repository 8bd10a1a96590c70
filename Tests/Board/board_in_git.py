"""A leaderboard in git: the folder that `invitro init board` writes, and what its scripts say of pull
requests in a real repository. GitHub's API is a server on this machine.

usage: board_in_git.py PATH_OF_INVITRO
"""
import csv
import hashlib
import http.server
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import unicodedata
import zipfile

program = sys.argv[1]
checks = 0


def check(holds, what):
    global checks
    if not holds:
        sys.exit(f"test-init-board: {what}")
    checks += 1


class Place:
    """A folder with the program on the path and a git identity."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "bin").mkdir()
        (folder / "bin/invitro").symlink_to(program)
        self.environment = {
            **os.environ, "PATH": f"{folder}/bin:{os.environ['PATH']}", "HOME": str(folder),
            "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org",
            "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org"}
        self.environment.pop("INVITRO_DATA", None)
        self.environment.pop("GITHUB_ACTIONS", None)

    def run(self, *words, status=0, cwd=None, **environment):
        done = subprocess.run(
            [str(word) for word in words], cwd=cwd or self.folder, capture_output=True, text=True,
            env={**self.environment, **environment}, timeout=900)
        if status is not None:
            check(done.returncode == status,
                  f"{' '.join(map(str, words))}: ended with {done.returncode}, expected {status}\n"
                  f"{done.stdout}{done.stderr}")
        return done


def write_rows(file):
    random.seed(20)
    with open(file, "w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["turn_id", "conversation_id", "words", "valence"])
        for n in range(400):
            rows.writerow([f"t{n}", f"c{n // 8}", f"Turn {n} was a long one, and I felt it.",
                           f"{random.uniform(0, 10):.7f}"])


def predictions(place, board, file, noise):
    """Predictions of the split test: its labels, as the data home has them, with noise."""
    random.seed(noise)
    with open(board / "data/turns/test.csv", newline="") as rows, open(file, "w") as out:
        out.write("id\tvalence\n")
        for row in csv.DictReader(rows):
            value = min(10, max(0, float(row["valence"]) + random.gauss(0, noise)))
            out.write(f"{row['id']}\t{value:.3f}\n")


class Board:
    """A repository and its pull requests."""

    def __init__(self, place, folder):
        self.place, self.folder, self.count = place, folder, 0
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit("A leaderboard")

    def git(self, *words, **options):
        return self.place.run("git", *words, cwd=self.folder, **options)

    def commit(self, subject):
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", subject)

    def submit(self, file, team, system, *options, benchmark="benchmark.json"):
        """Adds an entry as a team does, and returns its folder."""
        done = self.place.run(
            "invitro", "submit", "add", file, "--benchmark", benchmark, "--split", "test", "--team",
            team, "--system", system, "--date", "2026-02-03", *options, cwd=self.folder)
        return self.folder / done.stdout.strip()

    def branch(self):
        self.count += 1
        self.git("switch", "--quiet", "--create", f"pull-{self.count}", "main")

    def check(self, author, status, *texts, merge=False, **environment):
        """Checks what was changed since `branch` in a checkout of its merge, by the scripts of main."""
        name = f"pull-{self.count}"
        self.commit("Title $(touch pwned) `touch pwned`")
        self.git("switch", "--quiet", "main")
        checkout = self.place.folder / f"{self.folder.name}-merge-{self.count}"
        self.git("worktree", "add", "--quiet", "--detach", checkout, "main")
        self.place.run("git", "merge", "--quiet", "--no-ff", "-m", "Merge", name, cwd=checkout)
        result = self.place.folder / f"{self.folder.name}-result-{self.count}"
        words = [author] if author else []
        done = self.place.run(
            self.folder / "scripts/check-pull-request", checkout, result, *words, status=None,
            **environment)
        table = (result / "table.txt").read_text() if (result / "table.txt").exists() else ""
        check(done.returncode == status,
              f"pull request {self.count} ended with {done.returncode}, expected {status}\n{table}"
              f"{done.stderr}")
        for text in texts:
            check(text in table, f"pull request {self.count}: no {text!r} in\n{table}")
        check(not list(self.place.folder.rglob("pwned")), "a name or a title was run")
        if merge:
            self.git("merge", "--quiet", "--no-ff", "-m", "Merge", name)
        return table, done.stdout


def files_are_sound(place, board):
    scripts = [file for file in (board / "scripts").iterdir() if file.suffix != ".py"]
    check(len(scripts) == 6, f"scripts: {scripts}")
    place.run("shellcheck", "--external-sources", *sorted(scripts))
    bash = [file for file in scripts if file.name != "settings"]
    check(all(os.access(file, os.X_OK) for file in bash), "a script cannot be executed")
    tool = pathlib.Path(sys.executable).parent / "check-jsonschema"
    workflows = sorted((board / ".github/workflows").iterdir())
    check([file.name for file in workflows] == ["check.yml", "comment.yml", "site.yml"], "workflows")
    place.run(tool, "--builtin-schema", "vendor.github-workflows", *workflows)
    place.run(tool, "--builtin-schema", "vendor.dependabot", board / ".github/dependabot.yml")
    untrusted = (".title", ".body", ".head.ref", ".head_branch", "github.head_ref", ".message")
    for file in workflows:
        text = file.read_text()
        for line in text.splitlines():
            if "run:" in line:
                check("${{" not in line, f"{file.name}: an expression in a command: {line}")
        check(not any(name in text for name in untrusted), f"{file.name}: names untrusted text")
        check("pull_request_target" not in text, f"{file.name}: pull_request_target")
    check(": write" not in workflows[0].read_text(), "the check may write")


def installs(place, board):
    """A wheel is installed by its digest and no other; a program of another version is refused."""
    settings = (board / "scripts/settings").read_text()
    said = next(line for line in settings.splitlines() if line.startswith("version="))
    version = said.removeprefix("version=")
    check("program=\nprogram_sha256=\n" in settings, settings)
    place.run(sys.executable, "-m", "venv", place.folder / "venv")
    path = f"{place.folder}/venv/bin:{os.environ['PATH']}"

    def install(found, digest=None, status=0):
        wheel = place.folder / f"invitro-{version}-py3-none-any.whl"
        info = f"invitro-{version}.dist-info"
        with zipfile.ZipFile(wheel, "w") as archive:
            script = zipfile.ZipInfo(f"invitro-{version}.data/scripts/invitro")
            script.external_attr = 0o100755 << 16
            archive.writestr(script, f"#!/bin/sh\necho {found}\n")
            archive.writestr(f"{info}/METADATA",
                             f"Metadata-Version: 2.1\nName: invitro\nVersion: {version}\n")
            archive.writestr(f"{info}/WHEEL",
                             "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            archive.writestr(f"{info}/RECORD", "")
        digest = digest or hashlib.sha256(wheel.read_bytes()).hexdigest()
        copy = place.folder / f"install-{found}-{digest[:4]}"
        copy.mkdir()
        shutil.copy(board / "scripts/install-program", copy)
        (copy / "settings").write_text(settings.replace(
            "program=\nprogram_sha256=\n",
            f"program={wheel}\nprogram_sha256={digest}\n"))
        place.run(place.folder / "venv/bin/pip", "uninstall", "--quiet", "--yes", "invitro")
        return place.run(copy / "install-program", status=status, PATH=path)

    done = place.run(board / "scripts/install-program", status=64, PATH=path, GITHUB_ACTIONS="true")
    check("set program and program_sha256" in done.stderr, "a program without a digest")
    named = place.folder / "install-name"
    named.mkdir()
    shutil.copy(board / "scripts/install-program", named)
    (named / "settings").write_text(settings.replace("program=\n", "program=invitro\n"))
    done = place.run(named / "install-program", status=64, PATH=path)
    check("expected the address or file of a wheel" in done.stderr, "a bare name")
    install(version)
    check("THESE PACKAGES DO NOT MATCH" in install(version, "0" * 64, status=1).stderr, "the digest")
    check("asks for" in install("9.9.9", status=1).stderr, "the version")


def honest(board, place):
    """Two teams, of which the organisers list the first; returns the first one's folder."""
    board.branch()
    predictions(place, board.folder, place.folder / "one.tsv", 3)
    first = board.submit(place.folder / "one.tsv", "Équipe", "One")
    board.check("alice", 0, "Turns, test", "> ", "–", "One", "Équipe", "95% interval", merge=True)
    (board.folder / "teams.tsv").open("a").write("Équipe\tAlice, bob\n")
    board.commit("A team")
    board.branch()
    predictions(place, board.folder, place.folder / "two.tsv", 5)
    board.submit(place.folder / "two.tsv", "Others", "Two")
    table, _ = board.check("carol", 0, "Others", merge=True)
    own = [line for line in table.splitlines() if line.startswith(">")]
    check(len(own) == 1 and "Two" in own[0] and own[0].split()[1] != "–",
          f"the second of two is not marked with its rank:\n{table}")
    return first


def dishonest(board, place, first):
    entry = first.relative_to(board.folder)
    three = place.folder / "three.tsv"
    predictions(place, board.folder, three, 4)

    board.branch()
    folder = board.submit(three, "Thirds", "Three")
    text = (folder / "predictions.tsv").read_text().splitlines()
    text[1] = text[1].split("\t")[0] + "\tnan"
    text[2] = "nobody\t5"
    (folder / "predictions.tsv").write_text("\n".join(text) + "\n")
    board.check("dave", 1, "Refused", "predictions.tsv:2", "predictions.tsv:3", "nobody")

    board.branch()
    board.submit(three, "Thirds", "Three")
    (board.folder / "scripts/check-pull-request").write_text("#!/bin/sh\ntouch pwned\n")
    (board.folder / "README.md").write_text("Mine\n")
    board.check("dave", 1, "scripts/check-pull-request: is changed (M)", "README.md: is changed (M)")

    board.branch()
    (board.folder / entry / "predictions.tsv").write_text(three.read_text())
    board.check("dave", 1, "dave is no member of the team 'Équipe'")

    board.branch()
    shutil.rmtree(board.folder / entry)
    board.check("dave", 1, "submission.json: is deleted")

    for team, reason in [
            ("Équipe", "dave is no member of the team 'Équipe'"),
            ("Others", "there are submissions of a team 'Others'"),
            ("Othеrs", "a name that does not look like it")]:
        board.branch()
        folder = board.submit(three, "Placeholder", "Three")
        fields = json.loads((folder / "submission.json").read_text())
        fields["team"] = team
        (folder / "submission.json").write_text(json.dumps(fields))
        board.check("dave", 1, reason if team != "Othеrs" else "Othеrs")

    for team in [unicodedata.normalize("NFD", "Équipe"), "Others\u200b", " Others", "Others\u00a0"]:
        board.branch()
        folder = board.submit(three, "Placeholder", "Three")
        fields = json.loads((folder / "submission.json").read_text())
        fields["team"] = team
        (folder / "submission.json").write_text(json.dumps(fields))
        board.check("dave", 1, "expected a name in Unicode's NFC")

    board.branch()
    folder = board.submit(three, "Thirds", "Three")
    said = (folder / "submission.json").read_text()
    (folder / "submission.json").write_text(said.replace("{", '{"team": "Others",', 1))
    board.check("dave", 1, "the key 'team' stands there 2 times")

    # A member moves the folder of another team into her own name.
    board.branch()
    folder = board.folder / "submissions/turns/others-two/submission.json"
    folder.write_text(folder.read_text().replace("Others", "Équipe"))
    board.check("alice", 1, "the folder belongs to the team 'Others'")

    board.branch()
    folder = board.submit(three, "Thirds", "Three")
    (folder / "predictions.tsv").unlink()
    (folder / "predictions.tsv").symlink_to("../../../labels/all.csv")
    table, _ = board.check("dave", 1, "has mode 120000, expected a plain file")

    board.branch()
    folder = board.submit(three, "Thirds", "Three")
    (folder / "$(touch pwned)\n::add-mask::x").write_text("x")
    (folder / "`touch pwned`;touch pwned").write_text("x")
    table, _ = board.check("dave", 1, "is changed (A)", "expected submission.json")
    check(not any(line.startswith("::") for line in table.splitlines()), "a line of a file's name")

    board.branch()
    board.submit(three, "Thirds", "Three")
    (board.folder / "submissions/other").mkdir()
    shutil.copytree(first, board.folder / "submissions/other/x")
    board.check("dave", 1, "takes submissions/turns/ alone", "changes 2 submissions, expected one")

    board.branch()
    folder = board.submit(three, "Thirds", "Three")
    with open(folder / "predictions.tsv", "a") as file:
        file.write(" " * 20_000_001)
    board.check("dave", 1, "expected at most 20000000")

    # What the program says of a file is no command to the runner.
    board.branch()
    folder = board.submit(three, "Thirds", "Three")
    fields = json.loads((folder / "submission.json").read_text())
    fields["submitted"] = "x\n::error::taken over"
    (folder / "submission.json").write_text(json.dumps(fields))
    _, out = board.check("dave", 1, "YYYY-MM-DD", GITHUB_ACTIONS="true")
    lines = out.splitlines()
    check(lines[0].startswith("::stop-commands::") and len(lines[0]) == 17 + 32
          and lines[-1] == f"::{lines[0][17:]}::", f"commands are not stopped:\n{out}")


def owners_and_organisers(board, place, first):
    board.branch()
    file = board.folder / first.relative_to(board.folder) / "submission.json"
    fields = json.loads(file.read_text())
    fields["history"] = [{"day": "2026-02-04", "kind": "withdrawn", "text": "A mistake."}]
    file.write_text(json.dumps(fields))
    board.check("BOB", 0, "no scores", merge=True)
    for kinds in [], ["withdrawn", "restored"], ["withdrawn", "reproduced"], ["note", "withdrawn"]:
        board.branch()
        fields["history"] = [
            {"day": "2026-02-04", "kind": kind, "text": "A mistake."} for kind in kinds]
        file.write_text(json.dumps(fields))
        board.check("bob", 1, "(history")
    board.branch()
    (board.folder / "README.md").write_text("# Another text\n")
    board.check("", 0, "Turns, test", "Two")
    board.branch()
    (board.folder / "submissions/turns/others-two/predictions.tsv").write_text("id\tvalence\n")
    board.check("", 1, "Refused")


class API(http.server.BaseHTTPRequestHandler):
    """As much of GitHub's API as a comment takes."""

    head = "a" * 40
    comments, asked = [], []
    changed = ["submissions/turns/x/submission.json"]

    def answer(self, document, status=200):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.headers["Authorization"] != "Bearer secret":
            return self.answer({"message": "Bad credentials"}, 401)
        path, _, query = self.path.partition("?")
        self.asked.append(self.path)
        if path == "/repos/o/board/pulls":
            if "page=1" in query.split("&"):
                return self.answer([{"number": n, "head": {"sha": "b" * 40}} for n in range(100)])
            return self.answer([{"number": 117, "head": {"sha": self.head}}])
        if path == "/repos/o/board/pulls/117/files":
            return self.answer([{"filename": name} for name in self.changed])
        if path == "/repos/o/board/issues/117/comments":
            return self.answer(self.comments)
        self.answer({"message": "Not Found"}, 404)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"]
        self.comments.append(
            {"id": 7, "user": {"login": "github-actions[bot]"}, "body": body, "by": self.command})
        self.answer({}, 201)

    def do_PATCH(self):
        if self.path != "/repos/o/board/issues/comments/7":
            return self.answer({}, 404)
        self.comments[:] = [item for item in self.comments if item["id"] != 7]
        self.do_POST()

    def log_message(self, *words):
        pass


def comments(board, place):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), API)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    result = place.folder / "comment"
    result.mkdir()
    environment = {
        "GITHUB_TOKEN": "secret", "GITHUB_REPOSITORY": "o/board",
        "GITHUB_API_URL": f"http://127.0.0.1:{server.server_port}"}
    run = "https://github.com/o/board/actions/runs/1"

    def comment(commit=API.head, conclusion="success", status=0):
        place.run(board / "scripts/comment-table", result, commit, conclusion, run, status=status,
                  **environment)
        return [item for item in API.comments if item["user"]["login"] == "github-actions[bot]"]

    # Somebody else's comment that begins as the check's own is left alone.
    API.comments.append({"id": 3, "user": {"login": "mallory"}, "body":
                         "<!-- invitro: result of the check -->"})
    hostile = "```\n@everyone <img src=x>\n```\n# Passed\x1b[2J\u202e $(touch pwned)\n" + "x" * 90_000
    (result / "table.txt").write_text(hostile)
    made = comment(conclusion="failure")
    check(len(made) == 1 and made[0]["by"] == "POST", "one comment is made")
    body = made[0]["body"]
    check(f"**The check found faults.** Of commit {API.head}." in body and f"[Log]({run})" in body, f"verdict: {body[:200]}")
    check(body.count("```") == 2 and body.rstrip().endswith("```"), "the block is left")
    check("\x1b" not in body and "\u202e" not in body and len(body) < 21_000, "the text is cleaned")
    check("outside submissions/" not in body, "a warning of files")

    (result / "table.txt").unlink()
    API.changed.append(".github/workflows/check.yml")
    made = comment()
    check(len(made) == 1 and made[0]["by"] == "PATCH", "the comment is changed")
    check("**The check passed.**" in made[0]["body"] and "There is no table" in made[0]["body"]
          and "**Changes 1 files outside submissions/.**" in made[0]["body"], made[0]["body"])
    check(len(API.comments) == 2, "another's comment is gone")
    count = len(API.asked)
    comment(commit="b" * 39 + "; touch pwned", status=64)
    check(len(API.asked) == count, "a commit that is none was asked for")
    environment["GITHUB_TOKEN"] = "wrong"
    comment(status=22)
    server.shutdown()


def site(board, place):
    address = "https://o.github.io/board/"
    place.run(board.folder / "scripts/build-site", address)
    rows = json.loads((board.folder / "public/turns/test/leaderboard.json").read_text())["rows"]
    check({row["system"] for row in rows} == {"One", "Two"}, f"rows: {rows}")
    check(address in (board.folder / "public/sitemap.xml").read_text(), "the site's address")
    status = board.git("status", "--porcelain").stdout
    check(status == "", f"what is built is not ignored:\n{status}")


def open_board(place):
    folder = place.folder / "board"
    (place.folder / "files").mkdir()
    write_rows(place.folder / "files/all.csv")
    place.run(
        "invitro", "init", "board", folder, "--benchmark", "turns", "--from", "files/all.csv",
        "--labels", "open", "--target", "valence:0:10", "--id", "turn_id", "--cluster",
        "conversation=conversation_id", "--text", "words", "--split", "50/50")
    check((folder / "labels/all.csv").read_bytes() == (place.folder / "files/all.csv").read_bytes(),
          "labels/ holds the file")
    files_are_sound(place, folder)
    installs(place, folder)
    board = Board(place, folder)
    place.run("scripts/import-labels", cwd=folder)
    first = honest(board, place)
    site(board, place)
    dishonest(board, place, first)
    owners_and_organisers(board, place, first)
    comments(folder, place)


def hidden_board(place):
    """No label gets into the folder, and the form of predictions is checked all the same."""
    folder = place.folder / "hidden"
    place.run(
        "invitro", "init", "board", folder, "--benchmark", "turns", "--from", "files/all.csv",
        "--target", "valence:0:10", "--id", "turn_id", "--cluster", "conversation=conversation_id",
        "--text", "words", "--split", "50/50")
    with open(place.folder / "files/all.csv", newline="") as rows:
        told = [word for row in csv.DictReader(rows) for word in (row["valence"], row["words"])]
    files = [file for file in folder.rglob("*") if file.is_file()]
    for file in files:
        text = file.read_text()
        check(not any(word in text for word in told), f"{file} holds a label or a text")
    ids = (folder / "ids/test.txt").read_text().split()
    check(len(ids) > 100 and set(ids) <= {f"t{n}" for n in range(400)}, "ids of the split")
    files_are_sound(place, folder)
    board = Board(place, folder)
    file = place.folder / "hidden.tsv"
    file.write_text("id\tvalence\n" + "".join(f"{i}\t{n % 11}\n" for n, i in enumerate(ids)))
    board.branch()
    board.submit(file, "Team", "System", "--ids", "ids/test.txt")
    table, _ = board.check("alice", 0, "team-system: submission.json and predictions.tsv are valid",
                           "nothing is scored here", merge=True)
    check("interval" not in table, "a score of hidden labels")
    place.run("scripts/build-site", cwd=folder)
    check((folder / "public/index.html").exists(), "no site")
    (folder / "teams.tsv").open("a").write("Team\talice\n")
    board.commit("A team")
    entry = folder / "submissions/turns/team-system"
    board.branch()
    text = (entry / "predictions.tsv").read_text()
    (entry / "predictions.tsv").write_text(text.replace(f"\n{ids[0]}\t", "\nnobody\t"))
    board.check("alice", 1, "nobody", ids[0])

    # A copy under a digest that was made up.
    board.branch()
    copy = folder / "submissions/turns/copy"
    shutil.copytree(entry, copy)
    fields = json.loads((copy / "submission.json").read_text())
    fields.update(team="Copiers", system="Copy", predictionsSHA256="0" * 64)
    (copy / "submission.json").write_text(json.dumps(fields))
    board.check("dave", 1, "is the file of team-system")


def shipped_board(place):
    folder = place.folder / "shipped"
    place.run("invitro", "init", "board", folder, "--benchmark", "sample24")
    check(not (folder / "benchmark.json").exists() and not (folder / "labels").exists(), "no files")
    board = Board(place, folder)
    place.run("scripts/import-labels", cwd=folder)
    board.branch()
    systems = folder / "data/sample24-files/systems"
    board.submit(systems / "word-lists/predictions_EMP.tsv", "Team", "Words", benchmark="sample24")
    board.check("alice", 0, "Sample24", "Words")
    board.branch()
    (folder / "NOTE").write_text("x")
    board.check("", 0)


def refusals(place):
    full = place.folder / "full"
    full.mkdir()
    (full / "note").write_text("mine")
    done = place.run("invitro", "init", "board", full, "--benchmark", "sample24", status=65)
    check("is not an empty folder" in done.stderr, done.stderr)
    check([file.name for file in full.iterdir()] == ["note"], "a full folder was written to")
    done = place.run("invitro", "init", "board", "new", "--benchmark", "newsemp24", "--labels",
                     "open", "--from", "files", status=64)
    check('"open": false' in done.stderr and not (place.folder / "new").exists(), done.stderr)
    (place.folder / "bad").mkdir()
    (place.folder / "bad/all.csv").write_text("turn_id,valence\na,1\na,2\n")
    done = place.run("invitro", "init", "board", "new", "--benchmark", "turns", "--from",
                     "bad/all.csv", "--target", "valence:0:10", "--id", "turn_id", "--labels", "open",
                     status=65)
    check(not (place.folder / "new").exists(), "a folder of faulty rows")
    cloned = place.folder / "cloned"
    place.run("git", "init", "--quiet", cloned)
    place.run("invitro", "init", "board", ".", "--benchmark", "sample24", cwd=cloned)
    check((cloned / "README.md").exists(), "an empty clone is filled")


def main():
    with tempfile.TemporaryDirectory() as folder:
        place = Place(pathlib.Path(folder).resolve())
        open_board(place)
        hidden_board(place)
        shipped_board(place)
        refusals(place)
    print(f"test-init-board: {checks} checks hold")


main()
