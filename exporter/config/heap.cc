#include "exporter/config/heap.h"

#include <cstdlib>
#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace exporter::config {
namespace {

// Below this the gain is not worth it.
constexpr std::size_t kWorthwhileBytes = 1024 * 1024;

}  // namespace

void ReturnHeap(std::size_t freed_bytes) {
#ifdef __GLIBC__
  if (freed_bytes > kWorthwhileBytes) malloc_trim(0);
#else
  static_cast<void>(freed_bytes);
  static_cast<void>(kWorthwhileBytes);
#endif
}

}  // namespace exporter::config
