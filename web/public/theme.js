// Sets the theme before the first paint, so that a dark page never flashes white.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("runwake:theme");
  } catch {
    // Storage is switched off: follow the system.
  }
  const dark =
    chosen === '"dark"' ||
    (chosen !== '"light"' && window.matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
