# Labels the tests that have threads "threaded"; `threaded_tests` builds just
# those, for ThreadSanitizer.
add_custom_target(threaded_tests)
add_dependencies(threaded_tests smtp_prober make_pki)
if(TARGET mailsim)
  add_dependencies(threaded_tests mailsim)
endif()

file(GLOB sources CONFIGURE_DEPENDS unit/*/*_test.cc)
foreach(source IN LISTS sources)
  get_filename_component(name ${source} NAME_WE)
  get_filename_component(folder ${source} DIRECTORY)
  get_filename_component(layer ${folder} NAME)
  file(STRINGS ${source} threads
       REGEX "std::j?thread|std::async|Prober|Mailbox|Daemon|StartLogging|Gate|ServiceManager|AskThreads")
  if(threads AND TARGET ${name})
    add_dependencies(threaded_tests ${name})
    set_property(TEST unit/${layer}/${name} APPEND PROPERTY LABELS threaded)
  endif()
endforeach()

foreach(name IN ITEMS reload load)
  if(TEST integration/${name})
    set_property(TEST integration/${name} APPEND PROPERTY LABELS threaded)
  endif()
endforeach()
