// The files that `tls:` blocks name, and the contexts made of them.
#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "exporter/config/config.h"
#include "tests/support/catch.h"
#include "tests/support/pki.h"
#include "tests/unit/config/scratch.h"

namespace exporter {
namespace {

using Context = probe::tls::Context;

// A folder with a configuration and what it names.
class Files {
 public:
  Files() : system_(Path("system.pem")) {
    const tests::Pki& pki = tests::TestPki();
    Write("system.pem", pki.roots());
    Write("tls/roots.pem", pki.roots());
    Write("client.crt", pki.Get("client").chain);
    Write("client.key", pki.Get("client").key);
    Write("good.crt", pki.Get("good").chain);
    Write("good.key", pki.Get("good").key);
    Write("empty.pem", "");
    Write("senseless.pem", "no certificate\n");
    Write("cut.pem", pki.roots().substr(0, pki.roots().size() / 2));
  }

  void Write(const std::string& name, const std::string& text) const {
    scratch_.Write(name, text);
  }
  void Remove(const std::string& name) const { scratch_.Remove(name); }
  std::string Path(const std::string& name) const {
    return scratch_.Path(name);
  }

  std::expected<Config, ConfigError> Load(const std::string& text) const {
    return LoadConfig(
        scratch_.Write("smtp.yml", "ehlo_name: monitor.example.net\n" + text));
  }
  Config Good(const std::string& text) const {
    auto config = Load(text);
    if (!config) FAIL(config.error().messages.front());
    return std::move(*config);
  }
  // Of one target with this block; without the folder's name.
  std::vector<std::string> Bad(const std::string& block) const {
    const auto config =
        Load("targets:\n- host: a.example\n  tls: {" + block + "}\n");
    REQUIRE_FALSE(config.has_value());
    std::vector<std::string> messages = config.error().messages;
    for (std::string& message : messages) {
      const std::string folder = Path("");
      for (auto at = message.find(folder); at != std::string::npos;
           at = message.find(folder)) {
        message.erase(at, folder.size());
      }
    }
    return messages;
  }

 private:
  const tests::Scratch scratch_;
  const tests::SystemRoots system_;
};

const std::shared_ptr<const Context>& ContextOf(const Config& config,
                                                std::size_t target = 0) {
  return config.targets.at(target)->conversation->tls.context;
}

TEST_CASE("files are relative to the configuration's folder") {
  const Files files;
  const Config config = files.Good(R"(
modules:
  m: {tls: {ca_file: tls/roots.pem, cert_file: ./client.crt, key_file: client.key}}
targets:
  - {host: a.example, module: m}
  - {host: b.example, tls: {ca_file: ")" +
                                   files.Path("tls/roots.pem") + "\"}}\n");
  const probe::TlsSettings& tls = config.targets.at(0)->conversation->tls;
  CHECK(tls.ca_file == "tls/roots.pem");  // As it is written.
  CHECK(tls.cert_file == "./client.crt");
  CHECK(tls.key_file == "client.key");
  CHECK(config.warnings.empty());
}

TEST_CASE("a file that does not do is an error where it is named") {
  const Files files;
  struct Case {
    std::string block;
    std::vector<std::string> want;
  };
  const Case cases[] = {
      {"ca_file: none.pem",
       {"ca_file: none.pem cannot be read: No such file or directory"}},
      {"ca_file: tls", {"ca_file: tls cannot be read: Is a directory"}},
      {"ca_file: empty.pem", {"ca_file: empty.pem is empty"}},
      {"ca_file: client.key", {"ca_file: client.key holds no certificate"}},
      {"ca_file: senseless.pem",
       {"ca_file: senseless.pem holds no certificate"}},
      {"cert_file: none.crt, key_file: none.key",
       {"cert_file: none.crt cannot be read: No such file or directory",
        "key_file: none.key cannot be read: No such file or directory"}},
      {"cert_file: senseless.pem, key_file: client.key",
       {"cert_file: senseless.pem holds no certificate"}},
      {"cert_file: client.crt, key_file: senseless.pem",
       {"key_file: senseless.pem holds no private key"}},
      {"cert_file: client.crt, key_file: good.key",
       {"key_file: good.key does not belong to the certificate"}},
      {"cert_file: client.crt", {"cert_file: needs a key_file"}},
      {"key_file: client.key", {"key_file: needs a cert_file"}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.block);
    const std::vector<std::string> messages = files.Bad(c.block);
    REQUIRE(messages.size() == c.want.size());
    for (std::size_t i = 0; i < messages.size(); ++i) {
      CAPTURE(messages[i]);
      CHECK(messages[i].starts_with("smtp.yml:4:"));
      CHECK(messages[i].ends_with(": targets[0].tls." + c.want[i]));
    }
  }
  CHECK(files.Bad("ca_file: cut.pem").size() == 1);
}

TEST_CASE("one of two files may be the module's") {
  const Files files;
  const std::string module =
      "modules: {m: {tls: {cert_file: client.crt, key_file: client.key}}}\n"
      "targets:\n- host: a.example\n  module: m\n  tls: {";
  files.Write("copy.key", tests::TestPki().Get("client").key);
  CHECK(files.Good(module + "key_file: copy.key}\n").targets.size() == 1);
  CHECK(files.Good(module + "cert_file: good.crt, key_file: good.key}\n")
            .targets.size() == 1);
  const auto config = files.Load(module + "cert_file: good.crt}\n");
  REQUIRE_FALSE(config.has_value());
  CHECK(config.error().messages ==
        std::vector<std::string>{
            files.Path("smtp.yml") + ":6:20: targets[0].tls.cert_file: " +
            files.Path("client.key") + " does not belong to the certificate"});
}

TEST_CASE("equal settings share a context") {
  const Files files;
  std::string text =
      "modules: {m: {tls: {ca_file: tls/roots.pem, "
      "certificate_types: [ecdsa, rsa]}}}\ntargets:\n";
  for (int i = 0; i < 300; ++i) {
    const std::string host = "mx" + std::to_string(i) + ".example";
    // What a conversation says of itself needs no context of its own.
    text += "  - {host: " + host +
            ", module: m, timeout: " + std::to_string(i % 7 + 1) +
            "s, tls: {verify: true, server_name: " + host + "}}\n";
  }
  text += "  - {host: a.example, module: m, tls: {max_version: TLS1.2}}\n";
  text += "  - {host: b.example}\n";
  const Config config = files.Good(text);
  std::set<const Context*> contexts;
  for (const auto& target : config.targets) {
    contexts.insert(target->conversation->tls.context.get());
    for (const auto& further : target->certificate_conversations) {
      contexts.insert(further->tls.context.get());
    }
  }
  CHECK(contexts.size() == 3 + 3 + 1);
}

TEST_CASE("each load reads the files again") {
  const Files files;
  const std::string text =
      "targets:\n- host: a.example\n  tls: {ca_file: tls/roots.pem, "
      "cert_file: client.crt, key_file: client.key}\n- b.example\n";
  const Config first = files.Good(text);
  const Config same = files.Good(text);
  CHECK(*same.targets[0]->conversation == *first.targets[0]->conversation);
  CHECK(*same.targets[1]->conversation == *first.targets[1]->conversation);

  files.Write("client.crt", tests::TestPki().Get("good").chain);
  files.Write("client.key", tests::TestPki().Get("good").key);
  const Config renewed = files.Good(text);
  CHECK(ContextOf(renewed)->digest() != ContextOf(first)->digest());
  CHECK(ContextOf(renewed, 1)->digest() == ContextOf(first, 1)->digest());
  // Another conversation, and yet of the same endpoint.
  CHECK(*renewed.targets[0]->conversation != *first.targets[0]->conversation);
  CHECK(probe::Fingerprint(*renewed.targets[0]->conversation) ==
        probe::Fingerprint(*first.targets[0]->conversation));

  files.Write("tls/roots.pem", tests::TestPki().cross_roots());
  const Config rooted = files.Good(text);
  CHECK(ContextOf(rooted)->digest() != ContextOf(renewed)->digest());
  files.Write("system.pem", tests::TestPki().cross_roots());
  CHECK(ContextOf(files.Good(text), 1)->digest() !=
        ContextOf(first, 1)->digest());

  files.Remove("client.key");
  CHECK_FALSE(files.Load(text).has_value());
}

TEST_CASE("roots of this system that cannot be used are an error") {
  const Files files;
  const std::string head =
      "targets[0]: TLS cannot be set up: the trusted root certificates in " +
      files.Path("system.pem") + " cannot be used: the file ";
  const std::string user = "targets: [a.example]\n";
  CHECK(files.Good(user).warnings.empty());

  const auto error = [&] {
    const auto loaded = files.Load(user);
    REQUIRE_FALSE(loaded.has_value());
    const std::string& message = loaded.error().messages.front();
    return message.substr(message.find("targets"));
  };
  files.Write("system.pem", "no certificate");
  CHECK(error() == head + "holds no certificate");
  files.Remove("system.pem");
  CHECK(error() == head + "cannot be read: No such file or directory");
  // Who does not need them does not hear of them.
  CHECK(files
            .Good("targets: [{host: a.example, tls: {mode: none}},"
                  " {host: b.example, tls: {ca_file: tls/roots.pem}}]\n")
            .warnings.empty());
  CHECK(files.Good("targets: []\n").warnings.empty());
}

TEST_CASE("an empty name takes an inherited file back") {
  const Files files;
  const Config config = files.Good(
      "modules: {m: {tls: {ca_file: tls/roots.pem, "
      "cert_file: client.crt, key_file: client.key}}}\n"
      "targets:\n- {host: a.example, module: m}\n"
      "- {host: b.example, module: m, tls: {ca_file: \"\"}}\n"
      "- {host: c.example, module: m, tls: {cert_file: \"\", key_file: "
      "\"\"}}\n");
  CHECK(config.targets[1]->conversation->tls.ca_file.empty());
  CHECK(config.targets[1]->conversation->tls.cert_file == "client.crt");
  CHECK(config.targets[2]->conversation->tls.ca_file == "tls/roots.pem");
  CHECK(config.targets[2]->conversation->tls.cert_file.empty());
  CHECK(config.targets[2]->conversation->tls.key_file.empty());
  CHECK(ContextOf(config, 1)->digest() != ContextOf(config, 0)->digest());
  CHECK(ContextOf(config, 2)->digest() != ContextOf(config, 0)->digest());
}

}  // namespace
}  // namespace exporter
