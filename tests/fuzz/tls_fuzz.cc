// A hostile server, or somebody on the way, against probe::tls::Engine.
//
// The first byte of the input chooses: bit 0 one of the two games below, bits
// 1-2 the version, bits 3-4 the kind of certificate, bits 5-7 how bytes are
// cut.
//   0  The rest is what the server says. Nobody finishes a handshake so, and
//      the outcome does not depend on the cuts.
//   1  A real server, with the rest of the input as damage on the way: two
//      bytes of position, one what is done there, one how much, then bytes to
//      put in. What comes out is what the server said, or the beginning of it.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "probe/tls/engine.h"
#include "tests/support/pki.h"
#include "tests/support/tls_connection.h"
#include "tests/support/tls_peer.h"

namespace {

using probe::tls::Engine;
using probe::tls::Error;
using probe::tls::KeyType;
using probe::tls::Version;
using tests::TlsRange;

constexpr std::array<std::size_t, 8> kCuts = {
    std::string::npos, 1, 2, 3, 5, 16, 100, 1000};
constexpr std::string_view kSaid = "220 mx.example.com ESMTP\r\n";

void Require(bool condition) {
  if (!condition) std::abort();
}

struct Choice {
  explicit Choice(unsigned char byte)
      : live((byte & 1) != 0),
        version((byte >> 1) & 3),
        certificate((byte >> 3) & 3),
        cut(kCuts[byte >> 5]) {}

  bool live;
  std::size_t version;      // Of Version, of TlsRange without kAny.
  std::size_t certificate;  // 3 as 0: any.
  std::size_t cut;
};

// An engine whose every state is looked at.
struct Watched {
  explicit Watched(const Choice& choice)
      : engine(MakeContext(choice), {"mx.example.com", std::nullopt}, {}) {}

  static std::shared_ptr<const probe::tls::Context> MakeContext(
      const Choice& choice) {
    // The last one is for a real server, which has all to choose from.
    static std::array<std::shared_ptr<const probe::tls::Context>, 17> made;
    auto& context =
        made[choice.live ? 16 : choice.version * 4 + choice.certificate];
    if (context != nullptr) return context;
    probe::tls::ContextSettings settings;
    if (!choice.live) {
      settings.max_version = static_cast<Version>(choice.version);
      settings.key_type = static_cast<KeyType>(choice.certificate % 3);
    }
    context = tests::TlsContext(settings);
    Require(context != nullptr);
    return context;
  }

  void Feed(std::string_view bytes, std::size_t cut) {
    while (!bytes.empty()) {
      engine.Feed(bytes.substr(0, cut));
      bytes.remove_prefix(std::min(cut, bytes.size()));
      Look();
    }
  }

  void Look() {
    cleartext += engine.TakeCleartext();
    Require((engine.handshake() != nullptr) == engine.open());
    Require(engine.open() || (cleartext.empty() && !engine.closed()));
    if (engine.open()) {
      const probe::tls::Handshake& facts = *engine.handshake();
      Require(facts.certificate.has_value() == facts.verdict.has_value());
    }
    const std::optional<Error>& now = engine.error();
    // Once and for all.
    if (error) Require(now && now->kind == error->kind);
    if (error) Require(now->detail == error->detail);
    error = now;
    if (!error) return;
    Require(error->kind != Error::Kind::kInternal);
    Require(error->detail.size() <= 200);
    Require(std::none_of(
        error->detail.begin(), error->detail.end(),
        [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
  }

  Engine engine;
  std::string cleartext;
  std::optional<Error> error;
};

void PlayBytes(const Choice& choice, std::string_view said) {
  Watched cut(choice);
  Watched whole(choice);
  cut.Feed(said, choice.cut);
  whole.Feed(said, std::string::npos);
  // Our ClientHello, an alert, a second ClientHello: nothing grows.
  Require(cut.engine.TakeCiphertext().size() < 4096);
  Require(!cut.engine.open() && !whole.engine.open());
  Require(cut.error.has_value() == whole.error.has_value());
  if (!cut.error) return;
  Require(cut.error->kind == whole.error->kind);
  // The first line of what is not TLS is told as far as it has come.
  if (cut.error->kind == Error::Kind::kNotTls) return;
  Require(cut.error->detail == whole.error->detail);
}

struct Damage {
  explicit Damage(std::string_view input) {
    const auto byte = [&input](std::size_t at) {
      return at < input.size() ? static_cast<unsigned char>(input[at]) : 0U;
    };
    position = byte(0) * 256 + byte(1);
    kind = byte(2);
    amount = byte(3);
    bytes = input.substr(std::min<std::size_t>(input.size(), 4));
  }

  // Of what comes next on the way to the engine.
  std::string Do(std::string flight) {
    const std::size_t begin = std::exchange(passed, passed + flight.size());
    if (cut_off) return std::string();
    if (position < begin || position >= passed) return flight;
    const std::size_t at = position - begin;
    const std::string before = flight;
    switch (kind % 5) {
      case 0:
        flight[at] = static_cast<char>(flight[at] ^ amount);
        break;
      case 1:
        flight.erase(at, amount);
        break;
      case 2:
        flight.resize(at);
        cut_off = true;
        break;
      case 3:
        flight.insert(at, bytes);
        break;
      default:
        flight.insert(at, flight.substr(at, amount));
    }
    done = flight != before;
    return flight;
  }

  std::size_t position = 0;
  unsigned kind = 0;
  std::size_t amount = 0;
  std::string_view bytes;
  std::size_t passed = 0;
  bool cut_off = false;
  bool done = false;
};

const tests::TlsPeerContext& PeerContext(const Choice& choice) {
  static std::array<std::unique_ptr<tests::TlsPeerContext>, 16> made;
  static constexpr std::array kIdentities = {"good", "good-rsa", "self-signed",
                                             "expired-intermediate"};
  auto& context = made[choice.version * 4 + choice.certificate];
  if (context != nullptr) return *context;
  tests::TlsPeerSettings settings;
  settings.identities = {tests::TestPki().Get(kIdentities[choice.certificate])};
  settings.versions = static_cast<TlsRange>(choice.version + 1);
  context = std::make_unique<tests::TlsPeerContext>(settings);
  return *context;
}

void PlayDamage(const Choice& choice, std::string_view input) {
  Damage damage(input);
  tests::TlsPeer peer(PeerContext(choice));
  Watched watched(choice);
  bool greeted = false;
  // Each side speaks twice in a handshake, and then the server greets.
  for (int flight = 0; flight < 6; ++flight) {
    peer.Feed(watched.engine.TakeCiphertext());
    if (peer.open() && !peer.failed() && !greeted) {
      peer.Write(kSaid);
      peer.Close();
      greeted = true;
    }
    watched.Feed(damage.Do(peer.TakeCiphertext()), choice.cut);
  }
  Require(watched.engine.TakeCiphertext().size() < 4096);
  Require(kSaid.starts_with(watched.cleartext));
  if (damage.done) return;
  Require(!watched.error && watched.engine.closed());
  Require(watched.cleartext == kSaid);
  Require(watched.engine.handshake()->version ==
          static_cast<Version>(choice.version));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes,
                                      std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  const Choice choice(bytes[0]);
  if (choice.live) {
    PlayDamage(choice, input.substr(1));
  } else {
    PlayBytes(choice, input.substr(1));
  }
  return 0;
}
