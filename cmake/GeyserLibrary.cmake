# geyser_add_library(<component> SOURCES ... [HEADERS ...] [PUBLIC ...] [PRIVATE ...])
#
# One library target per layer or backend: geyser_<component>, exported and aliased as geyser::<component>.
# Installed with a pkg-config file, geyser-<component>.pc.
# HEADERS are public headers relative to include/geyser; each is also compiled alone by the test `headers`.
function(geyser_add_library component)
  cmake_parse_arguments(ARG "" "" "SOURCES;HEADERS;PUBLIC;PRIVATE" ${ARGN})
  set(target geyser_${component})
  add_library(${target} ${ARG_SOURCES})
  add_library(geyser::${component} ALIAS ${target})
  set_target_properties(${target} PROPERTIES
    EXPORT_NAME ${component}
    OUTPUT_NAME geyser-${component}
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON
    POSITION_INDEPENDENT_CODE ON)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_compile_definitions(${target} PRIVATE GEYSER_BUILDING)
  if(NOT BUILD_SHARED_LIBS)
    target_compile_definitions(${target} PUBLIC GEYSER_STATIC)
  endif()
  target_include_directories(${target}
    PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
           $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>
           $<INSTALL_INTERFACE:include>
    PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${target} PUBLIC ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:geyser_warnings>)
  # Not for Windows, whose own sources say which Windows they mean before anything else.
  if(GEYSER_PRECOMPILE AND NOT WIN32)
    set(precompiled algorithm array atomic chrono cstdint functional memory optional span string string_view
      tl/expected.hpp unordered_map utility vector geyser/geyser.hpp)
    list(TRANSFORM precompiled PREPEND "$<$<COMPILE_LANGUAGE:CXX>:<")
    list(TRANSFORM precompiled APPEND "$<ANGLE-R>>")
    target_precompile_headers(${target} PRIVATE ${precompiled})
  endif()
  list(TRANSFORM ARG_HEADERS PREPEND ${PROJECT_SOURCE_DIR}/include/geyser/ OUTPUT_VARIABLE headers)
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/include FILES ${headers})
  install(TARGETS ${target} EXPORT geyser
    FILE_SET HEADERS
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  geyser_pkg_config(${component} PUBLIC ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
endfunction()

# geyser_pkg_config(<component> [PUBLIC ...] [PRIVATE ...]): geyser-<component>.pc from the libraries that it links.
# A shared library brings along what it links privately; a static one needs all of it named at every link.
function(geyser_pkg_config component)
  cmake_parse_arguments(ARG "" "" "PUBLIC;PRIVATE" ${ARGN})
  foreach(visibility PUBLIC PRIVATE)
    set(requires_${visibility} "")
    set(libs_${visibility} "")
    foreach(library ${ARG_${visibility}})
      if(library MATCHES "^geyser::(.+)$")
        list(APPEND requires_${visibility} "geyser-${CMAKE_MATCH_1} = ${PROJECT_VERSION}")
      elseif(library STREQUAL "Threads::Threads")
        list(APPEND libs_${visibility} ${CMAKE_THREAD_LIBS_INIT})  # empty where the C library has them
      elseif(NOT library MATCHES "::|<")  # others are headers only: tl::expected, build interfaces
        list(APPEND libs_${visibility} -l${library})
      endif()
    endforeach()
  endforeach()
  if(BUILD_SHARED_LIBS)
    set(definitions "")
  else()
    set(definitions "-DGEYSER_STATIC")
    foreach(list requires libs)
      list(APPEND ${list}_PUBLIC ${${list}_PRIVATE})
      set(${list}_PRIVATE "")
    endforeach()
  endif()
  foreach(list requires libs)
    string(TOUPPER ${list} upper)
    list(JOIN ${list}_PUBLIC " " GEYSER_PC_${upper})
    list(JOIN ${list}_PRIVATE " " GEYSER_PC_${upper}_PRIVATE)
  endforeach()
  # Relative to the file, so that `cmake --install --prefix` and moved trees work.
  file(RELATIVE_PATH GEYSER_PC_PREFIX ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
  configure_file(${PROJECT_SOURCE_DIR}/cmake/geyser.pc.in ${PROJECT_BINARY_DIR}/pkgconfig/geyser-${component}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/pkgconfig/geyser-${component}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endfunction()
