// Plays a DialogScript against probe::smtp::Dialog.
#ifndef TESTS_SUPPORT_DIALOG_PLAYER_H_
#define TESTS_SUPPORT_DIALOG_PLAYER_H_

#include <cstddef>
#include <string>
#include <vector>

#include "probe/result.h"
#include "tests/support/dialog_script.h"

namespace tests {

// How the bytes of the server's blocks are cut into reads.
struct Cut {
  enum class Kind {
    kWhole,  // Each block in one piece.
    kBytes,  // Each byte on its own.
    kOnce,   // The block of step `step` in two, before byte `position`.
  };
  Kind kind = Kind::kWhole;
  std::size_t step = 0;
  std::size_t position = 0;
};

struct Play {
  std::vector<std::string> commands;
  // Where the play left the script, and rules that were broken.
  std::vector<std::string> problems;
  probe::ProbeResult result;
};

// The client's output is taken when all bytes of a block were delivered.
Play PlayDialog(const DialogScript& script, const Cut& cut);

// What a probe concluded, in the form of a script's last part.
std::string Conclusion(const probe::ProbeResult& result);
// All of a result, times and transcript included.
std::string WholeText(const probe::ProbeResult& result);

}  // namespace tests

#endif  // TESTS_SUPPORT_DIALOG_PLAYER_H_
