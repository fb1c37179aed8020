// A frame has a fixed place for everything, little-endian, so that a hand-off allocates nothing:
//   0  magic "GYSF"     4  texture      8  number     16  clock_ns    24  serial
//  32  initialized (0 or 1)  33  writer_count  34  reader_count  35..39  zero
//  40  8 writer points, then 8 reader points, each fence id and value; unused ones are zero
#include <geyser/wire.hpp>

#include <cstring>

#include "common/text.hpp"

namespace geyser::wire {

using detail::text;

namespace {

constexpr std::uint32_t magic = 0x46535947;  // "GYSF"
constexpr std::size_t points_at = 40;
constexpr std::size_t point_bytes = 16;
static_assert(points_at + 2 * max_sync_points * point_bytes == frame_bytes);

void store(FrameBytes& bytes, std::size_t at, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) bytes[at + i] = static_cast<std::byte>(value >> (8 * i));
}

std::uint64_t load(std::span<const std::byte> bytes, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value |= std::to_integer<std::uint64_t>(bytes[at + i]) << (8 * i);
  return value;
}

}  // namespace

FrameBytes encode(const Frame& frame) noexcept {
  FrameBytes bytes{};
  store(bytes, 0, magic, 4);
  store(bytes, 4, frame.texture, 4);
  store(bytes, 8, frame.number, 8);
  store(bytes, 16, frame.clock_ns, 8);
  store(bytes, 24, frame.serial, 8);
  store(bytes, 32, frame.initialized ? 1 : 0, 1);
  store(bytes, 33, frame.writer_count, 1);
  store(bytes, 34, frame.reader_count, 1);
  for (std::size_t i = 0; i < max_sync_points; ++i) {
    const std::size_t writer = points_at + i * point_bytes;
    const std::size_t reader = writer + max_sync_points * point_bytes;
    if (i < frame.writer_count) {
      store(bytes, writer, frame.writer[i].fence, 8);
      store(bytes, writer + 8, frame.writer[i].value, 8);
    }
    if (i < frame.reader_count) {
      store(bytes, reader, frame.readers[i].fence, 8);
      store(bytes, reader + 8, frame.readers[i].value, 8);
    }
  }
  return bytes;
}

Result<Frame> decode_frame(std::span<const std::byte> bytes) {
  if (bytes.size() != frame_bytes) {
    return fail(ErrorCode::protocol, text("A frame has [", frame_bytes, "] bytes, not [", bytes.size(), "]."));
  }
  if (load(bytes, 0, 4) != magic) return fail(ErrorCode::protocol, "Field [magic] of a frame is not [GYSF].");
  Frame frame;
  frame.texture = static_cast<std::uint32_t>(load(bytes, 4, 4));
  frame.number = load(bytes, 8, 8);
  frame.clock_ns = load(bytes, 16, 8);
  frame.serial = load(bytes, 24, 8);
  const std::uint64_t initialized = load(bytes, 32, 1);
  if (initialized > 1)
    return fail(ErrorCode::protocol, text("Field [initialized] is [", initialized, "], not 0 or 1."));
  frame.initialized = initialized == 1;
  frame.writer_count = static_cast<std::uint32_t>(load(bytes, 33, 1));
  frame.reader_count = static_cast<std::uint32_t>(load(bytes, 34, 1));
  if (frame.writer_count > max_sync_points) {
    return fail(ErrorCode::protocol, text("Field [writer_count] is [", frame.writer_count, "], at most [",
                                          max_sync_points, "] are allowed."));
  }
  if (frame.reader_count > max_sync_points) {
    return fail(ErrorCode::protocol, text("Field [reader_count] is [", frame.reader_count, "], at most [",
                                          max_sync_points, "] are allowed."));
  }
  if (load(bytes, 35, 5) != 0) return fail(ErrorCode::protocol, "Field [reserved] of a frame is not zero.");
  for (std::size_t i = 0; i < 2 * max_sync_points; ++i) {
    const std::size_t at = points_at + i * point_bytes;
    const FramePoint point{load(bytes, at, 8), load(bytes, at + 8, 8)};
    const bool writer = i < max_sync_points;
    const std::size_t index = writer ? i : i - max_sync_points;
    if (index < (writer ? frame.writer_count : frame.reader_count)) {
      (writer ? frame.writer : frame.readers)[index] = point;
    } else if (point.fence != 0 || point.value != 0) {
      return fail(ErrorCode::protocol, text("Field [", writer ? "writer" : "readers", "] has an unused point [", index,
                                            "] that is not zero."));
    }
  }
  return frame;
}

Frame to_frame(const AccessState& state, std::uint32_t texture, std::uint64_t number) noexcept {
  Frame frame;
  frame.texture = texture;
  frame.number = number;
  frame.serial = state.serial;
  frame.initialized = state.initialized;
  for (const SyncPoint& point : state.writer) frame.writer[frame.writer_count++] = {point.fence->id(), point.value};
  for (const SyncPoint& point : state.readers) frame.readers[frame.reader_count++] = {point.fence->id(), point.value};
  return frame;
}

namespace {

Result<void> add_point(SyncPoints& points, const FramePoint& point,
                       std::span<const std::shared_ptr<SharedFence>> fences) {
  for (const auto& fence : fences) {
    if (fence->id() == point.fence) return points.add({fence, point.value});
  }
  return fail(ErrorCode::protocol, text("A frame names fence [", point.fence, "], which the session does not have."));
}

}  // namespace

Result<AccessState> to_access_state(const Frame& frame, std::span<const std::shared_ptr<SharedFence>> fences) {
  AccessState state;
  state.serial = frame.serial;
  state.initialized = frame.initialized;
  for (std::uint32_t i = 0; i < frame.writer_count && i < max_sync_points; ++i) {
    if (auto added = add_point(state.writer, frame.writer[i], fences); !added) return fail(std::move(added.error()));
  }
  for (std::uint32_t i = 0; i < frame.reader_count && i < max_sync_points; ++i) {
    if (auto added = add_point(state.readers, frame.readers[i], fences); !added) return fail(std::move(added.error()));
  }
  return state;
}

}  // namespace geyser::wire
