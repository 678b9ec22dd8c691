// What `tls:` blocks, modules and ports come to.
#include <chrono>
#include <string>
#include <vector>

#include "exporter/config/config.h"
#include "tests/support/catch.h"
#include "tests/support/pki.h"
#include "tests/unit/config/scratch.h"

namespace exporter {
namespace {

using probe::TlsMode;
using probe::tls::KeyType;
using probe::tls::Version;
using std::chrono::seconds;
using enum probe::TlsMode;

// What the host trusts makes no difference to the tests, and none of them need
// it but for speed.
class Configured {
 public:
  Configured()
      : system_(scratch_.Write("system.pem", tests::TestPki().roots())) {}

  Config Good(const std::string& text) const {
    auto config = ParseConfig(kHead + text, scratch_.Path("smtp.yml"));
    if (!config) FAIL(config.error().messages.front());
    return std::move(*config);
  }
  probe::Target Target(const std::string& modules,
                       const std::string& target) const {
    const Config config =
        Good("modules: {" + modules + "}\ntargets: [" + target + "]\n");
    REQUIRE(config.targets.size() == 1);
    return *config.targets[0];
  }
  // Without the file's name.
  std::string Message(const std::string& text) const {
    const std::string name = scratch_.Path("smtp.yml");
    const auto config = ParseConfig(text, name);
    REQUIRE_FALSE(config.has_value());
    REQUIRE(config.error().messages.size() == 1);
    REQUIRE(config.error().messages[0].starts_with(name));
    return config.error().messages[0].substr(name.size());
  }

 private:
  static constexpr const char* kHead = "ehlo_name: monitor.example.net\n";

  tests::Scratch scratch_;
  tests::SystemRoots system_;
};

TEST_CASE("a module is known by its name, its role and its port") {
  struct Case {
    std::string modules;
    std::string target;
    std::string module;
    int port;
    probe::Role role;
    TlsMode mode;
  };
  using enum probe::Role;
  const Case cases[] = {
      {"", "a.example", "smtp", 25, kMx, kOpportunistic},
      {"", "\"a.example:2525\"", "smtp", 2525, kMx, kOpportunistic},
      {"", "\"a.example:587\"", "submission", 587, kSubmission, kRequired},
      {"", "\"a.example:465\"", "submissions", 465, kSubmission, kImplicit},
      {"", "{host: a.example, port: 465}", "submissions", 465, kSubmission,
       kImplicit},
      {"", "{host: a.example, module: submissions}", "submissions", 465,
       kSubmission, kImplicit},
      // Built-in modules stay what they are but for what is named.
      {"smtp: {role: submission}", "a.example", "smtp", 25, kSubmission,
       kOpportunistic},
      {"submission: {role: mx}", "\"a.example:587\"", "submission", 587, kMx,
       kRequired},
      {"submissions: {interval: 5m}", "\"a.example:465\"", "submissions", 465,
       kSubmission, kImplicit},
      {"submissions: {port: 10465}", "{host: a.example, module: submissions}",
       "submissions", 10465, kSubmission, kImplicit},
      {"submission: {port: 465}", "{host: a.example, module: submission}",
       "submission", 465, kSubmission, kImplicit},
      {"smtp: {tls: {verify: true}}", "a.example", "smtp", 25, kMx,
       kOpportunistic},
      // The user's own.
      {"m: ", "{host: a.example, module: m}", "m", 25, kMx, kOpportunistic},
      {"m: {role: submission}", "{host: a.example, module: m}", "m", 587,
       kSubmission, kRequired},
      {"m: {role: submission, port: 2587}", "{host: a.example, module: m}", "m",
       2587, kSubmission, kRequired},
      {"m: {port: 465}", "{host: a.example, module: m}", "m", 465, kMx,
       kImplicit},
      {"m: {role: submission, port: 465, tls: {mode: required}}",
       "{host: a.example, module: m}", "m", 465, kSubmission, kRequired},
      {"m: {tls: {mode: implicit}}", "{host: a.example, module: m}", "m", 465,
       kMx, kImplicit},
      {"m: {role: submission, tls: {mode: implicit}}",
       "{host: a.example, module: m}", "m", 465, kSubmission, kImplicit},
      {"m: {port: 10025, tls: {mode: implicit}}",
       "{host: a.example, module: m}", "m", 10025, kMx, kImplicit},
      {"m: {role: submission, tls: {mode: none}}",
       "{host: a.example, module: m}", "m", 587, kSubmission, kNone},
      // A target's own mode is its own, and moves no port.
      {"m: {tls: {mode: none}}",
       "{host: a.example, module: m, tls: {mode: required}}", "m", 25, kMx,
       kRequired},
      {"", "{host: a.example, tls: {mode: implicit}}", "smtp", 25, kMx,
       kImplicit},
  };
  const Configured configured;
  for (const Case& c : cases) {
    CAPTURE(c.modules, c.target);
    const probe::Target target = configured.Target(c.modules, c.target);
    CHECK(target.module == c.module);
    CHECK(target.port == c.port);
    CHECK(target.role == c.role);
    const probe::TlsSettings& tls = target.conversation->tls;
    CHECK(tls.mode == c.mode);
    CHECK((tls.context == nullptr) == (c.mode == kNone));
  }
}

TEST_CASE("a block's defaults are harmless") {
  const probe::Target target = Configured().Target("", "a.example");
  const probe::TlsSettings& tls = target.conversation->tls;
  CHECK_FALSE(tls.verify);
  CHECK(tls.min_version == Version::kTls10);
  CHECK(tls.max_version == Version::kTls13);
  CHECK(tls.key_type == KeyType::kAny);
  CHECK(tls.server_name.empty());
  CHECK((tls.ca_file + tls.cert_file + tls.key_file).empty());
  CHECK(target.certificate_conversations.empty());
}

TEST_CASE("a target changes its module's block key by key") {
  const Configured configured;
  const std::string modules =
      "strict: {tls: {mode: required, verify: true, min_version: TLS1.2, "
      "max_version: TLS1.2, server_name: Mail.Example.COM., "
      "certificate_types: [rsa, ecdsa]}}";
  const auto tls = [&](const std::string& block) {
    const probe::Target target = configured.Target(
        modules, "{host: a.example, module: strict, tls: {" + block + "}}");
    return target.conversation->tls;
  };
  const probe::TlsSettings same = tls("");
  CHECK(same.mode == kRequired);
  CHECK(same.verify);
  CHECK(same.min_version == Version::kTls12);
  CHECK(same.max_version == Version::kTls12);
  CHECK(same.server_name == "mail.example.com");

  probe::TlsSettings want = same;
  want.verify = false;
  CHECK(tls("verify: false") == want);
  want = same;
  want.mode = kOpportunistic;
  CHECK(tls("mode: opportunistic") == want);
  want = same;
  want.min_version = Version::kTls10;
  CHECK(tls("min_version: TLS1.0") == want);
  want = same;
  want.server_name = "other.example";
  CHECK(tls("server_name: other.example") == want);
  const probe::TlsSettings newest =
      tls("min_version: TLS1.3, max_version: TLS1.3");
  CHECK(newest.min_version == Version::kTls13);
  CHECK(newest.verify);
  CHECK(newest.context->digest() != same.context->digest());
  // Nothing of the module's block is left.
  CHECK(tls("mode: none") == probe::TlsSettings{});
}

TEST_CASE("each certificate type is one further conversation") {
  const Configured configured;
  const std::string modules =
      "m: {tls: {verify: true, certificate_types: [rsa, ecdsa]}}";
  const probe::Target target =
      configured.Target(modules, "{host: a.example, module: m}");
  REQUIRE(target.certificate_conversations.size() == 2);
  const KeyType types[] = {KeyType::kRsa, KeyType::kEcdsa};
  for (std::size_t i = 0; i < 2; ++i) {
    const probe::Conversation& further = *target.certificate_conversations[i];
    CHECK(further.tls.key_type == types[i]);
    CHECK(further.tls.context->digest() !=
          target.conversation->tls.context->digest());
    probe::Conversation plain = further;
    plain.tls.key_type = KeyType::kAny;
    plain.tls.context = target.conversation->tls.context;
    CHECK(plain == *target.conversation);
  }
  for (const std::string off : {"certificate_types: []", "mode: none"}) {
    CAPTURE(off);
    CHECK(
        configured
            .Target(modules, "{host: a.example, module: m, tls: {" + off + "}}")
            .certificate_conversations.empty());
  }
  CHECK(configured
            .Target(modules,
                    "{host: a.example, module: m, tls: {certificate_types: "
                    "[ecdsa]}}")
            .certificate_conversations.size() == 1);
}

TEST_CASE("the handshake has a timeout of its own") {
  const Config config = Configured().Good(R"(
timeouts: {tls: 8s}
targets:
  - a.example
  - {host: b.example, timeouts: {tls: 12s}}
  - {host: c.example, timeout: 3s}
)");
  CHECK(config.targets.at(0)->conversation->timeouts.tls == seconds(8));
  CHECK(config.targets.at(1)->conversation->timeouts.tls == seconds(12));
  CHECK(config.targets.at(2)->conversation->timeouts.tls == seconds(3));
}

TEST_CASE("expectations of TLS") {
  const Configured configured;
  const auto expect = [&](const std::string& items) {
    return configured.Target("", "{host: a.example, expect: {" + items + "}}")
        .expect;
  };
  CHECK_FALSE(expect("auth: true").tls_min_version);
  CHECK_FALSE(expect("auth: true").certificate_days);
  CHECK(expect("tls_min_version: TLS1.0").tls_min_version == Version::kTls10);
  CHECK(expect("tls_min_version: TLS1.3").tls_min_version == Version::kTls13);
  CHECK(expect("certificate_days: 1").certificate_days == 1);
  CHECK(expect("certificate_days: 3650").certificate_days == 3650);
}

TEST_CASE("an odd port is allowed and warned of") {
  const Configured configured;
  const Config config = configured.Good(R"(targets:
  - {host: a.example, port: 465, module: smtp}
  - {host: b.example, port: 465, tls: {mode: none}}
  - {host: c.example, tls: {mode: implicit}}
  - {host: d.example, port: 587, module: submissions}
  - {host: e.example, port: 2525, tls: {mode: implicit}}
  - f.example:465
  - f.example:587
  - f.example
)");
  CHECK(config.targets.size() == 8);
  const std::vector<std::string> want = {
      ":3:5: targets[0]: port 465 is for implicit TLS, but tls.mode is "
      "opportunistic",
      ":4:5: targets[1]: port 465 is for implicit TLS, but tls.mode is none",
      ":5:5: targets[2]: port 25 is for STARTTLS, but tls.mode is implicit",
      ":6:5: targets[3]: port 587 is for STARTTLS, but tls.mode is implicit",
  };
  REQUIRE(config.warnings.size() == want.size());
  for (std::size_t i = 0; i < want.size(); ++i) {
    CAPTURE(config.warnings[i]);
    CHECK(config.warnings[i].ends_with("smtp.yml" + want[i]));
  }

  std::string many =
      "modules: {smtp: {port: 465, tls: {mode: none}}}\ntargets:\n";
  for (int i = 0; i < 100; ++i)
    many += "- a" + std::to_string(i) + ".example\n";
  const Config flood = configured.Good(many);
  REQUIRE(flood.warnings.size() == kMaxConfigMessages + 1);
  CHECK(flood.warnings.back() == "80 more warnings of this kind");
}

TEST_CASE("a broken block says so once") {
  const Configured configured;
  // Neither the module's targets nor the keys beside the mistake are at fault.
  CHECK(
      configured
          .Message("modules: {m: {tls: {mode: required, ca_file: none.pem}}}\n"
                   "targets:\n"
                   "  - {host: a.example, module: m, tls: {verify: true},"
                   " expect: {tls_min_version: TLS1.2}}\n")
          .starts_with(":1:46: modules.m.tls.ca_file: "));
  CHECK(configured
            .Message("targets:\n  - {host: a.example, tls: {mode: required,"
                     " server_name: 1.2.3.4}, expect: {certificate_days: 5}}\n")
            .starts_with(":2:58: targets[0].tls.server_name: "));
  CHECK(configured.Message("targets: [{host: a.example, module: none, "
                           "tls: {verify: true}, expect: "
                           "{certificate_days: 5, starttls: true}}]") ==
        ":1:37: targets[0].module: there is no module \"none\"");
}

}  // namespace
}  // namespace exporter
