#include "exporter/config/tls.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "exporter/config/host_name.h"
#include "exporter/config/map_reader.h"
#include "probe/ip_address.h"

namespace exporter::config {
namespace {

using probe::TlsMode;
using probe::TlsSettings;

// Every key but `mode`.
constexpr const char* kKeys[] = {
    "verify",  "min_version", "max_version", "server_name",
    "ca_file", "cert_file",   "key_file",    "certificate_types",
};

void ReadVersions(MapReader& map, TlsSettings& settings) {
  const auto least = map.Take("min_version");
  const auto most = map.Take("max_version");
  if (least) ReadTlsVersion(*least, settings.min_version);
  if (most) ReadTlsVersion(*most, settings.max_version);
  if (settings.min_version <= settings.max_version) return;
  // One of them may be inherited.
  const std::string low(Name(settings.min_version));
  const std::string high(Name(settings.max_version));
  if (least) {
    least->Complain(low + " is above max_version (" + high + ")");
  } else if (most) {
    most->Complain(high + " is below min_version (" + low + ")");
  }
}

// In the form in which certificates hold it.
void ReadServerName(const Field& field, std::string& name) {
  if (!field.value().IsText()) return field.ComplainKind("a host name");
  if (probe::IpAddress::Parse(field.value().text)) {
    return field.Complain(Quoted(field.value().text) +
                          " is an IP address, and only a host name can be "
                          "asked for (RFC 6066)");
  }
  auto ascii = ToAsciiName(field.value().text);
  if (!ascii) return field.Complain(ascii.error());
  if (ascii->ends_with('.')) ascii->pop_back();
  for (char& c : *ascii) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  name = std::move(*ascii);
}

// `check` is what the file must pass.
void ReadFileName(
    const Field& field, TlsContexts& contexts,
    std::optional<std::string> (TlsContexts::*check)(const std::string&),
    std::string& file) {
  if (!field.value().IsText()) return field.ComplainKind("a file name");
  const std::string& name = field.value().text;
  if (name.empty()) {
    file.clear();  // What the module names does not count.
  } else if (name.find('\0') != std::string::npos) {
    field.Complain(Quoted(name) + " is not a file name: it holds a NUL");
  } else if (const auto wrong = (contexts.*check)(name)) {
    field.Complain(*wrong);
  } else {
    file = name;
  }
}

// One of the two files may be inherited; what is wrong is then said of the
// other.
void ReadClientCertificate(MapReader& map, TlsContexts& contexts,
                           TlsSettings& settings) {
  const auto cert = map.Take("cert_file");
  const auto key = map.Take("key_file");
  if (!cert && !key) return;
  const auto read = [&contexts](const Field& field, std::string& file) {
    ReadFileName(field, contexts, &TlsContexts::CheckFile, file);
  };
  const Problems& problems = map.field().problems();
  const std::size_t before = problems.count();
  if (cert) read(*cert, settings.cert_file);
  if (key) read(*key, settings.key_file);
  if (problems.count() != before) return;
  if (settings.key_file.empty() && settings.cert_file.empty()) return;
  if (settings.key_file.empty()) return cert->Complain("needs a key_file");
  if (settings.cert_file.empty()) return key->Complain("needs a cert_file");
  const auto& wrong = contexts.CheckPair(settings.cert_file, settings.key_file);
  if (!wrong) return;
  const bool of_key = wrong->part == probe::tls::ContextError::Part::kKey;
  const Field& place = key && (of_key || !cert) ? *key : *cert;
  place.Complain(wrong->sentence);
}

void ReadCertificateTypes(const Field& list,
                          std::vector<probe::tls::KeyType>& types) {
  using enum probe::tls::KeyType;
  types.clear();
  ReadList(list, "a list of ecdsa and rsa", [&types](const Field& field) {
    probe::tls::KeyType type = kAny;
    ReadChoice(field, {{"ecdsa", kEcdsa}, {"rsa", kRsa}}, type);
    if (type == kAny) return;
    if (std::find(types.begin(), types.end(), type) != types.end()) {
      field.Complain(Quoted(field.value().text) + " is listed twice");
    } else {
      types.push_back(type);
    }
  });
}

}  // namespace

void ReadTls(const Field& field, TlsContexts& contexts, TlsBlock& block) {
  const std::size_t problems = field.problems().count();
  MapReader map(field);
  if (const auto mode = map.Take("mode")) {
    using enum TlsMode;
    ReadChoice(*mode,
               {{"none", kNone},
                {"opportunistic", kOpportunistic},
                {"required", kRequired},
                {"implicit", kImplicit}},
               block.settings.mode);
  }
  if (block.settings.mode == TlsMode::kNone) {
    for (const char* const key : kKeys) {
      map.Refuse(key, "has no meaning while mode is none");
    }
    return map.Finish();
  }
  TlsBlock next = block;
  if (const auto flag = map.Take("verify")) {
    std::optional<bool> verify;
    ReadFlag(*flag, verify);
    next.settings.verify = verify.value_or(next.settings.verify);
  }
  ReadVersions(map, next.settings);
  if (const auto name = map.Take("server_name")) {
    ReadServerName(*name, next.settings.server_name);
  }
  if (const auto file = map.Take("ca_file")) {
    ReadFileName(*file, contexts, &TlsContexts::CheckRoots,
                 next.settings.ca_file);
  }
  ReadClientCertificate(map, contexts, next.settings);
  if (const auto types = map.Take("certificate_types")) {
    ReadCertificateTypes(*types, next.certificate_types);
  }
  map.Finish();
  if (field.problems().count() == problems) block = std::move(next);
}

void ReadTlsVersion(const Field& field, probe::tls::Version& version) {
  using enum probe::tls::Version;
  ReadChoice(field,
             {{Name(kTls10), kTls10},
              {Name(kTls11), kTls11},
              {Name(kTls12), kTls12},
              {Name(kTls13), kTls13}},
             version);
}

std::string_view ModeName(TlsMode mode) {
  switch (mode) {
    case TlsMode::kNone:
      return "none";
    case TlsMode::kOpportunistic:
      return "opportunistic";
    case TlsMode::kRequired:
      return "required";
    case TlsMode::kImplicit:
      return "implicit";
  }
  return "";
}

}  // namespace exporter::config
