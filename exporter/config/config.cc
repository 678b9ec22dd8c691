#include "exporter/config/config.h"

#include <filesystem>
#include <utility>

#include "exporter/config/config_reader.h"
#include "exporter/config/document.h"
#include "exporter/config/heap.h"
#include "exporter/config/problems.h"
#include "exporter/config/text_file.h"
#include "exporter/config/yaml_text.h"

namespace exporter {
namespace {

std::unexpected<ConfigError> Refused(std::string message) {
  return std::unexpected(ConfigError{{std::move(message)}});
}

}  // namespace

std::expected<Config, ConfigError> LoadConfig(const std::string& path,
                                              const Shard& shard) {
  const auto text = config::ReadTextFile(path, kMaxConfigBytes);
  if (!text) return Refused(path + ": " + text.error());
  auto config = ParseConfig(*text, path, shard);
  config::ReturnHeap(text->size());
  return config;
}

std::expected<Config, ConfigError> ParseConfig(std::string_view text,
                                               const std::string& name,
                                               const Shard& shard) {
  if (text.size() > kMaxConfigBytes) {
    return Refused(name + ": is larger than 64 MiB");
  }
  config::Problems problems(name);
  const auto document = config::Document::Parse(text);
  if (!document) {
    problems.Add(document.error().place, "", document.error().sentence);
    return std::unexpected(ConfigError{problems.Messages()});
  }
  static const config::Value nothing;
  const config::Value* const root = document->root();
  Config config = config::ReadConfig(
      root != nullptr ? *root : nothing,
      std::filesystem::path(name).parent_path().string(), shard, problems);
  if (problems.count() > 0) {
    return std::unexpected(ConfigError{problems.Messages()});
  }
  config.text = std::make_shared<const std::string>(
      config::YamlText(root != nullptr ? *root : nothing, kMaxConfigTextBytes));
  return config;
}

}  // namespace exporter
