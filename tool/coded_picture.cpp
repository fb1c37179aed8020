#include "coded_picture.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string>
#include <utility>

#include "texel.hpp"

namespace geyser::tool {

namespace {

constexpr std::uint64_t number_mask = (1ULL << 40U) - 1;
constexpr std::uint64_t cells_begin = 0xa5;

// What the 64 cells say: the number, a sign that these are cells, and a check.
std::uint64_t spelling(std::uint64_t number) {
  number &= number_mask;
  return number | cells_begin << 40U | mix(number) >> 48U << 48U;
}

}  // namespace

std::uint64_t mix(std::uint64_t value) noexcept {
  value += 0x9e3779b97f4a7c15ULL;
  value = (value ^ value >> 30U) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ value >> 27U) * 0x94d049bb133111ebULL;
  return value ^ value >> 31U;
}

Result<CodedPicture> CodedPicture::create(const TextureDescriptor& descriptor) {
  const auto refuse = [](std::string sentence) { return fail(ErrorCode::unsupported, std::move(sentence)); };
  if (!is_known(descriptor.format)) {
    return refuse("Format [" + std::string(to_string(descriptor.format)) + "] cannot be checked by this program.");
  }
  if (descriptor.dimension != TextureDimension::two_d || descriptor.mip_levels != 1 || descriptor.samples != 1) {
    return refuse("Only two-dimensional textures of one level and one sample can be checked.");
  }
  if (descriptor.extent.width < min_extent || descriptor.extent.height < min_extent) {
    return refuse("A picture to check has at least [" + std::to_string(min_extent) + "] rows and columns.");
  }
  CodedPicture picture;
  picture.descriptor_ = descriptor;
  picture.rows_ = host_subresource(descriptor, 0, 0, 0);
  const FormatInfo& info = format_info(descriptor.format);
  picture.block_bytes_ = info.planes[0].block_bytes;
  picture.floating_ = info.numeric == NumericKind::floating;
  std::uint32_t at = 0;
  for (std::size_t i = 0; i < info.channels.size(); ++i) {
    const std::uint32_t bits = info.channel_bits[i];
    Channel& channel = picture.channels_[std::string_view("RGBA").find(info.channels[i])];
    channel.bits = bits;
    channel.word = at / 64;
    channel.shift = at % 64;
    channel.mask = static_cast<std::uint32_t>((1ULL << bits) - 1);
    channel.full = !picture.floating_ ? channel.mask : bits == 16 ? 0x3c00U : 0x3f800000U;
    at += bits;
  }
  picture.lay_out_marks();
  return picture;
}

void CodedPicture::lay_out_marks() {
  const std::uint32_t wide = width();
  const std::uint32_t high = height();
  const std::uint32_t corner = std::min(wide, high) / 16;
  const std::uint32_t cell = std::max(1U, std::min(wide, high) / 64);
  // Red, green, blue and white, from the upper left to the lower right.
  marks_ = {{0, 0, corner, corner, 1},
            {wide - corner, 0, corner, corner, 2},
            {0, high - corner, corner, corner, 4},
            {wide - corner, high - corner, corner, corner, 7}};
  const std::uint32_t step = std::max(1U, high / 40);
  for (std::uint32_t i = 0; i < 4; ++i) {  // the arrow's head, wider with each step down, and its shaft
    const std::uint32_t half = std::min(wide / 3, (i + 1) * step);
    marks_.push_back({wide / 3 - half, high * 5 / 8 + i * step, 2 * half, step, 3});
  }
  marks_.push_back({wide / 3 - std::min(wide / 3, step), high * 5 / 8, std::min(wide, 2 * step), high / 4, 3});
  cells_ = {corner, 0, 8 * cell, 8 * cell, 0};
}

CodedPicture::Words CodedPicture::noise(std::uint64_t seed, Place at) const noexcept {
  const std::uint64_t place = std::uint64_t{at.y} << 32U | std::uint64_t{at.x} << 1U;
  Words result{mix(seed ^ place), block_bytes_ > 8 ? mix(seed ^ (place | 1U)) : 0};
  if (!floating_) return result;
  for (const Channel& channel : channels_) {
    if (channel.bits == 0) continue;
    const std::uint32_t fraction_bits = channel.bits == 16 ? 10 : 23;
    const std::uint64_t unit = 1ULL << (channel.shift + fraction_bits);
    const std::uint64_t exponent = (channel.bits == 16 ? 0x1fULL : 0xffULL) * unit;
    std::uint64_t& word = result[channel.word];
    if ((word & exponent) == 0 || (word & exponent) == exponent) word ^= unit;
  }
  return result;
}

CodedPicture::Words CodedPicture::words(const TexelBits& bits) const noexcept {
  Words result{};
  for (std::size_t i = 0; i < 4; ++i) {
    result[channels_[i].word] |= std::uint64_t{bits[i] & channels_[i].mask} << channels_[i].shift;
  }
  return result;
}

TexelBits CodedPicture::bits(const Words& words) const noexcept {
  TexelBits result{};
  for (std::size_t i = 0; i < 4; ++i) {
    result[i] = static_cast<std::uint32_t>(words[channels_[i].word] >> channels_[i].shift) & channels_[i].mask;
  }
  return result;
}

TexelBits CodedPicture::colour(unsigned rgb) const noexcept {
  TexelBits result{0, 0, 0, channels_[3].full};
  for (std::size_t i = 0; i < 3; ++i) result[i] = (rgb >> i & 1U) != 0 ? channels_[i].full : 0;
  return result;
}

bool CodedPicture::is_mark(Place at) const noexcept {
  return cells_.contains(at) ||
         std::any_of(marks_.begin(), marks_.end(), [&](const Mark& m) { return m.contains(at); });
}

TexelBits CodedPicture::texel(std::uint64_t number, Place at) const noexcept {
  if (cells_.contains(at)) {
    const std::uint32_t cell = cells_.width / 8;
    const std::uint32_t index = (at.y - cells_.top) / cell * 8 + (at.x - cells_.left) / cell;
    return colour((spelling(number) >> index & 1U) != 0 ? 7 : 0);
  }
  for (const Mark& mark : marks_) {
    if (mark.contains(at)) return colour(mark.colour);
  }
  return bits(noise(mix(number), at));
}

std::size_t CodedPicture::offset(Place at) const noexcept {
  const std::uint32_t row = descriptor_.picture.origin == PictureOrigin::bottom_left ? height() - 1 - at.y : at.y;
  return static_cast<std::size_t>(rows_.offset + row * rows_.row_stride) + at.x * block_bytes_;
}

void CodedPicture::write(std::uint64_t number, std::span<std::byte> memory) const {
  const std::uint64_t seed = mix(number);
  for (std::uint32_t y = 0; y < height(); ++y) {
    std::byte* to = memory.data() + offset({0, y});
    for (std::uint32_t x = 0; x < width(); ++x, to += block_bytes_) {
      const Words texel_words = noise(seed, {x, y});
      std::memcpy(to, texel_words.data(), block_bytes_);
    }
  }
  const auto paint = [&](const Mark& mark) {
    for (std::uint32_t y = mark.top; y < std::min(mark.top + mark.height, height()); ++y) {
      for (std::uint32_t x = mark.left; x < std::min(mark.left + mark.width, width()); ++x) {
        put(memory, {x, y}, texel(number, {x, y}));
      }
    }
  };
  for (const Mark& mark : marks_) paint(mark);
  paint(cells_);
}

bool CodedPicture::equals(std::span<const std::byte> expected, std::span<const std::byte> memory) const noexcept {
  for (std::uint32_t y = 0; y < height(); ++y) {
    const std::size_t at = offset({0, y});
    if (std::memcmp(expected.data() + at, memory.data() + at, width() * block_bytes_) != 0) return false;
  }
  return true;
}

TexelBits CodedPicture::read(std::span<const std::byte> memory, Place at) const noexcept {
  Words raw{};
  std::memcpy(raw.data(), memory.data() + offset(at), block_bytes_);
  return bits(raw);
}

void CodedPicture::put(std::span<std::byte> memory, Place at, const TexelBits& value) const noexcept {
  const Words raw = words(value);
  std::memcpy(memory.data() + offset(at), raw.data(), block_bytes_);
}

std::optional<std::uint64_t> CodedPicture::read_number(std::span<const std::byte> memory,
                                                       Orientation orientation) const noexcept {
  const std::uint32_t wide = is_turned(orientation) ? height() : width();
  const std::uint32_t high = is_turned(orientation) ? width() : height();
  // Black and white are so in every channel: one that was exchanged says the same.
  std::size_t channel = 0;
  while (channel < 3 && channels_[channel].bits == 0) ++channel;
  const std::uint32_t cell = cells_.width / 8;
  std::uint64_t spelled = 0;
  for (std::uint32_t i = 0; i < 64; ++i) {
    const Place centre{cells_.left + i % 8 * cell + cell / 2, cells_.top + i / 8 * cell + cell / 2};
    const std::uint32_t value = read(memory, turn(orientation, centre, wide, high))[channel];
    if (value > channels_[channel].full / 2) spelled |= 1ULL << i;
  }
  const std::uint64_t number = spelled & number_mask;
  if (spelled != spelling(number)) return std::nullopt;
  return number;
}

PictureInfo coded_facts(PictureOrigin origin) noexcept {
  PictureInfo facts;
  facts.origin = origin;
  facts.alpha = AlphaMode::straight;
  facts.color_primaries = 1;
  facts.transfer_characteristics = 13;
  facts.matrix_coefficients = 0;
  return facts;
}

stream::FrameInfo coded_info(std::uint64_t number, std::uint64_t total, const Extent3D& extent) {
  stream::FrameInfo info;
  info.number = number;
  info.presentation_time_ns = number * 1000 + 1;
  // None on some frames, as many as there may be on others.
  std::array<stream::DamageRect, stream::max_damage_rects> bands{};
  const auto count = static_cast<std::uint32_t>(number % (stream::max_damage_rects + 1));
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto top = static_cast<std::uint32_t>(std::uint64_t{extent.height} * i / count);
    const auto end = static_cast<std::uint32_t>(std::uint64_t{extent.height} * (i + 1) / count);
    bands[i] = {0, top, extent.width, end - top};
  }
  static_cast<void>(info.set_damage(std::span(bands).first(count)));
  std::string bytes = "geyser check 1\nframe " + std::to_string(number) + " of " + std::to_string(total) + "\n";
  const std::uint64_t size = number % 8 == 0 ? stream::max_user_bytes : bytes.size() + mix(number) % 256;
  for (std::uint64_t i = 0; bytes.size() < size; ++i) bytes += static_cast<char>(mix(number ^ mix(i)) & 0xffU);
  static_cast<void>(info.set_user_bytes(std::as_bytes(std::span(bytes))));
  return info;
}

std::optional<CodedHeader> read_header(std::span<const std::byte> user_bytes) {
  std::string_view text(reinterpret_cast<const char*>(user_bytes.data()), user_bytes.size());
  const auto skip = [&](std::string_view words) {
    if (text.substr(0, words.size()) != words) return false;
    text.remove_prefix(words.size());
    return true;
  };
  const auto take = [&](std::uint64_t& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return error == std::errc();
  };
  CodedHeader header;
  if (!skip("geyser check 1\nframe ") || !take(header.number)) return std::nullopt;
  if (!skip(" of ") || !take(header.total) || !skip("\n")) return std::nullopt;
  return header;
}

}  // namespace geyser::tool
