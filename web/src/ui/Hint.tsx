import * as Tooltip from "@radix-ui/react-tooltip";
import type { ReactNode } from "react";

/** A tooltip with the shortcut, if any. */
export function Hint(props: { label: string; shortcut?: string | undefined; children: ReactNode }) {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger asChild>{props.children}</Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content className="tooltip" sideOffset={6} collisionPadding={8}>
          {props.label}
          {props.shortcut !== undefined && <kbd>{props.shortcut}</kbd>}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}
