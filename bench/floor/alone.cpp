#include "alone.hpp"

#include <exception>

#include "process.hpp"

namespace bench {

namespace {
constexpr std::size_t most_bytes = 1 << 20;
}

Chapter run_alone(const std::function<Chapter()>& work) {
  const SharedArray<char> page(most_bytes);
  Process process = Process::start([&] {
    Json result;
    try {
      const Chapter chapter = work();
      result = {{"table", chapter.table}, {"figures", chapter.figures}, {"whole", chapter.whole}};
    } catch (const std::exception& error) {
      result = {{"table", std::string("FAILED: ") + error.what() + "\n"},
                {"figures", Json::array({{{"why", error.what()}, {"failed", true}}})},
                {"whole", false}};
    }
    const std::string text = result.dump();
    if (text.size() >= most_bytes) return false;
    text.copy(page.data(), text.size());
    return true;
  });
  Chapter chapter;
  if (!process.wait()) {
    chapter.table = "FAILED: the process ended before its time\n";
    chapter.figures = Json::array({{{"why", "the process ended before its time"}, {"failed", true}}});
    chapter.whole = false;
    return chapter;
  }
  const Json result = Json::parse(page.data());
  chapter.table = result["table"];
  chapter.figures = result["figures"];
  chapter.whole = result["whole"];
  return chapter;
}

}  // namespace bench
