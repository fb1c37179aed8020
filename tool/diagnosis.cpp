#include "diagnosis.hpp"

#include <algorithm>
#include <utility>

#include "channels.hpp"
#include "distortion.hpp"

namespace geyser::tool {

namespace {

// What makes a picture: if its texels are these, bit for bit, that is what has happened.
struct Explanation {
  Orientation orientation = Orientation::upright;
  ChannelChange channels;
  std::uint64_t number = 0;
  double share = 0;  // of the sample
};

// Noise agrees by chance with one texel of 256 at most; a part of a torn picture has more than this.
constexpr double enough = 0.1;
constexpr std::size_t sample_size = 512;
// So many texels without an agreement, and there is none.
constexpr std::size_t first_look = 48;

class Diagnosis {
 public:
  Diagnosis(const CodedPicture& coded, std::uint64_t number, std::span<const std::byte> memory)
      : coded_(coded), number_(number), memory_(memory), changes_(channel_changes(coded)) {}

  std::vector<Finding> run() {
    Explanation found = search();
    if (found.share < enough) {
      const std::string words = distortion();
      return {{Check::pixels, words.empty() ? "nothing is as it should be: " + first_difference() : words}};
    }
    std::vector<Finding> findings;
    if (found.orientation != Orientation::upright) {
      findings.push_back({Check::orientation, std::string(to_words(found.orientation))});
    }
    if (!found.channels.is_none()) findings.push_back({Check::channel_order, found.channels.to_words()});
    // What there is of the expected frame is the picture, and the larger part of another one what is torn in.
    if (found.number != number_ && share_of_expected(found) > 0.05) found.number = number_;
    judge_rest(found, findings);
    if (found.number != number_) {
      findings.push_back({Check::numbering, "shows the picture of frame " + std::to_string(found.number)});
    }
    return findings;
  }

 private:
  // The upright picture, when the one in memory lies so.
  CodedPicture upright(Orientation orientation) const {
    if (!is_turned(orientation)) return coded_;
    TextureDescriptor turned = coded_.descriptor();
    std::swap(turned.extent.width, turned.extent.height);
    return *CodedPicture::create(turned);
  }
  TexelBits seen(const CodedPicture& up, Orientation orientation, Place at) const {
    return coded_.read(memory_, turn(orientation, at, up.width(), up.height()));
  }
  std::vector<std::uint64_t> numbers_near(std::optional<std::uint64_t> spelled) const {
    std::vector<std::uint64_t> numbers{number_};
    if (spelled && *spelled != number_) numbers.push_back(*spelled);
    for (std::uint64_t i = 1; i <= number_window; ++i) {
      if (number_ >= i) numbers.push_back(number_ - i);
      numbers.push_back(number_ + i);
    }
    return numbers;
  }
  static std::vector<Place> sample_of(const CodedPicture& up) {
    std::vector<Place> sample;
    for (std::uint64_t i = 0; sample.size() < sample_size; ++i) {
      const std::uint64_t random = mix(i);
      const Place at{static_cast<std::uint32_t>(random % up.width()),
                     static_cast<std::uint32_t>((random >> 32U) % up.height())};
      if (!up.is_mark(at)) sample.push_back(at);
    }
    return sample;
  }

  Explanation search() const {
    Explanation best;
    for (const Orientation orientation : all_orientations) {
      const CodedPicture up = upright(orientation);
      const std::vector<Place> sample = sample_of(up);
      std::vector<TexelBits> there;
      for (const Place at : sample) there.push_back(seen(up, orientation, at));
      for (const std::uint64_t number : numbers_near(coded_.read_number(memory_, orientation))) {
        std::vector<TexelBits> expected;
        for (const Place at : sample) expected.push_back(up.texel(number, at));
        for (const ChannelChange& change : changes_) {
          std::size_t same = 0;
          std::size_t looked = 0;
          while (looked < sample.size() && (looked < first_look || same != 0)) {
            same += change.apply(up, expected[looked]) == there[looked] ? 1U : 0U;
            ++looked;
          }
          const double share = static_cast<double>(same) / static_cast<double>(looked);
          if (share > best.share) best = {orientation, change, number, share};
        }
      }
      if (best.share > 0.9) break;
    }
    return best;
  }

  double share_of_expected(const Explanation& found) const {
    const CodedPicture up = upright(found.orientation);
    std::size_t same = 0;
    std::size_t all = 0;
    for (std::uint32_t y = 0; y < up.height(); ++y) {
      for (std::uint32_t x = 0; x < up.width(); ++x) {
        if (up.is_mark({x, y})) continue;
        ++all;
        same += agrees(up, found, number_, {x, y}) ? 1U : 0U;
      }
    }
    return all == 0 ? 0 : static_cast<double>(same) / static_cast<double>(all);
  }

  // The texels that the explanation does not explain.
  void judge_rest(const Explanation& found, std::vector<Finding>& findings) const {
    const CodedPicture up = upright(found.orientation);
    std::vector<Place> rest;
    for (std::uint32_t y = 0; y < up.height(); ++y) {
      for (std::uint32_t x = 0; x < up.width(); ++x) {
        if (!agrees(up, found, found.number, {x, y})) rest.push_back({x, y});
      }
    }
    if (rest.empty()) return;
    std::vector<std::string> parts;
    const std::size_t all = rest.size();
    for (const std::uint64_t number : numbers_near(std::nullopt)) {
      if (number == found.number || rest.size() * 50 < all) continue;
      const auto end =
          std::stable_partition(rest.begin(), rest.end(), [&](Place at) { return !agrees(up, found, number, at); });
      const auto count = static_cast<std::size_t>(rest.end() - end);
      // Fewer bits than this agree by chance.
      if (count * bits_of_texel() < 96 || count * 20 < all) continue;
      parts.push_back(where(up, std::vector<Place>(end, rest.end())) + " to frame " + std::to_string(number));
      rest.erase(end, rest.end());
    }
    if (!parts.empty() && rest.size() * 10 < all) {
      std::string words;
      for (const std::string& part : parts) words += (words.empty() ? "" : ", ") + part;
      findings.push_back({Check::tearing, words.replace(words.find(" to frame"), 0, " belong")});
      return;
    }
    // Some texels are right by chance after what was done to all.
    std::string words = found.share < 0.7 ? distortion() : "";
    if (words.empty()) {
      words = std::to_string(all) + " of " + std::to_string(std::uint64_t{up.width()} * up.height()) +
              (all == 1 ? " texels differs: " : " texels differ, the first: ") + difference(up, found, rest.front());
    }
    findings.push_back({Check::pixels, words});
  }
  std::string distortion() const {
    std::vector<std::uint64_t> numbers{number_};
    if (const auto spelled = coded_.read_number(memory_, Orientation::upright)) numbers.push_back(*spelled);
    return distortion_of(coded_, numbers, memory_);
  }
  std::string first_difference() const {
    for (const Place at : sample_of(coded_)) {
      const TexelBits expected = coded_.texel(number_, at);
      const TexelBits there = coded_.read(memory_, at);
      if (there != expected) return describe_difference(coded_, at, expected, there);
    }
    return "texels differ";
  }
  bool agrees(const CodedPicture& up, const Explanation& found, std::uint64_t number, Place at) const {
    return found.channels.apply(up, up.texel(number, at)) == seen(up, found.orientation, at);
  }
  std::size_t bits_of_texel() const {
    std::size_t bits = 0;
    for (std::size_t i = 0; i < 4; ++i) bits += coded_.channel_bits(i);
    return bits;
  }
  std::string difference(const CodedPicture& up, const Explanation& found, Place at) const {
    return describe_difference(up, at, found.channels.apply(up, up.texel(found.number, at)),
                               seen(up, found.orientation, at));
  }
  static std::string where(const CodedPicture& up, const std::vector<Place>& places) {
    Place first = places.front();
    Place last = first;
    for (const Place at : places) {
      first = {std::min(first.x, at.x), std::min(first.y, at.y)};
      last = {std::max(last.x, at.x), std::max(last.y, at.y)};
    }
    const auto range = [](const char* what, std::uint32_t from, std::uint32_t to, std::uint32_t end) {
      std::string words = std::string(what) + " " + std::to_string(from);
      return words + (to + 1 == end ? " and on" : " to " + std::to_string(to));
    };
    // A column at either side may agree by chance, and does with the marks.
    const bool all_columns = last.x - first.x + 1 + up.width() / 8 >= up.width();
    const std::string rows = range("rows", first.y, last.y, up.height());
    return all_columns ? rows : range("columns", first.x, last.x, up.width()) + " of " + rows;
  }

  const CodedPicture& coded_;
  std::uint64_t number_;
  std::span<const std::byte> memory_;
  std::vector<ChannelChange> changes_;
};

}  // namespace

std::vector<Finding> diagnose(const CodedPicture& coded, std::uint64_t number, std::span<const std::byte> memory) {
  return Diagnosis(coded, number, memory).run();
}

}  // namespace geyser::tool
