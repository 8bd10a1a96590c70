// A button beside every command, record and signature that copies it. Without this file all of them
// can be read and marked as text.
(function () {
  "use strict";

  async function copy(text) {
    // Over plain HTTP there is no clipboard, and the old command does it.
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "sr";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (!done) throw new Error("the browser did not copy");
  }

  for (const source of document.querySelectorAll("pre.code, [data-copy]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    const what = source.getAttribute("aria-label") || source.dataset.copy;
    button.setAttribute("aria-label", "Copy: " + what);
    const status = document.createElement("span");
    status.setAttribute("role", "status");
    status.className = "small";
    button.addEventListener("click", async () => {
      try {
        await copy(source.textContent.trim());
        status.textContent = "Copied";
      } catch (error) {
        status.textContent = "Not copied: mark the text instead.";
      }
      setTimeout(() => { status.textContent = ""; }, 4000);
    });
    const line = document.createElement("p");
    line.className = "copy-line";
    line.append(button, status);
    source.after(line);
  }
})();
