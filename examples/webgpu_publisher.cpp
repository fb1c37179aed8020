// A WebGPU program with a device of its own that publishes what it draws with WGSL: a feed named "webgpu" that any
// subscriber can show (geyser view webgpu). Usage: example-webgpu-publisher [FRAMES]
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>

#include <geyser/stream/publisher.hpp>
#include <geyser/vulkan.hpp>
#include <geyser/webgpu.hpp>

using namespace geyser;

// Nothing in Geyser throws: every call returns a Result. Here an error ends the program.
template <typename T>
T must(Result<T>&& result) {
  if (result) return static_cast<T>(*std::move(result));
  std::fprintf(stderr, "%s\n", result.error().to_string().c_str());
  std::exit(1);
}

constexpr std::string_view shader = R"(
@group(0) @binding(0) var<uniform> time: f32;
struct Vertex { @builtin(position) position: vec4f, @location(0) at: vec2f }
@vertex fn vertex(@builtin(vertex_index) index: u32) -> Vertex {
  let corner = vec2f(f32(index & 1u), f32(index >> 1u)) * 4.0 - 1.0;
  return Vertex(vec4f(corner, 0.0, 1.0), corner);
}
@fragment fn fragment(in: Vertex) -> @location(0) vec4f {
  let ring = sin(length(in.at) * 14.0 - time * 3.0) * 0.5 + 0.5;
  return vec4f(ring, in.at.x * 0.5 + 0.5, in.at.y * 0.5 + 0.5, 1.0);
}
)";

WGPUStringView view(std::string_view text) { return {text.data(), text.size()}; }

struct Gpu {
  WGPUInstance instance = nullptr;
  WGPUAdapter adapter = nullptr;
  WGPUDevice device = nullptr;
  WGPUQueue queue = nullptr;
};

// A device as any WebGPU program makes one; only the features are Geyser's.
Gpu open_gpu() {
  Gpu gpu;
  const WGPUInstanceFeatureName timed = WGPUInstanceFeatureName_TimedWaitAny;
  WGPUInstanceDescriptor instance = WGPU_INSTANCE_DESCRIPTOR_INIT;
  instance.requiredFeatureCount = 1;
  instance.requiredFeatures = &timed;
  gpu.instance = wgpuCreateInstance(&instance);
  const auto wait = [&](WGPUFuture future) {
    WGPUFutureWaitInfo info{future, WGPU_FALSE};
    wgpuInstanceWaitAny(gpu.instance, 1, &info, 10'000'000'000);
  };
  WGPURequestAdapterOptions options = WGPU_REQUEST_ADAPTER_OPTIONS_INIT;
  options.backendType = WGPUBackendType_Vulkan;
  wait(wgpuInstanceRequestAdapter(gpu.instance, &options,
                                  {nullptr, WGPUCallbackMode_WaitAnyOnly,
                                   [](WGPURequestAdapterStatus, WGPUAdapter given, WGPUStringView, void* out, void*) {
                                     *static_cast<WGPUAdapter*>(out) = given;
                                   },
                                   &gpu.adapter, nullptr}));
  const auto features = must(webgpu::device_requirements(gpu.adapter));
  WGPUDeviceDescriptor device = WGPU_DEVICE_DESCRIPTOR_INIT;
  device.requiredFeatureCount = features.size();
  device.requiredFeatures = features.data();
  wait(wgpuAdapterRequestDevice(gpu.adapter, &device,
                                {nullptr, WGPUCallbackMode_WaitAnyOnly,
                                 [](WGPURequestDeviceStatus, WGPUDevice given, WGPUStringView, void* out, void*) {
                                   *static_cast<WGPUDevice*>(out) = given;
                                 },
                                 &gpu.device, nullptr}));
  if (gpu.device == nullptr) {
    std::fprintf(stderr, "Dawn gives no Vulkan device.\n");
    std::exit(1);
  }
  gpu.queue = wgpuDeviceGetQueue(gpu.device);
  return gpu;
}

class Drawing {
 public:
  Drawing(const Gpu& gpu, WGPUTextureFormat format) : gpu_(gpu) {
    WGPUShaderSourceWGSL source = WGPU_SHADER_SOURCE_WGSL_INIT;
    source.code = view(shader);
    WGPUShaderModuleDescriptor module = WGPU_SHADER_MODULE_DESCRIPTOR_INIT;
    module.nextInChain = &source.chain;
    WGPUColorTargetState target = WGPU_COLOR_TARGET_STATE_INIT;
    target.format = format;
    WGPUFragmentState fragment = WGPU_FRAGMENT_STATE_INIT;
    fragment.module = wgpuDeviceCreateShaderModule(gpu.device, &module);
    fragment.entryPoint = view("fragment");
    fragment.targetCount = 1;
    fragment.targets = &target;
    WGPURenderPipelineDescriptor pipeline = WGPU_RENDER_PIPELINE_DESCRIPTOR_INIT;
    pipeline.vertex.module = fragment.module;
    pipeline.vertex.entryPoint = view("vertex");
    pipeline.fragment = &fragment;
    pipeline_ = wgpuDeviceCreateRenderPipeline(gpu.device, &pipeline);
    wgpuShaderModuleRelease(fragment.module);
    WGPUBufferDescriptor buffer = WGPU_BUFFER_DESCRIPTOR_INIT;
    buffer.usage = WGPUBufferUsage_Uniform | WGPUBufferUsage_CopyDst;
    buffer.size = 16;
    time_ = wgpuDeviceCreateBuffer(gpu.device, &buffer);
    WGPUBindGroupEntry entry = WGPU_BIND_GROUP_ENTRY_INIT;
    entry.buffer = time_;
    WGPUBindGroupDescriptor group = WGPU_BIND_GROUP_DESCRIPTOR_INIT;
    group.layout = wgpuRenderPipelineGetBindGroupLayout(pipeline_, 0);
    group.entryCount = 1;
    group.entries = &entry;
    group_ = wgpuDeviceCreateBindGroup(gpu.device, &group);
    wgpuBindGroupLayoutRelease(group.layout);
  }
  Drawing(const Drawing&) = delete;
  Drawing& operator=(const Drawing&) = delete;
  ~Drawing() {
    wgpuBindGroupRelease(group_);
    wgpuBufferRelease(time_);
    wgpuRenderPipelineRelease(pipeline_);
  }

  void draw(WGPUTexture texture, float time) const {
    wgpuQueueWriteBuffer(gpu_.queue, time_, 0, &time, sizeof time);
    WGPURenderPassColorAttachment attachment = WGPU_RENDER_PASS_COLOR_ATTACHMENT_INIT;
    attachment.view = wgpuTextureCreateView(texture, nullptr);
    attachment.loadOp = WGPULoadOp_Clear;
    attachment.storeOp = WGPUStoreOp_Store;
    WGPURenderPassDescriptor pass = WGPU_RENDER_PASS_DESCRIPTOR_INIT;
    pass.colorAttachmentCount = 1;
    pass.colorAttachments = &attachment;
    WGPUCommandEncoder encoder = wgpuDeviceCreateCommandEncoder(gpu_.device, nullptr);
    WGPURenderPassEncoder commands = wgpuCommandEncoderBeginRenderPass(encoder, &pass);
    wgpuRenderPassEncoderSetPipeline(commands, pipeline_);
    wgpuRenderPassEncoderSetBindGroup(commands, 0, group_, 0, nullptr);
    wgpuRenderPassEncoderDraw(commands, 3, 1, 0, 0);
    wgpuRenderPassEncoderEnd(commands);
    WGPUCommandBuffer buffer = wgpuCommandEncoderFinish(encoder, nullptr);
    wgpuQueueSubmit(gpu_.queue, 1, &buffer);
    wgpuCommandBufferRelease(buffer);
    wgpuRenderPassEncoderRelease(commands);
    wgpuCommandEncoderRelease(encoder);
    wgpuTextureViewRelease(attachment.view);
  }

 private:
  const Gpu& gpu_;
  WGPURenderPipeline pipeline_ = nullptr;
  WGPUBuffer time_ = nullptr;
  WGPUBindGroup group_ = nullptr;
};

int main(int count, char** values) {
  const int frames = count > 1 ? std::atoi(values[1]) : 600;
  const Gpu gpu = open_gpu();
  {
    webgpu::WrapOptions wrapping;
    wrapping.device = gpu.device;
    std::shared_ptr<TextureShareManager> manager = must(webgpu::wrap_device(wrapping));
    // Dawn opens memory and makes none: a Vulkan manager on the same device makes it. Without one the feed is copied.
    vulkan::Options same_device;
    same_device.device.device_uuid = manager->capabilities().identity.device_uuid;
    if (auto allocator = vulkan::create_manager(same_device)) {
      must(manager->use_allocator(*std::move(allocator)).map([] { return 0; }));
    } else {
      std::fprintf(stderr, "copying: %s\n", allocator.error().to_string().c_str());
    }
    TextureDescriptor descriptor;
    descriptor.extent = {640, 480, 1};
    descriptor.usage = descriptor.usage | TextureUsage::color_attachment;
    stream::PublisherOptions options;
    options.name = "webgpu";
    auto publisher = must(stream::Publisher::create(manager, descriptor, options));
    const Drawing drawing(gpu, WGPUTextureFormat_RGBA8Unorm);
    int published = 0;
    for (int i = 0; i < frames; ++i) {
      if (auto frame = publisher.begin_frame()) {
        drawing.draw(must(webgpu::native(frame->texture())).texture, static_cast<float>(i) / 60);
        must(publisher.publish(*std::move(frame)));
        ++published;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(16));
    }
    std::printf("published %d frames\n", published);
  }
  wgpuQueueRelease(gpu.queue);
  wgpuDeviceRelease(gpu.device);
  wgpuAdapterRelease(gpu.adapter);
  wgpuInstanceRelease(gpu.instance);
}
