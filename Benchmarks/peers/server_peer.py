"""A minimal leaderboard server as a Python team writes it: FastAPI, uvicorn, SQLite, numpy.

It does the same scoring as `invitro serve`: PCC, CCC, RMSE, MAE, Spearman, Kendall tau-b and
Krippendorff's alpha of each target, the first six with a delete-one-person jackknife interval. All
persons are left out at once by matrix products, so no Python loop runs over them.

usage: INVITRO_PEER=FOLDER uvicorn server_peer:app
FOLDER holds gold.tsv (empathy, distress, person), token (one line), site/ and, once started, the store.
"""
import hashlib
import json
import os
import sqlite3
import threading
from pathlib import Path

import numpy as np
from fastapi import FastAPI, Header, HTTPException, Request
from fastapi.staticfiles import StaticFiles
from scipy import stats

folder = Path(os.environ["INVITRO_PEER"])
table = [line.split("\t") for line in (folder / "gold.tsv").read_text().splitlines()]
gold = np.array([[float(row[0]), float(row[1])] for row in table]).T
persons = np.unique([row[2] for row in table], return_inverse=True)[1]
n, groups = len(persons), persons.max() + 1
member = np.zeros((n, groups))
member[np.arange(n), persons] = 1
kept = 1 - member
critical = stats.t.ppf(0.975, groups - 1)

local = threading.local()


def database():
    if not hasattr(local, "connection"):
        local.connection = sqlite3.connect(folder / "peer.sqlite", timeout=30, isolation_level=None)
        local.connection.execute("PRAGMA journal_mode = WAL")
        local.connection.execute("PRAGMA synchronous = FULL")
    return local.connection


def prepare():
    database().executescript("""
        CREATE TABLE IF NOT EXISTS team (id INTEGER PRIMARY KEY, name TEXT, token TEXT UNIQUE);
        CREATE TABLE IF NOT EXISTS submission (id INTEGER PRIMARY KEY, team INTEGER, benchmark TEXT,
          split TEXT, system TEXT, digest TEXT UNIQUE, file BLOB, report TEXT, score REAL);
        CREATE TABLE IF NOT EXISTS board (benchmark TEXT, split TEXT, team INTEGER, submission INTEGER,
          score REAL, PRIMARY KEY (benchmark, split, team));
    """)
    token = (folder / "token").read_text().strip()
    database().execute("INSERT OR IGNORE INTO team VALUES (1, 'Team A', ?)",
                       (hashlib.sha256(token.encode()).hexdigest(),))


prepare()


class Gold:
    """What does not change between submissions."""

    def __init__(self, y):
        self.y = y
        self.signs = np.sign(y[:, None] - y[None, :])
        self.ranks = ranks(self.signs)


def ranks(signs):
    """Mid-ranks of all rows, and of the rest without each person: (n,), (n, G)."""
    return signs.sum(1), signs @ kept


def moments(x, y, weights):
    """Population moments of the rows that each column of `weights` keeps; x, y (n,) or (n, G)."""
    x, y = (v if v.ndim == 2 else v[:, None] for v in (x, y))
    count = weights.sum(0)
    mx, my = (weights * x).sum(0) / count, (weights * y).sum(0) / count
    xc, yc = x - mx, y - my
    return (mx, my, (weights * xc * xc).sum(0) / count, (weights * yc * yc).sum(0) / count,
            (weights * xc * yc).sum(0) / count)


def correlation(x, y, weights):
    _, _, vx, vy, c = moments(x, y, weights)
    return c / np.sqrt(vx * vy)


def kendall(a, b, weights):
    def total(m):
        return (weights * (m @ weights)).sum(0)
    return total(a * b) / np.sqrt(total(a * a) * total(b * b))


def jackknife(value, left, transform):
    f, back = transform
    left, point = f(left), f(value)
    error = np.sqrt((groups - 1) / groups * ((left - left.mean()) ** 2).sum())
    return {"value": round(float(value), 4), "low": round(float(back(point - critical * error)), 4),
            "high": round(float(back(point + critical * error)), 4)}


def figures(x, known):
    y = known.y
    ones = np.ones((n, 1))
    z, ln = (np.arctanh, np.tanh), (np.log, np.exp)
    both = np.hstack([ones, kept])
    mx, my, vx, vy, c = moments(x, y, both)
    pcc = c / np.sqrt(vx * vy)
    ccc = 2 * c / (vx + vy + (mx - my) ** 2)
    errors = (x - y) ** 2
    rmse = np.sqrt(errors @ both / both.sum(0))
    mae = np.abs(x - y) @ both / both.sum(0)
    signs = np.sign(x[:, None] - x[None, :])
    all_ranks, left_ranks = ranks(signs)
    rho = correlation(all_ranks, known.ranks[0], ones)[0]
    rho_left = correlation(left_ranks, known.ranks[1], kept)
    tau = kendall(signs, known.signs, both)
    pooled = np.concatenate([x, y])
    alpha = 1 - errors.mean() / (2 * pooled.var(ddof=1))
    return {
        "pcc": jackknife(pcc[0], pcc[1:], z), "ccc": jackknife(ccc[0], ccc[1:], z),
        "rmse": jackknife(rmse[0], rmse[1:], ln), "mae": jackknife(mae[0], mae[1:], ln),
        "spearman": jackknife(rho, rho_left, z), "kendall": jackknife(tau[0], tau[1:], z),
        "alpha": {"value": round(float(alpha), 4)}}


known = {"empathy": Gold(gold[0]), "distress": Gold(gold[1])}
app = FastAPI()


@app.post("/api/v1/submissions", status_code=201)
async def submit(request: Request, benchmark: str, split: str, system: str,
                 authorization: str = Header("")):
    token = hashlib.sha256(authorization.removeprefix("Bearer ").encode()).hexdigest()
    team = database().execute("SELECT id FROM team WHERE token = ?", (token,)).fetchone()
    if team is None:
        raise HTTPException(401)
    body = await request.body()
    try:
        values = np.array(body.split(), dtype=float)
    except ValueError:
        raise HTTPException(422)
    if values.size != 2 * n or not np.isfinite(values).all():
        raise HTTPException(422)
    columns = values.reshape(n, 2).T
    report = {name: figures(np.ascontiguousarray(columns[i]), known[name])
              for i, name in enumerate(known)}
    digest = hashlib.sha256(columns.tobytes()).hexdigest()
    score = report["empathy"]["pcc"]["value"]
    connection = database()
    connection.execute("BEGIN IMMEDIATE")
    row = connection.execute(
        "INSERT INTO submission (team, benchmark, split, system, digest, file, report, score)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (team[0], benchmark, split, system, digest, body, json.dumps(report), score)).lastrowid
    connection.execute(
        "INSERT INTO board VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
        " submission = excluded.submission, score = excluded.score"
        " WHERE excluded.score > board.score", (benchmark, split, team[0], row, score))
    connection.execute("COMMIT")
    return {"id": row, "digest": digest, "scores": report}


@app.get("/api/v1/leaderboard")
async def leaderboard(benchmark: str, split: str):
    rows = database().execute(
        "SELECT s.id, t.name, s.system, s.digest, s.report FROM board b"
        " JOIN submission s ON s.id = b.submission JOIN team t ON t.id = b.team"
        " WHERE b.benchmark = ? AND b.split = ? ORDER BY b.score DESC", (benchmark, split))
    return {"benchmark": benchmark, "split": split, "rows": [
        {"id": id, "team": team, "system": system, "digest": digest, "scores": json.loads(report)}
        for id, team, system, digest, report in rows]}


app.mount("/", StaticFiles(directory=folder / "site", html=True))
