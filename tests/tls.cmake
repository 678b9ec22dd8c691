# What the tests of TLS share: certificates made at run time, and the server's
# side of a handshake. make_pki writes those certificates into a directory.
add_library(tls_peer STATIC support/pki.cc support/pki_files.cc
            support/ssl_ptr.cc support/tls_peer.cc)
target_link_libraries(tls_peer PUBLIC project_options OpenSSL::SSL)

add_executable(make_pki support/make_pki.cc)
target_link_libraries(make_pki PRIVATE tls_peer)
set_target_properties(make_pki PROPERTIES
  RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
