#include "syphon/message_port.hpp"

#import <Foundation/Foundation.h>

#include <CoreFoundation/CoreFoundation.h>
#include <dispatch/dispatch.h>

#include <atomic>
#include <mutex>
#include <utility>

#include "common/text.hpp"
#include "syphon/string.hpp"

namespace geyser::syphon {

using detail::text;

namespace {

// How long a full queue of a program that hangs may hold up a frame.
constexpr double send_seconds = 0.1;
// A message is a UUID or a number.
constexpr std::size_t max_bytes = 16384;

Reference<NSData*> archive(const Payload& payload) {
  Reference<NSObject*> object;
  if (const auto* string = std::get_if<std::string>(&payload)) {
    object = Reference<NSObject*>::share(to_string_object(*string).get());
  } else if (const auto* number = std::get_if<std::uint32_t>(&payload)) {
    object = Reference<NSObject*>::share([NSNumber numberWithUnsignedInt:*number]);
  } else {
    return {};
  }
  return Reference<NSData*>::share([NSKeyedArchiver archivedDataWithRootObject:object.get()
                                                         requiringSecureCoding:YES
                                                                         error:nullptr]);
}

// Of an archive only strings and numbers are made, whatever it holds.
Payload unarchive(NSData* data) {
  if (data == nil || data.length == 0 || data.length > max_bytes) return {};
  NSMutableArray* classes = [NSMutableArray array];
  [classes addObject:[NSString class]];
  [classes addObject:[NSNumber class]];
  id object = [NSKeyedUnarchiver unarchivedObjectOfClasses:[NSSet setWithArray:classes] fromData:data error:nullptr];
  if ([object isKindOfClass:[NSString class]]) return to_bounded_string(object);
  if ([object isKindOfClass:[NSNumber class]]) return static_cast<std::uint32_t>([object unsignedIntValue]);
  return {};
}

}  // namespace

// The port keeps it as long as it may call.
struct MessagePort::State {
  std::atomic<int> references = 1;
  std::mutex mutex;
  Handler handler;

  static const void* retain(const void* info) {
    ++const_cast<State*>(static_cast<const State*>(info))->references;
    return info;
  }
  static void release(const void* info) {
    auto* state = const_cast<State*>(static_cast<const State*>(info));
    if (--state->references == 0) delete state;
  }
  static CFDataRef receive(CFMessagePortRef, SInt32 type, CFDataRef data, void* info) {
    auto* state = static_cast<State*>(info);
    @autoreleasepool {
      const Payload payload = unarchive((__bridge NSData*)data);
      const std::scoped_lock lock(state->mutex);
      if (state->handler) state->handler(type, payload);
    }
    return nullptr;
  }
};

Result<std::unique_ptr<MessagePort>> MessagePort::create(const std::string& name, Handler handler) {
  @autoreleasepool {
    auto* state = new State;
    state->handler = std::move(handler);
    CFMessagePortContext context{0, state, State::retain, State::release, nullptr};
    CFMessagePortRef port = CFMessagePortCreateLocal(
        nullptr, (__bridge CFStringRef)to_string_object(name).get(), State::receive, &context, nullptr);
    if (port == nullptr) {
      State::release(state);
      return fail(ErrorCode::operating_system, text("CFMessagePortCreateLocal makes no port [", name, "]."));
    }
    CFMessagePortSetDispatchQueue(port, dispatch_get_global_queue(0, 0));
    return std::unique_ptr<MessagePort>(new MessagePort(state, port));
  }
}

MessagePort::~MessagePort() {
  {
    const std::scoped_lock lock(state_->mutex);
    state_->handler = nullptr;
  }
  auto* port = static_cast<CFMessagePortRef>(port_);
  CFMessagePortInvalidate(port);
  CFRelease(port);
  State::release(state_);
}

Result<RemotePort> RemotePort::open(const std::string& name) {
  @autoreleasepool {
    CFMessagePortRef port = CFMessagePortCreateRemote(nullptr, (__bridge CFStringRef)to_string_object(name).get());
    if (port == nullptr) return fail(ErrorCode::not_available, text("Nobody has the port [", name, "]."));
    return RemotePort(port);
  }
}

RemotePort::RemotePort(RemotePort&& other) noexcept : port_(std::exchange(other.port_, nullptr)) {}

RemotePort& RemotePort::operator=(RemotePort&& other) noexcept {
  std::swap(port_, other.port_);
  return *this;
}

RemotePort::~RemotePort() {
  if (port_ != nullptr) CFRelease(port_);
}

Result<void> RemotePort::send(std::int32_t type, const Payload& payload) {
  @autoreleasepool {
    const auto data = archive(payload);
    const SInt32 result = CFMessagePortSendRequest(static_cast<CFMessagePortRef>(port_), type,
                                                   (__bridge CFDataRef)data.get(), send_seconds, 0, nullptr, nullptr);
    if (result == kCFMessagePortSuccess) return {};
    const bool full = result == kCFMessagePortSendTimeout;
    return fail(full ? ErrorCode::timeout : ErrorCode::abandoned,
                text("CFMessagePortSendRequest fails with [", result, "]."));
  }
}

}  // namespace geyser::syphon
