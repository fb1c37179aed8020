// Spout's shared memory as bytes. Every reader bounds what it reads: the writers are other programs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <geyser/export.hpp>
#include <geyser/spout.hpp>

namespace geyser::spout {

inline constexpr std::size_t name_bytes = 256;  // with its zero
inline constexpr std::size_t info_bytes = 280;
inline constexpr std::size_t usual_senders = 64;  // what the list is made for when nobody has made it
inline constexpr const char* list_name = "SpoutSenderNames";
inline constexpr const char* active_name = "ActiveSenderName";

// Names one after another, ended by an empty one. Those that are too long to end are the end, too.
[[nodiscard]] GEYSER_API std::vector<std::string> read_names(std::span<const std::byte> list);
// Sorted, as Spout keeps them. False, and nothing is written, where they do not fit.
[[nodiscard]] GEYSER_API bool write_names(std::span<std::byte> list, std::vector<std::string> names);
// One name; empty where there is none.
[[nodiscard]] GEYSER_API std::string read_name(std::span<const std::byte> memory);
GEYSER_API void write_name(std::span<std::byte> memory, const std::string& name);

// None where the memory is too small.
[[nodiscard]] GEYSER_API std::optional<SenderInfo> read_info(std::span<const std::byte> memory);
// False where it is too small.
[[nodiscard]] GEYSER_API bool write_info(std::span<std::byte> memory, const SenderInfo& info);

}  // namespace geyser::spout
