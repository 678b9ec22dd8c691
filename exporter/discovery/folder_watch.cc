#include "exporter/discovery/folder_watch.h"

#include <sys/stat.h>

#include <utility>

#include "exporter/logging.h"

namespace exporter::discovery {

std::optional<FolderIdentity> IdentityOf(const std::string& folder) {
  struct stat status {};
  if (stat(folder.c_str(), &status) != 0) return std::nullopt;
  return FolderIdentity{.device = status.st_dev, .inode = status.st_ino};
}

FolderWatch::FolderWatch(uv_loop_t* loop, std::string folder,
                         std::function<void()> happened)
    : folder_(std::move(folder)),
      happened_(std::move(happened)),
      handle_(probe::net::MakeHandle<uv_fs_event_t>(
          this,
          [loop](uv_fs_event_t* raw) { return uv_fs_event_init(loop, raw); })) {
}

// The kernel watches a folder and not its name, and the end of a watch looks
// to libuv like any other event: so the watch is always made anew.
void FolderWatch::Renew() {
  uv_fs_event_stop(handle_.get());
  // Before the watch: what is put in its place between the two is watched and
  // yet looks like another one, which costs a scan and loses nothing.
  watched_ = IdentityOf(folder_);
  const int error =
      uv_fs_event_start(handle_.get(), &OnEvent, folder_.c_str(), /*flags=*/0);
  if (error != error_ && error != 0 && error != UV_ENOENT &&
      error != UV_ENOTDIR) {
    LogWarn("Cannot watch a folder, its files are read now and then only",
            {{"folder", folder_}, {"err", uv_strerror(error)}});
  }
  error_ = error;
}

void FolderWatch::OnEvent(uv_fs_event_t* handle, const char* /*name*/,
                          int /*events*/, int /*status*/) {
  auto* self = static_cast<FolderWatch*>(handle->data);
  if (self != nullptr) self->happened_();
}

}  // namespace exporter::discovery
