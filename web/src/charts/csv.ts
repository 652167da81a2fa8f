/** Drawn lines as CSV (RFC 4180). Pure. */

import type { Series } from "./types";

/** One row per point: run id, run name, x, value and, of buckets, minimum and maximum. */
export function toCsv(series: readonly Series[], key: string, x: string): string {
  const rows = [
    ["run", "name", x.replace(/^_/, ""), key, "minimum", "maximum"].map(cell).join(","),
  ];
  for (const line of series) {
    const { data } = line;
    for (let i = 0; i < data.x.length; i++) {
      const value = data.last[i];
      const numbers = [data.x[i], value, data.minimum[i] ?? value, data.maximum[i] ?? value];
      rows.push([cell(line.id), cell(line.label), ...numbers.map(String)].join(","));
    }
  }
  return `${rows.join("\r\n")}\r\n`;
}

/** Quoted where needed; text that a spreadsheet would run as a formula is kept as text. */
function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
