# Cross-compiles for macOS from packages alone: Zig's compiler, linker and Darwin headers, and the declarations and
# library stubs in tests/apple/sdk. GEYSER_ZIG is the compiler's path, GEYSER_APPLE_ARCH arm64 or x86_64; ./dev apple
# sets both.
set(CMAKE_SYSTEM_NAME Darwin)
set(CMAKE_SYSTEM_PROCESSOR ${GEYSER_APPLE_ARCH})
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES GEYSER_ZIG GEYSER_APPLE_ARCH)
string(REPLACE arm64 aarch64 geyser_zig_arch ${GEYSER_APPLE_ARCH})
# CMake would ask a Mac for these.
set(CMAKE_OSX_SYSROOT "" CACHE STRING "")
set(CMAKE_OSX_DEPLOYMENT_TARGET "" CACHE STRING "")
set(geyser_sdk ${CMAKE_CURRENT_LIST_DIR}/sdk)
set(CMAKE_CXX_COMPILER ${GEYSER_ZIG} c++)
set(CMAKE_OBJCXX_COMPILER ${GEYSER_ZIG} c++)
foreach(language CXX OBJCXX)
  set(CMAKE_${language}_COMPILER_WORKS TRUE)
  set(CMAKE_${language}_FLAGS_INIT
    "-target ${geyser_zig_arch}-macos.13.0 -isystem ${geyser_sdk}/include -isystem ${geyser_sdk}/darwin")
endforeach()
# Zig says so of the -ObjC++ that CMake gives.
string(APPEND CMAKE_OBJCXX_FLAGS_INIT " -Wno-unused-command-line-argument")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-target ${geyser_zig_arch}-macos.13.0 -F${geyser_sdk}/darwin -L${geyser_sdk}/darwin")
set(CMAKE_INSTALL_NAME_TOOL ${GEYSER_ZIG})  # looked for, never run
set(CMAKE_AR ${GEYSER_ZIG})
set(CMAKE_CXX_ARCHIVE_CREATE "<CMAKE_AR> ar qc <TARGET> <OBJECTS>")
set(CMAKE_OBJCXX_ARCHIVE_CREATE "<CMAKE_AR> ar qc <TARGET> <OBJECTS>")
set(CMAKE_CXX_ARCHIVE_FINISH "<CMAKE_AR> ranlib <TARGET>")
set(CMAKE_OBJCXX_ARCHIVE_FINISH "<CMAKE_AR> ranlib <TARGET>")
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
