// mailsim: plays the mail servers of a scenario file until it is told to stop.
#include <sys/resource.h>
#include <unistd.h>
#include <uv.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "probe/net/uv_handle.h"
#include "tests/support/mailsim/journal.h"
#include "tests/support/mailsim/scenario_reader.h"
#include "tests/support/mailsim/simulator.h"
#include "tests/support/pki_files.h"

namespace mailsim {
namespace {

constexpr char kUsage[] =
    "usage: mailsim [--exit-with-stdin] [--log FILE] [--pki DIR] FILE\n"
    "Plays the mail servers of a scenario file (YAML) and prints where they\n"
    "listen, one JSON line each, then {\"ready\":true}.\n"
    "  --exit-with-stdin  end when standard input (a pipe) is closed\n"
    "  --log FILE         write a JSON line about every finished connection\n"
    "  --pki DIR          write the certificates that the servers show\n";

struct Options {
  bool exit_with_stdin = false;
  bool help = false;
  std::string log;
  std::string pki;
  std::string scenario;
};

std::optional<Options> ParseOptions(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--help") {
      options.help = true;
      return options;
    }
    if (word == "--exit-with-stdin") {
      options.exit_with_stdin = true;
    } else if (word == "--log" && i + 1 < argc) {
      options.log = argv[++i];
    } else if (word == "--pki" && i + 1 < argc) {
      options.pki = argv[++i];
    } else if (!word.starts_with("-") && options.scenario.empty()) {
      options.scenario = word;
    } else {
      return std::nullopt;
    }
  }
  if (options.scenario.empty()) return std::nullopt;
  return options;
}

// Thousands of listeners and clients need more than the usual 1024.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// Calls back once, on SIGTERM, SIGINT or the end of standard input.
class StopSign {
 public:
  StopSign(uv_loop_t* loop, std::function<void()> stop)
      : loop_(loop), stop_(std::move(stop)) {
    for (const int number : {SIGTERM, SIGINT}) {
      auto handle = probe::net::MakeHandle<uv_signal_t>(
          this, [&](uv_signal_t* it) { return uv_signal_init(loop_, it); });
      uv_signal_start(
          handle.get(),
          [](uv_signal_t* it, int) {
            if (it->data != nullptr) static_cast<StopSign*>(it->data)->Stop();
          },
          number);
      signals_[number == SIGTERM ? 0 : 1] = std::move(handle);
    }
  }
  StopSign(const StopSign&) = delete;
  StopSign& operator=(const StopSign&) = delete;

  // libuv's code: standard input may be something that cannot be waited for.
  int WatchInput() {
    input_ = probe::net::MakeHandle<uv_pipe_t>(
        this, [&](uv_pipe_t* it) { return uv_pipe_init(loop_, it, 0); });
    const int error = uv_pipe_open(input_.get(), STDIN_FILENO);
    if (error != 0) return error;
    return uv_read_start(
        reinterpret_cast<uv_stream_t*>(input_.get()),
        [](uv_handle_t*, std::size_t, uv_buf_t* buffer) {
          static std::array<char, 256> ignored;
          *buffer = uv_buf_init(ignored.data(), ignored.size());
        },
        [](uv_stream_t* it, ssize_t count, const uv_buf_t*) {
          if (count >= 0 || it->data == nullptr) return;
          static_cast<StopSign*>(it->data)->Stop();
        });
  }

 private:
  void Stop() {
    const std::function<void()> stop = std::move(stop_);
    signals_ = {};
    input_.reset();
    if (stop) stop();
  }

  uv_loop_t* const loop_;
  std::function<void()> stop_;
  std::array<probe::net::Handle<uv_signal_t>, 2> signals_;
  probe::net::Handle<uv_pipe_t> input_;
};

void PrintServers(const Simulator& simulator) {
  for (const Server& server : simulator.servers()) {
    std::printf("{\"name\":%s,\"address\":\"%s\",\"port\":%u}\n",
                JsonText(server.name).c_str(), server.address.c_str(),
                static_cast<unsigned>(server.port));
  }
  std::puts("{\"ready\":true}");
  std::fflush(stdout);
}

int Fail(const std::string& message) {
  std::fprintf(stderr, "mailsim: %s\n", message.c_str());
  return 1;
}

int Play(uv_loop_t* loop, const Options& options, const Scenario& scenario,
         Journal* journal) {
  auto simulator = std::make_unique<Simulator>(loop, scenario, journal);
  StopSign stop(loop, [&simulator] { simulator.reset(); });
  if (const auto started = simulator->Start(); !started) {
    return Fail(started.error());
  }
  if (options.exit_with_stdin && stop.WatchInput() != 0) {
    return Fail("--exit-with-stdin needs a pipe or a terminal");
  }
  PrintServers(*simulator);
  uv_run(loop, UV_RUN_DEFAULT);
  return 0;
}

int Main(int argc, char** argv) {
  const std::optional<Options> options = ParseOptions(argc, argv);
  if (!options) return Fail(std::string("bad command line\n") + kUsage);
  if (options->help) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  // A client or a reader of our output that is gone is no reason to die.
  std::signal(SIGPIPE, SIG_IGN);
  RaiseDescriptorLimit();
  const auto scenario = LoadScenario(options->scenario);
  if (!scenario) return Fail(scenario.error());
  if (!options->pki.empty()) {
    const auto written = tests::WritePki(tests::TestPki(), options->pki);
    if (!written) return Fail(written.error());
  }
  std::unique_ptr<Journal> journal;
  if (!options->log.empty()) {
    journal = Journal::Open(options->log);
    if (!journal) return Fail(options->log + ": cannot be written");
  }
  uv_loop_t loop;
  if (uv_loop_init(&loop) != 0) return Fail("no event loop");
  const int code = Play(&loop, *options, *scenario, journal.get());
  uv_run(&loop, UV_RUN_DEFAULT);  // Frees what was closed.
  return uv_loop_close(&loop) == 0 ? code : Fail("handles left open");
}

}  // namespace
}  // namespace mailsim

int main(int argc, char** argv) { return mailsim::Main(argc, argv); }
