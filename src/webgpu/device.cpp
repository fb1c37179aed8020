#include "webgpu/device.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <thread>
#include <utility>

#include "common/text.hpp"
#include "webgpu/error.hpp"
#include "webgpu/fence.hpp"
#include "webgpu/system.hpp"

namespace geyser::webgpu {

using detail::text;

Device::Device(Loader loader) : loader_(std::move(loader)) {}

Device::~Device() {
  const Functions& wgpu = functions();
  system_.reset();  // what it made is of Dawn's instance
  if (native_.queue != nullptr) wgpu.wgpuQueueRelease(native_.queue);
  if (native_.device != nullptr) wgpu.wgpuDeviceRelease(native_.device);
  if (native_.adapter != nullptr) wgpu.wgpuAdapterRelease(native_.adapter);
  if (native_.instance != nullptr) wgpu.wgpuInstanceRelease(native_.instance);
}

std::vector<WGPUFeatureName> wanted_features(const Functions& functions, WGPUAdapter adapter) {
  constexpr std::array wanted{
      WGPUFeatureName_DawnMultiPlanarFormats,      WGPUFeatureName_BGRA8UnormStorage,
      WGPUFeatureName_RG11B10UfloatRenderable,     WGPUFeatureName_Float32Filterable,
      WGPUFeatureName_Depth32FloatStencil8,        WGPUFeatureName_TextureCompressionBC,
      WGPUFeatureName_TextureCompressionETC2,      WGPUFeatureName_TextureCompressionASTC,
      WGPUFeatureName_TextureCompressionUnaligned, WGPUFeatureName_TextureFormatsTier1,
      WGPUFeatureName_TextureFormatsTier2,         WGPUFeatureName_Unorm16TextureFormats,
  };
  std::vector<WGPUFeatureName> features;
  const auto add = [&](WGPUFeatureName feature) {
    const bool has = functions.wgpuAdapterHasFeature(adapter, feature) != WGPU_FALSE;
    if (has) features.push_back(feature);
    return has;
  };
  for (const WGPUFeatureName feature : wanted_of_memory()) add(feature);
  for (const WGPUFeatureName feature : wanted) add(feature);
  for (const WGPUFeatureName feature : wanted_of_fences()) {
    if (add(feature)) break;
  }
  return features;
}

namespace {

// dawn::native::d3d::RequestAdapterOptionsLUID (<dawn/native/D3DBackend.h>): Dawn's C API names its number only.
struct LuidOption {
  WGPUChainedStruct chain;
  Luid luid;
};

WGPUFuture request_adapter(const Functions& wgpu, WGPUInstance instance, const WGPURequestAdapterOptions& options,
                           WGPUAdapter& adapter) {
  const WGPURequestAdapterCallbackInfo info{nullptr, WGPUCallbackMode_WaitAnyOnly,
                                            [](WGPURequestAdapterStatus, WGPUAdapter given, WGPUStringView, void* out,
                                               void*) { *static_cast<WGPUAdapter*>(out) = given; },
                                            &adapter, nullptr};
  return wgpu.wgpuInstanceRequestAdapter(instance, &options, info);
}

// Requests end in the call that makes them, or soon after: their outcome may lie on the stack.
bool finish(const Functions& wgpu, WGPUInstance instance, WGPUFuture future) {
  constexpr std::uint64_t patience = 20'000'000'000;
  WGPUFutureWaitInfo info{future, WGPU_FALSE};
  return wgpu.wgpuInstanceWaitAny(instance, 1, &info, patience) == WGPUWaitStatus_Success;
}

std::string adapter_name(const Functions& wgpu, WGPUAdapter adapter) {
  WGPUAdapterInfo info = WGPU_ADAPTER_INFO_INIT;
  if (wgpu.wgpuAdapterGetInfo(adapter, &info) != WGPUStatus_Success) return {};
  std::string name = to_text(info.device);
  wgpu.wgpuAdapterInfoFreeMembers(info);
  return name;
}

}  // namespace

Result<std::shared_ptr<Device>> Device::create(const Options& options) {
  auto loader = load(nullptr);
  if (!loader) return fail(std::move(loader.error()));
  const Functions wgpu = loader->functions;
  const WGPUInstanceFeatureName timed = WGPUInstanceFeatureName_TimedWaitAny;
  WGPUInstanceDescriptor descriptor = WGPU_INSTANCE_DESCRIPTOR_INIT;
  descriptor.requiredFeatureCount = 1;
  descriptor.requiredFeatures = &timed;
  WGPUInstance instance = wgpu.wgpuCreateInstance(&descriptor);
  if (instance == nullptr) return fail(ErrorCode::not_available, "wgpuCreateInstance gives no instance.");
  // The instance goes to the first device tried; the others take a reference of their adapter's.
  std::string refused;
  std::shared_ptr<Device> chosen;
  for (const AdapterChoice& choice : adapter_choices(options.device)) {
    WGPURequestAdapterOptions request = WGPU_REQUEST_ADAPTER_OPTIONS_INIT;
    request.backendType = choice.backend;
    request.powerPreference = choice.power;
    LuidOption luid{{nullptr, WGPUSType_RequestAdapterOptionsLUID}, choice.luid.value_or(Luid{})};
    if (choice.luid) request.nextInChain = &luid.chain;
    WGPUAdapter adapter = nullptr;
    if (!finish(wgpu, instance, request_adapter(wgpu, instance, request, adapter)) || adapter == nullptr) continue;
    const std::string name = adapter_name(wgpu, adapter);
    if (name.find(options.device.name_contains) == std::string::npos) {
      refused += text(" [", name, "] does not contain [", options.device.name_contains, "].");
      wgpu.wgpuAdapterRelease(adapter);
      continue;
    }
    std::shared_ptr<Device> device(new Device(*loader));
    device->diagnostics_ = options.diagnostics;
    device->timed_waits_ = true;
    device->native_.instance = wgpu.wgpuAdapterGetInstance(adapter);
    device->native_.adapter = adapter;
    Result<void> made = device->request(adapter);
    if (made) made = device->initialize({std::nullopt, choice.luid, nullptr});
    if (!made) {
      refused += text(" [", name, "]: ", made.error().to_string(), ".");
      if (made.error().code() == ErrorCode::version_mismatch) {
        wgpu.wgpuInstanceRelease(instance);
        return fail(std::move(made.error()));
      }
      continue;
    }
    const DeviceIdentity& identity = device->identity();
    if (options.device.device_uuid && (!identity.has_uuids || identity.device_uuid != *options.device.device_uuid)) {
      refused += text(" [", to_string(identity), "] is not of UUID [", to_string(*options.device.device_uuid), "].");
      continue;
    }
    chosen = std::move(device);
    break;
  }
  wgpu.wgpuInstanceRelease(instance);
  if (chosen != nullptr) return chosen;
  return fail(ErrorCode::not_available, text("Dawn has no ", backend_name(), " adapter that fits.",
                                             refused.empty() ? " It gives none." : refused));
}

Result<void> Device::request(WGPUAdapter adapter) {
  const Functions& wgpu = functions();
  const std::vector<WGPUFeatureName> features = wanted_features(wgpu, adapter);
  WGPULimits limits = WGPU_LIMITS_INIT;
  wgpu.wgpuAdapterGetLimits(adapter, &limits);
  WGPUDeviceDescriptor descriptor = WGPU_DEVICE_DESCRIPTOR_INIT;
  descriptor.requiredFeatureCount = features.size();
  descriptor.requiredFeatures = features.data();
  descriptor.requiredLimits = &limits;
  // Dawn may call as long as its device is there, which references of the caller's keep longer than this object.
  auto* handler = new DiagnosticHandler(diagnostics_);
  descriptor.uncapturedErrorCallbackInfo = {
      nullptr,
      [](const WGPUDevice*, WGPUErrorType type, WGPUStringView message, void* to, void*) {
        const auto& diagnostics = *static_cast<DiagnosticHandler*>(to);
        if (diagnostics) diagnostics(make_error(type, message, "A WebGPU call"));
      },
      handler, nullptr};
  // Called once, at the latest when the device goes. A device that was lost before may still complain: its handler
  // stays.
  descriptor.deviceLostCallbackInfo = {
      nullptr, WGPUCallbackMode_AllowSpontaneous,
      [](const WGPUDevice*, WGPUDeviceLostReason reason, WGPUStringView, void* to, void*) {
        if (reason != WGPUDeviceLostReason_Unknown) delete static_cast<DiagnosticHandler*>(to);
      },
      handler, nullptr};
  struct Outcome {
    WGPUDevice device = nullptr;
    std::string message;
  } outcome;
  const WGPURequestDeviceCallbackInfo info{
      nullptr, WGPUCallbackMode_WaitAnyOnly,
      [](WGPURequestDeviceStatus, WGPUDevice device, WGPUStringView message, void* out, void*) {
        *static_cast<Outcome*>(out) = {device, to_text(message)};
      },
      &outcome, nullptr};
  if (!finish(wgpu, native_.instance, wgpu.wgpuAdapterRequestDevice(adapter, &descriptor, info)) ||
      outcome.device == nullptr) {
    return fail(ErrorCode::not_available, text("wgpuAdapterRequestDevice failed: ", outcome.message));
  }
  native_.device = outcome.device;
  return {};
}

Result<std::shared_ptr<Device>> Device::wrap(const WrapOptions& options) {
  if (options.device == nullptr) return fail(ErrorCode::invalid_argument, "The device is null.");
  auto loader = load(options.get_proc_address);
  if (!loader) return fail(std::move(loader.error()));
  std::shared_ptr<Device> device(new Device(*std::move(loader)));
  const Functions& wgpu = device->functions();
  device->diagnostics_ = options.diagnostics;
  wgpu.wgpuDeviceAddRef(options.device);
  device->native_.device = options.device;
  device->native_.adapter = wgpu.wgpuDeviceGetAdapter(options.device);
  device->native_.instance = wgpu.wgpuAdapterGetInstance(device->native_.adapter);
  if (auto ready = device->initialize({options.uuids, options.luid, options.metal_device}); !ready)
    return fail(std::move(ready.error()));
  return device;
}

Result<void> Device::initialize(const KnownDevice& known) {
  const Functions& wgpu = functions();
  native_.queue = wgpu.wgpuDeviceGetQueue(native_.device);
  lost_ = wgpu.wgpuDeviceGetLostFuture(native_.device);
  if (auto same = check_structures(); !same) return same;
  if (wgpu.wgpuDeviceGetLimits(native_.device, &limits_) != WGPUStatus_Success) {
    return fail(make_status_error("wgpuDeviceGetLimits"));
  }
  return identify(known);
}

// The other half of loader.cpp's check: a structure where it does not belong is refused by its name, so a number that
// means another one to the library shows before anything is built on it.
Result<void> Device::check_structures() const {
  for (const NamedStructure& structure : shared_structures()) {
    WGPUChainedStruct chain{nullptr, structure.type};
    const WGPUSharedFenceDescriptor descriptor{&chain, WGPU_STRING_VIEW_INIT};
    const auto refused = check("wgpuDeviceImportSharedFence", [&] {
      functions().wgpuSharedFenceRelease(functions().wgpuDeviceImportSharedFence(native_.device, &descriptor));
    });
    const std::string words = refused ? "no error" : refused.error().message();
    if (words.find(structure.name) != std::string::npos) continue;
    return fail(ErrorCode::version_mismatch,
                text("Structure [", static_cast<std::uint32_t>(structure.type), "] is [", structure.name,
                     "] in the header that Geyser was built with, but the Dawn that is loaded says [", words, "]."));
  }
  return {};
}

bool Device::has(WGPUFeatureName feature) const noexcept {
  return functions().wgpuDeviceHasFeature(native_.device, feature) != WGPU_FALSE;
}

bool Device::is_lost() const {
  if (is_lost_) return true;
  WGPUFutureWaitInfo info{lost_, WGPU_FALSE};
  is_lost_ = functions().wgpuInstanceWaitAny(native_.instance, 1, &info, 0) == WGPUWaitStatus_Success &&
             info.completed != WGPU_FALSE;
  return is_lost_;
}

Result<void> Device::check(const char* what, const std::function<void()>& call) const {
  const Functions& wgpu = functions();
  constexpr std::array filters{WGPUErrorFilter_Validation, WGPUErrorFilter_OutOfMemory, WGPUErrorFilter_Internal};
  for (const WGPUErrorFilter filter : filters) wgpu.wgpuDevicePushErrorScope(native_.device, filter);
  call();
  Result<void> result;
  for (std::size_t i = 0; i < filters.size(); ++i) {
    struct Outcome {
      WGPUErrorType type = WGPUErrorType_NoError;
      std::string message;
    };
    // Dawn's native scopes are known when they are closed; should one not be, what comes late must find its place.
    auto outcome = std::make_shared<Outcome>();
    const WGPUPopErrorScopeCallbackInfo info{
        nullptr, WGPUCallbackMode_WaitAnyOnly,
        [](WGPUPopErrorScopeStatus, WGPUErrorType type, WGPUStringView message, void* out, void*) {
          const std::unique_ptr<std::shared_ptr<Outcome>> owned(static_cast<std::shared_ptr<Outcome>*>(out));
          **owned = {type, to_text(message)};
        },
        new std::shared_ptr<Outcome>(outcome), nullptr};
    const WGPUFuture future = wgpu.wgpuDevicePopErrorScope(native_.device, info);
    WGPUFutureWaitInfo wait{future, WGPU_FALSE};
    static_cast<void>(wgpu.wgpuInstanceWaitAny(native_.instance, 1, &wait, 0));
    if (outcome->type == WGPUErrorType_NoError || !result) continue;
    result = fail(make_error(outcome->type, WGPUStringView{outcome->message.data(), outcome->message.size()}, what));
  }
  if (is_lost()) {
    return fail(ErrorCode::device_lost,
                text("The WebGPU device is lost", result ? std::string(".") : ": " + result.error().message()));
  }
  return result;
}

Result<void> Device::wait(WGPUFuture future, std::chrono::nanoseconds timeout) const {
  const auto limit = static_cast<std::uint64_t>(std::max<std::int64_t>(timeout.count(), 0));
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    WGPUFutureWaitInfo info{future, WGPU_FALSE};
    const WGPUWaitStatus status = functions().wgpuInstanceWaitAny(native_.instance, 1, &info, timed_waits_ ? limit : 0);
    if (status == WGPUWaitStatus_Success) return {};
    if (is_lost()) return fail(ErrorCode::device_lost, "The WebGPU device is lost.");
    if (timed_waits_ || std::chrono::steady_clock::now() >= deadline) {
      return fail(ErrorCode::timeout, text("The WebGPU device is not done after [", limit / 1000000, "] ms."));
    }
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
}

Result<void> Device::wait_idle(std::chrono::nanoseconds timeout) const {
  const WGPUQueueWorkDoneCallbackInfo info{nullptr, WGPUCallbackMode_WaitAnyOnly,
                                           [](WGPUQueueWorkDoneStatus, WGPUStringView, void*, void*) {}, nullptr,
                                           nullptr};
  return wait(functions().wgpuQueueOnSubmittedWorkDone(native_.queue, info), timeout);
}

Result<void> Device::submit(const char* what, const std::function<void(WGPUCommandEncoder)>& record) const {
  const Functions& wgpu = functions();
  return check(what, [&] {
    WGPUCommandEncoder encoder = wgpu.wgpuDeviceCreateCommandEncoder(native_.device, nullptr);
    record(encoder);
    WGPUCommandBuffer commands = wgpu.wgpuCommandEncoderFinish(encoder, nullptr);
    wgpu.wgpuQueueSubmit(native_.queue, 1, &commands);
    wgpu.wgpuCommandBufferRelease(commands);
    wgpu.wgpuCommandEncoderRelease(encoder);
  });
}

WebGpuFence* Device::find_fence(const SharedFence& fence) const {
  const auto found = fences_.find(fence.id());
  return found != fences_.end() ? found->second : nullptr;
}

void Device::add_fence(WebGpuFence& fence) { fences_[fence.id()] = &fence; }

void Device::remove_fence(const WebGpuFence& fence) noexcept {
  const auto found = fences_.find(fence.id());
  if (found != fences_.end() && found->second == &fence) fences_.erase(found);
}

}  // namespace geyser::webgpu
