#include "syphon/directory.hpp"

#import <Foundation/Foundation.h>

#include <CoreFoundation/CoreFoundation.h>

#include <algorithm>
#include <mutex>
#include <thread>
#include <utility>

#include "common/text.hpp"
#include "syphon/string.hpp"

using geyser::syphon::Reference;
using geyser::syphon::ServerInfo;
using geyser::syphon::to_bounded_string;
using geyser::syphon::to_string_object;

namespace {

constexpr const char* announce = "info.v002.Syphon.ServerAnnounce";
constexpr const char* announce_request = "info.v002.Syphon.ServerAnnounceRequest";
constexpr const char* retire = "info.v002.Syphon.ServerRetire";
// Whoever floods the session is not followed for ever.
constexpr std::size_t max_servers = 256;

NSDistributedNotificationCenter* center() { return [NSDistributedNotificationCenter defaultCenter]; }

NSString* name_of(const char* text) { return [NSString stringWithUTF8String:text]; }

std::string entry(NSDictionary* description, const char* key) {
  return to_bounded_string([description objectForKey:name_of(key)]);
}

// What a server that Geyser is says of itself.
Reference<NSMutableDictionary*> describe(const ServerInfo& info) {
  const auto description = Reference<NSMutableDictionary*>::share([NSMutableDictionary dictionary]);
  const auto set = [&](const char* key, id value) { [description.get() setObject:value forKey:name_of(key)]; };
  set("SyphonServerDescriptionDictionaryVersionKey", [NSNumber numberWithUnsignedInt:0]);
  set("SyphonServerDescriptionUUIDKey", to_string_object(info.uuid).get());
  set("SyphonServerDescriptionNameKey", to_string_object(info.name).get());
  set("SyphonServerDescriptionAppNameKey", to_string_object(info.application).get());
  NSMutableDictionary* surface = [NSMutableDictionary dictionary];
  [surface setObject:name_of("SyphonSurfaceTypeIOSurface") forKey:name_of("SyphonSurfaceType")];
  NSMutableArray* surfaces = [NSMutableArray array];
  [surfaces addObject:surface];
  set("SyphonServerDescriptionSurfacesKey", surfaces);
  return description;
}

// Whether a client of surfaces can use the server.
bool has_surfaces(NSDictionary* description) {
  id surfaces = [description objectForKey:name_of("SyphonServerDescriptionSurfacesKey")];
  if (![surfaces isKindOfClass:[NSArray class]]) return false;
  const NSUInteger count = std::min<NSUInteger>([static_cast<NSArray*>(surfaces) count], 16);
  for (NSUInteger i = 0; i < count; ++i) {
    id surface = [static_cast<NSArray*>(surfaces) objectAtIndex:i];
    if ([surface isKindOfClass:[NSDictionary class]] &&
        entry(surface, "SyphonSurfaceType") == "SyphonSurfaceTypeIOSurface") {
      return true;
    }
  }
  return false;
}

// Lets notifications come, at most so long.
void run_loop(double seconds) { CFRunLoopRunInMode(kCFRunLoopDefaultMode, seconds, 1); }

}  // namespace

// Answers requests with its description.
@interface GeyserSyphonAnnouncer : NSObject {
 @public
  Reference<NSMutableDictionary*> description_;
  std::string uuid_;
}
- (void)post:(const char*)name;
- (void)requested:(NSNotification*)notification;
@end

@implementation GeyserSyphonAnnouncer
- (void)post:(const char*)name {
  [center() postNotificationName:name_of(name)
                          object:to_string_object(uuid_).get()
                        userInfo:description_.get()
              deliverImmediately:YES];
}
- (void)requested:(NSNotification*)notification {
  static_cast<void>(notification);
  [self post:announce];
}
@end

// Collects announcements.
@interface GeyserSyphonListener : NSObject {
 @public
  std::mutex mutex_;
  std::vector<ServerInfo> servers_;
}
- (void)announced:(NSNotification*)notification;
@end

@implementation GeyserSyphonListener
- (void)announced:(NSNotification*)notification {
  NSDictionary* description = notification.userInfo;
  if (![description isKindOfClass:[NSDictionary class]] || !has_surfaces(description)) return;
  ServerInfo info{entry(description, "SyphonServerDescriptionUUIDKey"),
                  entry(description, "SyphonServerDescriptionNameKey"),
                  entry(description, "SyphonServerDescriptionAppNameKey")};
  if (info.uuid.empty()) return;
  const std::scoped_lock lock(mutex_);
  const bool known = std::any_of(servers_.begin(), servers_.end(),
                                 [&](const ServerInfo& other) { return other.uuid == info.uuid; });
  if (!known && servers_.size() < max_servers) servers_.push_back(std::move(info));
}
@end

namespace geyser::syphon {

using detail::text;
using Clock = std::chrono::steady_clock;

namespace {

void observe(id observer, SEL selector, const char* name) {
  [center() addObserver:observer
               selector:selector
                   name:name_of(name)
                 object:nil
     suspensionBehavior:NSNotificationSuspensionBehaviorDeliverImmediately];
}

}  // namespace

std::string new_port_name() {
  @autoreleasepool {
    return "info.v002.Syphon." + to_bounded_string([[NSUUID UUID] UUIDString]);
  }
}

std::string program_name() {
  @autoreleasepool {
    return to_bounded_string([[NSProcessInfo processInfo] processName]);
  }
}

Announcement::Announcement(const ServerInfo& info) {
  @autoreleasepool {
    auto announcer = Reference<GeyserSyphonAnnouncer*>::adopt([[GeyserSyphonAnnouncer alloc] init]);
    announcer.get()->description_ = describe(info);
    announcer.get()->uuid_ = info.uuid;
    observe(announcer.get(), @selector(requested:), announce_request);
    [announcer.get() post:announce];
    announcer_ = std::move(announcer).detach();
  }
}

Announcement::~Announcement() {
  @autoreleasepool {
    const auto announcer = Reference<GeyserSyphonAnnouncer*>::adopt_pointer(announcer_);
    [center() removeObserver:announcer.get()];
    [announcer.get() post:retire];
  }
}

void Announcement::service() {
  @autoreleasepool {
    if ([NSThread isMainThread]) run_loop(0);
  }
}

Result<std::vector<ServerInfo>> list_servers(std::chrono::milliseconds patience) {
  std::vector<ServerInfo> servers;
  @autoreleasepool {
    const auto listener = Reference<GeyserSyphonListener*>::adopt([[GeyserSyphonListener alloc] init]);
    observe(listener.get(), @selector(announced:), announce);
    [center() postNotificationName:name_of(announce_request) object:nil userInfo:nil deliverImmediately:YES];
    const bool main = [NSThread isMainThread];
    const auto end = Clock::now() + patience;
    for (auto now = Clock::now(); now < end; now = Clock::now()) {
      // A loop that has nothing to wait for comes back at once.
      if (main) run_loop(std::chrono::duration<double>(end - now).count());
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    [center() removeObserver:listener.get()];
    const std::scoped_lock lock(listener.get()->mutex_);
    servers = listener.get()->servers_;
  }
  std::sort(servers.begin(), servers.end(), [](const ServerInfo& a, const ServerInfo& b) {
    return std::tie(a.application, a.name, a.uuid) < std::tie(b.application, b.name, b.uuid);
  });
  return servers;
}

Result<ServerInfo> find_server(const std::string& name) {
  auto servers = list_servers();
  if (!servers) return fail(std::move(servers.error()));
  for (const ServerInfo& info : *servers) {
    if (name.empty() || info.name == name || info.application == name || info.uuid == name ||
        info.application + "/" + info.name == name) {
      return info;
    }
  }
  GeyserError error(ErrorCode::not_available, name.empty() ? std::string("No Syphon server has answered.")
                                                           : text("No Syphon server [", name, "] has answered."));
  for (const ServerInfo& info : *servers) error.suggest(text("server [", info.application, "/", info.name, "]"));
  return fail(std::move(error));
}

}  // namespace geyser::syphon
