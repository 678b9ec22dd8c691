# What we ship around the program, with the programs that use it: rules,
# dashboards, units, packages (tests/packaging/<name>_test.py), and the whole
# way from a mail server to a page (tests/e2e/<name>_test.py). With the release
# build only: none of it depends on how the program was compiled.
if(NOT Python3_FOUND OR SMTP_PROBER_SANITIZE)
  return()
endif()

file(GLOB tests CONFIGURE_DEPENDS packaging/*_test.py e2e/*_test.py)
foreach(source IN LISTS tests)
  get_filename_component(name ${source} NAME_WE)
  string(REGEX REPLACE "_test$" "" name ${name})
  get_filename_component(folder ${source} DIRECTORY)
  get_filename_component(layer ${folder} NAME)
  add_test(NAME ${layer}/${name} COMMAND ${Python3_EXECUTABLE} -B ${source} -v)
  set_tests_properties(${layer}/${name} PROPERTIES
    # The harness and the real servers are those of the integration tests.
    ENVIRONMENT "${environment};PYTHONPATH=${CMAKE_CURRENT_SOURCE_DIR}/integration"
    LABELS "${layer};release"
    TIMEOUT 900
    SKIP_REGULAR_EXPRESSION "OK \\(skipped=")
endforeach()

# Its time runs sixty times faster than that of people, and what is late by a
# second there is late by a minute here.
if(TEST e2e/page_somebody)
  set_tests_properties(e2e/page_somebody PROPERTIES RUN_SERIAL ON)
endif()
# Compiles everything once more while the compiler's cache does not know the
# package's flags.
if(TEST packaging/deb)
  set_tests_properties(packaging/deb PROPERTIES TIMEOUT 1800 PROCESSORS 2)
endif()
