#include "dawn_double.hpp"

#include <cstring>
#include <map>
#include <string_view>
#include <utility>

#include "webgpu/loader.hpp"

using geyser::test::dawn;
using geyser::test::DawnDouble;

// Objects. Those that are there once have no members.
struct Counted {
  Counted() { ++dawn().objects; }
  Counted(const Counted&) = delete;
  ~Counted() { --dawn().objects; }
  int references = 1;
};
struct WGPUSharedFenceImpl : Counted {
  void* handle = nullptr;
  ~WGPUSharedFenceImpl() {
    if (handle != nullptr) dawn().drop(handle);
  }
};
struct Wait {
  WGPUSharedFence fence;
  std::uint64_t value;
};
struct WGPUSharedTextureMemoryImpl : Counted {
  void* handle = nullptr;
  bool open = false;
  std::vector<Wait> pending;
  ~WGPUSharedTextureMemoryImpl() {
    if (handle != nullptr) dawn().drop(handle);
  }
};
struct WGPUTextureImpl : Counted {
  WGPUSharedTextureMemory memory = nullptr;
  WGPUTextureUsage usage = 0;
  std::uint64_t last_use = 0;
};
struct WGPUBufferImpl : Counted {};
struct WGPUInstanceImpl {};
struct WGPUAdapterImpl {};
struct WGPUDeviceImpl {};
struct WGPUQueueImpl {};
struct WGPUCommandEncoderImpl : Counted {
  std::vector<WGPUTexture> used;
};
struct WGPUCommandBufferImpl : Counted {
  std::vector<WGPUTexture> used;
};

namespace {

WGPUInstanceImpl the_instance;
WGPUAdapterImpl the_adapter;
WGPUDeviceImpl the_device;
WGPUQueueImpl the_queue;
constexpr WGPUFuture done{2};
constexpr WGPUFuture loss{1};

struct Scope {
  WGPUErrorFilter filter;
  std::string message;
};
std::vector<Scope> scopes;

void refuse(std::string message) {
  for (auto scope = scopes.rbegin(); scope != scopes.rend(); ++scope) {
    if (scope->filter != WGPUErrorFilter_Validation) continue;
    scope->message = std::move(message);
    return;
  }
}

template <typename T>
void release(T* object) {
  if (object != nullptr && --object->references == 0) delete object;
}

WGPUStringView view(const std::string& text) { return {text.data(), text.size()}; }

const std::map<WGPUSType, std::string> structures{
    {WGPUSType_SharedTextureMemoryDXGISharedHandleDescriptor, "SharedTextureMemoryDXGISharedHandleDescriptor"},
    {WGPUSType_SharedFenceDXGISharedHandleExportInfo, "SharedFenceDXGISharedHandleExportInfo"},
    {WGPUSType_SharedTextureMemoryIOSurfaceDescriptor, "SharedTextureMemoryIOSurfaceDescriptor"},
    {WGPUSType_SharedFenceMTLSharedEventExportInfo, "SharedFenceMTLSharedEventExportInfo"},
};

bool ends_with_fence() {
  const auto& features = dawn().features;
  return features.count(WGPUFeatureName_SharedFenceDXGISharedHandle) != 0 ||
         features.count(WGPUFeatureName_SharedFenceMTLSharedEvent) != 0;
}

struct FeatureInfo {
  const char* name;
};

}  // namespace

namespace geyser::test {

DawnDouble& dawn() {
  static DawnDouble the_one;
  return the_one;
}

}  // namespace geyser::test

extern "C" {

WGPUInstance wgpuCreateInstance(const WGPUInstanceDescriptor*) { return &the_instance; }
void wgpuInstanceRelease(WGPUInstance) {}
void wgpuAdapterRelease(WGPUAdapter) {}
void wgpuDeviceAddRef(WGPUDevice) {}
void wgpuDeviceRelease(WGPUDevice) {}
void wgpuQueueRelease(WGPUQueue) {}
WGPUInstance wgpuAdapterGetInstance(WGPUAdapter) { return &the_instance; }
WGPUAdapter wgpuDeviceGetAdapter(WGPUDevice) { return &the_adapter; }
WGPUQueue wgpuDeviceGetQueue(WGPUDevice) { return &the_queue; }
WGPUFuture wgpuDeviceGetLostFuture(WGPUDevice) { return loss; }

WGPUWaitStatus wgpuInstanceWaitAny(WGPUInstance, std::size_t, WGPUFutureWaitInfo* info, std::uint64_t) {
  info->completed = info->future.id == done.id || dawn().lost ? WGPU_TRUE : WGPU_FALSE;
  return info->completed != WGPU_FALSE ? WGPUWaitStatus_Success : WGPUWaitStatus_TimedOut;
}

WGPUFuture wgpuInstanceRequestAdapter(WGPUInstance, const WGPURequestAdapterOptions* options,
                                      WGPURequestAdapterCallbackInfo info) {
  struct Luid {
    WGPUChainedStruct chain;
    std::array<std::uint8_t, 8> luid;
  };
  dawn().asked_backends.push_back(options->backendType);
  if (const auto* chain = options->nextInChain;
      chain != nullptr && chain->sType == WGPUSType_RequestAdapterOptionsLUID) {
    dawn().asked_luids.push_back(reinterpret_cast<const Luid*>(chain)->luid);
  }
  info.callback(WGPURequestAdapterStatus_Success, &the_adapter, {}, info.userdata1, info.userdata2);
  return done;
}

WGPUStatus wgpuAdapterGetInfo(WGPUAdapter, WGPUAdapterInfo* info) {
  info->vendorID = dawn().vendor;
  info->deviceID = dawn().device;
  info->device = view(dawn().name);
  info->description = view(dawn().name);
  info->backendType = dawn().backend;
  return WGPUStatus_Success;
}
void wgpuAdapterInfoFreeMembers(WGPUAdapterInfo) {}
WGPUStatus wgpuAdapterGetLimits(WGPUAdapter, WGPULimits* limits) {
  limits->maxTextureDimension2D = limits->maxTextureDimension3D = 2048;
  limits->maxTextureArrayLayers = 256;
  return WGPUStatus_Success;
}
WGPUBool wgpuAdapterHasFeature(WGPUAdapter, WGPUFeatureName feature) { return dawn().features.count(feature) != 0; }
WGPUStatus wgpuAdapterGetFormatCapabilities(WGPUAdapter, WGPUTextureFormat, WGPUDawnFormatCapabilities*) {
  return WGPUStatus_Error;
}
void wgpuDawnDrmFormatCapabilitiesFreeMembers(WGPUDawnDrmFormatCapabilities) {}

WGPUFuture wgpuAdapterRequestDevice(WGPUAdapter, const WGPUDeviceDescriptor* descriptor,
                                    WGPURequestDeviceCallbackInfo info) {
  dawn().enabled.assign(descriptor->requiredFeatures, descriptor->requiredFeatures + descriptor->requiredFeatureCount);
  info.callback(WGPURequestDeviceStatus_Success, &the_device, {}, info.userdata1, info.userdata2);
  // The device goes with the program's last reference, which this one does not count.
  descriptor->deviceLostCallbackInfo.callback(nullptr, WGPUDeviceLostReason_Destroyed, {},
                                              descriptor->deviceLostCallbackInfo.userdata1, nullptr);
  return done;
}
WGPUStatus wgpuDeviceGetLimits(WGPUDevice, WGPULimits* limits) { return wgpuAdapterGetLimits(&the_adapter, limits); }
WGPUBool wgpuDeviceHasFeature(WGPUDevice, WGPUFeatureName feature) { return dawn().features.count(feature) != 0; }

void wgpuDevicePushErrorScope(WGPUDevice, WGPUErrorFilter filter) { scopes.push_back({filter, {}}); }
WGPUFuture wgpuDevicePopErrorScope(WGPUDevice, WGPUPopErrorScopeCallbackInfo info) {
  const Scope scope = scopes.back();
  scopes.pop_back();
  info.callback(WGPUPopErrorScopeStatus_Success,
                scope.message.empty() ? WGPUErrorType_NoError : WGPUErrorType_Validation, view(scope.message),
                info.userdata1, info.userdata2);
  return done;
}

WGPUBuffer wgpuDeviceCreateBuffer(WGPUDevice, const WGPUBufferDescriptor*) { return new WGPUBufferImpl; }
void wgpuBufferRelease(WGPUBuffer buffer) { release(buffer); }
const void* wgpuBufferGetConstMappedRange(WGPUBuffer, std::size_t, std::size_t) { return nullptr; }
WGPUFuture wgpuBufferMapAsync(WGPUBuffer, WGPUMapMode, std::size_t, std::size_t, WGPUBufferMapCallbackInfo) {
  return done;
}
void wgpuBufferUnmap(WGPUBuffer) {}

WGPUTexture wgpuDeviceCreateTexture(WGPUDevice, const WGPUTextureDescriptor* descriptor) {
  auto* texture = new WGPUTextureImpl;
  texture->usage = descriptor->usage;
  return texture;
}
void wgpuTextureRelease(WGPUTexture texture) { release(texture); }
WGPUTextureUsage wgpuTextureGetUsage(WGPUTexture texture) { return texture->usage; }

WGPUCommandEncoder wgpuDeviceCreateCommandEncoder(WGPUDevice, const WGPUCommandEncoderDescriptor*) {
  return new WGPUCommandEncoderImpl;
}
void wgpuCommandEncoderCopyTextureToBuffer(WGPUCommandEncoder encoder, const WGPUTexelCopyTextureInfo* from,
                                           const WGPUTexelCopyBufferInfo*, const WGPUExtent3D*) {
  encoder->used.push_back(from->texture);
}
void wgpuCommandEncoderCopyTextureToTexture(WGPUCommandEncoder encoder, const WGPUTexelCopyTextureInfo* from,
                                            const WGPUTexelCopyTextureInfo* to, const WGPUExtent3D*) {
  encoder->used.push_back(from->texture);
  encoder->used.push_back(to->texture);
}
WGPUCommandBuffer wgpuCommandEncoderFinish(WGPUCommandEncoder encoder, const WGPUCommandBufferDescriptor*) {
  auto* commands = new WGPUCommandBufferImpl;
  commands->used = encoder->used;
  return commands;
}
void wgpuCommandEncoderRelease(WGPUCommandEncoder encoder) { release(encoder); }
void wgpuCommandBufferRelease(WGPUCommandBuffer commands) { release(commands); }

void wgpuQueueSubmit(WGPUQueue, std::size_t count, const WGPUCommandBuffer* commands) {
  ++dawn().serial;
  dawn().calls.push_back("submit");
  for (std::size_t i = 0; i < count; ++i) {
    for (WGPUTexture texture : commands[i]->used) {
      if (texture->memory == nullptr) continue;
      if (!texture->memory->open) return refuse("The texture is used without access.");
      texture->last_use = dawn().serial;
      for (const Wait& wait : texture->memory->pending) release(wait.fence);
      texture->memory->pending.clear();
    }
  }
}
void wgpuQueueWriteTexture(WGPUQueue, const WGPUTexelCopyTextureInfo*, const void*, std::size_t,
                           const WGPUTexelCopyBufferLayout*, const WGPUExtent3D*) {}
WGPUFuture wgpuQueueOnSubmittedWorkDone(WGPUQueue, WGPUQueueWorkDoneCallbackInfo info) {
  dawn().calls.push_back("wait for the queue");
  info.callback(WGPUQueueWorkDoneStatus_Success, {}, info.userdata1, info.userdata2);
  return done;
}

WGPUSharedFence wgpuDeviceImportSharedFence(WGPUDevice, const WGPUSharedFenceDescriptor* descriptor) {
  auto* fence = new WGPUSharedFenceImpl;
  const WGPUChainedStruct* chain = descriptor->nextInChain;
  void* handle = nullptr;
  if (chain->sType == WGPUSType_SharedFenceDXGISharedHandleDescriptor) {
    handle = reinterpret_cast<const WGPUSharedFenceDXGISharedHandleDescriptor*>(chain)->handle;
  } else if (chain->sType == WGPUSType_SharedFenceMTLSharedEventDescriptor) {
    handle = reinterpret_cast<const WGPUSharedFenceMTLSharedEventDescriptor*>(chain)->sharedEvent;
  } else {
    const auto known = structures.find(chain->sType);
    const std::string& odd = dawn().odd_structure;
    refuse("Unexpected chained struct of type [" +
           (!odd.empty()                ? odd
            : known != structures.end() ? known->second
                                        : "?") +
           "] found on [SharedFenceDescriptor].");
    return fence;
  }
  dawn().calls.push_back("import fence");
  if (!dawn().refusal.empty()) {
    refuse(std::exchange(dawn().refusal, {}));
    return fence;
  }
  fence->handle = dawn().copy(handle);
  return fence;
}
void wgpuSharedFenceAddRef(WGPUSharedFence fence) { ++fence->references; }
void wgpuSharedFenceRelease(WGPUSharedFence fence) { release(fence); }

void wgpuSharedFenceExportInfo(WGPUSharedFence fence, WGPUSharedFenceExportInfo* info) {
  info->type = dawn().backend == WGPUBackendType_Metal ? WGPUSharedFenceType_MTLSharedEvent
                                                       : WGPUSharedFenceType_DXGISharedHandle;
  WGPUChainedStruct* chain = info->nextInChain;
  if (chain == nullptr) return;
  if (chain->sType == WGPUSType_SharedFenceDXGISharedHandleExportInfo) {
    reinterpret_cast<WGPUSharedFenceDXGISharedHandleExportInfo*>(chain)->handle = fence->handle;
  }
  if (chain->sType == WGPUSType_SharedFenceMTLSharedEventExportInfo) {
    reinterpret_cast<WGPUSharedFenceMTLSharedEventExportInfo*>(chain)->sharedEvent = fence->handle;
  }
}

WGPUSharedTextureMemory wgpuDeviceImportSharedTextureMemory(WGPUDevice,
                                                            const WGPUSharedTextureMemoryDescriptor* descriptor) {
  auto* memory = new WGPUSharedTextureMemoryImpl;
  const WGPUChainedStruct* chain = descriptor->nextInChain;
  if (chain->sType == WGPUSType_SharedTextureMemoryDXGISharedHandleDescriptor) {
    const auto* shared = reinterpret_cast<const WGPUSharedTextureMemoryDXGISharedHandleDescriptor*>(chain);
    dawn().imported = shared->handle;
    dawn().keyed_mutex = shared->useKeyedMutex != WGPU_FALSE;
  } else {
    const auto* shared = reinterpret_cast<const WGPUSharedTextureMemoryIOSurfaceDescriptor*>(chain);
    dawn().imported = shared->ioSurface;
    dawn().storage = shared->allowStorageBinding != WGPU_FALSE;
  }
  dawn().calls.push_back("import memory");
  if (!dawn().refusal.empty()) {
    refuse(std::exchange(dawn().refusal, {}));
    return memory;
  }
  memory->handle = dawn().copy(dawn().imported);
  return memory;
}
void wgpuSharedTextureMemoryRelease(WGPUSharedTextureMemory memory) { release(memory); }
WGPUStatus wgpuSharedTextureMemoryGetProperties(WGPUSharedTextureMemory,
                                                WGPUSharedTextureMemoryProperties* properties) {
  *properties = dawn().memory;
  return WGPUStatus_Success;
}
WGPUTexture wgpuSharedTextureMemoryCreateTexture(WGPUSharedTextureMemory memory,
                                                 const WGPUTextureDescriptor* descriptor) {
  auto* texture = new WGPUTextureImpl;
  texture->memory = memory;
  texture->usage = descriptor->usage;
  return texture;
}

WGPUStatus wgpuSharedTextureMemoryBeginAccess(WGPUSharedTextureMemory memory, WGPUTexture texture,
                                              const WGPUSharedTextureMemoryBeginAccessDescriptor* descriptor) {
  dawn().calls.push_back("begin");
  dawn().waits.clear();
  if (memory->open || texture->memory != memory || descriptor->nextInChain != nullptr ||
      descriptor->fenceCount != descriptor->signaledValueCount) {
    refuse("The access cannot begin.");
    return WGPUStatus_Error;
  }
  memory->open = true;
  dawn().initialized = descriptor->initialized != WGPU_FALSE;
  for (std::size_t i = 0; i < descriptor->fenceCount; ++i) {
    wgpuSharedFenceAddRef(descriptor->fences[i]);
    memory->pending.push_back({descriptor->fences[i], descriptor->signaledValues[i]});
    dawn().waits.push_back({descriptor->fences[i]->handle, descriptor->signaledValues[i]});
  }
  texture->last_use = 0;
  return WGPUStatus_Success;
}

WGPUStatus wgpuSharedTextureMemoryEndAccess(WGPUSharedTextureMemory memory, WGPUTexture texture,
                                            WGPUSharedTextureMemoryEndAccessState* state) {
  dawn().calls.push_back("end");
  if (!memory->open) {
    refuse("The texture is not currently being accessed.");
    return WGPUStatus_Error;
  }
  memory->open = false;
  std::vector<Wait> ends = std::exchange(memory->pending, {});
  if (texture->last_use != 0 && ends_with_fence()) {
    auto* fence = new WGPUSharedFenceImpl;
    fence->handle = dawn().copy(dawn().queue_handle);
    ends.push_back({fence, texture->last_use});
  }
  auto* fences = new WGPUSharedFence[ends.size() + 1];
  auto* values = new std::uint64_t[ends.size() + 1];
  for (std::size_t i = 0; i < ends.size(); ++i) {
    fences[i] = ends[i].fence;
    values[i] = ends[i].value;
  }
  state->initialized = WGPU_TRUE;
  state->fenceCount = state->signaledValueCount = ends.size();
  state->fences = fences;
  state->signaledValues = values;
  return WGPUStatus_Success;
}
void wgpuSharedTextureMemoryEndAccessStateFreeMembers(WGPUSharedTextureMemoryEndAccessState state) {
  for (std::size_t i = 0; i < state.fenceCount; ++i) release(state.fences[i]);
  delete[] state.fences;
  delete[] state.signaledValues;
}

__attribute__((visibility("default"))) WGPUProc wgpuGetProcAddress(WGPUStringView name) {
  const std::string_view wanted(name.data, name.length == WGPU_STRLEN ? std::strlen(name.data) : name.length);
#define GEYSER_DOUBLE(function) \
  if (wanted == #function) return reinterpret_cast<WGPUProc>(&::function);
  GEYSER_WGPU_FUNCTIONS(GEYSER_DOUBLE)
#undef GEYSER_DOUBLE
  return nullptr;
}

// Functions of dawn::native, by their names in the C++ ABI. Microsoft's names are none for this system's linker.
__attribute__((visibility("default"))) const FeatureInfo* feature_info(std::uint32_t number) __asm__(
    "_ZN4dawn6native14GetFeatureInfoEN4wgpu11FeatureNameE");
const FeatureInfo* feature_info(std::uint32_t number) {
  static const std::map<std::uint32_t, FeatureInfo> names{
      {WGPUFeatureName_SharedTextureMemoryIOSurface, {"shared-texture-memory-io-surface"}},
      {WGPUFeatureName_SharedFenceMTLSharedEvent, {"shared-fence-mtl-shared-event"}},
      {WGPUFeatureName_DawnMultiPlanarFormats, {"dawn-multi-planar-formats"}},
      {WGPUFeatureName_Unorm16TextureFormats, {"unorm16texture-formats"}},
      {WGPUFeatureName_TextureCompressionUnaligned, {"texture-compression-unaligned"}},
  };
  const auto found = names.find(number - dawn().feature_shift);
  return found != names.end() ? &found->second : nullptr;
}
__attribute__((visibility("default"))) void* metal_device(WGPUDevice) __asm__(
    "_ZN4dawn6native5metal12GetMTLDeviceEP14WGPUDeviceImpl");
void* metal_device(WGPUDevice) { return dawn().metal_device; }

}  // extern "C"
