#include "tests/support/pki.h"
