// What reading a big text leaves behind.
#ifndef EXPORTER_CONFIG_HEAP_H_
#define EXPORTER_CONFIG_HEAP_H_

#include <cstddef>

namespace exporter::config {

// Gives memory back to the system after a text of so many bytes was read, if
// that is worth a walk over the heap: the tree of a big text lies between the
// targets, and without this the process stays at three times what it needs.
void ReturnHeap(std::size_t text_bytes);

}  // namespace exporter::config

#endif  // EXPORTER_CONFIG_HEAP_H_
