// Valid messages to begin from, and what a fuzzer's bytes make of them: edited, cut, with other handles or none.
#pragma once

#include <fcntl.h>
#include <fuzzer/FuzzedDataProvider.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <vector>

#include <geyser/channel.hpp>
#include <geyser/wire.hpp>

#include "platform/event.hpp"
#include "platform/shared_memory.hpp"

namespace geyser::test {

class MessageBox {
 public:
  explicit MessageBox(std::vector<wire::Message>&& messages) {
    for (wire::Message& message : messages) {
      auto encoded = wire::encode(std::move(message));
      if (!encoded) std::abort();
      valid_.push_back(*std::move(encoded));
    }
    // Handles that are not what the message says.
    odd_.push_back(*platform::create_shared_memory(64));
    odd_.push_back(*platform::create_shared_memory(1U << 20U));
    odd_.push_back(OwnedHandle::adopt(HandleKind::none, ::open("/", O_PATH | O_CLOEXEC)));
    odd_.push_back(OwnedHandle::adopt(HandleKind::none, ::open("/dev/null", O_RDWR | O_CLOEXEC)));
    odd_.push_back(OwnedHandle::adopt(HandleKind::none, ::memfd_create("not sealed", MFD_CLOEXEC)));
  }

  // Sends one; whether it could be sent is the other end's business.
  void send(Channel& channel, FuzzedDataProvider& data) const {
    using std::chrono::nanoseconds;
    if (data.ConsumeIntegralInRange(0, 9) == 0) {
      const auto bytes = data.ConsumeBytes<std::uint8_t>(data.ConsumeIntegralInRange<std::size_t>(1, 600));
      static_cast<void>(channel.send(std::as_bytes(std::span(bytes)), {}, nanoseconds(0)));
      return;
    }
    const wire::EncodedMessage& message = valid_[data.ConsumeIntegralInRange<std::size_t>(0, valid_.size() - 1)];
    std::vector<std::byte> bytes = message.bytes;
    for (int edits = data.ConsumeIntegralInRange(-8, 8); edits > 0; --edits) {
      const auto at = data.ConsumeIntegralInRange<std::size_t>(0, bytes.size() - 1);
      bytes[at] = std::byte{data.ConsumeIntegral<std::uint8_t>()};
    }
    if (data.ConsumeIntegralInRange(0, 15) == 0) {
      bytes.resize(data.ConsumeIntegralInRange<std::size_t>(1, bytes.size()));
    }
    std::vector<OwnedHandle> handles;
    for (const OwnedHandle& handle : message.handles) handles.push_back(*handle.duplicate());
    if (data.ConsumeIntegralInRange(0, 3) == 0) change(handles, data);
    static_cast<void>(channel.send(bytes, handles, nanoseconds(0)));
  }

 private:
  void change(std::vector<OwnedHandle>& handles, FuzzedDataProvider& data) const {
    const auto odd = [&] { return *odd_[data.ConsumeIntegralInRange<std::size_t>(0, odd_.size() - 1)].duplicate(); };
    switch (data.ConsumeIntegralInRange(0, 3)) {
      case 0:
        handles.push_back(odd());
        break;
      case 1:
        if (!handles.empty()) handles.pop_back();
        break;
      case 2:
        if (!handles.empty()) handles[data.ConsumeIntegralInRange<std::size_t>(0, handles.size() - 1)] = odd();
        break;
      default:
        std::reverse(handles.begin(), handles.end());
    }
  }

  std::vector<wire::EncodedMessage> valid_;
  std::vector<OwnedHandle> odd_;
};

}  // namespace geyser::test
