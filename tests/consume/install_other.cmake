# Builds and installs Geyser's common parts with the other kind of libraries (shared for static, static for shared).
function(must)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "[${result}]: ${ARGN}")
  endif()
endfunction()

string(REPLACE "|" ";" ARGUMENTS "${ARGUMENTS}")
must(${CMAKE_COMMAND} -S ${SOURCE} -B ${BINARY} -G ${GENERATOR} ${ARGUMENTS} -DGEYSER_BUILD_TESTS=OFF
  -DGEYSER_BUILD_EXAMPLES=OFF -DGEYSER_BUILD_TOOL=OFF -DGEYSER_WITH_VULKAN=OFF -DGEYSER_WITH_OPENGL=OFF
  -DGEYSER_WITH_WEBGPU=OFF -DGEYSER_WITH_CUDA=OFF)
must(${CMAKE_COMMAND} --build ${BINARY})
file(REMOVE_RECURSE ${PREFIX})
must(${CMAKE_COMMAND} --install ${BINARY} --prefix ${PREFIX})
