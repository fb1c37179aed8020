# Warnings and sanitizers for Geyser's own targets; nothing here reaches a consumer.
add_library(geyser_warnings INTERFACE)
if(CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang")
  target_compile_options(geyser_warnings INTERFACE
    -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
    $<$<COMPILE_LANGUAGE:CXX>:-Wold-style-cast>  # Objective-C's bridging casts have no other form
    $<$<BOOL:${GEYSER_WERROR}>:-Werror>)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports maybe-uninitialized inside tl::expected and std::variant moves.
  target_compile_options(geyser_warnings INTERFACE -Wno-maybe-uninitialized)
endif()
if(GEYSER_SANITIZE)
  add_compile_options(-fsanitize=${GEYSER_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${GEYSER_SANITIZE})
  if(GEYSER_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()
