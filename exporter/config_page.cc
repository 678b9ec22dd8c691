#include "exporter/config_page.h"

#include <cstddef>
#include <utility>

#include "exporter/http/answers.h"

namespace exporter {

http::Response ConfigPage(std::shared_ptr<const std::string> text) {
  http::Response response = http::Text(200, "");
  response.source = [text = std::move(text),
                     sent = std::size_t{0}](std::string& piece) mutable {
    constexpr std::size_t kPiece = 32 * 1024;
    piece = text->substr(sent, kPiece);
    sent += piece.size();
    return !piece.empty();
  };
  return response;
}

}  // namespace exporter
