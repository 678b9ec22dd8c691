#include "exporter/web/assets.h"

#include <algorithm>
#include <cstddef>
#include <functional>

namespace exporter::web {

const Asset* FindAsset(std::string_view path) {
  const std::span<const Asset> assets = Assets();
  const auto found =
      std::ranges::lower_bound(assets, path, std::less<>(), &Asset::path);
  return found != assets.end() && found->path == path ? &*found : nullptr;
}

bool ClientHas(const Asset& asset, std::string_view if_none_match) {
  if (if_none_match == "*") return true;
  // Tags are looked for as quoted strings: a comma may stand within one.
  while (true) {
    const std::size_t open = if_none_match.find('"');
    if (open == std::string_view::npos) return false;
    const std::size_t close = if_none_match.find('"', open + 1);
    if (close == std::string_view::npos) return false;
    if (if_none_match.substr(open, close + 1 - open) == asset.etag) return true;
    if_none_match.remove_prefix(close + 1);
  }
}

}  // namespace exporter::web
