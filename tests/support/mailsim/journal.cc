#include "tests/support/mailsim/journal.h"

#include <charconv>
#include <system_error>

namespace mailsim {
namespace {

std::string Decimal(double value, int places) {
  char text[64];  // Unix times have 10 digits.
  const auto [end, error] = std::to_chars(text, text + sizeof text, value,
                                          std::chars_format::fixed, places);
  return error == std::errc() ? std::string(text, end) : "0";
}

}  // namespace

std::string_view Name(Ended ended) {
  switch (ended) {
    case Ended::kClientClosed:
      return "client_closed";
    case Ended::kReset:
      return "reset";
    case Ended::kServerClosed:
      return "server_closed";
    case Ended::kServerReset:
      return "server_reset";
    case Ended::kOverflow:
      return "overflow";
    case Ended::kTlsFailed:
      return "tls_failed";
    case Ended::kShutdown:
      return "shutdown";
  }
  return "";
}

std::string JsonText(std::string_view bytes) {
  std::string json = "\"";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (byte >= 0x20 && byte < 0x7f) {
      json += c;
    } else {
      constexpr char kHex[] = "0123456789abcdef";
      json += "\\u00";
      json += kHex[byte >> 4];
      json += kHex[byte & 15];
    }
  }
  return json + '"';
}

std::string ToJson(const Record& record) {
  const auto flag = [](bool value) { return value ? "true" : "false"; };
  std::string json = "{\"server\":" + JsonText(record.server);
  json += ",\"connection\":" + std::to_string(record.connection);
  json += ",\"client\":" + JsonText(record.client);
  json += ",\"lines\":[";
  for (std::size_t i = 0; i < record.lines.size(); ++i) {
    if (i > 0) json += ',';
    json += JsonText(record.lines[i]);
  }
  json += "],\"lines_omitted\":" + std::to_string(record.lines_omitted);
  json += ",\"unfinished\":" + JsonText(record.unfinished);
  json += ",\"bytes\":" + std::to_string(record.bytes);
  json += std::string(",\"early\":") + flag(record.early);
  json += std::string(",\"pipelined\":") + flag(record.pipelined);
  json += ",\"unexpected\":" + std::to_string(record.unexpected);
  json += ",\"tls\":" + JsonText(record.tls);
  json += ",\"sni\":" + JsonText(record.sni);
  json += ",\"client_subject\":" + JsonText(record.client_subject);
  json += std::string(",\"close_notify\":") + flag(record.close_notify);
  json += ",\"ended\":" + JsonText(Name(record.ended));
  json += ",\"opened\":" + Decimal(record.opened, 3);
  json += ",\"seconds\":" + Decimal(record.seconds, 6);
  return json + "}";
}

std::unique_ptr<Journal> Journal::Open(const std::string& path) {
  // "e": not inherited by children.
  std::FILE* const file = std::fopen(path.c_str(), "we");
  if (file == nullptr) return nullptr;
  return std::unique_ptr<Journal>(new Journal(file));
}

void Journal::Write(const Record& record) {
  const std::string line = ToJson(record) + "\n";
  std::fwrite(line.data(), 1, line.size(), file_.get());
  std::fflush(file_.get());
}

}  // namespace mailsim
