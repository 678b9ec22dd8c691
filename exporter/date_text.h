// A moment for people: "2026-11-23T10:00:00Z".
#ifndef EXPORTER_DATE_TEXT_H_
#define EXPORTER_DATE_TEXT_H_

#include <string>

#include "probe/clock.h"

namespace exporter {

std::string DateText(probe::WallTime time);

}  // namespace exporter

#endif  // EXPORTER_DATE_TEXT_H_
