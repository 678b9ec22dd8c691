// CPU time of a probe beside that of the least a client could do, FloorClient,
// in the same conversation with the same server: handshake [mailsim [rounds
// [conversations]]]. Meant for a build with optimisation. Only the ratios say
// something; the times depend on the machine and on who else is using it.
#include <sched.h>
#include <sys/resource.h>
#include <uv.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probe/session.h"
#include "tests/bench/floor_client.h"
#include "tests/bench/mail_server.h"

namespace {

constexpr std::string_view kScenario = R"(servers:
  - name: plain
    listen: "127.0.0.1:0"
    profile:
      capabilities: [PIPELINING, "SIZE 10240000", ETRN, 8BITMIME, DSN]
  - name: ecdsa
    listen: "127.0.0.1:0"
    tls: {identities: good}
    profile:
      capabilities: [PIPELINING, "SIZE 10240000", ETRN, STARTTLS, 8BITMIME, DSN]
  - name: rsa
    listen: "127.0.0.1:0"
    tls: {identities: good-rsa}
    profile:
      capabilities: [PIPELINING, "SIZE 10240000", ETRN, STARTTLS, 8BITMIME, DSN]
)";
constexpr const char* kServerName = "mx.example.com";
constexpr int kManyAtOnce = 16;
// Sides take turns after so many conversations: the machine's speed changes
// from second to second.
constexpr int kSlice = 25;

[[noreturn]] void Die(const std::string& sentence) {
  std::fprintf(stderr, "%s\n", sentence.c_str());
  std::exit(1);
}

double Micros(const timeval& time) {
  return static_cast<double>(time.tv_sec) * 1e6 +
         static_cast<double>(time.tv_usec);
}

// Of this thread, user and system, in microseconds.
double CpuTime() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return Micros(usage.ru_utime) + Micros(usage.ru_stime);
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Probes of one endpoint on one loop, some of them at once.
class Probes {
 public:
  explicit Probes(std::shared_ptr<const probe::Endpoint> endpoint)
      : endpoint_(std::move(endpoint)) {
    uv_loop_init(&loop_);
  }
  ~Probes() { uv_loop_close(&loop_); }
  Probes(const Probes&) = delete;
  Probes& operator=(const Probes&) = delete;

  void Run(int count, int at_once) {
    left_ = count;
    sessions_.resize(static_cast<std::size_t>(at_once));
    for (std::size_t i = 0; i < sessions_.size(); ++i) Start(i);
    uv_run(&loop_, UV_RUN_DEFAULT);
  }

 private:
  void Start(std::size_t i) {
    if (left_-- <= 0) return;
    sessions_[i] = std::make_unique<probe::Session>(
        &loop_, endpoint_, [this, i](const probe::ProbeResult& result) {
          if (result.failure) {
            Die("a probe failed: " + std::string(Name(result.failure->reason)) +
                ": " + result.failure->detail);
          }
          const bool tls =
              endpoint_->conversation->tls.mode != probe::TlsMode::kNone;
          if (!result.quit_ok || tls != result.inside.has_value()) {
            Die("a probe did not do all steps");
          }
          sessions_[i].reset();
          Start(i);
        });
  }

  uv_loop_t loop_{};
  const std::shared_ptr<const probe::Endpoint> endpoint_;
  std::vector<std::unique_ptr<probe::Session>> sessions_;
  int left_ = 0;
};

std::shared_ptr<const probe::Endpoint> MakeEndpoint(std::uint16_t port,
                                                    const std::string& roots) {
  auto conversation = std::make_shared<probe::Conversation>();
  conversation->ehlo_name = "monitor.example.net";
  if (!roots.empty()) {
    const auto parsed = probe::tls::Roots::Parse(ReadFile(roots), false);
    if (!parsed) Die(roots + " " + parsed.error());
    probe::tls::ContextSettings settings;
    settings.roots = *parsed;
    auto context = probe::tls::Context::Create(settings);
    if (!context) Die(context.error().sentence);
    conversation->tls.mode = probe::TlsMode::kOpportunistic;
    conversation->tls.verify = true;
    conversation->tls.context = *std::move(context);
  }
  auto endpoint = std::make_shared<probe::Endpoint>();
  endpoint->address = probe::IpAddress::Parse("127.0.0.1");
  endpoint->port = port;
  endpoint->server_name = kServerName;
  endpoint->conversation = std::move(conversation);
  return endpoint;
}

struct Amount {
  int rounds = 5;
  int slices = 16;  // In a round.
};

// Runs `side` and adds what it cost to `total`.
template <typename Side>
void Count(double& total, Side side) {
  const double before = CpuTime();
  side();
  total += CpuTime() - before;
}

struct Ratios {
  std::vector<double> micros;  // One number per round, of one conversation.
  std::vector<double> ratios;

  void Add(double cost, double floor) {
    micros.push_back(cost);
    ratios.push_back(cost / floor);
  }
  void Print(std::string_view what, double floor, double goal) const {
    const auto [low, high] = std::minmax_element(ratios.begin(), ratios.end());
    std::printf(
        "%-28.*s %5.0f us, floor %5.0f us, ratio %.2f (%.2f-%.2f), "
        "goal %.2f\n",
        static_cast<int>(what.size()), what.data(), Median(micros), floor,
        Median(ratios), *low, *high, goal);
  }
};

void Compare(const std::string& what, Probes& probes,
             const bench::FloorClient& floor, double goal, Amount amount) {
  const auto converse = [&floor](int count) {
    for (int i = 0; i < count; ++i) {
      if (!floor.Converse()) Die("a conversation of the floor failed");
    }
  };
  probes.Run(kSlice, 1);
  converse(kSlice);
  std::vector<double> floors;
  Ratios single;
  Ratios many;
  for (int round = 0; round < amount.rounds; ++round) {
    double single_cost = 0;
    double many_cost = 0;
    double floor_cost = 0;
    for (int slice = 0; slice < amount.slices; ++slice) {
      Count(single_cost, [&] { probes.Run(kSlice, 1); });
      Count(floor_cost, [&] { converse(kSlice); });
      Count(many_cost, [&] { probes.Run(kSlice, kManyAtOnce); });
    }
    const double count = amount.slices * kSlice;
    floors.push_back(floor_cost / count);
    single.Add(single_cost / count, floor_cost / count);
    many.Add(many_cost / count, floor_cost / count);
  }
  single.Print(what, Median(floors), goal);
  many.Print(what + ", " + std::to_string(kManyAtOnce) + " at once",
             Median(floors), goal);
}

}  // namespace

namespace {

// Server and client on one processor, the last that we may use. On two, what
// the kernel does for a packet is counted to either side, and the waking of an
// idle processor to whoever waits more often: 60 us a conversation were seen
// that no instruction of the client accounted for.
void StayOnOneProcessor() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return;
  int last = CPU_SETSIZE - 1;
  while (last > 0 && !CPU_ISSET(last, &set)) --last;
  CPU_ZERO(&set);
  CPU_SET(last, &set);
  sched_setaffinity(0, sizeof set, &set);
}

}  // namespace

int main(int argc, char* argv[]) {
  StayOnOneProcessor();
  const std::string mailsim = argc > 1 ? argv[1] : MAILSIM;
  Amount amount;
  if (argc > 2) amount.rounds = std::max(std::atoi(argv[2]), 1);
  if (argc > 3) amount.slices = std::max(std::atoi(argv[3]) / kSlice, 1);
  // A server that dies is to be told as a conversation that failed.
  std::signal(SIGPIPE, SIG_IGN);
  bench::MailServer server(mailsim, kScenario);
  std::printf("CPU time of a probe and of the floor, %d rounds of %d each\n",
              amount.rounds, amount.slices * kSlice);
  {
    Probes probes(MakeEndpoint(server.port("plain"), ""));
    Compare("plain", probes, bench::FloorClient(server.port("plain")), 1.5,
            amount);
  }
  for (const std::string name : {"ecdsa", "rsa"}) {
    const std::uint16_t port = server.port(name);
    Probes probes(MakeEndpoint(port, server.roots()));
    Compare("starttls " + name, probes,
            bench::FloorClient(port, kServerName, server.roots()), 1.15,
            amount);
  }
}
