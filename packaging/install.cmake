# What `cmake --install` puts where. DESTDIR and `--prefix` are honoured.
#
#   bin/smtp_prober
#   share/man/man1/smtp_prober.1
#   lib/systemd/system/prometheus-smtp-prober.{service,socket}
#   share/prometheus-smtp-prober/         rules and dashboards, used where they are
#   share/doc/prometheus-smtp-prober/     and its examples/, to copy and edit
#
# Nothing goes into /etc: what is there is the administrator's. What packages put
# there is among the examples.
include(GNUInstallDirs)

# The units, the Debian and the RPM package are called so, hence the folders too.
set(package_name prometheus-smtp-prober)
set(data_dir ${CMAKE_INSTALL_DATADIR}/${package_name})
# GNUInstallDirs would name it after the project; what the builder gave counts.
if(CMAKE_INSTALL_DOCDIR STREQUAL "${CMAKE_INSTALL_DATAROOTDIR}/doc/${PROJECT_NAME}")
  set(doc_dir ${CMAKE_INSTALL_DATAROOTDIR}/doc/${package_name})
else()
  set(doc_dir ${CMAKE_INSTALL_DOCDIR})
endif()
set(SMTP_PROBER_SYSTEMD_UNIT_DIR "" CACHE PATH "Where the systemd units go. \
Default: where systemd says below /usr, else lib/systemd/system of the prefix")

install(TARGETS smtp_prober RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES packaging/man/smtp_prober.1
        DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${doc_dir})
install(FILES config.example.yaml DESTINATION ${doc_dir}/examples)
install(DIRECTORY packaging/etc/ DESTINATION ${doc_dir}/examples/etc)
install(DIRECTORY packaging/prometheus packaging/alertmanager
        DESTINATION ${doc_dir}/examples
        FILES_MATCHING PATTERN "*.example.yml")
install(DIRECTORY packaging/grafana/provisioning
        DESTINATION ${doc_dir}/examples/grafana)
install(DIRECTORY packaging/prometheus DESTINATION ${data_dir}
        FILES_MATCHING PATTERN "*.rules.yml")
file(GLOB dashboards CONFIGURE_DEPENDS packaging/grafana/smtp-prober-*.json)
install(FILES ${dashboards} DESTINATION ${data_dir}/grafana)

# The service waits for a word of the program, which needs libsystemd for it.
if(NOT TARGET PkgConfig::SYSTEMD)
  return()
endif()
# The prefix is known for certain only when it is installed, so the units get the
# program's place then.
pkg_get_variable(systemd_unit_dir systemd systemdsystemunitdir)
foreach(name IN ITEMS service socket)
  list(APPEND units
    ${PROJECT_SOURCE_DIR}/systemd/${package_name}.${name})
endforeach()
configure_file(packaging/install_units.cmake.in install_units.cmake @ONLY)
install(SCRIPT ${PROJECT_BINARY_DIR}/install_units.cmake)
