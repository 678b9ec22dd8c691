// Tells when something happens in a folder.
#ifndef EXPORTER_DISCOVERY_FOLDER_WATCH_H_
#define EXPORTER_DISCOVERY_FOLDER_WATCH_H_

#include <uv.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "probe/net/uv_handle.h"

namespace exporter::discovery {

// Which folder it is, whatever its name. Links are followed.
struct FolderIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;

  friend bool operator==(const FolderIdentity&,
                         const FolderIdentity&) = default;
};

// None when there is nothing of that name. Asks the file system; any thread.
std::optional<FolderIdentity> IdentityOf(const std::string& folder);

class FolderWatch {
 public:
  // `loop` must outlive the watch. `happened` may not destroy it.
  FolderWatch(uv_loop_t* loop, std::string folder,
              std::function<void()> happened);
  FolderWatch(const FolderWatch&) = delete;
  FolderWatch& operator=(const FolderWatch&) = delete;

  const std::string& folder() const { return folder_; }
  // What had the folder's name just before the latest Renew. Another folder may
  // have it by now, and that is not told: it happens in the folder above.
  std::optional<FolderIdentity> watched() const { return watched_; }
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
  std::optional<FolderIdentity> watched_;
  int error_ = 0;  // Of the latest Renew.
};

}  // namespace exporter::discovery

#endif  // EXPORTER_DISCOVERY_FOLDER_WATCH_H_
