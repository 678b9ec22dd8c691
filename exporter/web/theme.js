// Light, dark or as the system has it. A classic script in the head, so that
// the choice holds before anything is painted.
"use strict";
(() => {
  const KEY = "smtp_prober.theme";
  const ORDER = ["system", "light", "dark"];

  // Storage may be forbidden; then the choice lasts as long as the page.
  function stored() {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null;
    }
  }

  function store(theme) {
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // As above.
    }
  }

  function apply(theme) {
    document.documentElement.dataset.theme = theme;
  }

  function bindSwitch() {
    const button = document.getElementById("theme");
    const show = () => {
      button.textContent = `Theme: ${document.documentElement.dataset.theme}`;
    };
    button.addEventListener("click", () => {
      const now = ORDER.indexOf(document.documentElement.dataset.theme);
      const theme = ORDER[(now + 1) % ORDER.length];
      apply(theme);
      store(theme);
      show();
    });
    show();
  }

  const theme = stored();
  apply(ORDER.includes(theme) ? theme : "system");
  document.addEventListener("DOMContentLoaded", bindSwitch);
})();
