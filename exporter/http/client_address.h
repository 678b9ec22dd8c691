// The address at the other end of a connection.
#ifndef EXPORTER_HTTP_CLIENT_ADDRESS_H_
#define EXPORTER_HTTP_CLIENT_ADDRESS_H_

#include <sys/socket.h>

#include <string>

namespace exporter::http {

// "192.0.2.7", also when an IPv6 socket shows it as "::ffff:192.0.2.7",
// "2001:db8::1"; "" for other families.
std::string ClientAddress(const sockaddr* peer);

// What limits per client count: an IPv4 address, and of IPv6 the 64 bits that
// one customer gets and can choose freely from. Bytes, not text.
std::string ClientShare(const sockaddr* peer);

}  // namespace exporter::http

#endif  // EXPORTER_HTTP_CLIENT_ADDRESS_H_
