# Measurements; not part of any other build: ninja bench_exposition
# bench_turnover bench_api bench_target_json bench_handshake. Only in a build
# with optimisation do they say anything.
add_executable(bench_exposition EXCLUDE_FROM_ALL bench/exposition.cc)
target_link_libraries(bench_exposition PRIVATE exporter_metrics)
add_executable(bench_turnover EXCLUDE_FROM_ALL bench/turnover.cc)
target_link_libraries(bench_turnover PRIVATE exporter)
add_executable(bench_api EXCLUDE_FROM_ALL bench/api.cc)
target_link_libraries(bench_api PRIVATE exporter)
add_executable(bench_target_json EXCLUDE_FROM_ALL bench/target_json.cc)
target_link_libraries(bench_target_json PRIVATE exporter)

if(TARGET mailsim)
  add_executable(bench_handshake EXCLUDE_FROM_ALL
                 bench/handshake.cc bench/floor_client.cc bench/mail_server.cc)
  target_link_libraries(bench_handshake PRIVATE probe tls_peer)
  target_compile_definitions(bench_handshake PRIVATE
                             MAILSIM="$<TARGET_FILE:mailsim>")
  add_dependencies(bench_handshake mailsim)
endif()
