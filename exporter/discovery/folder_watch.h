// Tells when something happens in a folder.
#ifndef EXPORTER_DISCOVERY_FOLDER_WATCH_H_
#define EXPORTER_DISCOVERY_FOLDER_WATCH_H_

#include <uv.h>

#include <functional>
#include <string>

#include "probe/net/uv_handle.h"

namespace exporter::discovery {

class FolderWatch {
 public:
  // `loop` must outlive the watch. `happened` may not destroy it.
  FolderWatch(uv_loop_t* loop, std::string folder,
              std::function<void()> happened);
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

  const std::string& folder() const { return folder_; }
  // Watches the folder that has this name now; the one before may have been
  // renamed or removed. What happens after this call is told. Logs, once, why
  // it cannot; that there is no folder is no reason to complain.
  void Renew();

 private:
  static void OnEvent(uv_fs_event_t* handle, const char* name, int events,
                      int status);

  const std::string folder_;
  const std::function<void()> happened_;
  probe::net::Handle<uv_fs_event_t> handle_;
  int error_ = 0;  // Of the latest Renew.
};

}  // namespace exporter::discovery

#endif  // EXPORTER_DISCOVERY_FOLDER_WATCH_H_
