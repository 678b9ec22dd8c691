// TLS in the simulator, over loopback.
#include <uv.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/unit/mailsim/client.h"
#include "tests/unit/mailsim/stage.h"

namespace mailsim {
namespace {

const std::string kReady = "220 2.0.0 Ready to start TLS\r\n";
const std::vector<Saying> kConversation = {{"220 ", "EHLO me\r\n"},
                                           {"250 STARTTLS", "STARTTLS\r\n"},
                                           {kReady, "", true},
                                           {"", "EHLO me\r\n"},
                                           {"250 SIZE", "QUIT\r\n"}};
const std::string kProfile = "profile: {capabilities: [SIZE 5, STARTTLS]}";
const std::string kHeard =
    "220 mx.example ESMTP\r\n250-mx.example\r\n250-SIZE 5\r\n250 STARTTLS\r\n" +
    kReady + "250-mx.example\r\n250 SIZE 5\r\n221 2.0.0 Bye\r\n";

TEST_CASE("A conversation goes on inside TLS, and is recorded") {
  Stage stage = StageFor("tls: {client_certificate: requested}, " + kProfile);
  const auto client =
      stage.Connect(0, kConversation, "",
                    {.sni = "mx.example.com", .shows_certificate = true});
  stage.Run(*client);
  CHECK(client->received() == kHeard);
  CHECK(client->error() == UV_EOF);
  CHECK(client->tls()->closed());
  const std::string log = stage.Log();
  CAPTURE(log);
  CHECK(Has(log, R"("lines":["EHLO me","STARTTLS","EHLO me","QUIT"])"));
  CHECK(Has(log, R"("early":false,"pipelined":false)"));
  CHECK(Has(log, R"("tls":"TLSv1.3","sni":"mx.example.com",)"
                 R"("client_subject":"CN=monitor.example.net",)"
                 R"("close_notify":true,"ended":"server_closed")"));
}

TEST_CASE("A conversation in clear has no TLS in its record") {
  Stage stage = StageFor("tls: {}, " + kProfile);
  const auto client = stage.Connect(0, {{"220 ", "QUIT\r\n"}});
  stage.Run(*client);
  CHECK(Has(stage.Log(), R"("tls":"","sni":"","client_subject":"",)"
                         R"("close_notify":false,"ended":"server_closed")"));
}

TEST_CASE("Every version, also byte by byte") {
  for (const std::string split : {"", ", split: 1", ", split: 7"}) {
    for (const std::string version : {"1.0", "1.1", "1.2", "1.3"}) {
      CAPTURE(split, version);
      Stage stage = StageFor("tls: {versions: TLS" + version +
                             "}, profile: {capabilities: [SIZE 5, STARTTLS]" +
                             split + "}");
      const auto client = stage.Connect(0, kConversation);
      stage.Run(*client);
      CHECK(client->received() == kHeard);
      const std::string name = version == "1.0" ? "1" : version;
      CHECK(Has(stage.Log(), R"("tls":"TLSv)" + name + "\""));
      CHECK(Has(stage.Log(), R"("early":false,"pipelined":false)"));
    }
  }
}

TEST_CASE("Delays between segments are for the handshake, too") {
  Stage stage = StageFor(
      "tls: {}, profile: {capabilities: [SIZE 5, STARTTLS],"
      " split: 100, split_delay: 1ms}");
  const auto client = stage.Connect(0, kConversation);
  stage.Run(*client);
  CHECK(client->received() == kHeard);
  CHECK(client->reads() >= client->bytes() / 100);
}

TEST_CASE("Implicit TLS comes before the greeting") {
  Stage stage = StageFor("tls: {implicit: true}, " + kProfile);
  const auto client =
      stage.Connect(0, {{"220 ", "EHLO me\r\n"}, {"250 SIZE", "QUIT\r\n"}}, "",
                    {.implicit = true});
  stage.Run(*client);
  CHECK(client->received() ==
        "220 mx.example ESMTP\r\n250-mx.example\r\n250 SIZE 5\r\n"
        "221 2.0.0 Bye\r\n");
  CHECK(Has(stage.Log(), R"("early":false)"));
  CHECK(Has(stage.Log(), R"("close_notify":true,"ended":"server_closed")"));
}

TEST_CASE("Who speaks before the greeting inside TLS is early") {
  Stage stage = StageFor("tls: {implicit: true}, " + kProfile);
  const auto client =
      stage.Connect(0, {{"", "EHLO me\r\n"}}, "250 SIZE", {.implicit = true});
  stage.Run(*client);
  CHECK(Has(stage.Log(), R"("early":true)"));
  CHECK(Has(stage.Log(), R"("close_notify":true,"ended":"client_closed")"));
}

TEST_CASE("A client that speaks in clear to implicit TLS hears nothing") {
  Stage stage = StageFor("tls: {implicit: true}, " + kProfile);
  const auto client = stage.Connect(0, {{"", "EHLO me\r\n"}});
  stage.Run(*client);
  CHECK(client->received().empty());
  CHECK(client->error() == UV_EOF);
  CHECK(Has(stage.Log(), R"("lines":[])"));
  CHECK(Has(stage.Log(), R"("tls":"")"));
  CHECK(Has(stage.Log(), R"("ended":"tls_failed")"));
}

TEST_CASE("What comes in clear behind STARTTLS is not heard inside") {
  Stage stage = StageFor("tls: {}, " + kProfile);
  const auto client = stage.Connect(
      0,
      {{"220 ", "STARTTLS\r\nNOOP\r\n"}, {kReady, "", true}, {"", "QUIT\r\n"}});
  stage.Run(*client);
  CHECK(client->received() ==
        "220 mx.example ESMTP\r\n" + kReady + "221 2.0.0 Bye\r\n");
  CHECK(Has(stage.Log(), R"("pipelined":true)"));
}

TEST_CASE("A handshake that fails is told by its alert") {
  struct Case {
    std::string tls;
    TlsClientSettings client;
    std::string want;
    std::string sni;
  };
  const Case cases[] = {
      {"only_sni: mx.example.com",
       {.sni = "mx.example.net"},
       "tlsv1 unrecognized name",
       "mx.example.net"},
      {"client_certificate: required",
       {},
       "tlsv13 alert certificate required",
       ""},
      {"client_certificate: required, versions: TLS1.2",
       {},
       "sslv3 alert handshake failure",
       ""},
      {"identities: good-rsa, versions: TLS1.2",
       {.signature_algorithms = "ECDSA+SHA256"},
       "sslv3 alert handshake failure",
       ""},
  };
  for (const Case& it : cases) {
    CAPTURE(it.tls);
    Stage stage = StageFor("tls: {" + it.tls + "}, " + kProfile);
    const auto client = stage.Connect(0, kConversation, "", it.client);
    stage.Run(*client);
    REQUIRE(client->tls() != nullptr);
    CHECK(client->tls()->error() == it.want);
    const std::string log = stage.Log();
    CAPTURE(log);
    CHECK(Has(log, R"("tls":"","sni":")" + it.sni + "\""));
    CHECK(Has(log, R"("ended":"tls_failed")"));
    CHECK(Has(log, R"("early":false)"));
  }
}

TEST_CASE("The client's algorithms choose among two certificates") {
  Stage stage = StageFor("tls: {identities: [good, good-rsa]}, " + kProfile);
  for (const bool rsa : {false, true}) {
    const auto client = stage.Connect(
        0, kConversation, "",
        {.signature_algorithms = rsa ? "RSA-PSS+SHA256" : "ECDSA+SHA256"});
    stage.Run(*client);
    CHECK(client->received() == kHeard);
    CHECK(client->tls()->key_type() == (rsa ? "RSA" : "EC"));
  }
}

TEST_CASE("A dropped connection has no close_notify") {
  Stage stage = StageFor("tls: {}, profile: {drop: EHLO_TLS}");
  const auto client = stage.Connect(0, {{"220 ", "EHLO me\r\n"},
                                        {"250 ", "STARTTLS\r\n"},
                                        {kReady, "", true},
                                        {"", "EHLO me\r\n"}});
  stage.Run(*client);
  CHECK(client->error() == UV_EOF);
  CHECK(client->tls()->open());
  CHECK_FALSE(client->tls()->closed());
}

TEST_CASE("A script says what it wants before, in and inside TLS") {
  struct Case {
    std::string steps;  // Behind the 220 to STARTTLS.
    std::string want;
    bool open;
  };
  const Case cases[] = {
      {"starttls, {send: 550 first}, {expect: '*'}, {send: [a, b]}",
       "550 first\r\na\r\nb\r\n", true},
      // The handshake ends before the cut.
      {"{starttls: {cut: 20000}}, {expect: EHLO}, {send: a}", "a\r\n", true},
      {"{starttls: {cut: 0}}, close", "", false},
      {"{starttls: {cut: 100}}, close", "", false},
  };
  for (const Case& it : cases) {
    CAPTURE(it.steps);
    Stage stage = StageFor(
        "tls: {}, script: [{send: 220 a}, {expect: STARTTLS}, {send: 220 b}, " +
        it.steps + "]");
    const auto client = stage.Connect(0, {{"220 a\r\n", "STARTTLS\r\n"},
                                          {"220 b\r\n", "", true},
                                          {"", "EHLO me\r\n"}});
    stage.Run(*client);
    CHECK(client->received() == "220 a\r\n220 b\r\n" + it.want);
    CHECK(client->tls()->open() == it.open);
    CHECK(Has(stage.Log(), R"("tls":"")") != it.open);
    CHECK(Has(stage.Log(), R"("ended":"server_closed")"));
  }
}

TEST_CASE("A cut handshake has exactly so many bytes, then clear ones") {
  for (const std::string cut : {"0", "1", "100"}) {
    for (const std::string split : {"", "{split: 3}, "}) {
      CAPTURE(cut, split);
      Stage stage = StageFor("tls: {}, script: [" + split +
                             "{starttls: {cut: " + cut + "}}, {send: xyz}]");
      const auto client = stage.Connect(0, {}, "", {.implicit = true});
      stage.Run(*client);
      CHECK(client->bytes() == std::stoul(cut) + 5);
      CHECK(Has(stage.Log(), R"("lines":[])"));
      CHECK(Has(stage.Log(), R"("early":false)"));
    }
  }
}

TEST_CASE("A server shows another certificate from some connection on") {
  Stage stage = StageFor(
      "profiles: [{tls: {identities: good-rsa}}, {tls: {identities: good}}]");
  std::string keys;
  for (int i = 0; i < 3; ++i) {
    const auto client = stage.Connect(
        0, {{"220 ", "STARTTLS\r\n"}, {kReady, "", true}, {"", "QUIT\r\n"}});
    stage.Run(*client);
    REQUIRE(client->tls() != nullptr);
    keys += client->tls()->key_type() + " ";
  }
  CHECK(keys == "RSA EC EC ");
}

}  // namespace
}  // namespace mailsim
