// The wrapped (or own) context, shared by a manager and everything made from it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include <geyser/opengl.hpp>

#include "opengl/loader.hpp"
#include "opengl/native_context.hpp"

namespace geyser::opengl {

class DxInterop;
class GlFence;

class Context {
 public:
  static Result<std::shared_ptr<Context>> create(const Options& options);
  static Result<std::shared_ptr<Context>> wrap(const WrapOptions& options);
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context();

  const NativeContext& native() const noexcept { return *native_; }
  // From where the caller said, or the system.
  Procedure procedure(const char* name) const;
  const GlFunctions& gl() const noexcept { return gl_; }
  bool is_es() const noexcept { return native_->is_es(); }
  bool has(const char* extension) const { return extensions_.contains(extension); }
  const DeviceIdentity& identity() const noexcept { return identity_; }
  // The device is the calling thread: what it waits for, that waits for.
  bool is_software() const noexcept { return identity_.device_name.starts_with("llvmpipe"); }
  // Sync files work in both directions.
  bool has_native_fences() const noexcept { return native_fences_; }
  const DiagnosticHandler& diagnostics() const noexcept { return diagnostics_; }

  // This context's own semaphore for a fence, whichever API's object names it; null when there is none.
  GlFence* find_fence(const SharedFence& fence) const;
  void add_fence(GlFence& fence);
  void remove_fence(const GlFence& fence) noexcept;

  // Null where Direct3D's textures are not borrowed. What there is belongs to the context, and is used by its thread.
  DxInterop* interop() const noexcept { return interop_.get(); }
  // Direct3D's object of a fence, where there is that; null when there is none.
  std::shared_ptr<SharedFence> find_direct3d_fence(const SharedFence& fence) const;

 private:
  Context();
  static Result<std::shared_ptr<Context>> create_on(const Options& options);
  static Result<std::shared_ptr<Context>> find_device(const Options& options, std::shared_ptr<Context> first);
  // With the context current: entry points, extensions, identity.
  Result<void> initialize();
  // `device`: null, or the caller's ID3D11Device.
  Result<void> open_interop(void* device);
  void read_identity();

  std::unique_ptr<NativeContext> native_;
  ProcedureLookup lookup_;
  GlFunctions gl_;
  std::unordered_set<std::string> extensions_;
  DeviceIdentity identity_;
  bool native_fences_ = false;
  DiagnosticHandler diagnostics_;
  std::unordered_map<FenceId, GlFence*> fences_;
  std::unique_ptr<DxInterop> interop_;
};

// Makes an own context current for a scope and brings the previous one back. A wrapped context must be current
// already: open() says so when it is not.
class Current {
 public:
  static Result<Current> open(const Context& context);
  Current(Current&& other) noexcept;
  Current& operator=(Current&&) = delete;
  ~Current();

 private:
  explicit Current(const Context* context) : context_(context) {}
  const Context* context_;  // null: nothing to bring back
  NativeContext::Held held_;
};

}  // namespace geyser::opengl
