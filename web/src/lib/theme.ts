/** Light, dark, or as the system says. The page's first script sets it before the first paint. */

import { useSyncExternalStore } from "react";
import type { Theme } from "./colors";
import { load, save } from "./storage";

export type ThemeChoice = Theme | "system";

const listeners = new Set<() => void>();
const system = () => window.matchMedia("(prefers-color-scheme: dark)");

export function themeChoice(): ThemeChoice {
  const choice = load<string>("theme", "system");
  return choice === "light" || choice === "dark" ? choice : "system";
}

export function chooseTheme(choice: ThemeChoice): void {
  save("theme", choice);
  apply();
}

/** Switches between light and dark. */
export function toggleTheme(): void {
  chooseTheme(currentTheme() === "dark" ? "light" : "dark");
}

function currentTheme(): Theme {
  return document.documentElement.dataset.theme === "light" ? "light" : "dark";
}

function apply(): void {
  const choice = themeChoice();
  const theme = choice === "system" ? (system().matches ? "dark" : "light") : choice;
  document.documentElement.dataset.theme = theme;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  if (listeners.size === 0) system().addEventListener("change", apply);
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) system().removeEventListener("change", apply);
  };
}

export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, currentTheme);
}

export function useThemeChoice(): ThemeChoice {
  return useSyncExternalStore(subscribe, themeChoice);
}
