// Times in certificates.
#ifndef PROBE_TLS_X509_TIME_H_
#define PROBE_TLS_X509_TIME_H_

#include <openssl/asn1.h>

#include "probe/clock.h"

namespace probe::tls {

// What WallTime cannot hold comes out as its first or last moment: RFC 5280
// writes "never" as the year 9999. A time that cannot be read is the epoch, so
// that it counts as expired.
WallTime ReadTime(const ASN1_TIME* time);

}  // namespace probe::tls

#endif  // PROBE_TLS_X509_TIME_H_
