// The wrapped (or retained) CUDA context with its stream, shared by a manager and everything made from it.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>

#include <geyser/cuda.hpp>

#include "cuda/error.hpp"
#include "cuda/loader.hpp"

namespace geyser::cuda {

class CudaFence;

// What arrays of a format are made of here.
struct ArrayKind {
  driver::ArrayFormat format = driver::ArrayFormat::none;
  unsigned channels = 0;
  bool surface = false;       // kernels may write it
  bool whole_blocks = false;  // of a compressed format: base levels only that end with a block
};

class Context {
 public:
  static Result<std::shared_ptr<Context>> create(const Options& options);
  static Result<std::shared_ptr<Context>> wrap(const WrapOptions& options);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  const Functions& cu() const noexcept { return functions_; }
  driver::Context handle() const noexcept { return context_; }
  driver::Stream stream() const noexcept { return stream_; }
  driver::Device device() const noexcept { return device_; }
  const DeviceIdentity& identity() const noexcept { return identity_; }
  const DiagnosticHandler& diagnostics() const noexcept { return diagnostics_; }
  // 0 where the driver does not know the attribute.
  std::uint32_t attribute(driver::Attribute attribute) const;

  // For each of these the context must be current.
  Result<void> check(driver::Result result, const char* call) const { return cuda::check(functions_, result, call); }
  // Waits on the CPU until the stream has done what it was told so far. Errors: timeout, device_lost.
  Result<void> finish(std::chrono::nanoseconds timeout) const;

  // Runs `destroy` now, or when the stream is done with what it was told so far: in a later call of this, at
  // the latest when the context goes. It must not keep this object alive.
  void destroy_later(std::function<void()> destroy);

  // What probe_capabilities() found to work; `none` for a format without arrays.
  ArrayKind array_kind(TextureFormat format) const;
  void set_array_kind(TextureFormat format, ArrayKind kind) { array_kinds_[format] = kind; }

  // This context's own semaphore for a fence, whichever API's object names it; null when there is none.
  CudaFence* find_fence(const SharedFence& fence) const;
  void add_fence(CudaFence& fence);
  void remove_fence(const CudaFence& fence) noexcept;

 private:
  Context() = default;
  Result<void> open_library();
  Result<void> choose_device(const Options& options);
  // With the context current: identity and event.
  Result<void> initialize();
  DeviceIdentity identity_of(driver::Device device) const;
  void collect_garbage();

  platform::DynamicLibrary library_;
  Functions functions_;
  driver::Context context_ = nullptr;
  driver::Stream stream_ = nullptr;
  driver::Event event_ = nullptr;
  driver::Device device_ = 0;
  bool owned_ = false;
  DeviceIdentity identity_;
  DiagnosticHandler diagnostics_;
  std::unordered_map<TextureFormat, ArrayKind> array_kinds_;
  std::unordered_map<FenceId, CudaFence*> fences_;
  struct Garbage {
    driver::Event done = nullptr;
    std::function<void()> destroy;
  };
  std::deque<Garbage> garbage_;  // in the stream's order
};

// Makes the context current for a scope and brings the previous one back.
class Current {
 public:
  // Errors: device_lost (the context is destroyed).
  static Result<Current> open(const Context& context);
  Current(Current&& other) noexcept;
  Current& operator=(Current&&) = delete;
  ~Current();

 private:
  explicit Current(const Context* context) : context_(context) {}
  const Context* context_;
};

}  // namespace geyser::cuda
