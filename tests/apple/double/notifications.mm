// Notifications of the session, of this process alone: GNUstep's centre asks a daemon for them. What is posted is
// delivered when the main thread's run loop runs, to every observer, the poster's own, too.
#import <Foundation/Foundation.h>

#include <CoreFoundation/CoreFoundation.h>

#include <chrono>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "objects.hpp"

using geyser::apple_double::programming_error;

namespace {

struct Observer {
  id object;  // not retained, as by the real one
  SEL selector;
  std::string name;
};

std::mutex mutex;
std::vector<Observer> observers;
std::deque<NSNotification*> posted;

void post(NSString* name, NSString* object, NSDictionary* info) {
  if (info != nil && ![NSPropertyListSerialization propertyList:info
                                               isValidForFormat:NSPropertyListBinaryFormat_v1_0]) {
    programming_error("NSDistributedNotificationCenter", "a dictionary that is no property list");
  }
  const std::scoped_lock lock(mutex);
  posted.push_back([[NSNotification notificationWithName:name object:object userInfo:info] retain]);
}

bool deliver() {
  NSNotification* one = nil;
  std::vector<Observer> those;
  {
    const std::scoped_lock lock(mutex);
    if (posted.empty()) return false;
    one = posted.front();
    posted.pop_front();
    for (const Observer& observer : observers) {
      if (observer.name == [[one name] UTF8String]) those.push_back(observer);
    }
  }
  for (const Observer& observer : those) [observer.object performSelector:observer.selector withObject:one];
  [one release];
  return true;
}

}  // namespace

@interface DoubleNotificationCenter : NSObject
@end

@implementation DoubleNotificationCenter
- (void)addObserver:(id)observer
              selector:(SEL)selector
                  name:(NSString*)name
                object:(NSString*)object
    suspensionBehavior:(NSNotificationSuspensionBehavior)behavior {
  // "suspensionBehavior:": a program that is not in front gets the others late, or never.
  if (behavior != NSNotificationSuspensionBehaviorDeliverImmediately || object != nil) {
    programming_error("NSDistributedNotificationCenter", "an observer that is not told at once of everybody");
  }
  const std::scoped_lock lock(mutex);
  observers.push_back({observer, selector, [name UTF8String]});
}
- (void)removeObserver:(id)observer {
  const std::scoped_lock lock(mutex);
  std::erase_if(observers, [&](const Observer& one) { return one.object == observer; });
}
- (void)postNotificationName:(NSString*)name
                      object:(NSString*)object
                    userInfo:(NSDictionary*)info
          deliverImmediately:(BOOL)deliverImmediately {
  post(name, object, info);
}
@end

@implementation NSDistributedNotificationCenter (Double)
+ (id)defaultCenter {
  static DoubleNotificationCenter* center = [[DoubleNotificationCenter alloc] init];
  return center;
}
@end

// GNUstep's gives nil.
#pragma clang diagnostic ignored "-Wobjc-protocol-method-implementation"
@implementation NSKeyedArchiver (Double)
+ (NSData*)archivedDataWithRootObject:(id)object requiringSecureCoding:(BOOL)secure error:(NSError**)error {
  if (!secure) programming_error("NSKeyedArchiver", "an archive that Syphon's programs do not open");
  NSMutableData* data = [NSMutableData data];
  NSKeyedArchiver* archiver = [[NSKeyedArchiver alloc] initForWritingWithMutableData:data];
  [archiver encodeObject:object forKey:@"root"];
  [archiver finishEncoding];
  [archiver release];
  return data;
}
@end

@implementation NSKeyedUnarchiver (Double)
+ (id)unarchivedObjectOfClasses:(NSSet*)classes fromData:(NSData*)data error:(NSError**)error {
  id object = nil;
  @try {
    object = [NSKeyedUnarchiver unarchiveObjectWithData:data];
  } @catch (NSException*) {
    return nil;
  }
  for (Class one in [classes allObjects]) {
    if ([object isKindOfClass:one]) return object;
  }
  return nil;
}
@end

extern "C" CFRunLoopRunResult CFRunLoopRunInMode(CFRunLoopMode, CFTimeInterval seconds, Boolean) {
  if (![NSThread isMainThread]) programming_error("CFRunLoopRunInMode", "another thread's loop, which has nothing");
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  do {
    if (deliver()) return 4;  // kCFRunLoopRunHandledSource
    if (seconds > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  } while (std::chrono::steady_clock::now() < end);
  return 3;  // kCFRunLoopRunTimedOut
}

namespace geyser::apple_double {
void post_notification(const char* name, void* description) {
  post([NSString stringWithUTF8String:name], nil, static_cast<NSDictionary*>(description));
}
}  // namespace geyser::apple_double
