# The program against real servers, a real Prometheus and the simulator:
# tests/integration/<name>_test.py, and the rule about includes.
find_package(Python3 COMPONENTS Interpreter)
if(NOT Python3_FOUND)
  # Who only builds needs none; tests/run installs it, and finds it an error
  # when it then has no integration tests to run.
  message(STATUS "Without python3 there are no integration tests")
  return()
endif()

add_test(NAME include_rule
         COMMAND ${Python3_EXECUTABLE} -B
                 ${CMAKE_CURRENT_SOURCE_DIR}/include_rule_test.py)

set(environment "SMTP_PROBER=$<TARGET_FILE:smtp_prober>"
                "SMTP_PROBER_SANITIZE=${SMTP_PROBER_SANITIZE}"
                "BROWSER_MODULES=${PROJECT_BINARY_DIR}/browser")
if(TARGET mailsim)
  list(APPEND environment "MAILSIM=$<TARGET_FILE:mailsim>")
endif()
if(TARGET make_pki)
  list(APPEND environment "MAKE_PKI=$<TARGET_FILE:make_pki>")
endif()

file(GLOB tests CONFIGURE_DEPENDS integration/*_test.py)
if(SMTP_PROBER_SANITIZE)
  # The first drives files that are not compiled; the others measure, and a
  # figure from a sanitizer is none.
  list(FILTER tests EXCLUDE REGEX
       "/(page|page_daemon|discovery_load|listener_load|on_demand_load)_test\\.py$")
endif()
foreach(source IN LISTS tests)
  get_filename_component(name ${source} NAME_WE)
  string(REGEX REPLACE "_test$" "" name ${name})
  add_test(NAME integration/${name}
           COMMAND ${Python3_EXECUTABLE} -B ${source} -v)
  set_tests_properties(integration/${name} PROPERTIES
    ENVIRONMENT "${environment}"
    LABELS integration
    TIMEOUT 300
    # A test that this machine cannot run is reported, never passed; with
    # CI=true in the environment it fails.
    SKIP_REGULAR_EXPRESSION "OK \\(skipped=")
endforeach()
# A browser opens a page some fifty times.
foreach(name IN ITEMS page page_daemon)
  if(TEST integration/${name})
    set_tests_properties(integration/${name} PROPERTIES TIMEOUT 1200)
  endif()
endforeach()
# The release build shows what sanitizers hide, which is what it costs, and
# itself at work; all else is shown under sanitizers alone.
foreach(name IN ITEMS command_line discovery_load hostile listener_load load
        on_demand_load page page_daemon postfix_tls prometheus)
  if(TEST integration/${name})
    set_property(TEST integration/${name} APPEND PROPERTY LABELS release)
  endif()
endforeach()
# They measure, or take most of the machine.
foreach(name IN ITEMS load discovery_load hostile listener_load on_demand_load
        page)
  if(TEST integration/${name})
    set_tests_properties(integration/${name} PROPERTIES RUN_SERIAL ON)
  endif()
endforeach()

include(${CMAKE_CURRENT_LIST_DIR}/threaded.cmake)
