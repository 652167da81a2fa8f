import "@fontsource-variable/inter";
import "@fontsource-variable/jetbrains-mono";
import "uplot/dist/uPlot.min.css";
import "./styles/base.css";
import "./styles/ui.css";
import "./styles/shell.css";
import "./styles/workspace.css";
import "./styles/panels.css";
import "./styles/table.css";
import "./styles/run-page.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App";

const root = document.getElementById("root");
if (root !== null)
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
