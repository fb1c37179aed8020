#include "vulkan/texture.hpp"

#include <array>
#include <utility>

#include "common/text.hpp"
#include "vulkan/dma_buf.hpp"
#include "vulkan/external_memory.hpp"
#include "vulkan/fence.hpp"
#include "vulkan/format.hpp"

namespace geyser::vulkan {

using detail::text;

VulkanTexture::VulkanTexture(Init init, std::shared_ptr<Device> device, Image image)
    : SharedTexture(std::move(init)),
      device_(std::move(device)),
      image_(std::move(image)),
      number_(device_->next_number()) {}

Result<std::unique_ptr<SharedTexture>> VulkanTexture::create(const std::shared_ptr<Device>& device,
                                                             const TextureDescriptor& descriptor, ImageRecipe recipe) {
  const HandleKind kind = recipe.external;
  if (is_of_metal(kind)) return create_of_metal(device, descriptor, recipe);
  const bool copied = kind == HandleKind::host_memory;
  if (copied) recipe.external = HandleKind::none;
  MemoryLayout layout;
  auto image = Image::create(device, descriptor, recipe, layout);
  if (!image) return fail(std::move(image.error()));
  Init init{Api::vulkan,
            descriptor,
            copied ? host_layout(descriptor) : layout,
            kind,
            copied ? SharePath::host_copy : SharePath::zero_copy,
            device->diagnostics()};
  std::unique_ptr<VulkanTexture> texture(new VulkanTexture(std::move(init), device, *std::move(image)));
  texture->usage_ = recipe.usage;
  if (copied) {
    auto memory = platform::create_shared_memory(host_size(descriptor));
    if (!memory) return fail(std::move(memory.error()));
    if (auto done = texture->add_staging(*std::move(memory)); !done) return fail(std::move(done.error()));
  }
  if (auto done = texture->record(); !done) return fail(std::move(done.error()));
  return texture;
}

Result<std::unique_ptr<SharedTexture>> VulkanTexture::create_in_place(const std::shared_ptr<Device>& device,
                                                                      const TextureDescriptor& descriptor,
                                                                      const ImageRecipe& recipe,
                                                                      std::uint32_t row_alignment) {
  const MemoryLayout layout = host_linear_layout(descriptor, row_alignment);
  auto memory = platform::create_shared_memory(layout.allocation_size);
  if (!memory) return fail(std::move(memory.error()));
  return open_in_place(device, descriptor, recipe, layout, *std::move(memory));
}

Result<std::unique_ptr<SharedTexture>> VulkanTexture::open_in_place(const std::shared_ptr<Device>& device,
                                                                    const TextureDescriptor& descriptor,
                                                                    const ImageRecipe& recipe,
                                                                    const MemoryLayout& layout, OwnedHandle memory) {
  auto mapped = platform::map_shared_memory(memory.get(), layout.allocation_size);
  if (!mapped) return fail(std::move(mapped.error()));
  auto image = Image::place(device, descriptor, recipe, layout, *std::move(mapped));
  if (!image) return fail(std::move(image.error()));
  Init init{Api::vulkan, descriptor, layout, HandleKind::host_memory, SharePath::zero_copy, device->diagnostics()};
  std::unique_ptr<VulkanTexture> texture(new VulkanTexture(std::move(init), device, *std::move(image)));
  texture->usage_ = recipe.usage;
  texture->host_memory_ = std::move(memory);
  if (auto done = texture->record(); !done) return fail(std::move(done.error()));
  return texture;
}

namespace {

// Chooses by handle kind. Opaque images repeat the exporter's creation, which the layout describes.
Result<Image> import_image(const std::shared_ptr<Device>& device, ApiTextureHandle& parcel, ImageRecipe& recipe) {
  if (parcel.kind == HandleKind::dma_buf) return Image::import_dma_buf(device, parcel, recipe);
  if (is_direct3d_memory(parcel.kind)) return Image::import_direct3d(device, parcel, recipe);
  if (parcel.kind == HandleKind::host_memory) {
    if (parcel.layout != host_layout(parcel.descriptor)) {
      return fail(ErrorCode::incompatible_layout, "The layout is not the host packing of the descriptor.");
    }
    recipe.external = HandleKind::none;
    MemoryLayout unused;
    return Image::create(device, parcel.descriptor, recipe, unused);
  }
  recipe.linear = parcel.layout.tiling == Tiling::linear;
  // Rows of another API's memory were made for no usage: this device's all are.
  if (!recipe.linear || parcel.layout.vulkan_usage != 0) recipe.usage = parcel.layout.vulkan_usage;
  recipe.flags = parcel.layout.vulkan_create_flags;
  recipe.dedicated = parcel.layout.dedicated;
  return Image::import(device, parcel.descriptor, recipe, parcel.layout, parcel.handles[0]);
}

}  // namespace

Result<std::unique_ptr<SharedTexture>> VulkanTexture::import(const std::shared_ptr<Device>& device,
                                                             ApiTextureHandle&& parcel, ImageRecipe recipe) {
  if (recipe.in_place) {
    return open_in_place(device, parcel.descriptor, recipe, parcel.layout, std::move(parcel.handles[0]));
  }
  if (parcel.layout.keyed_mutex && !device->extensions().keyed_mutex) {
    return fail(GeyserError(ErrorCode::unsupported,
                            "The texture has a keyed mutex, but the device is without VK_KHR_win32_keyed_mutex.")
                    .suggest("fence kind [d3d12_fence], for which Direct3D 11 makes textures without"));
  }
  if (is_of_metal(parcel.kind)) return import_of_metal(device, parcel, recipe);
  const bool copied = parcel.kind == HandleKind::host_memory;
  auto image = import_image(device, parcel, recipe);
  if (!image) return fail(std::move(image.error()));
  Init init{Api::vulkan,
            parcel.descriptor,
            parcel.layout,
            parcel.kind,
            copied ? SharePath::host_copy : SharePath::zero_copy,
            device->diagnostics()};
  std::unique_ptr<VulkanTexture> texture(new VulkanTexture(std::move(init), device, *std::move(image)));
  texture->usage_ = recipe.usage;
  if (copied) {
    if (auto done = texture->add_staging(std::move(parcel.handles[0])); !done) return fail(std::move(done.error()));
  }
  if (auto done = texture->record(); !done) return fail(std::move(done.error()));
  return texture;
}

Result<std::unique_ptr<SharedTexture>> VulkanTexture::adopt(const std::shared_ptr<Device>& device,
                                                            const TextureDescriptor& descriptor,
                                                            const AdoptInfo& info) {
  MemoryLayout layout;
  layout.tiling = Tiling::opaque;
  layout.allocation_size = info.allocation_size;
  layout.memory_type = info.memory_type;
  layout.dedicated = info.dedicated;
  layout.vulkan_usage = info.usage;
  layout.vulkan_create_flags = info.create_flags;
  layout.plane_count = 1;
  if (info.kind == HandleKind::dma_buf) {
    if (auto read = read_modifier_layout(*device, info.image, vulkan::to_vulkan(descriptor.format), layout); !read) {
      return fail(std::move(read.error()));
    }
  }
  std::optional<ImageTexture> object;
  if (info.kind == HandleKind::metal_shared_texture) {
    auto found = find_metal_texture(*device, descriptor, info.image);
    if (!found) return fail(std::move(found.error()));
    object = *std::move(found);
  }
  Init init{Api::vulkan, descriptor, layout, info.kind, SharePath::zero_copy, device->diagnostics()};
  std::unique_ptr<VulkanTexture> texture(
      new VulkanTexture(std::move(init), device, Image::borrow(device, info.image, info.memory)));
  texture->usage_ = info.usage;
  texture->keep_first_ = info.initialized;
  texture->object_ = std::move(object);
  if (auto done = texture->record(); !done) return fail(std::move(done.error()));
  return texture;
}

Result<void> VulkanTexture::add_staging(OwnedHandle memory) {
  auto staging = Staging::create(device_, descriptor(), image_.image(), std::move(memory));
  if (!staging) return fail(std::move(staging.error()));
  staging_.emplace(*std::move(staging));
  return {};
}

// Who has the image between accesses. A dma-buf goes to other drivers, an opaque handle stays with this one; on the
// copied path the image never leaves this device.
std::uint32_t VulkanTexture::outside_family() const noexcept {
  if (staging_) return VK_QUEUE_FAMILY_IGNORED;
  const bool same_gpu = is_opaque_memory(handle_kind()) || is_direct3d_memory(handle_kind()) || object_.has_value();
  const bool foreign = !same_gpu && device_->extensions().foreign;
  return foreign ? VK_QUEUE_FAMILY_FOREIGN_EXT : VK_QUEUE_FAMILY_EXTERNAL;
}

Result<void> VulkanTexture::record() {
  const std::uint32_t own = device_->native().queue_family;
  const std::uint32_t outside = outside_family();
  const std::uint32_t inside = staging_ ? VK_QUEUE_FAMILY_IGNORED : own;
  const bool by_color = format_info(descriptor().format).is_multi_planar() && !image_.is_disjoint();
  // A multi-planar image that is not disjoint is transitioned as a whole, by its colour aspect.
  ImageTransition transition{
      image_.image(),
      by_color ? static_cast<VkImageAspectFlags>(VK_IMAGE_ASPECT_COLOR_BIT) : aspects_of(descriptor().format),
      VK_IMAGE_LAYOUT_GENERAL,
      VK_IMAGE_LAYOUT_GENERAL,
      outside,
      inside,
      host_memory_.has_value()};
  transition_ = transition;
  const auto write = [&](VkCommandBuffer buffer) { record_transition(device_->functions(), buffer, transition); };
  auto acquire = Commands::record(device_, write);
  if (!acquire) return fail(std::move(acquire.error()));
  acquire_ = *std::move(acquire);

  transition = reversed(transition_);
  auto release = Commands::record(device_, write);
  if (!release) return fail(std::move(release.error()));
  release_ = *std::move(release);

  transition = discarding(transition_);
  auto discard = Commands::record(device_, write);
  if (!discard) return fail(std::move(discard.error()));
  acquire_discard_ = *std::move(discard);
  return {};
}

NativeTexture VulkanTexture::native() const noexcept {
  return {image_.image(), image_.memories().front(), vulkan::to_vulkan(descriptor().format), usage_,
          VK_IMAGE_LAYOUT_GENERAL};
}

bool VulkanTexture::accepts_signal_fence(const SharedFence& fence) const {
  if (platform::kernel_fence(fence) != nullptr) return device_->has_sync_files();
  return fence.kind() == FenceKind::host_timeline || device_->find_fence(fence) != nullptr;
}

void VulkanTexture::record_acquire(AccessMode mode, VkCommandBuffer commands) const {
  record_transition(device_->functions(), commands,
                    mode == AccessMode::discard ? discarding(transition_) : transition_);
}

void VulkanTexture::record_release(VkCommandBuffer commands) const {
  record_transition(device_->functions(), commands, reversed(transition_));
}

void VulkanTexture::add_opening(const Opening& opening) {
  if (barriers_ == Barriers::submitted) {
    if (opening.first && !opening.keep_first) {
      submission_.add(opening.undefined ? acquire_discard_.buffer() : acquire_.buffer());
    }
  } else if (opening.mode != AccessMode::discard) {
    // A recorded acquire that keeps the contents expects an image that somebody has released.
    if (opening.undefined && !opening.keep_first) submission_.add(acquire_discard_.buffer());
    if (!staging_ && (opening.undefined || opening.keep_first)) submission_.add(release_.buffer());
  }
  if (opening.upload) submission_.add(staging_->to_image());
}

Result<void> VulkanTexture::submit_collected() {
  if (opening_) add_opening(*std::exchange(opening_, std::nullopt));
  if (submission_.is_empty()) return {};
  auto ticket = flush(nullptr);
  if (!ticket) return fail(std::move(ticket.error()));
  last_upload_ = *ticket;
  return {};
}

Result<void> VulkanTexture::do_begin(AccessMode mode, const AccessState& state, const SyncPoints& waits) {
  // Of a deferred access that another reader has open.
  if (auto submitted = submit_collected(); !submitted) return submitted;
  Submission next;
  if (auto added = add_waits(next, waits); !added) return added;
  const bool discard = !state.initialized || mode == AccessMode::discard;
  Opening opening{mode, holders_ == 0 || is_later(state), discard || (staging_ && !private_contents_), keep_first_};
  opening.upload = staging_ && !discard && opening.first;
  if (opening.upload) {
    // The staging buffer may still feed the last upload.
    if (auto done = device_->wait(last_upload_, wait_timeout()); !done) {
      discard_sync_files(next);
      return done;
    }
    mutable_statistics().bytes_copied += staging_->upload();
  }
  mutable_statistics().gpu_waits += next.wait_count;
  next.acquires_mutex = layout().keyed_mutex && holders_ == 0;
  submission_ = next;
  opening_ = opening;
  if (!is_deferred()) {
    if (auto submitted = submit_collected(); !submitted) return submitted;
  }
  ++holders_;
  private_contents_ = true;
  keep_first_ = false;
  return {};
}

Result<void> VulkanTexture::do_end(AccessMode mode, SharedFence* signal, std::uint64_t value) {
  --holders_;
  if (opening_) add_opening(*std::exchange(opening_, std::nullopt));
  submission_.releases_mutex = layout().keyed_mutex && holders_ == 0;
  const bool download = staging_ && is_write(mode);
  const bool recorded = std::exchange(barriers_, Barriers::submitted) == Barriers::recorded;
  if (download) {
    submission_.add(staging_->from_image());
  } else if (holders_ == 0 && !recorded) {
    submission_.add(release_.buffer());
  }
  const VulkanFence* fence = signal != nullptr ? device_->find_fence(*signal) : nullptr;
  // A semaphore would say that the image is done, not that the copy behind it is: copies are waited for here.
  if (auto* kernel = signal != nullptr ? platform::kernel_fence(*signal) : nullptr; kernel != nullptr && !download) {
    return flush(*kernel, value);
  }
  if (fence != nullptr && !download) {
    const SemaphoreUse use{fence->semaphore(), value};
    auto ticket = flush(&use);
    if (!ticket) return fail(std::move(ticket.error()));
    last_upload_ = *ticket;
    return {};
  }
  auto ticket = flush(nullptr);
  if (!ticket) return fail(std::move(ticket.error()));
  last_upload_ = *ticket;
  if (auto done = device_->wait(*ticket, wait_timeout()); !done) return done;
  ++mutable_statistics().host_waits;
  if (download) mutable_statistics().bytes_copied += staging_->download();
  return signal != nullptr ? signal->signal(value) : Result<void>{};
}

Result<void> VulkanTexture::add_commands(const GivenCommands& given) {
  if (holders_ == 0) return fail(ErrorCode::invalid_access, "No access to the texture is open.");
  if (submission_.given + given.commands.size() > max_access_commands) {
    return fail(ErrorCode::invalid_argument,
                text("The access has [", submission_.given, "] command buffers; [", given.commands.size(),
                     "] more are over the limit [", max_access_commands, "]."));
  }
  const auto is_given = [](const Completion& completion) {
    return completion.fence != VK_NULL_HANDLE || completion.semaphore != VK_NULL_HANDLE;
  };
  if (is_given(given.completion) && is_given(submission_.completion)) {
    return fail(ErrorCode::invalid_argument, "The access has a completion already; a submission signals one.");
  }
  if (given.barriers == Barriers::recorded) {
    if (holders_ != 1) {
      return fail(ErrorCode::busy, "A recorded access takes the texture over, but another access is open.");
    }
    if (!opening_) {
      return fail(GeyserError(ErrorCode::invalid_access, "The texture has been acquired already in this access.")
                      .suggest("begin_access with AccessTiming [deferred]"));
    }
    barriers_ = Barriers::recorded;
  }
  if (opening_) add_opening(*std::exchange(opening_, std::nullopt));
  for (const VkCommandBuffer buffer : given.commands) submission_.add(buffer);
  submission_.given += given.commands.size();
  if (is_given(given.completion)) submission_.completion = given.completion;
  return {};
}

Result<AccessState> VulkanTexture::submit_access(AccessMode mode, const AccessState& state,
                                                 const GivenCommands& given) {
  if (given.barriers == Barriers::recorded && holders_ != 0) {
    return fail(ErrorCode::busy, "A recorded access takes the texture over, but another access is open.");
  }
  auto access = begin_access(mode, state, AccessTiming::deferred);
  if (!access) return fail(std::move(access.error()));
  if (auto added = add_commands(given); !added) return fail(std::move(added.error()));
  return end_access(*std::move(access));
}

Result<ApiTextureHandle> VulkanTexture::do_export(HandleKind kind) {
  ApiTextureHandle parcel;
  parcel.descriptor = descriptor();
  parcel.layout = layout();
  parcel.identity = device_->identity();
  parcel.api = Api::vulkan;
  parcel.kind = kind;
  if (staging_ || host_memory_.has_value()) {
    auto copy = staging_ ? staging_->memory().duplicate() : host_memory_.duplicate();
    if (!copy) return fail(std::move(copy.error()));
    parcel.handles[0] = *std::move(copy);
    parcel.handle_count = 1;
    return parcel;
  }
  if (surface_) {
    auto right = export_surface(*surface_);
    if (!right) return fail(std::move(right.error()));
    parcel.handles[0] = *std::move(right);
    parcel.handle_count = 1;
    return parcel;
  }
  if (object_) {
    auto handle = export_metal_texture(*object_);
    if (!handle) return fail(std::move(handle.error()));
    parcel.handles[0] = *std::move(handle);
    parcel.handle_count = 1;
    return parcel;
  }
  for (const VkDeviceMemory memory : image_.memories()) {
    auto handle = export_memory(*device_, memory, kind);
    if (!handle) return fail(std::move(handle.error()));
    parcel.handles[parcel.handle_count++] = *std::move(handle);
  }
  return parcel;
}

}  // namespace geyser::vulkan
