// Asks the daemon. Addresses are relative to the page, so that a route prefix
// needs no configuration here.

import {span} from "./units.js";

// More than the slowest list takes; a test on demand may take longer.
const PATIENCE_SECONDS = 30;

// A message in whole words. `status` is 0 when there was no answer.
export class ApiError extends Error {
  constructor(message, status = 0) {
    super(message);
    this.status = status;
  }
}

function query(parameters) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== "") search.append(name, value);
  }
  const text = search.toString();
  return text ? `?${text}` : "";
}

export function address(path, parameters = {}) {
  return path + query(parameters);
}

function later(response) {
  const seconds = Number(response.headers.get("Retry-After"));
  return seconds > 0 ? `Try again in ${span(seconds)}.` : "Try again later.";
}

// The daemon's words, as a sentence of their own.
function sentence(text) {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}

// What an answer that is no success means, and what to do.
function refusal(response, said) {
  switch (response.status) {
    case 400:
      return `That cannot be asked for. ${said}`.trim();
    case 401:
      return "A login is needed. Reload the page.";
    case 403:
      return said || "This is not permitted.";
    case 404:
      return said || "There is no such thing.";
    case 429:
      return `${said || "Too many requests just now."} ${later(response)}`;
    case 503:
      return `${said || "smtp_prober is busy."} ${later(response)}`;
    default:
      return `smtp_prober answered with an error (${response.status}). ${
          said}`.trim();
  }
}

// "" when the answer has no words of the daemon.
async function readError(response) {
  try {
    const body = await response.json();
    return typeof body.error === "string" && body.error ?
        sentence(body.error) : "";
  } catch {
    return "";  // A proxy in between speaks HTML.
  }
}

// The JSON of an answer. Throws ApiError; AbortError when `signal` said so.
export async function getJson(path, parameters = {},
                              {signal, patience = PATIENCE_SECONDS} = {}) {
  const abort = new AbortController();
  const cancel = () => abort.abort(signal.reason);
  if (signal?.aborted) cancel();
  signal?.addEventListener("abort", cancel);
  const timer = setTimeout(() => abort.abort(), patience * 1000);
  try {
    const response = await fetch(address(path, parameters), {
      signal: abort.signal,
      headers: {Accept: "application/json"},
      cache: "no-store",
    });
    if (!response.ok) {
      throw new ApiError(refusal(response, await readError(response)),
                         response.status);
    }
    return await response.json();
  } catch (error) {
    if (error instanceof ApiError || signal?.aborted) throw error;
    if (abort.signal.aborted) {
      throw new ApiError(`No answer from smtp_prober within ${
          span(patience)}.`);
    }
    if (error instanceof SyntaxError) {
      throw new ApiError("smtp_prober's answer cannot be understood.");
    }
    throw new ApiError("smtp_prober cannot be reached.");
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", cancel);
  }
}
