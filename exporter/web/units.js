// Numbers as people read them.

const COUNT = new Intl.NumberFormat("en");
const BYTE_UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB"];

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export function count(number) {
  return COUNT.format(number);
}

// "3 targets", "1 target".
export function several(number, noun, plural = `${noun}s`) {
  return `${count(number)} ${number === 1 ? noun : plural}`;
}

// "25 MiB", "9.77 MiB".
export function bytes(number) {
  let unit = 0;
  while (number >= 1024 && unit + 1 < BYTE_UNITS.length) {
    number /= 1024;
    unit += 1;
  }
  return `${Number(number.toPrecision(3))} ${BYTE_UNITS[unit]}`;
}

// A measured time: "0.4 ms", "12 ms", "1.25 s", "2 min".
export function duration(seconds) {
  const milliseconds = seconds * 1000;
  if (milliseconds < 1000) {
    return `${Number(milliseconds.toPrecision(2))} ms`;
  }
  if (seconds < MINUTE) return `${Number(seconds.toPrecision(3))} s`;
  return span(seconds);
}

// A length of time: "12 s", "3 min", "5 h", "72 days".
export function span(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 2 * MINUTE) return `${whole} s`;
  if (whole < 2 * HOUR) return `${Math.round(whole / MINUTE)} min`;
  if (whole < 2 * DAY) return `${Math.round(whole / HOUR)} h`;
  return `${count(Math.floor(whole / DAY))} days`;
}

function padded(number) {
  return String(number).padStart(2, "0");
}

// Local time, as logs have it: "2026-11-23 14:03:12".
export function moment(unixSeconds) {
  const date = new Date(unixSeconds * 1000);
  if (Number.isNaN(date.getTime())) return "no usable date";
  return `${day(unixSeconds)} ${padded(date.getHours())}:` +
      `${padded(date.getMinutes())}:${padded(date.getSeconds())}`;
}

export function day(unixSeconds) {
  const date = new Date(unixSeconds * 1000);
  if (Number.isNaN(date.getTime())) return "no usable date";
  return `${date.getFullYear()}-${padded(date.getMonth() + 1)}-` +
      padded(date.getDate());
}
