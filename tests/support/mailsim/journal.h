// What clients did, one JSON line per finished connection: tests prove with it
// that a client never speaks early, never pipelines and says QUIT.
#ifndef TESTS_SUPPORT_MAILSIM_JOURNAL_H_
#define TESTS_SUPPORT_MAILSIM_JOURNAL_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mailsim {

enum class Ended {
  kClientClosed,
  kReset,  // By the client.
  kServerClosed,
  kServerReset,
  kOverflow,   // The server closed: too long a line, too many lines.
  kTlsFailed,  // The server closed: TLS failed, on either side.
  kShutdown,   // The simulator ended first.
};

std::string_view Name(Ended ended);

// Of a client that sends more than this, the rest is only counted.
inline constexpr std::size_t kMaxRecordedLines = 100;

struct Record {
  std::string server;
  std::uint64_t connection = 0;  // Of this server, from 1.
  std::string client;            // "127.0.0.1:54321"
  std::vector<std::string> lines;
  std::uint64_t lines_omitted = 0;
  std::string unfinished;  // Bytes behind the last line end.
  std::uint64_t bytes = 0;
  bool early = false;      // Bytes came when it was not the client's turn.
  bool pipelined = false;  // More bytes came behind a command.
  unsigned unexpected = 0;
  std::string tls;  // The version, "TLSv1.3"; "" without a whole handshake.
  std::string sni;
  std::string client_subject;  // Of its certificate.
  bool close_notify = false;   // The client said it.
  Ended ended = Ended::kShutdown;
  double opened = 0;   // Unix time.
  double seconds = 0;  // How long it was open.
};

// Without line end. Bytes beyond ASCII stand as the Latin-1 character.
std::string ToJson(const Record& record);
std::string JsonText(std::string_view bytes);  // With its quotes.

class Journal {
 public:
  // Starts the file anew. Null when it cannot be written.
  static std::unique_ptr<Journal> Open(const std::string& path);

  // Flushed, so that a reader sees it at once.
  void Write(const Record& record);

 private:
  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  explicit Journal(std::FILE* file) : file_(file) {}

  std::unique_ptr<std::FILE, CloseFile> file_;
};

}  // namespace mailsim

#endif  // TESTS_SUPPORT_MAILSIM_JOURNAL_H_
