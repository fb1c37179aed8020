# The exported package: find_package(geyser) gives geyser::<component> for every component that was built.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/geyserConfigVersion.cmake COMPATIBILITY SameMinorVersion)
set(geyser_brings_expected FALSE)
if(WIN32 AND NOT geyser_expected_from_config)
  # Windows has no distribution that its users could have tl::expected from: the one header comes along.
  set(geyser_brings_expected TRUE)
  install(FILES ${geyser_dependency_expected_DIR}/tl/expected.hpp DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/tl)
endif()
configure_package_config_file(cmake/geyserConfig.cmake.in ${PROJECT_BINARY_DIR}/geyserConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/geyser)
install(FILES ${PROJECT_BINARY_DIR}/geyserConfig.cmake ${PROJECT_BINARY_DIR}/geyserConfigVersion.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/geyser)
if(geyser_expected_from_config OR geyser_brings_expected)
  install(EXPORT geyser NAMESPACE geyser:: FILE geyserTargets.cmake
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/geyser)
endif()

# cpack -G ZIP --config CPackConfig.cmake in the build tree.
install(FILES LICENSE README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
string(TOLOWER ${CMAKE_SYSTEM_NAME} system)
set(CPACK_PACKAGE_FILE_NAME geyser-${PROJECT_VERSION}-${system}-x86_64)
if(CMAKE_SYSTEM_PROCESSOR)
  set(CPACK_PACKAGE_FILE_NAME geyser-${PROJECT_VERSION}-${system}-${CMAKE_SYSTEM_PROCESSOR})
endif()
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY ${PROJECT_DESCRIPTION})
set(CPACK_PACKAGE_DESCRIPTION_FILE ${PROJECT_SOURCE_DIR}/README.md)
set(CPACK_RESOURCE_FILE_README ${PROJECT_SOURCE_DIR}/README.md)
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_STRIP_FILES TRUE)
include(CPack)
