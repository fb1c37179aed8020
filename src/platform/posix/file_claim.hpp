// The lock of an open file, which whoever has the descriptor holds and the kernel lets go of with its last copy.
#pragma once

namespace geyser::platform {

// Never waits. The errno, or 0; EAGAIN or EACCES: somebody holds it.
[[nodiscard]] int claim_file(int descriptor) noexcept;
// `descriptor` is one of the caller's own, opened for looking. The errno, or 0.
[[nodiscard]] int look_at_claim(int descriptor, bool& is_claimed) noexcept;

}  // namespace geyser::platform
