#include "d3d11/keyed_mutex.hpp"

#include <algorithm>

#include "common/text.hpp"

namespace geyser::d3d11 {

using detail::text;

namespace {

// A texture that is made can be acquired with 0 only. Alternating keys would force an order upon holders that fences
// give already.
constexpr UINT64 key = 0;

// Rounded up, so that a short wait is one; INFINITE is no wait of Geyser's.
DWORD milliseconds(std::chrono::nanoseconds timeout) {
  const auto whole = std::chrono::ceil<std::chrono::milliseconds>(timeout).count();
  return static_cast<DWORD>(std::clamp<std::int64_t>(whole, 0, 24 * 3600 * 1000));
}

}  // namespace

Result<void> KeyedMutex::acquire(const Context& context, std::chrono::nanoseconds timeout) {
  const auto refuse = [&](HRESULT result) {
    GeyserError error = context.make_error(result, "IDXGIKeyedMutex::AcquireSync", ErrorCode::operating_system);
    if (error.code() == ErrorCode::timeout) {
      return fail(GeyserError(
          ErrorCode::timeout,
          text("Another holds the texture's keyed mutex, in [", milliseconds(timeout), "] ms it does not release it."),
          error.native()));
    }
    if (error.code() == ErrorCode::abandoned) {
      return fail(GeyserError(ErrorCode::abandoned,
                              "A holder of the texture's keyed mutex died with it; its contents are lost and Direct3D "
                              "asks for a new texture.",
                              error.native()));
    }
    return fail(std::move(error));
  };
  if (abandoned_) return refuse(static_cast<HRESULT>(WAIT_ABANDONED));
  const HRESULT result = mutex_->AcquireSync(key, milliseconds(timeout));
  // Not SUCCEEDED(): WAIT_TIMEOUT and WAIT_ABANDONED have no failure bit.
  if (result == S_OK) return {};
  abandoned_ = result == static_cast<HRESULT>(WAIT_ABANDONED);
  return refuse(result);
}

Result<void> KeyedMutex::release(const Context& context) {
  const HRESULT result = mutex_->ReleaseSync(key);
  if (result == S_OK) return {};
  return fail(context.make_error(result, "IDXGIKeyedMutex::ReleaseSync", ErrorCode::operating_system));
}

}  // namespace geyser::d3d11
