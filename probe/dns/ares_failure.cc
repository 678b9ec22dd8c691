#include "probe/dns/ares_failure.h"

#include <ares.h>

#include <algorithm>
#include <string_view>

namespace probe::dns {
namespace {

// RFC 1035 2.3.4, and room for an escaped or dotted form.
constexpr std::size_t kMaxShown = 255;

Reason ReasonOf(int status) {
  switch (status) {
    case ARES_ENOTFOUND:
    case ARES_EBADNAME:
      return Reason::kDnsNotFound;
    case ARES_ENODATA:
      return Reason::kNoAddress;
    case ARES_ETIMEOUT:
      return Reason::kDnsTimeout;
    case ARES_ENOMEM:
      return Reason::kInternal;
    default:
      return Reason::kDnsFailure;
  }
}

std::string_view NoRecord(RecordType type) {
  switch (type) {
    case RecordType::kA:
      return "no A record";
    case RecordType::kAaaa:
      return "no AAAA record";
    case RecordType::kMx:
      return "no MX record";
    case RecordType::kPtr:
      return "no PTR record";
  }
  return "";
}

std::string_view TextOf(int status, RecordType type) {
  switch (status) {
    case ARES_ENOTFOUND:
      return "NXDOMAIN";
    case ARES_ENODATA:
      return NoRecord(type);
    case ARES_ETIMEOUT:
      return "no answer from the DNS servers in time";
    case ARES_ESERVFAIL:
      return "SERVFAIL";
    case ARES_EREFUSED:
      return "REFUSED";
    case ARES_ENOTIMP:
      return "NOTIMP";
    case ARES_EFORMERR:
      return "FORMERR";
    case ARES_EBADRESP:
      return "malformed DNS answer";
    // What c-ares 1.18 says as well when all servers answered SERVFAIL, NOTIMP
    // or REFUSED; newer ones keep the code.
    case ARES_ECONNREFUSED:
      return "no DNS server gave a usable answer";
    case ARES_EBADNAME:
      return "not a valid domain name";
    default:
      return ares_strerror(status);
  }
}

std::string_view TextOf(MessageError error) {
  switch (error) {
    case MessageError::kMalformed:
      return "malformed DNS answer";
    case MessageError::kCnameLoop:
      return "CNAME loop";
    case MessageError::kTooManyCnames:
      return "too many CNAMEs";
  }
  return "";
}

Failure Make(const std::string& name, Reason reason, std::string_view text) {
  std::string shown = name.substr(0, kMaxShown);
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return c <= ' ' || c > '~'; },
      '?');
  return {.phase = Phase::kResolve,
          .reason = reason,
          .detail = shown + ": " + std::string(text)};
}

}  // namespace

Failure AresFailure(const std::string& name, int status, RecordType type) {
  return Make(name, ReasonOf(status), TextOf(status, type));
}

Failure AresFailure(const std::string& name, MessageError error) {
  return Make(name, Reason::kDnsFailure, TextOf(error));
}

}  // namespace probe::dns
