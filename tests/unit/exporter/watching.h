// A daemon's inside on a loop of the test's: a mail server and a DNS server on
// loopback, the watcher with its probe thread, and what answers for it.
#ifndef TESTS_UNIT_EXPORTER_WATCHING_H_
#define TESTS_UNIT_EXPORTER_WATCHING_H_

#include <uv.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "exporter/config/config.h"
#include "exporter/metrics/exposition.h"
#include "exporter/metrics/self_metrics.h"
#include "exporter/metrics_page.h"
#include "exporter/on_demand.h"
#include "exporter/result_store.h"
#include "exporter/watcher.h"
#include "tests/support/catch.h"
#include "tests/support/checked_loop.h"
#include "tests/support/dns_server.h"
#include "tests/support/fake_resolver.h"
#include "tests/support/scripted_server.h"

namespace tests {

class Watching {
 public:
  // What DNS says by name: addresses, "MX 10 host"; a name that is not here
  // does not exist, and "?" is silence.
  using Zone = std::map<std::string, std::vector<std::string>>;

  // In `config` %PORT stands for the mail server's port. The mail server is at
  // 127.0.0.1 alone.
  explicit Watching(const std::string& config, Zone zone = {})
      : zone_(std::move(zone)),
        dns_(std::in_place, &loop_.loop,
             [this](const test::DnsQuestion& question) {
               return Answer(question);
             }),
        mail_(std::in_place, &loop_.loop, "220 mx.example.net ESMTP\r\n",
              [this](const std::string& line) {
                return deaf ? std::string() : MailAnswer(line);
              }),
        page_(store_, self_) {
    watcher_.emplace(&loop_.loop, /*threads=*/1, /*concurrency=*/100, store_,
                     self_,
                     [this](std::size_t slot,
                            std::shared_ptr<const probe::Expansion> expansion) {
                       page_.OnExpanded(slot, std::move(expansion));
                     });
    on_demand_.emplace(*watcher_, page_, store_, self_);
    Configure(config);
  }
  ~Watching() {
    watcher_.reset();
    mail_.reset();
    dns_.reset();
  }
  Watching(const Watching&) = delete;
  Watching& operator=(const Watching&) = delete;

  void Configure(std::string text) {
    text =
        "ehlo_name: monitor.example.net\n"
        "interval: 1h\n"
        "modules:\n"
        "  smtp: {tls: {mode: none}}\n"
        "  other: {}\n"
        "  away: {port: 1}\n" +
        Text(std::move(text));
    auto config = exporter::ParseConfig(text, "smtp.yml");
    if (!config) FAIL(config.error().messages.front());
    REQUIRE(watcher_->SetDns({.servers = {dns_->where()}}));
    on_demand_->Configure(config->on_demand, config->group_reader);
    watcher_->SetTargets(std::move(config->targets));
  }

  std::string Text(std::string text) const {
    const std::string port = std::to_string(mail_->port());
    for (std::size_t at; (at = text.find("%PORT")) != std::string::npos;) {
      text.replace(at, 5, port);
    }
    return text;
  }

  void RunUntil(const std::function<bool()>& done) {
    tests::RunUntil(&loop_.loop, done);
  }
  // Until it is known what every configured target stands for.
  void RunUntilShown() {
    RunUntil([&] {
      return !page_.series().empty() &&
             std::ranges::count(page_.series(), nullptr) == 0;
    });
  }
  // Until each of them has a scheduled result; by default the first one may
  // take its hour.
  void RunUntilProbed() {
    RunUntilShown();
    RunUntil([&] {
      return std::ranges::all_of(page_.series(), [&](const auto& series) {
        return std::ranges::all_of(series->series, [&](const auto& one) {
          return store_.Find(one.endpoint)->verdict.has_value();
        });
      });
    });
  }

  // The value of one of the program's own metrics.
  std::string SelfMetric(const std::string& sample) const {
    exporter::metrics::ExpositionWriter writer(
        exporter::metrics::Format::kText);
    writer.Registry(self_.Collect());
    const std::string page = '\n' + writer.Take();
    const std::size_t at = page.find('\n' + sample + ' ');
    REQUIRE(at != std::string::npos);
    const std::size_t start = at + sample.size() + 2;
    return page.substr(start, page.find('\n', start) - start);
  }

  exporter::OnDemand& on_demand() { return *on_demand_; }
  exporter::Watcher& watcher() { return *watcher_; }
  const exporter::MetricsPage& page() const { return page_; }
  const exporter::ResultStore& store() const { return store_; }
  ScriptedServer& mail() { return *mail_; }
  // How often the resolver was asked about a name.
  std::size_t Questions(const std::string& name) const {
    std::size_t count = 0;
    for (const auto& question : dns_->questions()) {
      if (question.name == name) ++count;
    }
    return count;
  }

  // The mail server greets and says nothing more.
  bool deaf = false;

 private:
  // There is nothing to say about TLS here.
  static std::string MailAnswer(const std::string& line) {
    return line.starts_with("EHLO ") ? "250 mx.example.net\r\n"
                                     : HealthyAnswer(line);
  }

  test::DnsAnswer Answer(const test::DnsQuestion& question) const {
    const auto found = zone_.find(question.name);
    if (found == zone_.end()) return {.code = 3};
    test::DnsAnswer answer;
    for (const std::string& value : found->second) {
      if (value == "?") return {.silent = true};
      if (value.starts_with("MX ")) {
        if (question.type == 15) {
          answer.records.push_back({.type = 15, .value = value.substr(3)});
        }
        continue;
      }
      const int type = value.find(':') == std::string::npos ? 1 : 28;
      if (type != question.type) continue;
      answer.records.push_back({.type = type, .value = value});
    }
    return answer;
  }

  CheckedLoop loop_;
  const Zone zone_;
  std::optional<test::DnsServer> dns_;
  std::optional<ScriptedServer> mail_;
  exporter::ResultStore store_;
  exporter::metrics::SelfMetrics self_;
  exporter::MetricsPage page_;
  std::optional<exporter::Watcher> watcher_;
  std::optional<exporter::OnDemand> on_demand_;
};

}  // namespace tests

#endif  // TESTS_UNIT_EXPORTER_WATCHING_H_
