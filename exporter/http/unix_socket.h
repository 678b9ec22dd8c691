// A listening socket that is a file.
#ifndef EXPORTER_HTTP_UNIX_SOCKET_H_
#define EXPORTER_HTTP_UNIX_SOCKET_H_

#include <sys/types.h>

#include <expected>
#include <string>

#include "exporter/http/listen_socket.h"

namespace exporter::http {

// Who may connect: our user and group, such as a proxy that is in it.
inline constexpr mode_t kUnixSocketMode = 0660;

// Listens on `path`. A socket that is there is removed when nobody listens on
// it any more, as after a crash. The error is a sentence without the path.
std::expected<ListenSocket, std::string> OpenUnixSocket(
    const std::string& path);

}  // namespace exporter::http

#endif  // EXPORTER_HTTP_UNIX_SOCKET_H_
