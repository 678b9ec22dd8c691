#include "exporter/config/web_tls_reader.h"

#include <algorithm>
#include <array>
#include <utility>

#include "exporter/config/map_reader.h"
#include "exporter/config/suggestion.h"
#include "exporter/config/target_files.h"
#include "exporter/config/text_file.h"
#include "probe/tls/context.h"

namespace exporter::config {
namespace {

using probe::tls::Version;
using Pair = std::pair<std::string_view, std::string_view>;

constexpr std::size_t kMaxPemBytes = kMaxWebConfigBytes;

// Go's name of each suite that crypto/tls lets a server choose, and OpenSSL's;
// "" for TLS 1.3, whose suites cannot be chosen.
constexpr std::array<Pair, 19> kCiphers = {{
    {"TLS_AES_128_GCM_SHA256", ""},
    {"TLS_AES_256_GCM_SHA384", ""},
    {"TLS_CHACHA20_POLY1305_SHA256", ""},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
     "ECDHE-ECDSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
     "ECDHE-ECDSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305", "ECDHE-ECDSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
     "ECDHE-ECDSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA"},
    {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"},
    {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
     "ECDHE-RSA-CHACHA20-POLY1305"},
    {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA"},
    {"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA"},
    {"TLS_RSA_WITH_AES_128_GCM_SHA256", "AES128-GCM-SHA256"},
    {"TLS_RSA_WITH_AES_256_GCM_SHA384", "AES256-GCM-SHA384"},
    {"TLS_RSA_WITH_AES_128_CBC_SHA", "AES128-SHA"},
    {"TLS_RSA_WITH_AES_256_CBC_SHA", "AES256-SHA"},
}};

constexpr std::array<Pair, 4> kCurves = {{{"X25519", "X25519"},
                                          {"CurveP256", "P-256"},
                                          {"CurveP384", "P-384"},
                                          {"CurveP521", "P-521"}}};

// The second of the pair whose first is the field's text; none with a
// complaint.
template <std::size_t size>
std::optional<std::string> Translate(const Field& field,
                                     const std::array<Pair, size>& words,
                                     std::string_view kind) {
  if (!field.value().IsText()) {
    field.ComplainKind("a " + std::string(kind));
    return std::nullopt;
  }
  const std::string& text = field.value().text;
  std::vector<std::string_view> known;
  for (const auto& [name, meaning] : words) {
    if (name == text) return std::string(meaning);
    known.push_back(name);
  }
  field.Complain("unknown " + std::string(kind) + ' ' + Quoted(text) +
                 Suggestion(text, known));
  return std::nullopt;
}

void ReadCipherSuites(const Field& list, WebTls& tls) {
  std::vector<std::string> chosen;
  bool is_empty = true;
  ReadList(list, "a list of cipher suites", [&](const Field& field) {
    is_empty = false;
    auto name = Translate(field, kCiphers, "cipher");
    if (name && !name->empty()) chosen.push_back(*std::move(name));
  });
  if (!is_empty) tls.cipher_suites = std::move(chosen);
}

void ReadVersion(const Field& field, Version& version) {
  using enum Version;
  ReadChoice(field,
             {{"TLS10", kTls10},
              {"TLS11", kTls11},
              {"TLS12", kTls12},
              {"TLS13", kTls13}},
             version);
}

void ReadVersions(MapReader& map, WebTls& tls) {
  const auto least = map.TakeSet("min_version");
  const auto most = map.TakeSet("max_version");
  if (least) ReadVersion(*least, tls.min_version);
  if (most) ReadVersion(*most, tls.max_version);
  if (tls.min_version <= tls.max_version) return;
  if (least) {
    least->Complain("is above max_version");
  } else {
    most->Complain("is below min_version");
  }
}

// A text that stands in the file or in one of its own.
struct Pem {
  std::string text;
  std::optional<Field> field;  // Where it comes from; none: not given.
  std::string file;            // Complete; "" when it stands in the field.
};

// `name` is "cert", and the file's is "cert_file".
Pem ReadPem(MapReader& map, std::string_view name, std::string_view file_name,
            const std::string& folder) {
  Pem pem;
  const auto text = map.TakeSet(name);
  const auto file = map.TakeSet(file_name);
  if (text) ReadText(*text, pem.text);
  if (!pem.text.empty()) pem.field.emplace(*text);
  std::string path;
  if (file) ReadText(*file, path);
  if (path.empty()) return pem;
  if (!pem.text.empty()) {
    text->Warn("is not used, because " + std::string(file_name) + " is given");
  }
  pem.text.clear();
  pem.field.emplace(*file);
  ReadCompleteName(*file, folder, pem.file);
  if (pem.file.empty()) return pem;
  auto read = ReadTextFile(pem.file, kMaxPemBytes);
  if (read) {
    pem.text = *std::move(read);
  } else {
    file->Complain(Printable(pem.file, kMaxShownPath) + ' ' + read.error());
  }
  return pem;
}

// `sentence` is about the text.
void ComplainOf(const Pem& pem, const std::string& sentence) {
  const std::string file = Printable(pem.file, kMaxShownPath);
  pem.field->Complain(file.empty() ? sentence : file + ' ' + sentence);
}

void CheckPair(const Pem& certificate, const Pem& key) {
  using probe::tls::Context;
  const auto context = Context::Create({.roots = probe::tls::Roots::None(),
                                        .certificate = certificate.text,
                                        .key = key.text});
  if (context) return;
  const bool of_key =
      context.error().part == probe::tls::ContextError::Part::kKey;
  ComplainOf(of_key ? key : certificate, context.error().sentence);
}

// Whether it is given.
bool ReadClientAuth(MapReader& map, WebTls& tls) {
  using enum ClientAuth;
  const auto field = map.TakeSet("client_auth_type");
  if (field && !(field->value().IsText() && field->value().text.empty())) {
    ReadChoice(*field,
               {{"NoClientCert", kNoClientCert},
                {"RequestClientCert", kRequestClientCert},
                {"RequireAnyClientCert", kRequireAnyClientCert},
                {"RequireClientCert", kRequireAnyClientCert},
                {"VerifyClientCertIfGiven", kVerifyClientCertIfGiven},
                {"RequireAndVerifyClientCert", kRequireAndVerifyClientCert}},
               tls.client_auth);
    return true;
  }
  return false;
}

bool Verifies(const WebTls& tls) {
  return tls.client_auth == ClientAuth::kVerifyClientCertIfGiven ||
         tls.client_auth == ClientAuth::kRequireAndVerifyClientCert;
}

void CheckRoots(const Field& block, const Pem& roots, const WebTls& tls) {
  if (!roots.field) {
    // Go would take the system's roots: a certificate for anything, from any
    // public authority, would do.
    if (!Verifies(tls)) return;
    return block.Complain(
        "missing one of client_ca or client_ca_file: with this "
        "client_auth_type certificates are verified");
  }
  if (tls.client_auth == ClientAuth::kNoClientCert) {
    return roots.field->Complain(
        "has no meaning without a client_auth_type that asks for certificates");
  }
  const auto parsed =
      probe::tls::Roots::Parse(roots.text, /*partial_chain=*/true);
  if (!parsed) ComplainOf(roots, parsed.error());
}

void ReadAllowedSans(MapReader& map, WebTls& tls) {
  const auto list = map.TakeSet("client_allowed_sans");
  if (!list) return;
  tls.client_allowed_sans.emplace();
  ReadList(*list, "a list of alternative names", [&](const Field& field) {
    ReadText(field, tls.client_allowed_sans->emplace_back());
  });
  if (tls.client_auth == ClientAuth::kNoClientCert) {
    list->Complain(
        "has no meaning without a client_auth_type that asks for certificates");
  } else if (!Verifies(tls)) {
    list->Warn(
        "proves nothing, because with this client_auth_type anybody can make a "
        "certificate with such a name");
  }
}

void ReadPreferences(MapReader& map, WebTls& tls) {
  ReadVersions(map, tls);
  if (const auto list = map.TakeSet("cipher_suites")) {
    ReadCipherSuites(*list, tls);
  }
  if (const auto list = map.TakeSet("curve_preferences")) {
    ReadList(*list, "a list of curves", [&](const Field& field) {
      auto name = Translate(field, kCurves, "curve");
      if (name) tls.curves.push_back(*std::move(name));
    });
  }
  if (const auto flag = map.TakeSet("prefer_server_cipher_suites")) {
    tls.prefers_own_cipher_order = ReadYaml11Flag(*flag).value_or(true);
  }
}

}  // namespace

void ReadWebTls(const Field& field, const std::string& folder,
                WebConfig& config) {
  MapReader map(field);
  WebTls tls;
  const Problems& problems = field.problems();
  const bool has_auth = ReadClientAuth(map, tls);
  ReadPreferences(map, tls);
  ReadAllowedSans(map, tls);
  const std::size_t before = problems.count();
  const Pem certificate = ReadPem(map, "cert", "cert_file", folder);
  const Pem key = ReadPem(map, "key", "key_file", folder);
  const Pem roots = ReadPem(map, "client_ca", "client_ca_file", folder);
  map.Finish();
  if (!certificate.field && !key.field && !roots.field && !has_auth) {
    if (!map.members().empty()) {
      field.Warn("does not switch TLS on: it has neither cert nor cert_file");
    }
    return;
  }
  if (!certificate.field) field.Complain("missing one of cert or cert_file");
  if (!key.field) field.Complain("missing one of key or key_file");
  if (problems.count() == before) {
    CheckPair(certificate, key);
    CheckRoots(field, roots, tls);
  }
  for (const Pem* const pem : {&certificate, &key, &roots}) {
    if (!pem->file.empty()) config.files.push_back(pem->file);
  }
  tls.certificate = certificate.text;
  tls.key = key.text;
  if (Verifies(tls)) tls.client_roots = roots.text;
  config.tls = std::move(tls);
}

}  // namespace exporter::config
