# Fuzz targets: tests/fuzz/<name>_fuzz.cc with LLVMFuzzerTestOneInput, corpus
# in tests/fuzz/corpus/<name>/. With SMTP_PROBER_FUZZ (clang) they are
# libFuzzer programs; else a small main() plays the corpus. Either way the
# corpus is an ordinary test.
add_custom_target(fuzz_targets)

file(GLOB sources CONFIGURE_DEPENDS fuzz/*_fuzz.cc)
foreach(source IN LISTS sources)
  get_filename_component(name ${source} NAME_WE)
  string(REGEX REPLACE "_fuzz$" "" corpus ${name})
  set(corpus_folder ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus/${corpus})
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE
    exporter_config exporter_metrics exporter_http probe dialog_player
    tls_peer)
  if(SMTP_PROBER_FUZZ)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    set(play -runs=0 ${corpus_folder})
  else()
    target_sources(${name} PRIVATE fuzz/corpus_main.cc)
    set(play ${corpus_folder})
  endif()
  add_dependencies(fuzz_targets ${name})
  add_test(NAME fuzz/${corpus} COMMAND ${name} ${play})
  set_tests_properties(fuzz/${corpus} PROPERTIES TIMEOUT 120 LABELS fuzz)
endforeach()
