/** What is drawn, as files. */

import type { Chart } from "../charts/chart";
import { toCsv } from "../charts/csv";
import type { Series } from "../charts/types";

export function downloadPng(chart: Chart | null, key: string): void {
  const background = getComputedStyle(document.documentElement).getPropertyValue("--panel");
  chart?.toImage(background)?.toBlob((blob) => blob !== null && download(blob, `${key}.png`));
}

export function downloadCsv(series: readonly Series[], key: string, x: string): void {
  download(new Blob([toCsv(series, key, x)], { type: "text/csv" }), `${key}.csv`);
}

function download(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name.replace(/[^\w.-]+/g, "_");
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
