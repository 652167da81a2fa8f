import { Search, X } from "lucide-react";
import { type RefObject, useEffect, useId, useState } from "react";
import { IconButton } from "./IconButton";

interface Props {
  label: string;
  value: string;
  regex?: boolean;
  problem?: string | null;
  shortcut?: string;
  inputRef?: RefObject<HTMLInputElement | null>;
  onChange: (value: string) => void;
  onRegex?: (regex: boolean) => void;
}

/** A search field; the `.*` button makes its text a regular expression. */
export function SearchBox(props: Props) {
  const { label, value, regex, problem, shortcut, inputRef, onChange, onRegex } = props;
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const problemId = useId();
  const change = (next: string) => {
    setText(next);
    onChange(next);
  };
  return (
    <div className="search-box">
      <div className="field" data-invalid={Boolean(problem)}>
        <Search size={14} aria-hidden />
        <input
          ref={inputRef}
          type="search"
          placeholder={shortcut === undefined ? label : `${label}  ${shortcut}`}
          aria-label={label}
          aria-invalid={Boolean(problem)}
          aria-describedby={problem ? problemId : undefined}
          value={text}
          spellCheck={false}
          autoComplete="off"
          onChange={(event) => change(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== "Escape") return;
            event.stopPropagation();
            if (text === "") event.currentTarget.blur();
            else change("");
          }}
        />
        {text !== "" && (
          <IconButton label="Clear search" shortcut="Esc" onClick={() => change("")}>
            <X size={14} />
          </IconButton>
        )}
        {onRegex !== undefined && (
          <IconButton
            text
            label="Regular expression"
            pressed={regex === true}
            onClick={() => onRegex(!regex)}
          >
            <span className="mono">.*</span>
          </IconButton>
        )}
      </div>
      {problem && (
        <div className="field-problem" id={problemId} role="alert">
          {problem}
        </div>
      )}
    </div>
  );
}
