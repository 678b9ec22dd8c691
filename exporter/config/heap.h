// What big lists leave behind.
#ifndef EXPORTER_CONFIG_HEAP_H_
#define EXPORTER_CONFIG_HEAP_H_

#include <cstddef>

namespace exporter::config {

// Gives memory back to the system after so many bytes were freed, if that is
// worth a walk over the heap: the tree of a big text lies between the targets,
// and without this the process stays at three times what it needs. Takes tens
// of milliseconds; not on a loop's thread.
void ReturnHeap(std::size_t freed_bytes);

}  // namespace exporter::config

#endif  // EXPORTER_CONFIG_HEAP_H_
