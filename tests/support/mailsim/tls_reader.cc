#include "tests/support/mailsim/tls_reader.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/pki.h"

namespace mailsim {
namespace {

using tests::TlsPeerContext;
using tests::TlsPeerSettings;
using tests::TlsRange;

const tests::Identity& FindIdentity(const Field& field,
                                    const std::string& name) {
  const auto& all = tests::TestPki().identities();
  const auto found = all.find(name);
  if (found != all.end()) return found->second;
  std::string known;
  for (const auto& [each, identity] : all) known.append(" ").append(each);
  field.Fail("unknown identity \"" + name + "\"; known:" + known);
}

// One certificate of each key type: a further one would take the place of
// that before it.
std::vector<tests::Identity> ReadIdentities(const Field& field) {
  std::vector<tests::Identity> identities;
  bool has_rsa = false;
  bool has_ecdsa = false;
  for (const std::string& name : field.Texts()) {
    identities.push_back(FindIdentity(field, name));
    if (std::exchange(name == "good-rsa" ? has_rsa : has_ecdsa, true)) {
      field.Fail("two of the same key type; only good-rsa is RSA");
    }
  }
  if (identities.empty()) field.Fail("empty");
  return identities;
}

TlsRange ReadVersions(const Field& field) {
  constexpr std::pair<const char*, TlsRange> kRanges[] = {
      {"any", TlsRange::kAny},          {"TLS1.0", TlsRange::kTls10Only},
      {"TLS1.1", TlsRange::kTls11Only}, {"TLS1.2", TlsRange::kTls12Only},
      {"TLS1.3", TlsRange::kTls13Only},
  };
  const std::string text = field.Text();
  for (const auto& [name, range] : kRanges) {
    if (text == name) return range;
  }
  field.Fail("expected any, TLS1.0, TLS1.1, TLS1.2 or TLS1.3");
}

void ReadClientCertificate(const Field& field, TlsPeerSettings& settings) {
  const std::string text = field.Text();
  if (text != "requested" && text != "required") {
    field.Fail("expected requested or required");
  }
  settings.client_roots = tests::TestPki().roots();
  settings.client_certificate_required = text == "required";
}

}  // namespace

Tls ReadTls(const Field& field) {
  Fields fields(field);
  TlsPeerSettings settings;
  const auto identities = fields.Take("identities");
  settings.identities = identities ? ReadIdentities(*identities)
                                   : std::vector{tests::TestPki().Get("good")};
  if (const auto versions = fields.Take("versions")) {
    settings.versions = ReadVersions(*versions);
  }
  if (const auto certificate = fields.Take("client_certificate")) {
    ReadClientCertificate(*certificate, settings);
  }
  if (const auto name = fields.Take("only_sni")) {
    settings.only_sni = name->Text();
  }
  if (const auto ciphers = fields.Take("ciphers")) {
    settings.ciphers = ciphers->Text();
    if (!TlsPeerContext::KnowsCiphers(settings.ciphers)) {
      ciphers->Fail("OpenSSL knows none of these ciphers");
    }
  }
  Tls tls;
  if (const auto implicit = fields.Take("implicit")) {
    tls.implicit = implicit->Flag();
  }
  fields.Done();
  tls.context = std::make_shared<const TlsPeerContext>(settings);
  return tls;
}

}  // namespace mailsim
