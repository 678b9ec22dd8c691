#include "tests/support/mailsim/simulator.h"

#include <uv.h>

#include <string>
#include <vector>

#include "tests/support/catch.h"
#include "tests/unit/mailsim/client.h"
#include "tests/unit/mailsim/stage.h"

namespace mailsim {
namespace {

TEST_CASE("A polite client is played to the end and found polite") {
  Stage stage = StageFor("profile: {capabilities: [SIZE 5]}");
  const auto client =
      stage.Connect(0, {{"220 ", "EHLO me\r\n"}, {"250 SIZE", "QUIT\r\n"}});
  stage.Run(*client);
  CHECK(client->received() ==
        "220 mx.example ESMTP\r\n250-mx.example\r\n250 SIZE 5\r\n"
        "221 2.0.0 Bye\r\n");
  CHECK(client->error() == UV_EOF);
  const std::string log = stage.Log();
  CAPTURE(log);
  CHECK(Has(log, R"("server":"mx","connection":1,"client":"127.0.0.1:)"));
  CHECK(Has(log, R"("lines":["EHLO me","QUIT"],"lines_omitted":0)"));
  CHECK(Has(log, R"("bytes":15,"early":false,"pipelined":false)"));
  CHECK(Has(log, R"("ended":"server_closed")"));
}

TEST_CASE("What an impolite client does is recorded") {
  struct Case {
    std::string keys;
    std::vector<Saying> sayings;
    std::string until;
    std::string want;  // In the log.
  };
  const std::string dialog =
      "script: [{send: 220 a}, {expect: EHLO}, {send: 250 b}, {expect: QUIT}]";
  const Case cases[] = {
      // The greeting waits long enough for the client's first words.
      {"profile: {greeting_delay: 200ms}",
       {{"", "EHLO me\r\n"}, {"250 ", "QUIT\r\n"}},
       "",
       R"("early":true,"pipelined":false)"},
      // After the teaser, before the greeting: what postscreen waits for.
      {"profile: {teaser: 220-t, greeting_delay: 200ms}",
       {{"220-", "EHLO me\r\n"}, {"250 ", "QUIT\r\n"}},
       "",
       R"("early":true)"},
      {dialog,
       {{"220 ", "EHLO me\r\nQUIT\r\n"}},
       "",
       R"("early":false,"pipelined":true)"},
      {dialog,
       {{"220 ", "EHLO me\r\nQU"}, {"250 ", "IT\r\n"}},
       "",
       R"("early":false,"pipelined":true)"},
      {dialog,
       {{"220 ", "RSET\r\n"}, {"500 ", "EHLO me\r\n"}, {"250 ", "QUIT\n"}},
       "",
       R"("lines":["RSET","EHLO me","QUIT"],"lines_omitted":0,"unfinished":"",)"
       R"("bytes":20,"early":false,"pipelined":false,"unexpected":1,)"},
      {dialog, {}, "220 ", R"("lines":[],"lines_omitted":0)"},
      {dialog, {}, "220 ", R"("ended":"client_closed")"},
      {dialog, {{"220 ", "EH\xff"}}, "", R"("ended":"overflow")"},
      {"script: [never]", {{"", "x\r\n"}}, "", R"("ended":"overflow")"},
  };
  for (const Case& it : cases) {
    CAPTURE(it.keys, it.want);
    Stage stage = StageFor(it.keys);
    std::vector<Saying> sayings = it.sayings;
    // Who is to overflow a line says a very long one last.
    if (Has(it.want, "overflow")) {
      sayings.push_back({"", std::string(kMaxLine + 1, 'x')});
    }
    const auto client = stage.Connect(0, sayings, it.until);
    stage.Run(*client);
    CAPTURE(stage.Log());
    CHECK(Has(stage.Log(), it.want));
  }
}

TEST_CASE("Bytes go out exactly as the script says") {
  // Far enough apart that a busy machine does not deliver two of them at once.
  Stage stage = StageFor(
      "script: [{send_raw: \"\\0a\"}, {split: 1, split_delay: 50ms},"
      " {send_raw: bcd}, {split: 0}, {send_base64: /w==}]");
  const auto client = stage.Connect(0, {});
  stage.Run(*client);
  CHECK(client->received() == std::string("\0abcd\xff", 6));
  CHECK(client->reads() >= 3);
  CHECK(client->error() == UV_EOF);
}

TEST_CASE("A reset is a reset, for both sides") {
  Stage stage = StageFor("script: [{expect: '*'}, reset]");
  const auto client = stage.Connect(0, {{"", "x\r\n"}});
  stage.Run(*client);
  CHECK(client->error() == UV_ECONNRESET);
  CHECK(Has(stage.Log(), R"("ended":"server_reset")"));
}

TEST_CASE("A flood does not keep the loop, and ends with its client") {
  Stage stage(
      "- {name: flood, listen: '127.0.0.1:0',"
      " script: [{send_raw: '220-x', repeat: forever}]}\n"
      "- {name: noise, listen: '127.0.0.1:0',"
      " script: [{random: {bytes: forever, seed: 2}}]}\n"
      "- {name: mx, listen: '127.0.0.1:0', profile: {}}");
  const auto flood = stage.Connect(0, {});
  const auto noise = stage.Connect(1, {});
  stage.RunUntilOpen(2);
  const auto client = stage.Connect(2, {{"220 ", "QUIT\r\n"}});
  stage.RunUntilOver(*client);
  CHECK(Has(client->received(), "221 "));
  CHECK(Has(flood->received(), "220-x220-x"));
}

TEST_CASE("A big send passes a small socket buffer whole") {
  Stage stage = StageFor("script: [{random: {bytes: 9000000, seed: 3}}]");
  const auto client = stage.Connect(0, {});
  stage.Run(*client);
  CHECK(client->received().size() == 9000000);
}

TEST_CASE("A refusing server refuses and has a port") {
  Stage stage = StageFor("refused: true");
  CHECK(stage.simulator().servers()[0].port != 0);
  const auto client = stage.Connect(0, {});
  stage.Run(*client);
  CHECK(client->error() == UV_ECONNREFUSED);
}

TEST_CASE("A server changes with the number of the connection") {
  Stage stage =
      StageFor("profiles: [{connections: 2, banner: old}, {banner: new}]");
  std::string banners;
  for (int i = 0; i < 4; ++i) {
    const auto client = stage.Connect(0, {{"220 ", "QUIT\r\n"}});
    stage.Run(*client);
    banners += client->received().substr(4, 3) + " ";
  }
  CHECK(banners == "old old new new ");
}

TEST_CASE("Servers spread over addresses share a port") {
  Stage stage(
      "- {name: s, listen: '127.0.77.254:0', count: 300, spread: address,"
      " profile: {}}");
  const std::vector<Server> servers = stage.simulator().servers();
  REQUIRE(servers.size() == 300);
  CHECK(servers[0].port == servers[299].port);
  CHECK(servers[299].address == "127.0.79.41");
  const auto client = stage.Connect(299, {{"220 ", "QUIT\r\n"}});
  stage.Run(*client);
  CHECK(Has(stage.Log(), R"("server":"s-300")"));
}

TEST_CASE("A taken address is an error, not a crash") {
  Stage stage = StageFor("profile: {}");
  Server taken = stage.simulator().servers()[0];
  uv_loop_t loop;
  REQUIRE(uv_loop_init(&loop) == 0);
  {
    Simulator second(&loop, Scenario{{taken}}, nullptr);
    const auto started = second.Start();
    REQUIRE_FALSE(started);
    CHECK(started.error() == "mx: cannot listen on 127.0.0.1 port " +
                                 std::to_string(taken.port) +
                                 ": address already in use");
  }
  uv_run(&loop, UV_RUN_DEFAULT);
  CHECK(uv_loop_close(&loop) == 0);
}

TEST_CASE("The end of the simulator ends its connections") {
  Stage stage = StageFor("script: [{send: 220 a}, {delay: 1h}]");
  const auto client = stage.Connect(0, {});
  stage.RunUntilOpen(1);
  stage.StopSimulator();
  CHECK(Has(stage.Log(), R"("ended":"shutdown")"));
}

}  // namespace
}  // namespace mailsim
