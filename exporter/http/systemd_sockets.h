// Sockets that systemd opened for us (sd_listen_fds(3)).
#ifndef EXPORTER_HTTP_SYSTEMD_SOCKETS_H_
#define EXPORTER_HTTP_SYSTEMD_SOCKETS_H_

#include <expected>
#include <string>
#include <vector>

#include "exporter/http/listen_socket.h"

namespace exporter::http {

// Takes over all descriptors that are meant for this process; the next call
// finds none. The error is a sentence: "no socket activation file descriptors
// found", or that one of them is no listening stream socket. Changes the
// environment, so that nobody else takes them for theirs: while no other thread
// reads it.
std::expected<std::vector<ListenSocket>, std::string> TakeSystemdSockets();

}  // namespace exporter::http

#endif  // EXPORTER_HTTP_SYSTEMD_SOCKETS_H_
