// CoreFoundation's message ports, of this process alone. Each has a thread, and a queue of as many messages as a Mach
// port's.
#import <Foundation/Foundation.h>

#include <CoreFoundation/CoreFoundation.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>

#include "objects.hpp"

namespace {

constexpr std::size_t queue_limit = 5;

struct Message {
  SInt32 type;
  NSData* data;
};

struct Mailbox {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Message> queue;
  bool closed = false;
};

std::mutex names_mutex;
std::map<std::string, std::shared_ptr<Mailbox>>& names() {
  static std::map<std::string, std::shared_ptr<Mailbox>> all;
  return all;
}

}  // namespace

struct __CFMessagePort : CFObject {
  ~__CFMessagePort() override { invalidate(); }
  void serve() {
    for (;;) {
      Message message{};
      {
        std::unique_lock lock(mailbox->mutex);
        mailbox->changed.wait(lock, [this] { return mailbox->closed || !mailbox->queue.empty(); });
        if (mailbox->closed) return;
        message = mailbox->queue.front();
        mailbox->queue.pop_front();
        mailbox->changed.notify_all();
      }
      callout(this, message.type, reinterpret_cast<CFDataRef>(message.data), context.info);
      [message.data release];
    }
  }
  void invalidate() {
    if (callout == nullptr || name.empty()) return;
    {
      const std::scoped_lock lock(names_mutex);
      names().erase(name);
    }
    {
      const std::scoped_lock lock(mailbox->mutex);
      mailbox->closed = true;
      for (const Message& message : mailbox->queue) [message.data release];
      mailbox->queue.clear();
      mailbox->changed.notify_all();
    }
    if (thread.joinable()) thread.join();
    if (context.release != nullptr) context.release(context.info);
    name.clear();
  }
  std::shared_ptr<Mailbox> mailbox;
  std::string name;  // of a local one
  CFMessagePortCallBack callout = nullptr;
  CFMessagePortContext context{};
  std::thread thread;
};

const CFStringRef kCFRunLoopDefaultMode = reinterpret_cast<CFStringRef>(@"kCFRunLoopDefaultMode");

extern "C" {

CFMessagePortRef CFMessagePortCreateLocal(CFAllocatorRef, CFStringRef name, CFMessagePortCallBack callout,
                                          CFMessagePortContext* context, Boolean*) {
  const std::string text = [(NSString*)name UTF8String];
  const std::scoped_lock lock(names_mutex);
  // "CFMessagePortCreateLocal": null when the name is another port's.
  if (names().count(text) != 0) return nullptr;
  auto* port = new __CFMessagePort;
  port->mailbox = std::make_shared<Mailbox>();
  port->name = text;
  port->callout = callout;
  port->context = *context;
  if (context->retain != nullptr) context->retain(context->info);
  names()[text] = port->mailbox;
  return port;
}

CFMessagePortRef CFMessagePortCreateRemote(CFAllocatorRef, CFStringRef name) {
  const std::scoped_lock lock(names_mutex);
  const auto found = names().find([(NSString*)name UTF8String]);
  if (found == names().end()) return nullptr;
  auto* port = new __CFMessagePort;
  port->mailbox = found->second;
  return port;
}

void CFMessagePortSetDispatchQueue(CFMessagePortRef ms, dispatch_queue_t) {
  ms->thread = std::thread([ms] { ms->serve(); });
}

void CFMessagePortInvalidate(CFMessagePortRef ms) { ms->invalidate(); }

SInt32 CFMessagePortSendRequest(CFMessagePortRef remote, SInt32 msgid, CFDataRef data, CFTimeInterval sendTimeout,
                                CFTimeInterval, CFStringRef, CFDataRef*) {
  Mailbox& mailbox = *remote->mailbox;
  std::unique_lock lock(mailbox.mutex);
  mailbox.changed.wait_for(lock, std::chrono::duration<double>(sendTimeout),
                           [&] { return mailbox.closed || mailbox.queue.size() < queue_limit; });
  if (mailbox.closed) return kCFMessagePortIsInvalid;
  if (mailbox.queue.size() >= queue_limit) return kCFMessagePortSendTimeout;
  mailbox.queue.push_back({msgid, [(NSData*)data copy]});
  mailbox.changed.notify_all();
  return kCFMessagePortSuccess;
}

}  // extern "C"

namespace geyser::apple_double {
int message_ports() {
  const std::scoped_lock lock(names_mutex);
  return static_cast<int>(names().size());
}
}  // namespace geyser::apple_double
