// The closed sets of the metrics (phases, reasons, quirks) in plain words. A
// name that this page does not know is shown as it is.

import {peerText} from "./peer_text.js";

const PHASES = {
  resolve: "looking up the name",
  connect: "connecting",
  greeting: "waiting for the greeting",
  ehlo: "saying EHLO",
  starttls: "asking for STARTTLS",
  tls: "in the TLS handshake",
  ehlo_tls: "saying EHLO inside TLS",
  quit: "saying QUIT",
};

const PHASE_NAMES = {
  resolve: "Look up the name",
  connect: "Connect",
  greeting: "Wait for the greeting",
  ehlo: "EHLO in clear",
  starttls: "STARTTLS",
  tls: "TLS handshake",
  ehlo_tls: "EHLO inside TLS",
  quit: "QUIT",
};

const REASONS = {
  dns_not_found: "The name does not exist",
  dns_timeout: "No DNS server answered",
  dns_failure: "DNS answered with an error",
  null_mx: "The domain takes no mail",
  no_address: "The name has no usable address",
  refused: "Connection refused",
  unreachable: "There is no way to the server",
  timeout: "No answer in time",
  reset: "Connection reset",
  closed: "The server hung up",
  rejected_temporary: "Refused for now (4xx)",
  rejected_permanent: "Refused (5xx)",
  service_closing: "Sent away for now (421)",
  protocol_error: "The answer is no SMTP",
  not_smtp: "Another protocol answers",
  reply_too_large: "The answer is too long",
  desync: "Bytes came that nobody asked for",
  plaintext_injection: "Bytes in clear behind the answer to STARTTLS",
  tls_on_plain_port: "TLS where a greeting was due",
  plain_on_tls_port: "SMTP in clear where TLS was due",
  starttls_not_advertised: "STARTTLS is not offered",
  tls_alert: "The server broke TLS off",
  tls_protocol: "The server's TLS is broken",
  tls_local_policy: "TLS too old for this module",
  certificate_untrusted: "The certificate is not trusted",
  certificate_name: "The certificate is for another name",
  backoff: "Not tried: the server asked to be left alone",
  shutdown: "Not finished: smtp_prober was stopping",
  internal: "Trouble of smtp_prober itself",
};

const QUIRKS = {
  mixed_codes: "lines of one reply carry different codes",
  bare_lf: "a line ends in LF without CR, or in several CRs",
  nonupper_keyword: "an EHLO keyword in lower case, which some senders miss",
  middlebox_masked: "a firewall wrote * or X over the text",
  nonconformant_greeting: "a greeting that is not quite SMTP",
  ehlo_code: "EHLO is answered by another code than 250",
  bad_size: "SIZE cannot be read, or comes twice",
  long_ehlo: "the EHLO answer is so long that Postfix loses the rest",
  starttls_code: "STARTTLS is answered by another code than 220",
  starttls_inside_tls: "STARTTLS is still offered inside TLS",
  requiretls_in_clear: "REQUIRETLS outside TLS, where it does not count",
  invalid_lines: "lines in the EHLO answer without a usable keyword",
  too_many_addresses: "more than 20 addresses; the rest is not probed",
  implicit_mx: "no MX record: the domain is its own mail host",
  mx_is_cname: "the MX host is a CNAME, which the standard forbids",
  null_mx_mixed: "\u201ctakes no mail\u201d beside real MX hosts",
  mx_invalid: "an MX record that names no usable host",
  too_many_mx: "more than 20 MX hosts; the rest is not probed",
  too_many_places:
      "more than 40 addresses of MX hosts; this test leaves out the rest",
  private_address: "an MX host has an address that is not public",
};

function lookUp(words, name) {
  return Object.hasOwn(words, name) ? words[name] : String(name);
}

// "No answer in time while waiting for the greeting".
export function failureWords({phase, reason}) {
  const doing = lookUp(PHASES, phase);
  const link = doing.startsWith("in ") ? " " : " while ";
  return lookUp(REASONS, reason) + link + doing;
}

export function phaseName(phase) {
  return lookUp(PHASE_NAMES, phase);
}

// The order in which phases come when TLS is asked for.
export const PHASE_ORDER = Object.keys(PHASES);

// What the server said stands behind what we make of it.
export function failureText(failure) {
  const words = failureWords(failure);
  return failure.detail ?
      [`${words}: `, peerText(failure.detail, {class: "quoted"})] :
      [words];
}

export function quirkWords(quirk) {
  return Object.hasOwn(QUIRKS, quirk) ? QUIRKS[quirk] : "";
}
