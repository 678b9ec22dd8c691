#include "exporter/config/target_files.h"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace exporter::config {
namespace {

// Prometheus' ^[^*]*(\*[^/]*)?\.(json|yml|yaml|JSON|YML|YAML)$, but for a
// second '*', which few need.
bool IsPattern(std::string_view name) {
  const std::size_t star = name.find('*');
  if (star != std::string_view::npos &&
      name.find_first_of("*/", star + 1) != std::string_view::npos) {
    return false;
  }
  for (const std::string_view end :
       {".json", ".yml", ".yaml", ".JSON", ".YML", ".YAML"}) {
    if (name.ends_with(end)) return true;
  }
  return false;
}

}  // namespace

std::string CompleteName(const std::string& folder, const std::string& file) {
  const std::filesystem::path joined = std::filesystem::path(folder) / file;
  std::error_code error;
  const std::filesystem::path complete =
      std::filesystem::absolute(joined, error);
  return (error ? joined : complete).lexically_normal().string();
}

void ReadCompleteName(const Field& field, const std::string& folder,
                      std::string& file) {
  if (!field.value().IsText()) return field.ComplainKind("a file name");
  const std::string& name = field.value().text;
  if (name.empty()) return field.Complain("must not be empty");
  if (name.find('\0') != std::string::npos) {
    return field.Complain(Quoted(name) + " is not a file name: it holds a NUL");
  }
  file = CompleteName(folder, name);
}

void ReadTargetFiles(const Field& list, const std::string& folder,
                     std::vector<std::string>& files) {
  ReadList(list, "a list of file names", [&](const Field& field) {
    std::string file;
    ReadCompleteName(field, folder, file);
    if (file.empty()) return;
    const std::string& name = field.value().text;
    if (!IsPattern(name)) {
      field.Complain(Quoted(name) +
                     " must end in .json, .yml or .yaml and may hold one '*', "
                     "behind its last '/'");
    } else if (std::find(files.begin(), files.end(), file) != files.end()) {
      field.Complain(Quoted(name) + " is listed twice");
    } else {
      files.push_back(std::move(file));
    }
  });
}

}  // namespace exporter::config
