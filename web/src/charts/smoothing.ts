/** Smoothing of lines, by the definitions of the docs. Pure; NaN in y is skipped and kept as NaN. */

/** Stands for the width of a plot in the exponent of the time-weighted average. */
const VIEWPORT = 1_000;

/**
 * Time-weighted exponential moving average.
 *
 * With w = min(√p, 0.999) and d = (x_i − x_{i−1}) / (x range) × 1000 (0 for the first point):
 * S_i = S_{i−1}·w^d + y_i, D_i = D_{i−1}·w^d + 1, shown S_i / D_i. p = 0 gives `y` itself.
 *
 * @param xs ordered.
 * @param range width of the x range shown; 0 or less: the width of `xs`.
 */
export function smooth(
  xs: readonly number[],
  ys: readonly number[],
  p: number,
  range = 0,
): readonly number[] {
  if (!(p > 0)) return ys;
  const weight = Math.min(Math.sqrt(p), 0.999);
  const first = xs[0] ?? 0;
  const width = range > 0 ? range : (xs[xs.length - 1] ?? 0) - first;
  const shown = new Array<number>(ys.length);
  let sum = 0;
  let debias = 0;
  let previous = first;
  for (let i = 0; i < ys.length; i++) {
    const y = ys[i] ?? Number.NaN;
    if (!Number.isFinite(y)) {
      shown[i] = y;
      continue;
    }
    const x = xs[i] ?? previous;
    const distance = width > 0 ? ((x - previous) / width) * VIEWPORT : 0;
    const decay = weight ** Math.max(0, distance);
    sum = sum * decay + y;
    debias = debias * decay + 1;
    shown[i] = sum / debias;
    previous = x;
  }
  return shown;
}
