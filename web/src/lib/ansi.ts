/** Terminal text as plain text. Pure. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what it is after.
const ESCAPES = /\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])/g;

/** Without colours and cursor moves; of a line written over by `\r`, its last state. */
export function stripAnsi(text: string): string {
  const plain = text.replace(/\r?\n$/, "").replace(ESCAPES, "");
  if (!plain.includes("\r")) return plain;
  const states = plain.split("\r").filter((state) => state !== "");
  return states[states.length - 1] ?? "";
}
