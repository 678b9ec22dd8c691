// Which part of the targets is ours, when several daemons split one list.
#ifndef EXPORTER_CONFIG_SHARD_H_
#define EXPORTER_CONFIG_SHARD_H_

#include <cstdint>
#include <string_view>

namespace exporter {

struct Shard {
  std::uint64_t index = 0;
  std::uint64_t count = 1;  // 1: all targets are ours.

  // Whether a target, as the user wrote it ("mx1.example.com",
  // "mx1.example.com:25"), is ours. The same split as Prometheus' relabelling
  // with `action: hashmod`, `source_labels: [__address__]` and this count as
  // `modulus`: the last 8 bytes of the text's MD5, big-endian, modulo count.
  bool Keeps(std::string_view target) const;
};

}  // namespace exporter

#endif  // EXPORTER_CONFIG_SHARD_H_
