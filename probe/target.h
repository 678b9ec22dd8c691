// What the user wrote: one mail server or one domain to watch, with all
// defaults of its module filled in. Immutable once the config reader made it;
// nothing validates it again.
#ifndef PROBE_TARGET_H_
#define PROBE_TARGET_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "probe/clock.h"
#include "probe/ip_address.h"
#include "probe/tls/context.h"
#include "probe/tls/version.h"

namespace probe {

// What the server is for. An `mx` takes mail from other servers, where AUTH
// has no business (`smtp_auth_on_25`); a `submission` server takes it from
// users.
enum class Role { kMx, kSubmission };

enum class IpProtocol { kAuto, kIp4, kIp6 };
enum class AddressChoice { kAll, kFirst };
// What becomes of addresses that are not public (IpAddress::IsPublic).
enum class PrivateAddresses { kProbe, kSkip };

// How long each phase may take, and all of them together.
struct Timeouts {
  Duration total = std::chrono::seconds(45);
  Duration connect = std::chrono::seconds(5);
  // Greeting delays of 6 s (postscreen) to 15 s are normal.
  Duration greeting = std::chrono::seconds(20);
  Duration ehlo = std::chrono::seconds(10);  // Before TLS, and inside it.
  Duration tls = std::chrono::seconds(10);   // The reply to STARTTLS; again for
                                             // the handshake.
  Duration quit = std::chrono::seconds(2);

  friend bool operator==(const Timeouts&, const Timeouts&) = default;
};

// When TLS begins.
enum class TlsMode {
  kNone,           // Never.
  kOpportunistic,  // By STARTTLS where it is advertised.
  kRequired,       // The same, and not to advertise it is a failure.
  kImplicit,       // Before the greeting (RFC 8314 3.3).
};

struct TlsSettings {
  TlsMode mode = TlsMode::kNone;
  // An untrusted certificate or a wrong name fails the probe; without, they
  // are facts only.
  bool verify = false;
  // A lower version fails the probe. Judged after the handshake, so that the
  // version and the certificate are known all the same.
  tls::Version min_version = tls::Version::kTls10;
  // The highest version that is offered.
  tls::Version max_version = tls::Version::kTls13;
  tls::KeyType key_type = tls::KeyType::kAny;
  // For SNI and the name check; "": the name (or address) of the endpoint.
  std::string server_name;
  // Where the context's texts came from, as configured; "" for the system's
  // roots, for no client certificate.
  std::string ca_file;
  std::string cert_file;
  std::string key_file;
  // Null if and only if `mode` is kNone.
  std::shared_ptr<const tls::Context> context;

  // Contexts are equal when their digests are.
  friend bool operator==(const TlsSettings& a, const TlsSettings& b);
};

// What shapes one conversation. Targets that agree in address, port, server
// name and in this share an endpoint. Shared, never changed.
struct Conversation {
  // The argument of EHLO: a host name or an address literal in brackets.
  std::string ehlo_name;
  std::optional<IpAddress> source_address;
  Timeouts timeouts;
  TlsSettings tls{};

  friend bool operator==(const Conversation&, const Conversation&) = default;
};

// Everything that distinguishes two conversations, as text, but for what was
// in the files that they name: a renewed client certificate changes a
// conversation and does not make it another one.
std::string Fingerprint(const Conversation& conversation);

// The target's `expect:` block; what is not set is not judged.
struct Expectations {
  // A host name, or a regular expression (RE2) between slashes that is
  // searched in the whole greeting text. Empty: the target's own host name.
  std::string banner;
  std::optional<bool> starttls;
  std::optional<bool> auth;
  std::optional<double> size_at_least;    // Octets.
  std::vector<std::string> capabilities;  // Upper case.
  std::optional<tls::Version> tls_min_version;
  // The certificate, and all it depends on, is valid for so many days on.
  std::optional<int> certificate_days;

  friend bool operator==(const Expectations&, const Expectations&) = default;
};

// What one compiled regular expression of `expect.banner` may take: each target
// holds its own, and RE2's own limit is 8 MiB.
inline constexpr std::int64_t kMaxPatternMemory = 1 << 20;

struct Target {
  std::string name;  // Label `target`: "mx1.example.com:25", "[::1]:25".
  std::string host;  // As configured, without port and brackets.
  // `host` is a domain, which stands for its mail exchangers.
  bool is_domain = false;
  std::optional<IpAddress> literal;  // Set when `host` is an IP address.
  std::uint16_t port = 25;
  std::string module;  // Label `module`.
  Role role = Role::kMx;
  AddressChoice addresses = AddressChoice::kAll;
  IpProtocol ip_protocol = IpProtocol::kAuto;
  // Who writes down a host knows where it is; where the exchangers of a domain
  // are its owner says, and could mean our own network.
  PrivateAddresses private_addresses = PrivateAddresses::kProbe;
  Duration interval = std::chrono::seconds(60);
  Duration stale_after = std::chrono::minutes(5);
  std::shared_ptr<const Conversation> conversation;  // Never null.
  // One further conversation for each of `tls.certificate_types`, alike but
  // for its key_type. Only the certificate of their results counts.
  std::vector<std::shared_ptr<const Conversation>> certificate_conversations;
  // User labels, sorted by name; names are valid and not reserved, values are
  // valid UTF-8.
  std::vector<std::pair<std::string, std::string>> labels;
  Expectations expect;

  // Deep: conversations are compared by what they say.
  friend bool operator==(const Target& a, const Target& b);
};

// "mx1.example.com:25 smtp". Two targets with one of these would have the same
// series: a host and a domain of one name, too, while they do not resolve.
std::string Identity(const Target& target);

}  // namespace probe

#endif  // PROBE_TARGET_H_
