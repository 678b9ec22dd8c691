// Plays the files of a folder through a fuzz target, for compilers without
// libFuzzer: every input that once mattered is an ordinary test.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size);

namespace {

void Play(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()),
                         input.size());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
    return 2;
  }
  std::size_t played = 0;
  Play("");
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    // Named first, so that a crash says which one it was.
    std::printf("%s\n", entry.path().filename().c_str());
    std::fflush(stdout);
    Play(std::string(std::istreambuf_iterator<char>(file), {}));
    ++played;
  }
  // An empty folder is a forgotten corpus.
  return played > 0 ? 0 : 1;
}
