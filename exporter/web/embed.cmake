# Writes the files of the web page and the API's description (FILES) into OUTPUT,
# a C++ source that defines exporter::web::Assets(). As numbers, byte by byte: no
# delimiter to collide with, and a compiler's limit on string literals does not
# matter.
cmake_minimum_required(VERSION 3.25)
set(type_html "text/html; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(type_svg "image/svg+xml")
set(type_yaml "application/yaml")
# A page's address has no extension, because alerts link to it.
set(path_index.html "/")
set(path_target.html "/target")
# Beside what it describes.
set(path_openapi.yaml "/api/v1/openapi.yaml")

set(paths)
foreach(file IN LISTS FILES)
  cmake_path(GET file FILENAME name)
  cmake_path(GET file EXTENSION LAST_ONLY extension)
  string(SUBSTRING ${extension} 1 -1 extension)
  if(NOT DEFINED type_${extension})
    message(FATAL_ERROR "${file}: no content type for .${extension}")
  endif()
  if(DEFINED path_${name})
    set(path ${path_${name}})
  else()
    set(path /${name})
  endif()
  list(APPEND paths ${path})
  set("file_of_${path}" "${file}")
  set("type_of_${path}" "${type_${extension}}")
endforeach()
# FindAsset searches in halves.
list(SORT paths COMPARE STRING)

set(arrays "")
set(table "")
set(number 0)
foreach(path IN LISTS paths)
  set(file "${file_of_${path}}")
  file(READ "${file}" bytes HEX)
  file(SHA256 "${file}" digest)
  string(SUBSTRING ${digest} 0 32 etag)
  # Lines, because a compiler's message would else quote all of it.
  string(REGEX REPLACE "(................................)" "\\1\n" bytes
         "${bytes}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(APPEND arrays
         "constexpr unsigned char kBytes${number}[] = {\n${bytes}};\n")
  string(APPEND table
         "    {\"${path}\", \"${type_of_${path}}\", Text(kBytes${number}),\n"
         "     \"\\\"${etag}\\\"\"},\n")
  math(EXPR number "${number} + 1")
endforeach()

file(WRITE "${OUTPUT}" "#include \"exporter/web/assets.h\"

namespace exporter::web {
namespace {

${arrays}
template <std::size_t n>
std::string_view Text(const unsigned char (&bytes)[n]) {
  return {reinterpret_cast<const char*>(bytes), n};
}

}  // namespace

std::span<const Asset> Assets() {
  static const Asset assets[] = {
${table}  };
  return assets;
}

}  // namespace exporter::web
")
