// The `expect:` block of a target.
#ifndef EXPORTER_CONFIG_EXPECT_H_
#define EXPORTER_CONFIG_EXPECT_H_

#include <string>
#include <unordered_set>

#include "exporter/config/field.h"
#include "probe/target.h"

namespace exporter::config {

class ExpectReader {
 public:
  // `mode` is the target's: what it makes impossible is refused.
  void Read(const Field& field, probe::TlsMode mode,
            probe::Expectations& expect);

 private:
  void ReadBanner(const Field& field, std::string& banner);

  // Many targets share one expression, and compiling it takes time.
  std::unordered_set<std::string> good_patterns_;
};

}  // namespace exporter::config

#endif  // EXPORTER_CONFIG_EXPECT_H_
