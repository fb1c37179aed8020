// Linux sync files: descriptors of one-shot fences, readable when signalled.
#pragma once

#include <chrono>
#include <cstdint>

#include <geyser/error.hpp>
#include <geyser/export.hpp>
#include <geyser/handle.hpp>

namespace geyser::platform {

#ifdef __linux__
inline constexpr bool has_sync_files = true;
#else
inline constexpr bool has_sync_files = false;
#endif

// Sleeps until the sync file (borrowed) is signalled. A fence that ended with an error counts as signalled.
// Errors: timeout, invalid_handle (closed), unsupported (a system without sync files).
[[nodiscard]] GEYSER_API Result<void> wait_sync_file(NativeHandle sync_file, std::chrono::nanoseconds timeout);

// By the kernel's own word: nothing else that can be polled is one.
[[nodiscard]] GEYSER_API bool is_sync_file(NativeHandle handle) noexcept;

// failed: signalled, but what it stood for was not done (the device was reset, the producer died).
enum class SyncFileStatus : std::uint8_t { pending, signalled, failed };
// Never waits. Errors: invalid_handle, unsupported.
[[nodiscard]] GEYSER_API Result<SyncFileStatus> sync_file_status(NativeHandle sync_file);

// A new one that is signalled when both are. Both stay the caller's; an empty handle stands for one that is signalled
// already, and is what comes back for two of them. Errors: invalid_handle, operating_system, unsupported.
[[nodiscard]] GEYSER_API Result<OwnedHandle> merge_sync_files(NativeHandle a, NativeHandle b);

}  // namespace geyser::platform
