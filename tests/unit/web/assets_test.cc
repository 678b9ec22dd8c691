#include "exporter/web/assets.h"

#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>
#include <string>

#include "tests/support/catch.h"

namespace exporter::web {
namespace {

// A file below exporter/.
std::string ReadFile(const std::string& name) {
  std::ifstream file("exporter/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string Read(const std::string& name) { return ReadFile("web/" + name); }

TEST_CASE("every asset is found by its path, and nothing else is") {
  REQUIRE(Assets().size() >= 4);
  for (const Asset& asset : Assets()) {
    INFO(asset.path);
    CHECK(FindAsset(asset.path) == &asset);
    CHECK(asset.path.starts_with('/'));
    CHECK_FALSE(asset.bytes.empty());
  }
  CHECK(std::ranges::is_sorted(Assets(), std::less<>(), &Asset::path));
  for (const char* path :
       {"", "index.html", "/index.html", "/target.html", "/assets.h",
        "/embed.cmake", "/../main.cc", "//", "/zzz", "/target/"}) {
    INFO(path);
    CHECK(FindAsset(path) == nullptr);
  }
}

TEST_CASE("the bytes are those of the files") {
  CHECK(FindAsset("/")->bytes == Read("index.html"));
  CHECK(FindAsset("/target")->bytes == Read("target.html"));
  CHECK(FindAsset("/api/v1/openapi.yaml")->bytes ==
        ReadFile("api/openapi.yaml"));
  for (const Asset& asset : Assets()) {
    if (asset.path == "/" || asset.path == "/target") continue;
    if (asset.path.starts_with("/api/")) continue;
    INFO(asset.path);
    CHECK(asset.bytes == Read(std::string(asset.path.substr(1))));
  }
}

TEST_CASE("content types say what a browser needs to hear") {
  CHECK(FindAsset("/")->content_type == "text/html; charset=utf-8");
  CHECK(FindAsset("/target")->content_type == "text/html; charset=utf-8");
  CHECK(FindAsset("/page.css")->content_type == "text/css; charset=utf-8");
  // With nosniff, another type would not run at all.
  CHECK(FindAsset("/list.js")->content_type ==
        "text/javascript; charset=utf-8");
  CHECK(FindAsset("/icon.svg")->content_type == "image/svg+xml");
  CHECK(FindAsset("/api/v1/openapi.yaml")->content_type == "application/yaml");
}

TEST_CASE("each asset has an entity tag of its own") {
  std::set<std::string_view> tags;
  for (const Asset& asset : Assets()) {
    CHECK(asset.etag.size() == 34);
    CHECK(asset.etag.front() == '"');
    CHECK(asset.etag.back() == '"');
    tags.insert(asset.etag);
  }
  CHECK(tags.size() == Assets().size());
}

TEST_CASE("If-None-Match") {
  const Asset asset{"/", "text/html", "bytes", "\"abc\""};
  for (const char* field :
       {"\"abc\"", "W/\"abc\"", "*", "\"x\", \"abc\"", "\"x\",W/\"abc\"",
        "\"a,b\", \"abc\"", "\"x\" , \"abc\" "}) {
    INFO(field);
    CHECK(ClientHas(asset, field));
  }
  for (const char* field : {"", "abc", "\"ab\"", "\"abcd\"", "\"abc",
                            "\"x, \"abc\"y", "W/", "\"", "**"}) {
    INFO(field);
    CHECK_FALSE(ClientHas(asset, field));
  }
}

TEST_CASE("the policy lets nothing in from elsewhere") {
  for (const char* directive :
       {"default-src 'none'", "script-src 'self'", "style-src 'self'",
        "connect-src 'self'", "img-src 'self' data:", "base-uri 'none'",
        "form-action 'self'", "frame-ancestors 'none'",
        "require-trusted-types-for 'script'"}) {
    INFO(directive);
    CHECK(kContentSecurityPolicy.find(directive) != std::string_view::npos);
  }
  CHECK(kContentSecurityPolicy.find("unsafe") == std::string_view::npos);
}

}  // namespace
}  // namespace exporter::web
