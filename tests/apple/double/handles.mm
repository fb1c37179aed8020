// platform/apple/handles.hpp where a Mach right is a descriptor, and where an Objective-C object that another process
// may open is one, too: the descriptor of what it stands for.
#include "platform/apple/handles.hpp"

#include <unistd.h>

#include <climits>

#include "objects.hpp"

namespace geyser::platform {

using apple_double::KernelObject;
using apple_double::ObjectKind;

OwnedHandle adopt_send_right(HandleKind kind, PortName name) noexcept {
  return name == 0 ? OwnedHandle() : OwnedHandle::adopt(kind, static_cast<NativeHandle>(name));
}

PortName send_right_of(NativeHandle handle) noexcept {
  return handle > 0 && handle <= INT_MAX ? static_cast<PortName>(handle) : 0;
}

OwnedHandle adopt_object(HandleKind kind, void* object) noexcept {
  if (object == nullptr) return {};
  id held = static_cast<id>(object);
  std::shared_ptr<KernelObject> behind;
  if (kind == HandleKind::metal_shared_event) behind = [static_cast<MTLSharedEventHandle*>(held) object];
  if (kind == HandleKind::metal_shared_texture) behind = [static_cast<MTLSharedTextureHandle*>(held) object];
  OwnedHandle handle = OwnedHandle::adopt(kind, behind != nullptr ? behind->duplicate() : -1);
  [held release];
  return handle;
}

void* retained_object_of(const OwnedHandle& handle) noexcept {
  if (!handle.has_value() || !is_object(handle.kind())) return nullptr;
  const bool event = handle.kind() == HandleKind::metal_shared_event;
  auto behind =
      KernelObject::open(static_cast<int>(handle.get()), event ? ObjectKind::event : ObjectKind::shared_texture);
  if (behind == nullptr) return nullptr;
  if (event) return [MTLSharedEventHandle newWithObject:behind];
  return [MTLSharedTextureHandle newWithObject:behind];
}

std::uint64_t page_size() noexcept { return static_cast<std::uint64_t>(::getpagesize()); }

}  // namespace geyser::platform
