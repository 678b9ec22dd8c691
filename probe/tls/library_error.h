// OpenSSL's error queue -> the one error that is told.
#ifndef PROBE_TLS_LIBRARY_ERROR_H_
#define PROBE_TLS_LIBRARY_ERROR_H_

#include "probe/tls/engine.h"

namespace probe::tls {

// The first cause in this thread's queue, which is emptied.
Error TakeLibraryError();

}  // namespace probe::tls

#endif  // PROBE_TLS_LIBRARY_ERROR_H_
