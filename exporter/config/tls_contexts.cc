#include "exporter/config/tls_contexts.h"

#include <cstdlib>
#include <filesystem>

#include "exporter/config/problems.h"
#include "exporter/config/text_file.h"

namespace exporter::config {
namespace {

namespace tls = probe::tls;

// Where the bundle of trusted roots lies: Debian and its kin, Fedora and its
// kin, openSUSE, Alpine. OpenSSL's own default is right only where the library
// is the distribution's.
constexpr const char* kSystemBundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
};

// The variable that OpenSSL and Go read as well. "" for no bundle at all.
std::string SystemBundle() {
  if (const char* const chosen = std::getenv("SSL_CERT_FILE");
      chosen != nullptr && *chosen != '\0') {
    return chosen;
  }
  for (const char* const path : kSystemBundles) {
    std::error_code error;
    if (std::filesystem::exists(path, error)) return path;
  }
  return "";
}

// File names hold no NUL.
std::string Joined(const std::string& a, const std::string& b) {
  return a + '\0' + b;
}

}  // namespace

std::string TlsContexts::PathOf(const std::string& file) const {
  return (std::filesystem::path(folder_) / file).string();
}

std::string TlsContexts::Shown(const std::string& file) const {
  return Printable(PathOf(file), kMaxShownPath);
}

TlsContexts::File& TlsContexts::Read(const std::string& file) {
  const auto [entry, added] = files_.try_emplace(file);
  File& read = entry->second;
  if (added) {
    read.text = ReadTextFile(PathOf(file), kMaxTlsFileBytes);
    if (read.text && read.text->empty())
      read.text = std::unexpected("is empty");
  }
  return read;
}

const std::string& TlsContexts::Text(const std::string& file) {
  static const std::string none;
  if (file.empty()) return none;
  const File& read = Read(file);
  return read.text ? *read.text : none;
}

std::optional<std::string> TlsContexts::CheckFile(const std::string& file) {
  const std::lock_guard lock(mutex_);
  return WrongFile(file);
}

std::optional<std::string> TlsContexts::CheckRoots(const std::string& ca_file) {
  const std::lock_guard lock(mutex_);
  return WrongRoots(ca_file);
}

std::vector<std::string> TlsContexts::Warnings() const {
  const std::lock_guard lock(mutex_);
  return warnings_;
}

std::optional<std::string> TlsContexts::WrongFile(const std::string& file) {
  const File& read = Read(file);
  if (read.text) return std::nullopt;
  return Shown(file) + ' ' + read.text.error();
}

std::optional<std::string> TlsContexts::WrongRoots(const std::string& ca_file) {
  if (auto wrong = WrongFile(ca_file)) return wrong;
  File& read = Read(ca_file);
  if (!read.roots) {
    read.roots = tls::Roots::Parse(*read.text, /*partial_chain=*/true);
  }
  if (*read.roots) return std::nullopt;
  return Shown(ca_file) + ' ' + read.roots->error();
}

const std::optional<tls::ContextError>& TlsContexts::CheckPair(
    const std::string& cert_file, const std::string& key_file) {
  const std::lock_guard lock(mutex_);
  const auto [entry, added] = pairs_.try_emplace(Joined(cert_file, key_file));
  std::optional<tls::ContextError>& wrong = entry->second;
  if (!added) return wrong;
  const auto context = tls::Context::Create({.roots = tls::Roots::None(),
                                             .certificate = Text(cert_file),
                                             .key = Text(key_file)});
  if (!context) {
    wrong = context.error();
    const bool of_key = wrong->part == tls::ContextError::Part::kKey;
    wrong->sentence =
        Shown(of_key ? key_file : cert_file) + ' ' + wrong->sentence;
  }
  return wrong;
}

std::expected<std::shared_ptr<const tls::Context>, std::string>
TlsContexts::Get(const probe::TlsSettings& settings) {
  const std::lock_guard lock(mutex_);
  std::string key = std::to_string(static_cast<int>(settings.max_version)) +
                    std::to_string(static_cast<int>(settings.key_type)) +
                    settings.ca_file;
  key = Joined(Joined(key, settings.cert_file), settings.key_file);
  key += settings.verify ? 'v' : '-';
  std::shared_ptr<const tls::Context>& context = contexts_[key];
  if (context) return context;
  SharedRoots roots;
  if (settings.ca_file.empty()) {
    const auto& system = SystemRoots();
    if (!system) return std::unexpected(system.error());
    roots = *system;
    if (settings.verify && roots->size() == 0) {
      return std::unexpected(
          "verify needs trusted root certificates and none were found: "
          "install ca-certificates or set tls.ca_file");
    }
  } else if (!WrongRoots(settings.ca_file)) {
    roots = **Read(settings.ca_file).roots;
  } else {
    roots = tls::Roots::None();
  }
  auto made = tls::Context::Create({.roots = std::move(roots),
                                    .certificate = Text(settings.cert_file),
                                    .key = Text(settings.key_file),
                                    .max_version = settings.max_version,
                                    .key_type = settings.key_type});
  if (!made) return std::unexpected(made.error().sentence);
  context = std::move(*made);
  return context;
}

const std::expected<TlsContexts::SharedRoots, std::string>&
TlsContexts::SystemRoots() {
  if (system_roots_) return *system_roots_;
  const std::string bundle = SystemBundle();
  if (bundle.empty()) {
    warnings_.push_back(
        "no trusted root certificates were found, so it is not known whether "
        "certificates are trusted: install ca-certificates or set tls.ca_file");
    return system_roots_.emplace(tls::Roots::None());
  }
  const auto text = ReadTextFile(bundle, kMaxTlsFileBytes);
  auto roots = text ? tls::Roots::Parse(*text, /*partial_chain=*/false)
                    : std::unexpected(text.error());
  if (roots) return system_roots_.emplace(std::move(*roots));
  // No warning: with no root at all every certificate would be found at fault.
  return system_roots_.emplace(std::unexpected(
      "the trusted root certificates in " + Printable(bundle, kMaxShownPath) +
      " cannot be used: the file " + roots.error()));
}

}  // namespace exporter::config
