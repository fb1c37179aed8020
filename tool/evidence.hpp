// What a check leaves behind: a table for people, JSON for programs, pictures of what was wrong.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <geyser/manager.hpp>
#include <geyser/stream/subscriber.hpp>

#include "feed_text.hpp"
#include "judge.hpp"

namespace geyser::tool {

struct Evidence {
  std::string verdict;  // "pass", "fail"; "incomplete": all was well until it ended too early
  std::string sentence;
  bool every_frame = true;
  double seconds = 0;
  std::vector<std::string> saved;  // files
};

[[nodiscard]] Json to_json(const Evidence& evidence, Judge& judge, const Capabilities& receiver,
                           const stream::Subscriber& subscriber);
// To standard output.
void print_table(const Evidence& evidence, Judge& judge, const Capabilities& receiver,
                 const stream::Subscriber& subscriber);
// Errors: operating_system.
[[nodiscard]] Result<void> write_file(const std::string& path, const Json& json);
// The picture as it came and as it should be, as PNG in a directory, which is made. Gives their names.
// Errors: operating_system.
[[nodiscard]] Result<std::vector<std::string>> save_failure(const std::string& directory, std::uint64_t number,
                                                            const Judge& judge, std::span<const std::byte> memory);

}  // namespace geyser::tool
