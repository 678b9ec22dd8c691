#include "exporter/asset_page.h"

#include <string>

#include "exporter/web/assets.h"

namespace exporter {

std::optional<http::Response> AssetPage(const http::Request& request) {
  const web::Asset* const asset = web::FindAsset(request.path);
  if (asset == nullptr) return std::nullopt;
  http::Response response;
  response.headers = {{"Content-Type", std::string(asset->content_type)},
                      {"ETag", std::string(asset->etag)}};
  for (const auto& [name, value] : web::kAssetHeaders) {
    response.headers.emplace_back(name, value);
  }
  if (web::ClientHas(*asset, request.Header("if-none-match"))) {
    response.status = 304;
  } else {
    response.body = asset->bytes;
  }
  return response;
}

}  // namespace exporter
