# Measurements; not part of any other build: ninja bench_exposition.
add_executable(bench_exposition EXCLUDE_FROM_ALL bench/exposition.cc)
target_link_libraries(bench_exposition PRIVATE exporter_metrics)
