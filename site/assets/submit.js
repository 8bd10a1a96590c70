// Betters the pages for submitting, which work without it: times in the reader's own zone, and a check
// that keeps the chosen file.
(function () {
  "use strict";
  for (const time of document.querySelectorAll("time[datetime*=T]")) {
    const date = new Date(time.dateTime);
    if (isNaN(date)) continue;
    time.title = time.textContent;
    time.textContent = date.toLocaleString(undefined, {
      year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit",
      timeZoneName: "short" });
  }

  const form = document.getElementById("submit-form");
  if (!form) return;
  const outcome = document.getElementById("outcome");

  form.addEventListener("submit", async (event) => {
    const button = event.submitter;
    if (!button || button.value !== "check") return;
    event.preventDefault();
    const fields = new FormData(form);
    fields.set("action", "check");
    button.disabled = true;
    try {
      // form.action would be the buttons of that name.
      const answer = await fetch(form.getAttribute("action"), {
        method: "POST", body: fields, headers: { Accept: "text/html" }, cache: "no-store" });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const found = page.getElementById("outcome");
      if (!found) throw new Error(page.querySelector(".notice")?.textContent || "no answer");
      outcome.replaceChildren(...found.childNodes);
    } catch (error) {
      const said = document.createElement("p");
      said.className = "notice bad";
      said.textContent = "The file could not be checked: " + error.message;
      outcome.replaceChildren(said);
    }
    button.disabled = false;
    outcome.focus();
  });
})();
