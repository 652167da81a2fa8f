/** Pictures in a logged media value. Values are data from outside: what does not fit is left out. */

import type { MediaItem } from "../api/types";

export interface Picture {
  readonly run: string;
  readonly step: number;
  readonly digest: string;
  readonly caption: string | null;
  readonly width: number;
  readonly height: number;
}

export function picturesOf(item: MediaItem): Picture[] {
  const type = item.value._type;
  const values =
    type === "images" && Array.isArray(item.value.items) ? item.value.items : [item.value];
  return values.flatMap((value: unknown) => picture(item, value) ?? []);
}

function picture(item: MediaItem, value: unknown): Picture | null {
  if (typeof value !== "object" || value === null) return null;
  const { digest, caption, width, height } = value as Record<string, unknown>;
  if (typeof digest !== "string" || !/^[0-9a-f]{64}$/.test(digest)) return null;
  return {
    run: item.run,
    step: item.step,
    digest,
    caption: typeof caption === "string" && caption !== "" ? caption : null,
    width: typeof width === "number" ? width : 0,
    height: typeof height === "number" ? height : 0,
  };
}
