// OpenGL by Win32 handles on the driver's double: what is offered, what the driver is told, whose the handles are, in
// which order the calls come, and whether the pixels are there.
#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "support/descriptors.hpp"
#include "support/pattern.hpp"
#include "support/system.hpp"
#include "wgl/doubled_end.hpp"

namespace geyser::test {
namespace {

using namespace std::chrono_literals;
using Calls = std::vector<std::string>;

constexpr std::uint64_t pixels_size = 65536;
constexpr std::uint64_t texture_size = pixels_size + DriverDouble::mutex_page;
constexpr NativeHandle number = 0x40001234;
constexpr const wchar_t* name_of_number = L"Local\\geyser-interposer-40001234";

TextureDescriptor picture() {
  TextureDescriptor descriptor;
  descriptor.extent = {61, 43, 1};
  return descriptor;
}

class Win32OpenGl : public testing::Test {
 protected:
  void SetUp() override { open(); }
  void TearDown() override {
    for (const DoubledEnd* end : {a_.get(), b_.get()}) {
      for (const std::string& complaint : end->complaints) ADD_FAILURE() << complaint;
    }
    a_.reset();
    b_.reset();
    for (const std::string& complaint : driver().complaints) ADD_FAILURE() << complaint;
  }
  // Anew, as the driver is by now.
  void open() {
    a_ = std::make_unique<DoubledEnd>();
    b_ = std::make_unique<DoubledEnd>();
  }
  DriverDouble& driver() { return *doubled_.driver; }
  const DeviceIdentity& adapter() { return driver().identity; }

  ApiTextureHandle parcel_of(const Section& section, HandleKind kind, Api api = Api::vulkan) {
    ApiTextureHandle parcel;
    parcel.descriptor = picture();
    parcel.layout.allocation_size = pixels_size;
    parcel.layout.memory_type = any_memory_type;
    parcel.layout.dedicated = api != Api::vulkan;
    parcel.layout.plane_count = 1;
    parcel.identity = adapter();
    parcel.api = api;
    parcel.kind = kind;
    parcel.handle_count = 1;
    parcel.handles[0] =
        handle_kind_info(kind).is_global_number ? OwnedHandle::adopt(kind, number) : section.handle(kind);
    return parcel;
  }
  static FenceHandle fence_of(const Section& section, FenceKind kind = FenceKind::d3d12_fence, FenceId id = 77) {
    const HandleKind handle = kind == FenceKind::d3d12_fence ? HandleKind::d3d_nt : HandleKind::opaque_win32;
    return {kind, id, 0, section.handle(handle)};
  }
  Calls take_calls() { return std::exchange(driver().calls, {}); }
  // Two contexts, one memory: written on one, read on the other, and back.
  void expect_shared(ApiTextureHandle&& parcel, FenceKind fence_kind = FenceKind::d3d12_fence) {
    const TextureDescriptor descriptor = parcel.descriptor;
    auto twin = parcel.duplicate();
    ASSERT_TRUE(twin);
    auto mine = a_->import(std::move(parcel));
    auto theirs = b_->import(*std::move(twin));
    ASSERT_TRUE(mine && theirs);
    // Each signals one of its own, and knows the other's.
    const Section counter(4096), their_counter(4096);
    std::vector<std::shared_ptr<SharedFence>> fences, their_fences;
    for (auto* end : {&a_, &b_}) {
      auto& known = end == &a_ ? fences : their_fences;
      known.push_back((*end)->import(fence_of(counter, fence_kind, 77)));
      known.push_back((*end)->import(fence_of(their_counter, fence_kind, 78)));
    }
    ASSERT_TRUE(mine->set_signal_fence(fences[0]));
    ASSERT_TRUE(theirs->set_signal_fence(their_fences[1]));
    AccessState state;
    std::uint32_t seed = 1;
    for (const bool there : {true, false, true}) {
      const DoubledEnd& from = there ? *a_ : *b_;
      const DoubledEnd& to = there ? *b_ : *a_;
      SharedTexture& written = there ? *mine : *theirs;
      SharedTexture& read = there ? *theirs : *mine;
      const auto expected = make_pattern(descriptor, ++seed);
      from.use();
      auto write = written.begin_access(AccessMode::discard, state);
      ASSERT_TRUE(write) << write.error().to_string();
      ASSERT_TRUE(from.fill(written, expected));
      auto ended = written.end_access(*std::move(write));
      ASSERT_TRUE(ended) << ended.error().to_string();
      state = *ended;
      to.use();
      auto look = read.begin_access(AccessMode::read, state);
      ASSERT_TRUE(look) << look.error().to_string();
      auto actual = to.read(read);
      ASSERT_TRUE(actual) << actual.error().to_string();
      auto looked = read.end_access(*std::move(look));
      ASSERT_TRUE(looked) << looked.error().to_string();
      state = *looked;
      EXPECT_EQ(difference(descriptor, expected, *actual), "");
    }
    EXPECT_EQ(mine->path(), SharePath::zero_copy);
    EXPECT_EQ(mine->statistics().bytes_copied + theirs->statistics().bytes_copied, 0U);
    EXPECT_EQ(mine->statistics().host_waits + theirs->statistics().host_waits, 0U);
    EXPECT_GT(theirs->statistics().gpu_waits, 0U);
    a_->use();
    mine.reset();
    fences.clear();
    state = {};
    b_->use();
    theirs.reset();
    their_fences.clear();
  }
  // What the manager has by now, as "kind" or "kind*" where it wants it dedicated.
  std::set<std::string> kinds() {
    open();
    std::set<std::string> all;
    for (const TextureCapability& row : a_->manager().capabilities().textures) {
      EXPECT_TRUE(row.importable);
      EXPECT_EQ(row.exportable, row.handle_kind == HandleKind::host_memory);
      all.insert(std::string(to_string(row.handle_kind)) + (row.requires_dedicated ? "*" : ""));
    }
    for (const FenceCapability& row : a_->manager().capabilities().fences) {
      EXPECT_EQ(row.gpu_wait && row.importable && !row.exportable && !row.cpu_access,
                row.kind != FenceKind::host_timeline);
      all.emplace(to_string(row.kind));
    }
    return all;
  }

  DoubledDriver doubled_;
  std::unique_ptr<DoubledEnd> a_, b_;
};

TEST_F(Win32OpenGl, TheAdaptersLuidAndNodesAreRead) {
  driver().identity.luid = {1, 2, 3, 4, 5, 6, 7, 8};
  driver().identity.node_mask = 2;
  open();
  const DeviceIdentity& identity = a_->manager().capabilities().identity;
  EXPECT_TRUE(identity.has_luid);
  EXPECT_EQ(identity.luid, (std::array<std::uint8_t, 8>{1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(identity.node_mask, 2U);
  driver().identity.has_luid = false;
  open();
  EXPECT_FALSE(a_->manager().capabilities().identity.has_luid) << "an answer that is a GL error counts as none";
}

TEST_F(Win32OpenGl, OffersWhatTheDriverSaysItHas) {
  using Set = std::set<std::string>;
  const Set all{"opaque_win32", "opaque_win32_kmt",      "d3d_nt*",
                "d3d_kmt*",     "host_memory",           "host_timeline",
                "d3d12_fence",  "opaque_win32_timeline", "opaque_win32_binary"};
  EXPECT_EQ(kinds(), all);
  const auto expect_without = [&](const char* what, const Set& gone) {
    SCOPED_TRACE(what);
    driver().without = {what};
    Set rest;
    std::set_difference(all.begin(), all.end(), gone.begin(), gone.end(), std::inserter(rest, rest.end()));
    EXPECT_EQ(kinds(), rest);
    driver().without.clear();
  };
  const Set memory{"opaque_win32", "opaque_win32_kmt", "d3d_nt*", "d3d_kmt*"};
  const Set fences{"d3d12_fence", "opaque_win32_timeline", "opaque_win32_binary"};
  expect_without("GL_EXT_memory_object_win32", memory);
  expect_without("glImportMemoryWin32HandleEXT", memory);
  expect_without("glTexStorageMem2DEXT", memory);
  expect_without("GL_EXT_semaphore_win32", fences);
  expect_without("glImportSemaphoreWin32HandleEXT", fences);
  expect_without("glSemaphoreParameterui64vEXT", fences);
  expect_without("GL_NV_timeline_semaphore", {"opaque_win32_timeline"});
  expect_without("glCreateSemaphoresNV", {"opaque_win32_timeline"});
  driver().identity.has_luid = false;
  EXPECT_EQ(kinds(), (Set{"opaque_win32", "opaque_win32_kmt", "host_memory", "host_timeline", "opaque_win32_timeline",
                          "opaque_win32_binary"}));
  driver().identity.has_luid = true;
  driver().identity.has_uuids = false;
  EXPECT_EQ(kinds(), (Set{"d3d_nt*", "d3d_kmt*", "host_memory", "host_timeline", "d3d12_fence"}));
}

TEST_F(Win32OpenGl, TellsTheDriverOfEachKind) {
  const Section section(texture_size, name_of_number);
  const auto told = [&](HandleKind kind, Api api, bool dedicated) {
    auto parcel = parcel_of(section, kind, api);
    parcel.layout.dedicated = dedicated;
    take_calls();
    const auto texture = a_->import(std::move(parcel));
    return take_calls().front();
  };
  EXPECT_EQ(told(HandleKind::opaque_win32, Api::vulkan, false), "memory 38279 size 65536");  // 0x9587
  EXPECT_EQ(told(HandleKind::opaque_win32, Api::vulkan, true), "memory 38279 size 65536 dedicated");
  EXPECT_EQ(told(HandleKind::opaque_win32_kmt, Api::vulkan, false), "memory 38280 size 65536");
  EXPECT_EQ(told(HandleKind::d3d_nt, Api::d3d12, false), "memory 38281 size 65536");  // a heap
  EXPECT_EQ(told(HandleKind::d3d_nt, Api::d3d12, true), "memory 38282 size 0 dedicated");
  EXPECT_EQ(told(HandleKind::d3d_nt, Api::d3d11, false), "memory 38283 size 0 dedicated");
  EXPECT_EQ(told(HandleKind::d3d_kmt, Api::d3d11, true), "memory 38284 size 0 dedicated");
  const Section counter(4096);
  take_calls();
  const auto fence = a_->import(fence_of(counter));
  EXPECT_EQ(take_calls(), Calls{"semaphore 38292"});  // 0x9594
  const auto timeline = a_->import(fence_of(counter, FenceKind::opaque_win32_timeline));
  EXPECT_EQ(take_calls(), Calls{"semaphore 38279 timeline"});
  const auto binary = a_->import(fence_of(counter, FenceKind::opaque_win32_binary));
  EXPECT_EQ(take_calls(), Calls{"semaphore 38279"});
}

TEST_F(Win32OpenGl, SharesEachKindOfMemory) {
  const auto shares = [&](HandleKind kind, Api api, FenceKind fence, bool dedicated = true) {
    SCOPED_TRACE(std::string(to_string(kind)) + " of " + std::string(to_string(api)));
    const bool numbered = handle_kind_info(kind).is_global_number;
    const Section section(texture_size, numbered ? name_of_number : nullptr);
    auto parcel = parcel_of(section, kind, api);
    parcel.layout.dedicated = dedicated;
    expect_shared(std::move(parcel), fence);
  };
  shares(HandleKind::opaque_win32, Api::vulkan, FenceKind::opaque_win32_timeline);
  shares(HandleKind::opaque_win32_kmt, Api::vulkan, FenceKind::opaque_win32_timeline);
  shares(HandleKind::opaque_win32, Api::vulkan, FenceKind::opaque_win32_binary);
  shares(HandleKind::d3d_nt, Api::d3d11, FenceKind::d3d12_fence);
  shares(HandleKind::d3d_kmt, Api::d3d11, FenceKind::d3d12_fence);
  shares(HandleKind::d3d_nt, Api::d3d12, FenceKind::d3d12_fence);
  shares(HandleKind::d3d_nt, Api::d3d12, FenceKind::d3d12_fence, false);
}

TEST_F(Win32OpenGl, SharesFormatsAndShapes) {
  const auto shares = [&](TextureDescriptor descriptor) {
    SCOPED_TRACE(to_string(descriptor));
    const Section section(texture_size);
    auto parcel = parcel_of(section, HandleKind::d3d_nt, Api::d3d12);
    parcel.descriptor = std::move(descriptor);
    expect_shared(std::move(parcel));
  };
  TextureDescriptor descriptor = picture();
  descriptor.mip_levels = 4;
  shares(descriptor);
  for (const TextureFormat format :
       {TextureFormat::bgra8_unorm, TextureFormat::r8_unorm, TextureFormat::rgba16_float, TextureFormat::rg32_uint}) {
    descriptor = picture();
    descriptor.format = format;
    shares(descriptor);
  }
  descriptor = picture();
  descriptor.dimension = TextureDimension::two_d_array;
  descriptor.extent = {19, 27, 1};
  descriptor.array_layers = 3;
  descriptor.mip_levels = 2;
  shares(descriptor);
  descriptor.dimension = TextureDimension::three_d;
  descriptor.array_layers = 1;
  descriptor.extent = {17, 9, 7};
  shares(descriptor);
}

TEST_F(Win32OpenGl, WaitsAndSignalsOnTheDeviceInOrder) {
  const Section section(texture_size);
  const Section counter(4096), own_counter(4096);
  auto fence = a_->import(fence_of(counter));
  auto own = a_->import(fence_of(own_counter, FenceKind::d3d12_fence, 78));
  auto texture = a_->import(parcel_of(section, HandleKind::d3d_nt, Api::d3d12));
  ASSERT_TRUE(fence && own && texture);
  ASSERT_TRUE(texture->set_signal_fence(own));
  counter.counter() = 5;  // as Direct3D's queue signals it
  AccessState state;
  ASSERT_TRUE(state.writer.add({fence, 5}));
  state.initialized = true;
  take_calls();
  auto access = texture->begin_access(AccessMode::read_write, state);
  ASSERT_TRUE(access) << access.error().to_string();
  EXPECT_EQ(take_calls(), Calls{"wait 5"});
  auto ended = texture->end_access(*std::move(access));
  ASSERT_TRUE(ended) << ended.error().to_string();
  EXPECT_EQ(take_calls(), (Calls{"signal 1", "flush"}));
  EXPECT_EQ(own_counter.counter(), 1U);
  EXPECT_EQ(*ended->writer.begin(), (SyncPoint{own, 1}));
  EXPECT_EQ(texture->statistics().gpu_waits, 1U);
  EXPECT_EQ(texture->statistics().host_waits, 0U);
}

// Without a semaphore that both know the CPU waits for the device, and only then tells the others.
TEST_F(Win32OpenGl, FinishesBeforeACpuTellsTheOthers) {
  const Section section(texture_size);
  auto texture = a_->import(parcel_of(section, HandleKind::d3d_nt, Api::d3d11));
  ASSERT_TRUE(texture);
  auto fence = a_->manager().create_fence(FenceKind::host_timeline);
  ASSERT_TRUE(fence);
  ASSERT_TRUE(texture->set_signal_fence(*fence));
  auto access = texture->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(access);
  take_calls();
  ASSERT_TRUE(texture->end_access(*std::move(access)));
  EXPECT_EQ(take_calls(), Calls{"finish"});
  EXPECT_EQ(*(*fence)->completed_value(), 1U);
  EXPECT_EQ(texture->statistics().host_waits, 1U);
}

TEST_F(Win32OpenGl, AFenceIsTheDevicesAndNotTheCpus) {
  const Section counter(4096);
  auto fence = a_->import(fence_of(counter));
  ASSERT_TRUE(fence);
  EXPECT_EQ(fence->completed_value().error().code(), ErrorCode::unsupported);
  EXPECT_EQ(fence->wait(1, 1ms).error().code(), ErrorCode::unsupported);
  EXPECT_EQ(fence->signal(1).error().code(), ErrorCode::unsupported);
  EXPECT_EQ(fence->export_handle().error().code(), ErrorCode::unsupported);
  EXPECT_EQ(a_->manager().create_fence(FenceKind::d3d12_fence).error().code(), ErrorCode::unsupported);
  // Another context's is none of this one's.
  const Section section(texture_size);
  auto texture = b_->import(parcel_of(section, HandleKind::d3d_nt, Api::d3d12));
  ASSERT_TRUE(texture);
  EXPECT_EQ(texture->set_signal_fence(fence).error().code(), ErrorCode::invalid_argument);
  AccessState state;
  ASSERT_TRUE(state.writer.add({fence, 1}));
  take_calls();
  EXPECT_EQ(texture->begin_access(AccessMode::discard, state).error().code(), ErrorCode::unsupported);
  EXPECT_EQ(take_calls(), Calls{}) << "nothing is queued";
  texture.reset();
  a_->use();
}

TEST_F(Win32OpenGl, LeavesNoHandleWhateverComes) {
  const Section section(texture_size);
  const Section counter(4096);
  const std::size_t before = open_descriptors();
  {
    auto parcel = parcel_of(section, HandleKind::opaque_win32);
    auto texture = a_->import(std::move(parcel));
    ASSERT_TRUE(texture);
    EXPECT_EQ(open_descriptors(), before + 1) << "the driver's own; the parcel's is closed";
    auto fence = a_->import(fence_of(counter));
    ASSERT_TRUE(fence);
    EXPECT_EQ(open_descriptors(), before + 2);
    auto binary = a_->import(fence_of(counter, FenceKind::opaque_win32_binary, 78));
    ASSERT_TRUE(binary);
    EXPECT_EQ(open_descriptors(), before + 3);
  }
  EXPECT_EQ(open_descriptors(), before);
  const auto expect_refused = [&](ApiTextureHandle&& parcel, ErrorCode code, const char* why) {
    SCOPED_TRACE(why);
    const GeyserError error = a_->refusal(std::move(parcel));
    EXPECT_EQ(error.code(), code) << error.to_string();
    EXPECT_EQ(open_descriptors(), before);
  };
  for (const HandleKind kind : {HandleKind::opaque_win32, HandleKind::d3d_nt}) {
    const Api api = kind == HandleKind::d3d_nt ? Api::d3d11 : Api::vulkan;
    auto closed = parcel_of(section, kind, api);
    closed.handles[0] = OwnedHandle::adopt(kind, 0x7ffffff0);
    expect_refused(std::move(closed), ErrorCode::invalid_handle, "a handle that is closed");
    auto event = parcel_of(section, kind, api);
    event.handles[0] = open_device(kind);
    expect_refused(std::move(event), ErrorCode::invalid_handle, "an event");
  }
  expect_refused(parcel_of(section, HandleKind::opaque_win32_kmt), ErrorCode::invalid_handle, "a number that died");
  expect_refused(parcel_of(section, HandleKind::d3d_kmt, Api::d3d11), ErrorCode::invalid_handle, "another that died");
  auto large = parcel_of(section, HandleKind::opaque_win32);
  large.layout.allocation_size = 16 * texture_size;
  expect_refused(std::move(large), ErrorCode::incompatible_layout, "less memory than the parcel says");
  auto small = parcel_of(section, HandleKind::opaque_win32);
  small.layout.allocation_size = 4096;
  expect_refused(std::move(small), ErrorCode::incompatible_layout, "less memory than the picture needs");
  auto lies = parcel_of(section, HandleKind::d3d_nt, Api::d3d12);
  lies.descriptor.extent = {640, 480, 1};
  lies.layout.allocation_size = 640 * 480 * 4;
  expect_refused(std::move(lies), ErrorCode::incompatible_layout, "another picture than it is");
  driver().unknown_types = {GL_HANDLE_TYPE_D3D12_RESOURCE_EXT, GL_HANDLE_TYPE_D3D12_FENCE_EXT};
  expect_refused(parcel_of(section, HandleKind::d3d_nt, Api::d3d12), ErrorCode::unsupported, "a type it does not know");
  EXPECT_EQ(a_->manager().import_fence(fence_of(counter)).error().code(), ErrorCode::unsupported);
  driver().unknown_types.clear();
  FenceHandle event = fence_of(counter);
  event.handle = open_device(HandleKind::d3d_nt);
  EXPECT_EQ(a_->manager().import_fence(std::move(event)).error().code(), ErrorCode::invalid_handle);
  EXPECT_EQ(open_descriptors(), before);
}

TEST_F(Win32OpenGl, ForeignKindsAndOtherAdaptersNeverReachTheDriver) {
  const Section section(texture_size);
  take_calls();
  const auto code_of = [&](HandleKind kind, Api api, auto change) {
    auto parcel = parcel_of(section, kind, api);
    change(parcel);
    return a_->refusal(std::move(parcel)).code();
  };
  const auto other_luid = [](ApiTextureHandle& parcel) { parcel.identity.luid[0] = 2; };
  const auto no_luid = [](ApiTextureHandle& parcel) { parcel.identity.has_luid = false; };
  const auto other_node = [](ApiTextureHandle& parcel) { parcel.identity.node_mask = 2; };
  const auto other_driver = [](ApiTextureHandle& parcel) { parcel.identity.driver_uuid[0] = 99; };
  EXPECT_EQ(code_of(HandleKind::d3d_nt, Api::d3d12, other_luid), ErrorCode::incompatible_device);
  EXPECT_EQ(code_of(HandleKind::d3d_nt, Api::d3d12, no_luid), ErrorCode::incompatible_device);
  EXPECT_EQ(code_of(HandleKind::d3d_kmt, Api::d3d11, other_luid), ErrorCode::incompatible_device);
  EXPECT_EQ(code_of(HandleKind::opaque_win32, Api::vulkan, other_luid), ErrorCode::incompatible_device);
  EXPECT_EQ(code_of(HandleKind::opaque_win32, Api::vulkan, other_node), ErrorCode::incompatible_device);
  EXPECT_EQ(code_of(HandleKind::opaque_win32, Api::vulkan, other_driver), ErrorCode::incompatible_device);
  for (const HandleKind kind : {HandleKind::opaque_fd, HandleKind::dma_buf}) {
    EXPECT_EQ(code_of(kind, Api::vulkan, [](ApiTextureHandle&) {}), ErrorCode::unsupported) << to_string(kind);
  }
  driver().without = {"GL_EXT_memory_object_win32"};
  open();
  const auto nothing = [](ApiTextureHandle&) {};
  EXPECT_EQ(code_of(HandleKind::opaque_win32, Api::vulkan, nothing), ErrorCode::unsupported);
  EXPECT_EQ(code_of(HandleKind::d3d_nt, Api::d3d11, nothing), ErrorCode::unsupported);
  EXPECT_EQ(take_calls(), Calls{});
}

TEST_F(Win32OpenGl, AKeyedMutexIsHeldDuringAnAccess) {
  const Section section(texture_size);
  const auto with_mutex = [&] {
    auto parcel = parcel_of(section, HandleKind::d3d_nt, Api::d3d11);
    parcel.layout.keyed_mutex = true;
    return parcel;
  };
  auto mine = a_->import(with_mutex());
  auto theirs = b_->import(with_mutex());
  ASSERT_TRUE(mine && theirs);
  a_->use();
  take_calls();
  auto write = mine->begin_access(AccessMode::discard, {});
  ASSERT_TRUE(write) << write.error().to_string();
  EXPECT_EQ(take_calls(), Calls{"acquire"});
  EXPECT_EQ(section.mutex(), 1U);
  const auto expected = make_pattern(picture(), 9);
  ASSERT_TRUE(a_->fill(*mine, expected));
  b_->use();
  theirs->set_wait_timeout(30ms);
  const auto late = theirs->begin_access(AccessMode::discard, {});
  EXPECT_EQ(late.error().code(), ErrorCode::timeout) << late.error().to_string();
  a_->use();
  take_calls();
  auto state = mine->end_access(*std::move(write));
  ASSERT_TRUE(state) << state.error().to_string();
  EXPECT_EQ(take_calls(), (Calls{"release", "finish"}));
  EXPECT_EQ(section.mutex(), 0U);

  b_->use();
  auto first = theirs->begin_access(AccessMode::read, *state);
  ASSERT_TRUE(first) << first.error().to_string();
  auto actual = b_->read(*theirs);
  ASSERT_TRUE(actual);
  EXPECT_EQ(difference(picture(), expected, *actual), "") << "the mutex alone orders them";
  take_calls();
  auto second = theirs->begin_access(AccessMode::read, *state);
  ASSERT_TRUE(second) << "readers of one texture hold it together";
  EXPECT_EQ(take_calls(), Calls{});
  EXPECT_TRUE(theirs->end_access(*std::move(first)));
  EXPECT_EQ(section.mutex(), 1U);
  EXPECT_TRUE(theirs->end_access(*std::move(second)));
  EXPECT_EQ(section.mutex(), 0U);

  // A holder that died; whoever tries is told, and has nothing open.
  section.mutex() = DriverDouble::abandoned;
  const auto dead = theirs->begin_access(AccessMode::read, *state);
  ASSERT_FALSE(dead);
  EXPECT_EQ(dead.error().code(), ErrorCode::operating_system) << dead.error().to_string();
  EXPECT_EQ(dead.error().native().code, GL_INVALID_OPERATION);
  // It was taken away meanwhile: the release says so, and the access is over.
  section.mutex() = 0;
  auto last = theirs->begin_access(AccessMode::read, *state);
  ASSERT_TRUE(last) << last.error().to_string();
  section.mutex() = DriverDouble::abandoned;
  EXPECT_EQ(theirs->end_access(*std::move(last)).error().code(), ErrorCode::operating_system);
  section.mutex() = 0;
  { const auto dropped = theirs->begin_access(AccessMode::read, *state); }
  EXPECT_EQ(section.mutex(), 0U) << "a dropped access lets it go, too";
  EXPECT_EQ(b_->complaints.size(), 1U) << "and is reported";
  b_->complaints.clear();
  theirs.reset();
  a_->use();
  mine.reset();
}

// The mutex may fail and a queued wait cannot be taken back; what is released may be had as soon as the fence says so.
TEST_F(Win32OpenGl, AKeyedMutexComesBeforeTheWaitAndTheSignal) {
  const Section section(texture_size);
  const Section counter(4096), own_counter(4096);
  auto parcel = parcel_of(section, HandleKind::d3d_nt, Api::d3d11);
  parcel.layout.keyed_mutex = true;
  auto texture = a_->import(std::move(parcel));
  auto fence = a_->import(fence_of(counter));
  auto own = a_->import(fence_of(own_counter, FenceKind::d3d12_fence, 78));
  ASSERT_TRUE(texture && fence && own);
  ASSERT_TRUE(texture->set_signal_fence(own));
  counter.counter() = 3;
  AccessState state;
  ASSERT_TRUE(state.writer.add({fence, 3}));
  section.mutex() = 1;
  texture->set_wait_timeout(20ms);
  take_calls();
  EXPECT_EQ(texture->begin_access(AccessMode::discard, state).error().code(), ErrorCode::timeout);
  EXPECT_EQ(take_calls(), Calls{"acquire"}) << "nothing is queued";
  section.mutex() = 0;
  auto access = texture->begin_access(AccessMode::discard, state);
  ASSERT_TRUE(access) << access.error().to_string();
  ASSERT_TRUE(texture->end_access(*std::move(access)));
  EXPECT_EQ(take_calls(), (Calls{"acquire", "wait 3", "release", "signal 1", "flush"}));
}

TEST_F(Win32OpenGl, WithoutTheExtensionAKeyedMutexIsRefused) {
  const Section section(texture_size);
  for (const char* gone : {"GL_EXT_win32_keyed_mutex", "glReleaseKeyedMutexWin32EXT"}) {
    SCOPED_TRACE(gone);
    driver().without = {gone};
    open();
    auto parcel = parcel_of(section, HandleKind::d3d_nt, Api::d3d11);
    parcel.layout.keyed_mutex = true;
    const GeyserError error = a_->refusal(std::move(parcel));
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_NE(error.message().find("GL_EXT_win32_keyed_mutex"), std::string::npos) << error.message();
    EXPECT_TRUE(a_->import(parcel_of(section, HandleKind::d3d_nt, Api::d3d11))) << "without one it needs none";
  }
}

// What another API has on an adapter, as far as these tests want it.
Capabilities exporter(const Capabilities& opengl, Api api, HandleKind kind, std::vector<FenceKind> fences) {
  Capabilities capabilities;
  capabilities.api = api;
  capabilities.identity = opengl.identity;
  TextureCapability row = rows_of(opengl, TextureFormat::rgba8_unorm).front();
  row.handle_kind = kind;
  row.tiling = Tiling::opaque;
  row.exportable = true;
  row.requires_dedicated = false;
  capabilities.textures = {row};
  for (const FenceKind fence : fences) capabilities.fences.push_back({fence, true, true, true});
  capabilities.fences.push_back({FenceKind::host_timeline, true, true, false});
  return capabilities;
}

TEST_F(Win32OpenGl, AgreesWithVulkanAndDirect3DOnOneAdapter) {
  const Capabilities opengl = a_->manager().capabilities();
  const auto agree = [&](const Capabilities& from) {
    auto agreement = negotiate(picture(), from, opengl);
    EXPECT_TRUE(agreement) << (agreement ? "" : agreement.error().to_string());
    return agreement ? *agreement : Agreement{};
  };
  const Agreement vulkan =
      agree(exporter(opengl, Api::vulkan, HandleKind::opaque_win32, {FenceKind::opaque_win32_timeline}));
  EXPECT_EQ(vulkan.handle_kind, HandleKind::opaque_win32);
  EXPECT_EQ(vulkan.fence_kind, FenceKind::opaque_win32_timeline);
  EXPECT_EQ(vulkan.sync_tier, SyncTier::shared_timeline);
  EXPECT_FALSE(vulkan.dedicated);
  Capabilities direct3d = exporter(opengl, Api::d3d12, HandleKind::d3d_nt, {FenceKind::d3d12_fence});
  const Agreement resource = agree(direct3d);
  EXPECT_EQ(resource.handle_kind, HandleKind::d3d_nt);
  EXPECT_EQ(resource.fence_kind, FenceKind::d3d12_fence);
  EXPECT_EQ(resource.path, SharePath::zero_copy);
  EXPECT_TRUE(resource.dedicated) << "a resource and no heap";
  const Agreement legacy = agree(exporter(opengl, Api::d3d11, HandleKind::d3d_kmt, {}));
  EXPECT_EQ(legacy.handle_kind, HandleKind::d3d_kmt);
  EXPECT_EQ(legacy.fence_kind, FenceKind::host_timeline);
  // Drivers that are not NVIDIA's.
  driver().without = {"GL_NV_timeline_semaphore"};
  open();
  const Agreement binary = *negotiate(picture(),
                                      exporter(opengl, Api::vulkan, HandleKind::opaque_win32,
                                               {FenceKind::opaque_win32_timeline, FenceKind::opaque_win32_binary}),
                                      a_->manager().capabilities());
  EXPECT_EQ(binary.handle_kind, HandleKind::opaque_win32);
  EXPECT_EQ(binary.fence_kind, FenceKind::opaque_win32_binary);
  EXPECT_EQ(binary.sync_tier, SyncTier::binary_semaphore);
  driver().without.clear();
  direct3d.identity.luid[0] = 2;
  EXPECT_FALSE(negotiate(picture(), direct3d, opengl));
}

}  // namespace
}  // namespace geyser::test
