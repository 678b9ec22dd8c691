#include "tests/support/tls_peer.h"
