// A folder for the files that a configuration names, and this system's roots,
// chosen by the test: what the machine has must make no difference.
#ifndef TESTS_UNIT_CONFIG_SCRATCH_H_
#define TESTS_UNIT_CONFIG_SCRATCH_H_

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace tests {

// Removes itself.
class Scratch {
 public:
  Scratch() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "config-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) {
      throw std::runtime_error("mkdtemp");
    }
    folder_ = pattern;
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  std::string Path(const std::string& name) const {
    return (folder_ / name).string();
  }
  // Returns the path.
  std::string Write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return Path(name);
  }
  void Remove(const std::string& name) const {
    std::filesystem::remove(folder_ / name);
  }

 private:
  std::filesystem::path folder_;
};

// While it lives, `path` is where this system's roots are.
class SystemRoots {
 public:
  explicit SystemRoots(const std::string& path) {
    setenv("SSL_CERT_FILE", path.c_str(), /*overwrite=*/1);
  }
  ~SystemRoots() { unsetenv("SSL_CERT_FILE"); }
  SystemRoots(const SystemRoots&) = delete;
  SystemRoots& operator=(const SystemRoots&) = delete;
};

}  // namespace tests

#endif  // TESTS_UNIT_CONFIG_SCRATCH_H_
