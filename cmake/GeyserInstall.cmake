# The exported package: find_package(geyser) gives geyser::<component> for every component that was built.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/geyserConfigVersion.cmake COMPATIBILITY SameMinorVersion)
configure_package_config_file(cmake/geyserConfig.cmake.in ${PROJECT_BINARY_DIR}/geyserConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/geyser)
install(FILES ${PROJECT_BINARY_DIR}/geyserConfig.cmake ${PROJECT_BINARY_DIR}/geyserConfigVersion.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/geyser)
if(geyser_expected_from_config)
  install(EXPORT geyser NAMESPACE geyser:: FILE geyserTargets.cmake
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/geyser)
endif()
