// An engine and its server, and what is between them.
#ifndef TESTS_SUPPORT_TLS_CONNECTION_H_
#define TESTS_SUPPORT_TLS_CONNECTION_H_

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "probe/tls/context.h"
#include "probe/tls/engine.h"
#include "tests/support/pki.h"
#include "tests/support/tls_peer.h"

namespace tests {

// Trusts the root of TestPki(), or whom `settings` trust. Null if it cannot be
// made.
inline std::shared_ptr<const probe::tls::Context> TlsContext(
    probe::tls::ContextSettings settings = {}) {
  if (settings.roots == nullptr) {
    settings.roots = *probe::tls::Roots::Parse(TestPki().roots(),
                                               /*partial_chain=*/false);
  }
  return probe::tls::Context::Create(settings).value_or(nullptr);
}

struct TlsConnection {
  // How what the server sends is cut: not at all, byte by byte, or into two
  // reads at this byte of all that it sends.
  static constexpr std::size_t kUncut = std::string::npos;
  static constexpr std::size_t kBytes = std::string::npos - 1;

  TlsConnection(const TlsPeerContext& peer_context,
                std::shared_ptr<const probe::tls::Context> context,
                const probe::tls::ServerName& server = {"mx.example.com", {}},
                probe::WallTime now = std::chrono::system_clock::now())
      : engine(std::move(context), server, now), peer(peer_context) {}

  // Until both are silent.
  void Exchange(std::size_t cut = kUncut) {
    while (true) {
      const std::string to_peer = engine.TakeCiphertext();
      peer.Feed(to_peer);
      const std::string to_engine = peer.TakeCiphertext();
      if (to_peer.empty() && to_engine.empty()) return;
      Deliver(to_engine, cut);
    }
  }

  void Deliver(std::string_view bytes, std::size_t cut) {
    if (cut == kBytes) {
      for (const char byte : bytes) engine.Feed({&byte, 1});
    } else if (cut > sent && cut < sent + bytes.size()) {
      engine.Feed(bytes.substr(0, cut - sent));
      engine.Feed(bytes.substr(cut - sent));
    } else {
      engine.Feed(bytes);
    }
    sent += bytes.size();
  }

  probe::tls::Engine engine;
  TlsPeer peer;
  std::size_t sent = 0;  // By the server, so far.
};

}  // namespace tests

#endif  // TESTS_SUPPORT_TLS_CONNECTION_H_
