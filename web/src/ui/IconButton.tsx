import type { ComponentProps, ReactNode } from "react";
import { Hint } from "./Hint";

interface Props extends Omit<ComponentProps<"button">, "aria-label" | "title"> {
  /** What the button does: its accessible name and its tooltip. */
  label: string;
  shortcut?: string | undefined;
  pressed?: boolean;
  /** Shows text instead of an icon. */
  text?: boolean;
  children: ReactNode;
}

export function IconButton({ label, shortcut, pressed, text, children, ...rest }: Props) {
  return (
    <Hint label={label} shortcut={shortcut}>
      <button
        type="button"
        className={text ? "icon-button icon-button--text" : "icon-button"}
        aria-label={label}
        aria-pressed={pressed}
        {...rest}
      >
        {children}
      </button>
    </Hint>
  );
}
