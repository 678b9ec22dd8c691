#include "probe/tls/x509_time.h"

#include <chrono>
#include <ctime>

namespace probe::tls {

WallTime ReadTime(const ASN1_TIME* time) {
  // Without a time OpenSSL would answer with the clock's.
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return {};
  const std::chrono::year_month_day day{
      std::chrono::year{parts.tm_year + 1900},
      std::chrono::month{static_cast<unsigned>(parts.tm_mon + 1)},
      std::chrono::day{static_cast<unsigned>(parts.tm_mday)}};
  const std::chrono::sys_seconds moment =
      std::chrono::sys_days{day} + std::chrono::hours{parts.tm_hour} +
      std::chrono::minutes{parts.tm_min} + std::chrono::seconds{parts.tm_sec};
  using std::chrono::floor;
  using std::chrono::seconds;
  if (moment > floor<seconds>(WallTime::max())) return WallTime::max();
  if (moment <= floor<seconds>(WallTime::min())) return WallTime::min();
  return moment;
}

}  // namespace probe::tls
