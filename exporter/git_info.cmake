# Writes what a binary says about its origin into OUTPUT, a C++ header. Runs
# before each build; the file is touched only when something in it changed.
# Nothing here is needed: what neither git nor an archive made by git knows is
# "unknown".
cmake_minimum_required(VERSION 3.25)
set(revision unknown)
set(branch unknown)
set(user unknown)
find_program(git git)
if(git AND EXISTS ${SOURCE_DIR}/.git)
  foreach(question IN ITEMS "revision;rev-parse;HEAD"
                            "branch;rev-parse;--abbrev-ref;HEAD")
    list(POP_FRONT question variable)
    execute_process(COMMAND ${git} ${question} WORKING_DIRECTORY ${SOURCE_DIR}
                    OUTPUT_VARIABLE answer OUTPUT_STRIP_TRAILING_WHITESPACE
                    RESULT_VARIABLE result ERROR_QUIET)
    if(result EQUAL 0 AND answer MATCHES "^[A-Za-z0-9._/+-]+$")
      set(${variable} ${answer})
    endif()
  endforeach()
endif()
if(revision STREQUAL "unknown" AND EXISTS ${SOURCE_DIR}/packaging/revision)
  file(STRINGS ${SOURCE_DIR}/packaging/revision answer LIMIT_COUNT 1)
  if(answer MATCHES "^[0-9a-f]+$")
    set(revision ${answer})
  endif()
endif()
# A reproducible build must not depend on who builds it where.
if(NOT DEFINED ENV{SOURCE_DATE_EPOCH})
  cmake_host_system_information(RESULT host QUERY HOSTNAME)
  set(name $ENV{USER})
  if(NOT name)
    execute_process(COMMAND id -un OUTPUT_VARIABLE name ERROR_QUIET
                    OUTPUT_STRIP_TRAILING_WHITESPACE)
  endif()
  if("${name}@${host}" MATCHES "^[A-Za-z0-9._-]+@[A-Za-z0-9._-]+$")
    set(user "${name}@${host}")
  endif()
endif()
file(CONFIGURE OUTPUT ${OUTPUT} @ONLY CONTENT
"#define SMTP_PROBER_REVISION \"@revision@\"
#define SMTP_PROBER_BRANCH \"@branch@\"
#define SMTP_PROBER_BUILD_USER \"@user@\"
")
