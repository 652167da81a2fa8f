import { Check, CircleStop, X, Zap } from "lucide-react";
import type { RunState } from "../api/types";
import { Hint } from "./Hint";

const WORDS: Record<RunState, string> = {
  running: "Running",
  finished: "Finished",
  failed: "Failed: the script ended with an error",
  crashed: "Crashed: the process is gone without a word",
  killed: "Killed: ended on request",
};

/** The state of a run: a sign of its own shape and colour, and in words for those who ask. */
export function StateMark({ state, text = false }: { state: RunState; text?: boolean }) {
  const words = WORDS[state] ?? state;
  return (
    <Hint label={words}>
      <span
        className={`state state--${state}`}
        data-run-state={state}
        role="img"
        aria-label={words}
      >
        <Sign state={state} />
        {text && <span aria-hidden>{state}</span>}
      </span>
    </Hint>
  );
}

function Sign({ state }: { state: RunState }) {
  if (state === "running") return <span className="pulse" />;
  if (state === "finished") return <Check size={14} />;
  if (state === "failed") return <X size={14} strokeWidth={2.5} />;
  if (state === "crashed") return <Zap size={14} fill="currentColor" />;
  return <CircleStop size={14} />;
}
