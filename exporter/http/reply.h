// Our Response as libmicrohttpd sends it.
#ifndef EXPORTER_HTTP_REPLY_H_
#define EXPORTER_HTTP_REPLY_H_

#include <microhttpd.h>

#include <memory>

#include "exporter/http/server.h"

namespace exporter::http {

struct DestroyReply {
  void operator()(MHD_Response* reply) const { MHD_destroy_response(reply); }
};
using Reply = std::unique_ptr<MHD_Response, DestroyReply>;

// Null without memory. A streamed body's source is destroyed with it.
Reply MakeReply(Response response);

}  // namespace exporter::http

#endif  // EXPORTER_HTTP_REPLY_H_
