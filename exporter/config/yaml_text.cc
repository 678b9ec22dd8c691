#include "exporter/config/yaml_text.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>
#include <utility>

namespace exporter::config {
namespace {

// Of Prometheus' configurations. A name that ends in "_file" holds no secret,
// only its place.
constexpr std::array<std::string_view, 4> kSecretKeys = {
    "password", "credentials", "bearer_token", "client_secret"};

// Deeper than any setting; a cyclic alias has no end.
constexpr int kMaxDepth = 32;

bool IsSecret(const Member& member) {
  return std::find(kSecretKeys.begin(), kSecretKeys.end(), member.key) !=
         kSecretKeys.end();
}

// A key that needs no quotes wherever it stands.
bool IsWord(std::string_view text) {
  for (const std::string_view null : {"null", "Null", "NULL"}) {
    if (text == null) return false;
  }
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '_' || c == '.';
  });
}

std::string Quote(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted.append("\\").append(1, c);
    } else if (c == '\n') {
      quoted += "\\n";
    } else if ((c >= '\0' && c < ' ') || c == '\x7f') {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\x%02x",
                    static_cast<unsigned>(static_cast<unsigned char>(c)));
      quoted += escape.data();
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

// Without the user of a URL, who may have a password, and without a private
// key.
std::string WithoutSecret(const std::string& text) {
  if (text.find("PRIVATE KEY-----") != std::string::npos) return kRedacted;
  const std::size_t scheme = text.find("://");
  if (scheme == std::string::npos) return text;
  const std::size_t begin = scheme + 3;
  const std::size_t end =
      std::min(text.find_first_of("/?#", begin), text.size());
  const std::size_t at = text.rfind('@', end);
  if (at == std::string::npos || at < begin) return text;
  return text.substr(0, begin) + kRedacted + text.substr(at);
}

class Writer {
 public:
  explicit Writer(std::size_t most_bytes) : most_bytes_(most_bytes) {}

  // `value` behind the ":" or "-" that stands on the current line already.
  void Write(const Value& value, int depth) {
    if (depth > kMaxDepth || text_.size() > most_bytes_) {
      is_cut_ = true;
      text_ += " ...\n";
      return;
    }
    switch (value.kind) {
      case Value::Kind::kNull:
        text_ += '\n';
        return;
      case Value::Kind::kPlain:
      case Value::Kind::kQuoted:
        return Scalar(value);
      case Value::Kind::kList:
        return List(value, depth);
      case Value::Kind::kMap:
        text_ += value.members.empty() ? " {}\n" : "\n";
        return Members(value, depth, /*is_first_placed=*/false);
    }
  }
  std::string Take() {
    if (is_cut_) text_ += "# The rest is not shown.\n";
    return std::move(text_);
  }

 private:
  void Scalar(const Value& value) {
    const std::string shown = WithoutSecret(value.text);
    const bool is_plain =
        value.kind == Value::Kind::kPlain && shown == value.text;
    text_.append(" ").append(is_plain ? shown : Quote(shown)).append("\n");
  }

  void Indent(int depth) {
    text_.append(2 * static_cast<std::size_t>(depth), ' ');
  }

  void List(const Value& value, int depth) {
    text_ += value.items.empty() ? " []\n" : "\n";
    for (const Value* const item : value.items) {
      if (is_cut_) return;
      Indent(depth);
      text_ += '-';
      if (item->kind == Value::Kind::kMap && !item->members.empty()) {
        text_ += ' ';  // Its first member stands behind the dash.
        Members(*item, depth + 1, /*is_first_placed=*/true);
      } else {
        Write(*item, depth + 1);
      }
    }
  }

  void Members(const Value& map, int depth, bool is_first_placed) {
    for (const Member& member : map.members) {
      if (is_cut_) return;
      if (!std::exchange(is_first_placed, false)) Indent(depth);
      text_ += IsWord(member.key) ? member.key : Quote(member.key);
      text_ += ':';
      if (IsSecret(member)) {
        text_.append(" ").append(kRedacted).append("\n");
      } else {
        Write(*member.value, depth + 1);
      }
    }
  }

  const std::size_t most_bytes_;
  std::string text_;
  bool is_cut_ = false;
};

}  // namespace

std::string YamlText(const Value& root, std::size_t most_bytes) {
  Writer writer(most_bytes);
  writer.Write(root, 0);
  std::string text = writer.Take();
  // What stands on the line before the first member of a map.
  return text.substr(std::min(text.find_first_not_of(" \n"), text.size()));
}

}  // namespace exporter::config
