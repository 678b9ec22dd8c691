# The mail server simulator: a library for its tests, and the program that
# tests, demo and benchmark start. It uses nothing of the prober but the owner
# of libuv handles, a header.
set(mailsim_dir ${CMAKE_CURRENT_SOURCE_DIR}/support/mailsim)
file(GLOB mailsim_sources CONFIGURE_DEPENDS ${mailsim_dir}/*.cc)
list(REMOVE_ITEM mailsim_sources ${mailsim_dir}/main.cc)
add_library(mailsim_core STATIC ${mailsim_sources})
target_link_libraries(mailsim_core
  PUBLIC project_options tls_peer PkgConfig::UV PkgConfig::YAML)

# GCC 12 takes the unused alternatives of a moved std::variant for
# uninitialised reads when it optimises.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(mailsim_core PRIVATE -Wno-maybe-uninitialized)
endif()

add_executable(mailsim ${mailsim_dir}/main.cc)
target_link_libraries(mailsim PRIVATE mailsim_core)
set_target_properties(mailsim PROPERTIES
  RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})

add_unit_tests(mailsim mailsim_core)

