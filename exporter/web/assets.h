// The files of the web page and the API's description, which are part of the
// program: no file is read when it runs. Knows no HTTP server; whoever serves
// them sends kAssetHeaders, the asset's type as Content-Type and its ETag.
#ifndef EXPORTER_WEB_ASSETS_H_
#define EXPORTER_WEB_ASSETS_H_

#include <array>
#include <span>
#include <string_view>
#include <utility>

namespace exporter::web {

// All texts live as long as the program.
struct Asset {
  std::string_view path;          // Below the route prefix: "/", "/list.js".
  std::string_view content_type;  // With its charset.
  std::string_view bytes;
  std::string_view etag;  // Quoted, strong, of the bytes alone.
};

// Scripts and styles come from here alone, the page talks to its own daemon
// alone, nobody frames it, and a script that would turn text into HTML is
// stopped by the browser (Trusted Types).
inline constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src 'self' data:; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

// For every answer with an asset, 304 too. "no-cache" lets a browser keep a
// file and ask each time whether it is current, so that a page never runs with
// the scripts of another version.
inline constexpr std::array<std::pair<std::string_view, std::string_view>, 4>
    kAssetHeaders = {{
        {"Content-Security-Policy", kContentSecurityPolicy},
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        {"Cache-Control", "no-cache"},
    }};

// All of them, sorted by path.
std::span<const Asset> Assets();

// The asset of a path as a client asks for it, without route prefix and query;
// null when there is none.
const Asset* FindAsset(std::string_view path);

// Whether a client that sends this If-None-Match already has the asset, so that
// the answer is 304 without a body (RFC 9110 section 13.1.2: weak comparison, a
// list or "*"). An empty or unreadable field is false.
bool ClientHas(const Asset& asset, std::string_view if_none_match);

}  // namespace exporter::web

#endif  // EXPORTER_WEB_ASSETS_H_
