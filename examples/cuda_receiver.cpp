// A CUDA program without its toolkit that receives a feed and computes with every frame: here the mean of its bytes. A
// feed on another GPU is copied by this one's. Usage: example-cuda-receiver FEED [FRAMES]
//
// A kernel would take tensor(...).pointer, or surface_object() where the frame is an array.
#include <dlfcn.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <vector>

#include <geyser/cuda.hpp>
#include <geyser/stream/subscriber.hpp>

using namespace geyser;

// Nothing in Geyser throws: every call returns a Result. Here an error ends the program.
template <typename T>
T must(Result<T>&& result) {
  if (result) return static_cast<T>(*std::move(result));
  std::fprintf(stderr, "%s\n", result.error().to_string().c_str());
  std::exit(1);
}

// What <cuda.h> calls CUDA_MEMCPY2D. A program that has the toolkit includes that and links libcuda.
struct Copy {
  std::size_t from_x = 0, from_y = 0;
  int from_kind = 0;  // 1: host, 2: device, 3: array
  const void* from_host = nullptr;
  unsigned long long from_device = 0;
  CUarray_st* from_array = nullptr;
  std::size_t from_pitch = 0;
  std::size_t to_x = 0, to_y = 0;
  int to_kind = 1;
  void* to_host = nullptr;
  unsigned long long to_device = 0;
  CUarray_st* to_array = nullptr;
  std::size_t to_pitch = 0;
  std::size_t width = 0, height = 0;
};

struct Driver {
  int (*push)(CUctx_st*) = nullptr;
  int (*pop)(CUctx_st**) = nullptr;
  int (*copy)(const Copy*, CUstream_st*) = nullptr;
  int (*finish)(CUstream_st*) = nullptr;
};

Driver open_driver() {
  const char* chosen = std::getenv("GEYSER_CUDA_LIBRARY");  // as Geyser chooses it
  void* library = dlopen(chosen != nullptr ? chosen : "libcuda.so.1", RTLD_NOW);
  Driver driver;
  const auto find = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, name));
    if (function != nullptr) return;
    std::fprintf(stderr, "CUDA's driver has no %s.\n", name);
    std::exit(1);
  };
  find(driver.push, "cuCtxPushCurrent_v2");
  find(driver.pop, "cuCtxPopCurrent_v2");
  find(driver.copy, "cuMemcpy2DAsync_v2");
  find(driver.finish, "cuStreamSynchronize");
  return driver;
}

// Of the whole frame, inside its access and on the manager's stream.
double mean_of(const Driver& driver, const cuda::NativeDevice& device, SharedTexture& texture) {
  const TextureDescriptor& picture = texture.descriptor();
  const auto memory = must(cuda::native(texture));
  Copy copy;
  copy.width = std::size_t{picture.extent.width} * format_info(picture.format).planes[0].block_bytes;
  copy.height = picture.extent.height;
  copy.from_kind = memory.array != nullptr ? 3 : 2;
  copy.from_array = memory.array;
  copy.from_device = memory.pointer;
  copy.from_pitch = memory.pitch;
  std::vector<unsigned char> bytes(copy.width * copy.height);
  copy.to_host = bytes.data();
  copy.to_pitch = copy.width;
  CUctx_st* popped = nullptr;
  driver.push(device.context);
  const bool copied = driver.copy(&copy, device.stream) == 0 && driver.finish(device.stream) == 0;
  driver.pop(&popped);
  if (!copied) {
    std::fprintf(stderr, "CUDA does not copy the frame.\n");
    std::exit(1);
  }
  return std::accumulate(bytes.begin(), bytes.end(), 0.0) / static_cast<double>(bytes.size());
}

int main(int count, char** arguments) {
  if (count < 2) {
    std::fprintf(stderr, "Usage: %s FEED [FRAMES]\n", arguments[0]);
    return 2;
  }
  const long frames = count > 2 ? std::atol(arguments[2]) : 100;
  cuda::Options options;
  options.other_devices = true;
  std::shared_ptr<TextureShareManager> manager = must(cuda::create_manager(options));
  const auto device = must(cuda::native(*manager));
  const Driver driver = open_driver();
  stream::SubscriberOptions wanted;
  wanted.feed = arguments[1];
  wanted.policy.prefer_linear = true;  // rows are a tensor: DLPack's consumers take them as they are
  stream::Subscriber subscriber = must(stream::Subscriber::create(manager, wanted));
  for (long i = 0; i < frames; ++i) {
    stream::Frame frame = must(subscriber.acquire(std::chrono::seconds(10)));
    const auto rows = cuda::tensor(frame.texture());
    std::printf("frame %llu: mean %.2f, %s\n", static_cast<unsigned long long>(frame.info().number),
                mean_of(driver, device, frame.texture()), rows ? "a tensor" : "an array");
    must(subscriber.release(std::move(frame)));
  }
  std::printf("%s", to_string(subscriber.agreement()).c_str());
  return 0;
}
