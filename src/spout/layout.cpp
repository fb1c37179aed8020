#include "spout/layout.hpp"

#include <algorithm>
#include <cstring>

namespace geyser::spout {

namespace {

// Where the fields of a sender's description are.
constexpr std::size_t handle_at = 0, width_at = 4, height_at = 8, format_at = 12, program_at = 20, partner_at = 276;
constexpr std::uint32_t partner_by_memory = 0x80000000U;

// Once: the writer does not wait for readers who look without its mutex.
std::uint32_t number(std::span<const std::byte> memory, std::size_t at) {
  std::uint32_t value = 0;
  std::memcpy(&value, memory.data() + at, sizeof(value));
  return value;
}

void put(std::span<std::byte> memory, std::size_t at, std::uint32_t value) {
  std::memcpy(memory.data() + at, &value, sizeof(value));
}

std::string text_in(std::span<const std::byte> field) {
  std::string copy(reinterpret_cast<const char*>(field.data()), field.size());
  const auto end = copy.find('\0');
  return end == std::string::npos ? std::string() : copy.substr(0, end);
}

}  // namespace

std::vector<std::string> read_names(std::span<const std::byte> list) {
  std::vector<std::string> names;
  for (std::size_t at = 0; at + name_bytes <= list.size(); at += name_bytes) {
    std::string name = text_in(list.subspan(at, name_bytes));
    if (name.empty()) break;
    names.push_back(std::move(name));
  }
  return names;
}

bool write_names(std::span<std::byte> list, std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  if (names.size() > list.size() / name_bytes) return false;
  for (std::size_t i = 0; i < names.size(); ++i) write_name(list.subspan(i * name_bytes, name_bytes), names[i]);
  // A full list has no end mark.
  if (names.size() < list.size() / name_bytes) write_name(list.subspan(names.size() * name_bytes, name_bytes), {});
  return true;
}

std::string read_name(std::span<const std::byte> memory) {
  return memory.size() < name_bytes ? std::string() : text_in(memory.first(name_bytes));
}

void write_name(std::span<std::byte> memory, const std::string& name) {
  if (memory.size() < name_bytes) return;
  std::memset(memory.data(), 0, name_bytes);
  std::memcpy(memory.data(), name.data(), std::min(name.size(), name_bytes - 1));
}

std::optional<SenderInfo> read_info(std::span<const std::byte> memory) {
  if (memory.size() < info_bytes) return std::nullopt;
  SenderInfo info;
  info.handle = number(memory, handle_at);
  info.width = number(memory, width_at);
  info.height = number(memory, height_at);
  info.format = number(memory, format_at);
  info.program = text_in(memory.subspan(program_at, name_bytes));
  info.by_memory = (number(memory, partner_at) & partner_by_memory) != 0;
  return info;
}

bool write_info(std::span<std::byte> memory, const SenderInfo& info) {
  if (memory.size() < info_bytes) return false;
  std::memset(memory.data(), 0, info_bytes);
  put(memory, handle_at, info.handle);
  put(memory, width_at, info.width);
  put(memory, height_at, info.height);
  put(memory, format_at, info.format);
  write_name(memory.subspan(program_at, name_bytes), info.program);
  put(memory, partner_at, info.by_memory ? partner_by_memory : 0);
  return true;
}

}  // namespace geyser::spout
