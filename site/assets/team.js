// A team's submissions, by its token, and its choice for the close.
(function () {
  "use strict";
  const form = document.getElementById("team-form");
  const status = document.getElementById("team-status");
  const list = document.getElementById("team-list");
  const api = form.dataset.root + "api/v1/submissions";
  let token = "";

  async function ask(path, method) {
    const answer = await fetch(api + path, {
      method, headers: { Authorization: "Bearer " + token }, cache: "no-store" });
    const body = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(body.detail || "The server answered " + answer.status + ".");
    return body;
  }

  function element(name, text) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    return made;
  }

  // Where labels are hidden there is one figure at most; elsewhere the board shows them all.
  function score(submission) {
    const targets = Object.entries((submission.scores || {}).targets || {});
    const figures = targets.flatMap(([target, metrics]) =>
      Object.entries(metrics).filter(([, figure]) => figure && figure.value !== undefined)
        .map(([metric, figure]) => target + " " + metric.toUpperCase() + " " + figure.value));
    if (figures.length === 1) return figures[0];
    return figures.length ? "on the board" : submission.note || "";
  }

  function choice(submission) {
    const cell = element("td");
    if (submission.chosen) {
      cell.append(element("strong", "chosen"));
    } else if (submission.choosable) {
      const button = element("button", "Choose");
      button.type = "button";
      button.setAttribute("aria-label", "Choose " + submission.system + ", " + submission.id);
      button.addEventListener("click", () => act(async () => {
        await ask("/" + submission.id + "/choice", "POST");
        await show();
        return submission.system + " stands for your team at the close.";
      }));
      cell.append(button);
    }
    return cell;
  }

  async function show() {
    const { submissions } = await ask("?limit=200", "GET");
    const table = element("table");
    const head = element("tr");
    for (const name of ["Received", "Board", "System", "Id", "Verdict", "Score", "At the close"]) {
      const cell = element("th", name);
      cell.scope = "col";
      head.append(cell);
    }
    table.append(element("thead"), element("tbody"));
    table.tHead.append(head);
    for (const one of submissions) {
      const row = element("tr");
      const board = one.benchmark + "/" + one.split;
      for (const text of [
        one.received.slice(0, 16).replace("T", " "), board, one.system, one.id,
        one.verdict || one.state, score(one),
      ]) row.append(element("td", text));
      row.append(choice(one));
      table.tBodies[0].append(row);
    }
    const scroll = element("div");
    scroll.className = "scroll";
    scroll.tabIndex = 0;
    scroll.setAttribute("role", "region");
    scroll.setAttribute("aria-label", "Submissions");
    scroll.append(table);
    list.replaceChildren(scroll);
    return submissions.length + (submissions.length === 1 ? " submission" : " submissions")
      + (submissions.length === 200 ? ", the newest" : "");
  }

  async function act(what) {
    status.textContent = "…";
    try {
      status.textContent = await what();
    } catch (error) {
      status.textContent = error.message;
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    token = document.getElementById("team-token").value.trim();
    list.replaceChildren();
    act(show);
  });
})();
