// Errors and results. No exception crosses Geyser's interface: whatever can fail returns Result<T>.
//
// A GeyserError says four things: a stable code to branch on, the native code with its name when an API or the
// kernel refused, one readable sentence with the values in it, and the chain of what was being done.
// Thread safety: values, no shared state.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include <geyser/export.hpp>

namespace geyser {

// What went wrong, as a program branches on it. Values are stable: new ones are appended.
enum class ErrorCode : std::uint16_t {
  invalid_argument = 1,  // a value that no driver could accept
  unsupported,           // a missing capability, named in the sentence
  incompatible_device,   // the handle belongs to another device or driver; both identities are named
  incompatible_layout,   // a layout that contradicts the descriptor or the handle's real size
  invalid_handle,        // closed, of another kind, or not what it claims to be
  busy,                  // an access is open that excludes this one
  invalid_access,        // an access token that is empty, ended, or of another texture
  stale_state,           // an AccessState older than what this texture has already seen
  uninitialized,         // a read of contents that nobody has written
  timeout,               // a bounded wait ran out
  abandoned,             // the peer went away
  device_lost,           // the driver gave the device up
  out_of_memory,         // host or device
  protocol,              // a received message that breaks the wire format; the field is named
  version_mismatch,      // a header, library or message of another version
  not_available,         // a driver or library that is not on this machine
  operating_system,      // a system call failed for a reason not covered above
};

// The name of a code as written above ("busy"); "unknown" for a value that is none.
[[nodiscard]] GEYSER_API std::string_view to_string(ErrorCode code) noexcept;

// Whose numbers a native code belongs to.
enum class NativeDomain : std::uint8_t { none, posix, win32, vulkan, opengl, egl, cuda, hresult, webgpu, metal };

[[nodiscard]] GEYSER_API std::string_view to_string(NativeDomain domain) noexcept;

// The code that an API or the kernel gave, with its name ("VK_ERROR_OUT_OF_DEVICE_MEMORY", "ENOENT").
struct NativeError {
  NativeDomain domain = NativeDomain::none;
  std::int64_t code = 0;
  std::string name;

  friend bool operator==(const NativeError&, const NativeError&) = default;
};

class GEYSER_API GeyserError {
 public:
  GeyserError(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}
  GeyserError(ErrorCode code, std::string message, NativeError native)
      : code_(code), message_(std::move(message)), native_(std::move(native)) {}

  [[nodiscard]] ErrorCode code() const noexcept { return code_; }
  // One sentence, present tense, with the values in it; no trailing newline.
  [[nodiscard]] const std::string& message() const noexcept { return message_; }
  [[nodiscard]] const NativeError& native() const noexcept { return native_; }
  // What was being done, innermost first ("importing memory plane 0", "importing texture [preview]").
  [[nodiscard]] const std::vector<std::string>& context() const noexcept { return context_; }
  // What would have worked, when Geyser knows it ("handle kind [opaque_fd]").
  [[nodiscard]] const std::vector<std::string>& alternatives() const noexcept { return alternatives_; }

  // Appends one step outwards to the chain.
  GeyserError&& during(std::string step) &&;
  // Appends one alternative that would have worked.
  GeyserError&& suggest(std::string alternative) &&;
  void suggest(std::string alternative) &;

  // Everything in one line: "code: sentence (native name, number) while a, while b; would work: x, y".
  [[nodiscard]] std::string to_string() const;

 private:
  ErrorCode code_;
  std::string message_;
  NativeError native_;
  std::vector<std::string> context_;
  std::vector<std::string> alternatives_;
};

// A value or the reason why there is none. The name never switches with the language version.
template <typename T>
using Result = tl::expected<T, GeyserError>;

[[nodiscard]] inline tl::unexpected<GeyserError> fail(GeyserError&& error) {
  return tl::unexpected<GeyserError>(std::move(error));
}
[[nodiscard]] inline tl::unexpected<GeyserError> fail(ErrorCode code, std::string message) {
  return tl::unexpected<GeyserError>(GeyserError(code, std::move(message)));
}

}  // namespace geyser
