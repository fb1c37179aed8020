#include "cuda/context.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <thread>
#include <utility>

#include "common/text.hpp"
#include "cuda/external_handle.hpp"
#include "cuda/fence.hpp"

namespace geyser::cuda {

using detail::text;

Result<void> Context::open_library() {
  auto library = open_cuda();
  if (!library) return fail(std::move(library.error()));
  library_ = *std::move(library);
  auto functions = load_functions(library_);
  if (!functions) return fail(std::move(functions.error()));
  functions_ = *functions;
  auto started = check(functions_.cuInit(0), "cuInit");
  // Whatever keeps the driver from starting, on this machine there is no CUDA.
  if (!started) {
    return fail(GeyserError(ErrorCode::not_available, "CUDA's driver does not start.", started.error().native()));
  }
  return {};
}

std::uint32_t Context::attribute(driver::Attribute attribute) const {
  int value = 0;
  const driver::Result result = functions_.cuDeviceGetAttribute(&value, attribute, device_);
  return result == driver::success ? static_cast<std::uint32_t>(std::max(value, 0)) : 0;
}

DeviceIdentity Context::identity_of(driver::Device device) const {
  DeviceIdentity identity;
  driver::Uuid uuid;
  const auto ask =
      functions_.cuDeviceGetUuid_v2 != nullptr ? functions_.cuDeviceGetUuid_v2 : functions_.cuDeviceGetUuid;
  if (ask(&uuid, device) == driver::success) {
    std::copy(std::begin(uuid.bytes), std::end(uuid.bytes), identity.device_uuid.begin());
    identity.has_uuids = true;
  }
  read_luid(functions_, device, identity);
  std::array<char, 256> name{};
  if (functions_.cuDeviceGetName(name.data(), static_cast<int>(name.size()) - 1, device) == driver::success) {
    identity.device_name = name.data();
  }
  int version = 0;
  if (functions_.cuDriverGetVersion(&version) == driver::success) {
    identity.driver_name = text("CUDA ", version / 1000, ".", version % 1000 / 10);
  }
  const auto number = [&](driver::Attribute attribute, std::uint32_t& into) {
    int value = 0;
    if (functions_.cuDeviceGetAttribute(&value, attribute, device) != driver::success) return false;
    into = static_cast<std::uint32_t>(value);
    return true;
  };
  identity.has_pci = number(driver::Attribute::pci_domain_id, identity.pci.domain) &&
                     number(driver::Attribute::pci_bus_id, identity.pci.bus) &&
                     number(driver::Attribute::pci_device_id, identity.pci.device);
  return identity;
}

Result<void> Context::choose_device(const Options& options) {
  int count = 0;
  if (auto counted = check(functions_.cuDeviceGetCount(&count), "cuDeviceGetCount"); !counted) return counted;
  std::string passed_over;
  for (int index = 0; index < count; ++index) {
    driver::Device device = 0;
    if (auto got = check(functions_.cuDeviceGet(&device, index), "cuDeviceGet"); !got) return got;
    const bool wanted_index = !options.device_index || *options.device_index == static_cast<std::uint32_t>(index);
    const DeviceIdentity identity = identity_of(device);
    const bool wanted_uuid =
        !options.device_uuid || (identity.has_uuids && *options.device_uuid == identity.device_uuid);
    if (wanted_index && wanted_uuid) {
      device_ = device;
      return {};
    }
    passed_over += text(" [", index, "] is [", to_string(identity), "].");
  }
  if (count == 0) return fail(ErrorCode::not_available, "CUDA has no device.");
  return fail(ErrorCode::not_available, text("No CUDA device fits.", passed_over));
}

Result<void> Context::initialize() {
  identity_ = identity_of(device_);
  return check(functions_.cuEventCreate(&event_, driver::event_disable_timing), "cuEventCreate");
}

Result<std::shared_ptr<Context>> Context::create(const Options& options) {
  std::shared_ptr<Context> context(new Context());
  context->diagnostics_ = options.diagnostics;
  if (auto opened = context->open_library(); !opened) return fail(std::move(opened.error()));
  if (auto chosen = context->choose_device(options); !chosen) return fail(std::move(chosen.error()));
  const Functions& cu = context->functions_;
  if (auto got =
          context->check(cu.cuDevicePrimaryCtxRetain(&context->context_, context->device_), "cuDevicePrimaryCtxRetain");
      !got) {
    return fail(std::move(got.error()));
  }
  context->owned_ = true;
  auto current = Current::open(*context);
  if (!current) return fail(std::move(current.error()));
  if (auto made = context->check(cu.cuStreamCreate(&context->stream_, driver::stream_non_blocking), "cuStreamCreate");
      !made) {
    return fail(std::move(made.error()));
  }
  if (auto done = context->initialize(); !done) return fail(std::move(done.error()));
  return context;
}

Result<std::shared_ptr<Context>> Context::wrap(const WrapOptions& options) {
  std::shared_ptr<Context> context(new Context());
  context->diagnostics_ = options.diagnostics;
  if (auto opened = context->open_library(); !opened) return fail(std::move(opened.error()));
  const Functions& cu = context->functions_;
  context->context_ = options.context;
  context->stream_ = options.stream;
  if (options.context == nullptr) {
    const driver::Result result = cu.cuCtxGetCurrent(&context->context_);
    if (result != driver::success || context->context_ == nullptr) {
      return fail(ErrorCode::invalid_argument, "No CUDA context is given, and none is current on this thread.");
    }
  }
  auto current = Current::open(*context);
  if (!current) return fail(std::move(current.error()));
  if (auto got = context->check(cu.cuCtxGetDevice(&context->device_), "cuCtxGetDevice"); !got) {
    return fail(std::move(got.error()));
  }
  if (auto done = context->initialize(); !done) return fail(std::move(done.error()));
  return context;
}

void Context::collect_garbage() {
  while (!garbage_.empty() && functions_.cuEventQuery(garbage_.front().done) != driver::not_ready) {
    functions_.cuEventDestroy_v2(garbage_.front().done);
    const auto destroy = std::move(garbage_.front().destroy);
    garbage_.pop_front();
    destroy();
  }
}

void Context::destroy_later(std::function<void()> destroy) {
  collect_garbage();
  driver::Event done = nullptr;
  if (functions_.cuEventCreate(&done, driver::event_disable_timing) == driver::success) {
    const bool marked = functions_.cuEventRecord(done, stream_) == driver::success;
    if (marked && functions_.cuEventQuery(done) == driver::not_ready) {
      garbage_.push_back({done, std::move(destroy)});
      return;
    }
    functions_.cuEventDestroy_v2(done);
  }
  destroy();
}

Context::~Context() {
  if (context_ == nullptr) return;
  {
    // Nothing can be said to the driver about a context that is gone; its objects went with it.
    auto current = Current::open(*this);
    if (current && !garbage_.empty()) {
      auto finished = finish(default_wait_timeout);
      collect_garbage();
      if (!finished && !garbage_.empty() && diagnostics_) {
        diagnostics_(std::move(finished.error()).during("destroying what the device still uses; it leaks"));
      }
    }
    if (current && event_ != nullptr) functions_.cuEventDestroy_v2(event_);
    if (current && owned_ && stream_ != nullptr) functions_.cuStreamDestroy_v2(stream_);
  }
  if (owned_) functions_.cuDevicePrimaryCtxRelease_v2(device_);
}

// By asking again and again: the driver's own waits have no end.
Result<void> Context::finish(std::chrono::nanoseconds timeout) const {
  if (auto marked = check(functions_.cuEventRecord(event_, stream_), "cuEventRecord"); !marked) return marked;
  using Clock = std::chrono::steady_clock;
  const Clock::time_point begin = Clock::now();
  for (;;) {
    const driver::Result result = functions_.cuEventQuery(event_);
    if (result != driver::not_ready) return check(result, "cuEventQuery");
    const auto waited = Clock::now() - begin;
    if (waited >= timeout) {
      return fail(ErrorCode::timeout,
                  text("The CUDA stream is not done after [",
                       std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count(), "] ms."));
    }
    if (waited < std::chrono::microseconds(200)) {
      std::this_thread::yield();
    } else {
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  }
}

ArrayKind Context::array_kind(TextureFormat format) const {
  const auto found = array_kinds_.find(format);
  return found != array_kinds_.end() ? found->second : ArrayKind{};
}

CudaFence* Context::find_fence(const SharedFence& fence) const {
  const auto found = fences_.find(fence.id());
  return found != fences_.end() ? found->second : nullptr;
}
void Context::add_fence(CudaFence& fence) { fences_[fence.id()] = &fence; }
void Context::remove_fence(const CudaFence& fence) noexcept {
  const auto found = fences_.find(fence.id());
  if (found != fences_.end() && found->second == &fence) fences_.erase(found);
}

Result<Current> Current::open(const Context& context) {
  auto pushed = context.check(context.cu().cuCtxPushCurrent_v2(context.handle()), "cuCtxPushCurrent");
  if (!pushed) return fail(std::move(pushed.error()));
  return Current(&context);
}

Current::Current(Current&& other) noexcept : context_(std::exchange(other.context_, nullptr)) {}

Current::~Current() {
  if (context_ == nullptr) return;
  driver::Context popped = nullptr;
  context_->cu().cuCtxPopCurrent_v2(&popped);
}

}  // namespace geyser::cuda
