#include "tests/bench/mail_server.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace bench {

MailServer::MailServer(const std::string& mailsim, std::string_view scenario) {
  std::string name =
      std::filesystem::temp_directory_path() / "handshake-bench.XXXXXX";
  if (mkdtemp(name.data()) == nullptr) Die("cannot make " + name);
  folder_ = name;
  std::ofstream(folder_ + "/servers.yaml") << scenario;
  Start(mailsim);
}

MailServer::~MailServer() { Stop(); }

void MailServer::Stop() {
  if (input_ != -1) close(input_);
  if (process_ != -1) waitpid(process_, nullptr, 0);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void MailServer::Die(const std::string& sentence) {
  Stop();
  std::fprintf(stderr, "%s\n", sentence.c_str());
  std::exit(1);
}

void MailServer::Start(const std::string& mailsim) {
  std::array<int, 2> input{};
  std::array<int, 2> output{};
  if (pipe2(input.data(), O_CLOEXEC) != 0 ||
      pipe2(output.data(), O_CLOEXEC) != 0) {
    Die("cannot make a pipe");
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
  std::array<std::string, 5> words = {mailsim, "--exit-with-stdin", "--pki",
                                      folder_ + "/pki",
                                      folder_ + "/servers.yaml"};
  std::array<char*, words.size() + 1> arguments{};
  for (std::size_t i = 0; i < words.size(); ++i) arguments[i] = words[i].data();
  const int error = posix_spawn(&process_, mailsim.c_str(), &actions, nullptr,
                                arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(input[0]);
  close(output[1]);
  if (error != 0) Die("cannot start " + mailsim);
  input_ = input[1];
  FILE* const lines = fdopen(output[0], "r");
  ReadPorts(lines);
  std::fclose(lines);
}

void MailServer::ReadPorts(FILE* output) {
  std::array<char, 512> line{};
  while (std::fgets(line.data(), line.size(), output) != nullptr) {
    std::array<char, 100> name{};
    unsigned port = 0;
    if (std::sscanf(line.data(),
                    R"({"name":"%99[^"]","address":"127.0.0.1","port":%u})",
                    name.data(), &port) == 2) {
      ports_[name.data()] = static_cast<std::uint16_t>(port);
    } else if (std::string_view(line.data()).starts_with(R"({"ready")")) {
      return;
    }
  }
  Die("the simulator does not start");
}

std::uint16_t MailServer::port(std::string_view name) {
  const auto it = ports_.find(name);
  if (it == ports_.end()) Die("no server " + std::string(name));
  return it->second;
}

}  // namespace bench
