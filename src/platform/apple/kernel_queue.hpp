// kqueue, as Event, Timer, Poller and DirectoryWatch use it.
#pragma once

#include <sys/types.h>
// sys/event.h needs the types.
#include <sys/event.h>

#include <cstdint>

#include <geyser/error.hpp>
#include <geyser/handle.hpp>

namespace geyser::platform {

// A new one, close-on-exec. Errors: operating_system.
[[nodiscard]] Result<OwnedHandle> create_kernel_queue();
// One change. The errno, or 0.
[[nodiscard]] int change(NativeHandle queue, std::uintptr_t ident, std::int16_t filter, std::uint16_t flags,
                         std::uint32_t filter_flags = 0, std::int64_t data = 0, std::uint64_t key = 0) noexcept;

}  // namespace geyser::platform
