# geyser_platform_sources: the platform layer of the system that is built for, as absolute paths.
# geyser_platform_libraries: what it needs of the system.
set(geyser_platform_libraries "")
set(geyser_platform_sources
  ${CMAKE_CURRENT_LIST_DIR}/dma_buf_parcel.cpp
  ${CMAKE_CURRENT_LIST_DIR}/host_fence.cpp
  ${CMAKE_CURRENT_LIST_DIR}/implicit_fences.cpp
  ${CMAKE_CURRENT_LIST_DIR}/import_cache.cpp
  ${CMAKE_CURRENT_LIST_DIR}/kernel_fence.cpp
  ${CMAKE_CURRENT_LIST_DIR}/sync_file_fence.cpp
  ${CMAKE_CURRENT_LIST_DIR}/syncobj_fence.cpp)
if(WIN32)
  set(geyser_platform_libraries advapi32 gdi32 ntdll user32)
  list(APPEND geyser_platform_sources
    ${CMAKE_CURRENT_LIST_DIR}/none/dma_buf.cpp
    ${CMAKE_CURRENT_LIST_DIR}/none/drm_syncobj.cpp
    ${CMAKE_CURRENT_LIST_DIR}/none/sync_file.cpp
    ${CMAKE_CURRENT_LIST_DIR}/win32/directory_watch.cpp
    ${CMAKE_CURRENT_LIST_DIR}/win32/dynamic_library.cpp
    ${CMAKE_CURRENT_LIST_DIR}/win32/error.cpp
    ${CMAKE_CURRENT_LIST_DIR}/win32/event.cpp
    ${CMAKE_CURRENT_LIST_DIR}/win32/file_lock.cpp
    ${CMAKE_CURRENT_LIST_DIR}/win32/futex.cpp
    ${CMAKE_CURRENT_LIST_DIR}/win32/hidden_window.cpp
    ${CMAKE_CURRENT_LIST_DIR}/win32/mapped_memory.cpp
    ${CMAKE_CURRENT_LIST_DIR}/win32/named_objects.cpp
    ${CMAKE_CURRENT_LIST_DIR}/win32/owned_handle.cpp
    ${CMAKE_CURRENT_LIST_DIR}/win32/pipe.cpp
    ${CMAKE_CURRENT_LIST_DIR}/win32/poller.cpp
    ${CMAKE_CURRENT_LIST_DIR}/win32/program.cpp
    ${CMAKE_CURRENT_LIST_DIR}/win32/runtime_directory.cpp
    ${CMAKE_CURRENT_LIST_DIR}/win32/security.cpp
    ${CMAKE_CURRENT_LIST_DIR}/win32/shared_memory.cpp
    ${CMAKE_CURRENT_LIST_DIR}/win32/socket.cpp
    ${CMAKE_CURRENT_LIST_DIR}/win32/socket_listener.cpp
    ${CMAKE_CURRENT_LIST_DIR}/win32/text.cpp
    ${CMAKE_CURRENT_LIST_DIR}/win32/timer.cpp)
elseif(APPLE OR GEYSER_APPLE_DOUBLE)
  set(geyser_platform_libraries bsm)  # audit tokens
  if(GEYSER_APPLE_DOUBLE)
    set(geyser_platform_libraries $<BUILD_INTERFACE:apple_kernel_double>)
  endif()
  list(APPEND geyser_platform_sources
    ${CMAKE_CURRENT_LIST_DIR}/none/dma_buf.cpp
    ${CMAKE_CURRENT_LIST_DIR}/none/drm_syncobj.cpp
    ${CMAKE_CURRENT_LIST_DIR}/none/sync_file.cpp
    ${CMAKE_CURRENT_LIST_DIR}/apple/directory_watch.cpp
    ${CMAKE_CURRENT_LIST_DIR}/apple/error.cpp
    ${CMAKE_CURRENT_LIST_DIR}/apple/event.cpp
    ${CMAKE_CURRENT_LIST_DIR}/apple/file_claim.cpp
    ${CMAKE_CURRENT_LIST_DIR}/apple/futex.cpp
    ${CMAKE_CURRENT_LIST_DIR}/apple/kernel_queue.cpp
    ${CMAKE_CURRENT_LIST_DIR}/apple/mach_channel.cpp
    ${CMAKE_CURRENT_LIST_DIR}/apple/mach_message.cpp
    ${CMAKE_CURRENT_LIST_DIR}/apple/owned_handle.cpp
    ${CMAKE_CURRENT_LIST_DIR}/apple/poller.cpp
    ${CMAKE_CURRENT_LIST_DIR}/apple/program.cpp
    ${CMAKE_CURRENT_LIST_DIR}/apple/service_file.cpp
    ${CMAKE_CURRENT_LIST_DIR}/apple/shared_memory.cpp
    ${CMAKE_CURRENT_LIST_DIR}/apple/socket.cpp
    ${CMAKE_CURRENT_LIST_DIR}/apple/timer.cpp
    ${CMAKE_CURRENT_LIST_DIR}/posix/dynamic_library.cpp
    ${CMAKE_CURRENT_LIST_DIR}/posix/error.cpp
    ${CMAKE_CURRENT_LIST_DIR}/posix/file_lock.cpp
    ${CMAKE_CURRENT_LIST_DIR}/posix/mapped_memory.cpp
    ${CMAKE_CURRENT_LIST_DIR}/posix/runtime_directory.cpp)
else()
  list(APPEND geyser_platform_sources
    ${CMAKE_CURRENT_LIST_DIR}/linux/directory_watch.cpp
    ${CMAKE_CURRENT_LIST_DIR}/linux/dma_buf.cpp
    ${CMAKE_CURRENT_LIST_DIR}/linux/drm_node.cpp
    ${CMAKE_CURRENT_LIST_DIR}/linux/drm_syncobj.cpp
    ${CMAKE_CURRENT_LIST_DIR}/linux/event.cpp
    ${CMAKE_CURRENT_LIST_DIR}/linux/file_claim.cpp
    ${CMAKE_CURRENT_LIST_DIR}/linux/futex.cpp
    ${CMAKE_CURRENT_LIST_DIR}/linux/poller.cpp
    ${CMAKE_CURRENT_LIST_DIR}/linux/program.cpp
    ${CMAKE_CURRENT_LIST_DIR}/linux/shared_memory.cpp
    ${CMAKE_CURRENT_LIST_DIR}/linux/sync_file.cpp
    ${CMAKE_CURRENT_LIST_DIR}/linux/timer.cpp
    ${CMAKE_CURRENT_LIST_DIR}/posix/dynamic_library.cpp
    ${CMAKE_CURRENT_LIST_DIR}/posix/error.cpp
    ${CMAKE_CURRENT_LIST_DIR}/posix/file_lock.cpp
    ${CMAKE_CURRENT_LIST_DIR}/posix/mapped_memory.cpp
    ${CMAKE_CURRENT_LIST_DIR}/posix/owned_handle.cpp
    ${CMAKE_CURRENT_LIST_DIR}/posix/runtime_directory.cpp
    ${CMAKE_CURRENT_LIST_DIR}/posix/socket.cpp
    ${CMAKE_CURRENT_LIST_DIR}/posix/socket_object.cpp)
endif()
