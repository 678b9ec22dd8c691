// The mail server simulator as a process of its own, so that what it costs is
// not counted as ours.
#ifndef TESTS_BENCH_MAIL_SERVER_H_
#define TESTS_BENCH_MAIL_SERVER_H_

#include <sys/types.h>

#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>

namespace bench {

class MailServer {
 public:
  // Starts the program `mailsim` with the text of a scenario and waits until
  // it is ready. What fails ends this program with a line on stderr.
  MailServer(const std::string& mailsim, std::string_view scenario);
  ~MailServer();
  MailServer(const MailServer&) = delete;
  MailServer& operator=(const MailServer&) = delete;

  // Of the server of that name, on 127.0.0.1.
  std::uint16_t port(std::string_view name);
  // A file with the roots of the servers' certificates, PEM.
  std::string roots() const { return folder_ + "/pki/roots.pem"; }

 private:
  void Start(const std::string& mailsim);
  void ReadPorts(FILE* output);
  void Stop();
  [[noreturn]] void Die(const std::string& sentence);

  std::string folder_;
  std::map<std::string, std::uint16_t, std::less<>> ports_;
  pid_t process_ = -1;
  int input_ = -1;  // The simulator ends when this is closed.
};

}  // namespace bench

#endif  // TESTS_BENCH_MAIL_SERVER_H_
