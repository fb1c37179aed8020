// The checked front of textures: everything is validated here, once, before a backend sees it.
#include <geyser/texture.hpp>

#include <algorithm>
#include <utility>

#include "common/text.hpp"

namespace geyser {

using detail::text;

std::string_view to_string(AccessMode mode) noexcept {
  static constexpr std::array<std::string_view, 4> names{"read", "write", "read_write", "discard"};
  const auto index = static_cast<std::size_t>(mode);
  return index < names.size() ? names[index] : std::string_view("unknown");
}

Result<ApiTextureHandle> ApiTextureHandle::duplicate() const {
  ApiTextureHandle copy;
  copy.descriptor = descriptor;
  copy.layout = layout;
  copy.identity = identity;
  copy.api = api;
  copy.kind = kind;
  copy.handle_count = handle_count;
  for (std::uint32_t i = 0; i < handle_count && i < handles.size(); ++i) {
    auto handle = handles[i].duplicate();
    if (!handle) return fail(std::move(handle.error()).during(text("duplicating handle [", i, "] of a texture")));
    copy.handles[i] = *std::move(handle);
  }
  return copy;
}

TextureAccess::TextureAccess(TextureAccess&& other) noexcept
    : texture_(std::exchange(other.texture_, nullptr)), mode_(other.mode_), state_(std::move(other.state_)) {}

TextureAccess& TextureAccess::operator=(TextureAccess&& other) noexcept {
  if (this == &other) return *this;
  if (texture_ != nullptr) texture_->drop(*this);
  texture_ = std::exchange(other.texture_, nullptr);
  mode_ = other.mode_;
  state_ = std::move(other.state_);
  return *this;
}

TextureAccess::~TextureAccess() {
  if (texture_ != nullptr) texture_->drop(*this);
}

SharedTexture::SharedTexture(Init init)
    : api_(init.api),
      descriptor_(std::move(init.descriptor)),
      layout_(init.layout),
      handle_kind_(init.handle_kind),
      path_(init.path),
      diagnostics_(std::move(init.diagnostics)) {}

SharedTexture::~SharedTexture() = default;

void SharedTexture::report(const GeyserError& error) const {
  if (diagnostics_) diagnostics_(error);
}

namespace {

// A binary semaphore is waited for once: the reader's own signal now stands for the write as well.
void forget_consumed(SyncPoints& points) {
  SyncPoints kept;
  for (const SyncPoint& point : points) {
    if (tier_of(point.fence->kind()) == SyncTier::binary_semaphore) continue;
    static_cast<void>(kept.add(point));  // a subset always fits
  }
  points = kept;
}

}  // namespace

Result<void> SharedTexture::set_signal_fence(std::shared_ptr<SharedFence> fence) {
  if (open_writer_ || open_readers_ != 0) {
    return fail(ErrorCode::busy, "The signal fence cannot change while an access is open.");
  }
  if (fence != nullptr && !accepts_signal_fence(*fence)) {
    return fail(GeyserError(ErrorCode::invalid_argument, text("A fence of kind [", to_string(fence->kind()),
                                                              "] does not belong to this texture's device."))
                    .suggest("a fence made or imported by the texture's manager"));
  }
  signal_fence_ = std::move(fence);
  return {};
}

Result<TextureAccess> SharedTexture::begin_access(AccessMode mode, const AccessState& state, AccessTiming timing) {
  if (static_cast<unsigned>(mode) > static_cast<unsigned>(AccessMode::discard)) {
    return fail(ErrorCode::invalid_argument, text("Access mode [", static_cast<unsigned>(mode), "] is none."));
  }
  if (open_writer_ || (is_write(mode) && open_readers_ != 0)) {
    return fail(ErrorCode::busy,
                text("Access [", to_string(mode), "] is excluded by an open [", open_writer_ ? "write" : "read", "]."));
  }
  if (state.serial < last_serial_) {
    return fail(ErrorCode::stale_state, text("The access state is of write [", state.serial,
                                             "], but this texture has seen write [", last_serial_, "]."));
  }
  if (mode == AccessMode::read && !state.initialized) {
    return fail(ErrorCode::uninitialized, "The contents are undefined: nobody has written them.");
  }
  SyncPoints waits = state.writer;
  if (is_write(mode)) {
    for (const SyncPoint& point : state.readers) {
      if (auto added = waits.add(point); !added) return fail(std::move(added.error()).during("collecting readers"));
    }
  }
  deferred_ = timing == AccessTiming::deferred;
  if (auto begun = do_begin(mode, state, waits); !begun) {
    return fail(std::move(begun.error()).during(text("beginning access [", to_string(mode), "]")));
  }
  last_serial_ = state.serial;
  open_writer_ = is_write(mode);
  if (!open_writer_) ++open_readers_;
  ++statistics_.accesses;
  TextureAccess access;
  access.texture_ = this;
  access.mode_ = mode;
  access.state_ = state;
  return access;
}

Result<AccessState> SharedTexture::end_access(TextureAccess&& access) {
  if (access.texture_ == nullptr) return fail(ErrorCode::invalid_access, "The access is not open.");
  if (access.texture_ != this) return fail(ErrorCode::invalid_access, "The access belongs to another texture.");
  TextureAccess spent = std::move(access);
  spent.texture_ = nullptr;  // whatever happens below, it is not dropped a second time
  const bool wrote = is_write(spent.mode_);
  if (wrote) {
    open_writer_ = false;
  } else {
    --open_readers_;
  }
  SyncPoint point;
  if (signal_fence_ != nullptr) point = {signal_fence_, signal_fence_->next_value()};
  AccessState next = std::move(spent.state_);
  if (wrote) {
    next.writer.clear();
    next.readers.clear();
    next.serial = ++last_serial_;
    next.initialized = true;
  }
  if (auto ended = do_end(spent.mode_, point.fence.get(), point.value); !ended) {
    return fail(std::move(ended.error()).during(text("ending access [", to_string(spent.mode_), "]")));
  }
  if (!wrote) forget_consumed(next.writer);
  if (point.fence != nullptr) {
    SyncPoints& points = wrote ? next.writer : next.readers;
    if (auto added = points.add(std::move(point)); !added) return fail(std::move(added.error()));
  }
  return next;
}

void SharedTexture::drop(TextureAccess& access) noexcept {
  access.texture_ = nullptr;
  if (is_write(access.mode_)) {
    open_writer_ = false;
    ++last_serial_;
  } else {
    --open_readers_;
  }
  report(GeyserError(ErrorCode::invalid_access, text("An access [", to_string(access.mode_),
                                                     "] is dropped without end_access; it is ended now.")));
  if (auto ended = do_end(access.mode_, nullptr, 0); !ended) {
    report(std::move(ended.error()).during("ending a dropped access"));
  }
}

}  // namespace geyser
