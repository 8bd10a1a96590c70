// Before the first paint, so that a chosen theme does not flash.
(function () {
  try {
    var theme = localStorage.getItem("invitro-theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch (error) {
    // Storage is off: the system's theme holds.
  }
  document.documentElement.classList.add("js");
})();
