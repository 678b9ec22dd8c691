// Tells the service manager how the program is, by sd_notify(3): that it is
// ready, that it reloads, that it stops, that it is alive, and a line about
// what it does. Without a manager that listens ($NOTIFY_SOCKET), or in a build
// without libsystemd, nothing is told.
#ifndef EXPORTER_SERVICE_MANAGER_H_
#define EXPORTER_SERVICE_MANAGER_H_

#include <uv.h>

#include <functional>
#include <memory>
#include <string>

#include "probe/clock.h"

namespace exporter {

// Between two lines about what the program does.
inline constexpr probe::Duration kStatusPause = std::chrono::seconds(5);

// On the loop's thread. Never holds it: sd_notify waits while the manager does
// not read, so a thread of its own sends.
class ServiceManager {
 public:
  // Asks whatever has to be alive, and calls `answered` later, on the loop,
  // once all of it has answered.
  using Ask = std::function<void(std::function<void()> answered)>;

  // Reads the environment; nobody may change it while this lives, which needs
  // it again. `loop` must outlive the manager and run once more after it is
  // destroyed. If the manager wants a sign of life ($WATCHDOG_USEC for this
  // process), `ask` is called twice in that time, not before the last answer,
  // and each answer is passed on: when one of those asked hangs, or the loop
  // itself does, the manager ends the program and starts it anew. An answer
  // must not come after the destruction.
  ServiceManager(uv_loop_t* loop, Ask ask);
  // Waits for a second at most until all is told.
  ~ServiceManager();
  ServiceManager(const ServiceManager&) = delete;
  ServiceManager& operator=(const ServiceManager&) = delete;

  // The program is up, or a reload has come to its end, well or not. Nothing
  // happens when that is known.
  void Ready();
  // A reload begins.
  void Reloading();
  // The end begins; nothing but signs of life is told after that.
  void Stopping();
  // One line, to be called often: it is told while the program is ready, when
  // it is another one than before, and not again for kStatusPause.
  void SetStatus(const std::string& line);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace exporter

#endif  // EXPORTER_SERVICE_MANAGER_H_
