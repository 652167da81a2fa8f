/** Names of keys as this machine's keyboard has them. */

const MAC = typeof navigator !== "undefined" && /mac/i.test(navigator.userAgent);

export const COMMAND = MAC ? "⌘" : "Ctrl ";

/** Whether a key pressed now is text for a field rather than a shortcut. */
export function isTyping(event: KeyboardEvent): boolean {
  const target = event.target;
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}
