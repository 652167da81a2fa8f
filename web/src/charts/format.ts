/**
 * Numbers, durations and times as people read them. Pure: no DOM, no locale.
 *
 * Tables and tooltips show 4 significant digits; the exact value stays available to callers for
 * titles and copies. Axes use one exponent or SI prefix for all of their ticks.
 */

const SUPERSCRIPT: Record<string, string> = {
  "-": "⁻",
  "0": "⁰",
  "1": "¹",
  "2": "²",
  "3": "³",
  "4": "⁴",
  "5": "⁵",
  "6": "⁶",
  "7": "⁷",
  "8": "⁸",
  "9": "⁹",
};

/** "-12" as "⁻¹²". */
export function superscript(exponent: number): string {
  return String(exponent)
    .split("")
    .map((sign) => SUPERSCRIPT[sign] ?? sign)
    .join("");
}

/** A value with `digits` significant digits; integers below 10¹⁵ keep all of theirs. */
export function formatNumber(value: number, digits = 4): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e15) return minus(groupThousands(value));
  if (size >= 1e6 || size < 1e-4) return scientific(value, digits);
  return minus(String(Number(value.toPrecision(digits))));
}

function scientific(value: number, digits: number): string {
  const [mantissa = "0", exponent = "0"] = value.toExponential(digits - 1).split("e");
  return `${minus(String(Number(mantissa)))}×10${superscript(Number(exponent))}`;
}

/** A count of steps, rows or points: whole, its thousands apart. */
export function formatCount(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e15
    ? minus(String(value).replace(THOUSANDS, ","))
    : formatNumber(value, 6);
}

const THOUSANDS = /\B(?=(\d{3})+(?!\d))/g;

function groupThousands(value: number): string {
  const text = String(value);
  return Math.abs(value) < 10_000 ? text : text.replace(THOUSANDS, ",");
}

function minus(text: string): string {
  return text.startsWith("-") ? `−${text.slice(1)}` : text;
}

/** All ticks of one axis, in one notation, with as many digits as tell them apart. */
export function formatTicks(ticks: readonly number[]): string[] {
  const finite = ticks.filter(Number.isFinite);
  const largest = Math.max(0, ...finite.map(Math.abs));
  if (largest === 0) return ticks.map(() => "0");
  const step = smallestGap(finite) || largest;
  const exponent = Math.floor(Math.log10(largest) + 1e-9);
  if (exponent >= 15 || exponent <= -5) return ticks.map((tick) => tickPower(tick, exponent, step));
  const [divisor, suffix] = siPrefix(exponent);
  const decimals = decimalsFor(step / divisor);
  return ticks.map((tick) =>
    tick === 0 ? "0" : minus(grouped((tick / divisor).toFixed(decimals))) + suffix,
  );
}

function grouped(text: string): string {
  return text.includes(".") ? text : text.replace(THOUSANDS, ",");
}

function tickPower(tick: number, exponent: number, step: number): string {
  if (tick === 0) return "0";
  const scale = 10 ** exponent;
  const mantissa = tick / scale;
  const digits = mantissa.toFixed(decimalsFor(step / scale));
  return `${minus(digits)}×10${superscript(exponent)}`;
}

/** Ticks of a logarithmic axis: powers of ten as powers, what is near one as plain numbers. */
export function formatLogTick(tick: number): string {
  if (!(tick > 0)) return "";
  const exponent = Math.log10(tick);
  if (tick >= 1e-3 && tick < 1e4) return String(Number(tick.toPrecision(3)));
  if (Math.abs(exponent - Math.round(exponent)) < 1e-9)
    return `10${superscript(Math.round(exponent))}`;
  return scientific(tick, 2);
}

function siPrefix(exponent: number): [number, string] {
  if (exponent >= 12) return [1e12, "T"];
  if (exponent >= 9) return [1e9, "G"];
  if (exponent >= 6) return [1e6, "M"];
  if (exponent >= 4) return [1e3, "k"];
  return [1, ""];
}

function smallestGap(ticks: readonly number[]): number {
  let gap = Number.POSITIVE_INFINITY;
  for (let i = 1; i < ticks.length; i++) {
    const width = Math.abs((ticks[i] ?? 0) - (ticks[i - 1] ?? 0));
    if (width > 0 && width < gap) gap = width;
  }
  return Number.isFinite(gap) ? gap : 0;
}

function decimalsFor(step: number): number {
  for (let decimals = 0; decimals <= 12; decimals++) {
    const scaled = step * 10 ** decimals;
    if (Math.abs(scaled - Math.round(scaled)) < 1e-6 * Math.max(1, scaled)) return decimals;
  }
  return 12;
}

/** Seconds as "2 h 14 m", "3 m 12 s", "4.2 s", "12 ms": the two largest units. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "–";
  if (seconds < 0) return `−${formatDuration(-seconds)}`;
  if (seconds === 0) return "0 s";
  if (seconds < 1e-3) return `${formatNumber(seconds * 1e6, 3)} µs`;
  if (seconds < 1) return `${Number((seconds * 1e3).toPrecision(3))} ms`;
  if (seconds < 10) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const units: [number, string][] = [
    [86_400, "d"],
    [3_600, "h"],
    [60, "m"],
    [1, "s"],
  ];
  const first = units.findIndex(([size]) => whole >= size);
  return units
    .slice(first, first + 2)
    .map(([size, unit], index) => {
      const count = index === 0 ? Math.floor(whole / size) : remainder(whole, units[first], size);
      return index > 0 && count === 0 ? "" : `${count} ${unit}`;
    })
    .filter(Boolean)
    .join(" ");
}

function remainder(whole: number, larger: [number, string] | undefined, size: number): number {
  return Math.floor((whole % (larger?.[0] ?? Number.POSITIVE_INFINITY)) / size);
}

/** Unix seconds as "2026-03-01 14:05:09" in local time. */
export function formatTime(unixSeconds: number): string {
  const date = new Date(unixSeconds * 1000);
  if (Number.isNaN(date.getTime())) return "–";
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun"].concat([
  "Jul",
  "Aug",
  "Sep",
  "Oct",
  "Nov",
  "Dec",
]);

/** Ticks of an axis of unix seconds, in local time: days, hours and minutes, or seconds too. */
export function formatTimeTicks(ticks: readonly number[]): string[] {
  const gap = smallestGap(ticks) || 60;
  return ticks.map((tick) => {
    const text = formatTime(tick);
    const isMidnight = text.endsWith("00:00:00");
    if (gap >= 86_400 || isMidnight)
      return `${MONTHS[Number(text.slice(5, 7)) - 1] ?? ""} ${Number(text.slice(8, 10))}`;
    return gap >= 60 ? text.slice(11, 16) : text.slice(11);
  });
}

/** How long ago, in one unit: "just now", "5 min ago", "3 d ago". */
export function formatAgo(unixSeconds: number, nowSeconds: number): string {
  const age = nowSeconds - unixSeconds;
  if (!Number.isFinite(age)) return "–";
  if (age < 45) return "just now";
  if (age < 3_600) return `${Math.max(1, Math.round(age / 60))} min ago`;
  if (age < 86_400) return `${Math.round(age / 3_600)} h ago`;
  if (age < 30 * 86_400) return `${Math.round(age / 86_400)} d ago`;
  return formatTime(unixSeconds).slice(0, 10);
}

/** Bytes as "1.2 MB". */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : Number(value.toPrecision(3))} ${units[unit]}`;
}

/** Any value of a config or a summary as one line of text. Numbers get 4 significant digits. */
export function formatValue(value: unknown): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "number") return formatNumber(value);
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return value ? "true" : "false";
  // Media: what it is says more than its digest.
  if (typeof value === "object" && "_type" in value)
    return `(${String(value._type).replace(/-file$/, "")})`;
  return JSON.stringify(value);
}

/** The exact form of a value, for titles and the clipboard. */
export function exactValue(value: unknown): string {
  if (typeof value === "string") return value;
  return value === undefined
    ? ""
    : typeof value === "number"
      ? String(value)
      : JSON.stringify(value);
}
