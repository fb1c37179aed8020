#include "support/refusals.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "support/end.hpp"

namespace geyser::test {

namespace {

// The last rung's reason, without the devices' names, which differ between machines.
std::string last_reason(std::string message, const std::string& format, const Capabilities& from,
                        const Capabilities& to) {
  const std::string_view rung = "[host_memory]: ";
  if (const auto at = message.find(rung); at != std::string::npos) message.erase(0, at + rung.size());
  if (const auto at = message.find(" format [" + format + "]"); at != std::string::npos) {
    message.erase(at, format.size() + 10);
  }
  for (const Capabilities* end : {&from, &to}) {
    const std::string device = " on [" + end->identity.device_name + "]";
    for (auto at = message.find(device); at != std::string::npos; at = message.find(device)) {
      message.erase(at, device.size());
    }
  }
  return message;
}

bool exports_opaque(const Capabilities& capabilities) {
  return std::any_of(capabilities.textures.begin(), capabilities.textures.end(), [](const TextureCapability& row) {
    return row.handle_kind == HandleKind::opaque_fd && row.exportable;
  });
}

bool is_end(const std::string& name) {
  const auto names = end_names();
  return std::find(names.begin(), names.end(), name) != names.end();
}

// One list for each system, since drivers differ: "debian-12.txt". GEYSER_REFUSALS names another file, for a rig.
std::string list_path() {
  if (const char* path = std::getenv("GEYSER_REFUSALS")) return path;
  std::ifstream release("/etc/os-release");
  std::string id;
  std::string version;
  for (std::string line; std::getline(release, line);) {
    std::erase(line, '"');
    if (line.starts_with("ID=")) id = line.substr(3);
    if (line.starts_with("VERSION_ID=")) version = line.substr(11);
  }
  return GEYSER_REFUSALS + id + "-" + version + ".txt";
}

// The list's lines: those of this build's ends, or all others.
std::set<std::string> reviewed(bool built = true) {
  std::set<std::string> lines;
  std::ifstream file(list_path());
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream words(line);
    std::string from;
    std::string to;
    words >> from >> to;
#ifndef GEYSER_TEST_VULKAN
    // Without an allocator OpenGL exports nothing that could be zero-copy.
    if (line.find(": works, but not zero_copy on one device:") != std::string::npos) continue;
#endif
    if ((is_end(from) && is_end(to)) == built) lines.insert(line);
  }
  return lines;
}

}  // namespace

void Refusals::note(const std::string& where, TextureFormat format, const Capabilities& from, const Capabilities& to,
                    const Result<Agreement>& agreement) {
  const std::string name(to_string(format));
  if (!agreement) {
    seen_[where + ": " + last_reason(agreement.error().message(), name, from, to)].insert(name);
  } else if (same_device_and_driver(from.identity, to.identity) && exports_opaque(from) &&
             agreement->path != SharePath::zero_copy) {
    seen_[where + ": works, but not zero_copy on one device"].insert(name);
  }
}

std::set<std::string> Refusals::lines() const {
  std::set<std::string> lines;
  for (const auto& [reason, formats] : seen_) {
    std::string line = reason + ":";
    for (const std::string& format : formats) line += " " + format;
    lines.insert(line);
  }
  return lines;
}

std::vector<std::string> Refusals::compare(std::string_view pair) const {
  const std::set<std::string> expected = reviewed();
  if (expected.empty() && end_names().size() > 1) return {"No line can be read from " + list_path() + "."};
  const std::set<std::string> actual = lines();
  std::vector<std::string> differences;
  for (const std::string& line : actual) {
    if (line.starts_with(pair) && !expected.contains(line)) {
      differences.push_back("refused, and not reviewed: " + line);
    }
  }
  for (const std::string& line : expected) {
    if (line.starts_with(pair) && !actual.contains(line)) {
      differences.push_back("reviewed, but works or is not tried: " + line);
    }
  }
  return differences;
}

bool Refusals::has_list() { return std::filesystem::exists(list_path()); }

bool Refusals::write() const {
  std::set<std::string> all = reviewed(false);
  all.merge(lines());
  std::ofstream out(list_path());
  out << "# What a pair cannot share on this system's drivers, and why. Reviewed: a line more or less fails the "
         "suite.\n"
         "# Written by GEYSER_WRITE_REFUSALS=1 test_pairs; read the difference before committing it.\n";
  for (const std::string& line : all) out << line << "\n";
  return static_cast<bool>(out.flush());
}

}  // namespace geyser::test
