import * as Radix from "@radix-ui/react-dialog";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { IconButton } from "./IconButton";

interface Props {
  title: string;
  actions?: ReactNode;
  onClose: () => void;
  children: ReactNode;
}

/** A large overlay that Esc closes. */
export function Dialog({ title, actions, onClose, children }: Props) {
  return (
    <Radix.Root open onOpenChange={(open) => open || onClose()}>
      <Radix.Portal>
        <Radix.Overlay className="dialog__veil" />
        <Radix.Content
          className="dialog"
          aria-describedby={undefined}
          onOpenAutoFocus={(event) => {
            // The content itself, not its first button, whose tooltip would pop up.
            event.preventDefault();
            if (event.currentTarget instanceof HTMLElement) event.currentTarget.focus();
          }}
        >
          <div className="dialog__head">
            <Radix.Title className="dialog__title truncate" title={title}>
              {title}
            </Radix.Title>
            {actions}
            <IconButton label="Close" shortcut="Esc" onClick={onClose}>
              <X size={16} />
            </IconButton>
          </div>
          <div className="dialog__body">{children}</div>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
