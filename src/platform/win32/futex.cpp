// WaitOnAddress() sleeps on an address of its own process: a WakeByAddressAll() in another one that maps the same
// section wakes nobody. And no call of Windows names the object behind an address. So memory in which words are slept
// on carries a random name of its own in the last 16 bytes of its last page, and whoever sleeps or wakes opens the
// event of that name. All words of such memory share the event; a sleeper that is woken for another word sleeps again.
//
// Only processes that have the memory know the name, and of those only this user's open the event. One that spoils the
// name or holds the event raised costs the others what spoiling the word itself would: short sleeps that end early, or
// ones that last until the next look.
#include "platform/futex.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "platform/deadline.hpp"
#include "platform/shared_memory.hpp"
#include "platform/win32/error.hpp"
#include "platform/win32/security.hpp"

namespace geyser::platform {

namespace {

using Key = std::array<unsigned char, 16>;
using EventName = std::array<wchar_t, 64>;

// A wake between a sleeper's look and its sleep is lost when another sleeper has lowered the event for its own next
// sleep in between: so often everybody looks without being woken.
constexpr std::chrono::milliseconds between_looks{8};
// Without an event, and for words that are more than the system can wait for at once.
constexpr std::chrono::milliseconds without_event{1};

Key* key_of(const void* address) noexcept {
  MEMORY_BASIC_INFORMATION info{};
  if (::VirtualQuery(address, &info, sizeof(info)) == 0) return nullptr;
  void* base = info.AllocationBase;
  if (info.State != MEM_COMMIT || info.Type != MEM_MAPPED) return nullptr;
  if (::VirtualQuery(base, &info, sizeof(info)) == 0 || info.RegionSize < sizeof(Key)) return nullptr;
  return reinterpret_cast<Key*>(static_cast<std::byte*>(base) + info.RegionSize - sizeof(Key));
}

// False: nobody has prepared the memory.
bool event_name(const std::atomic<std::uint32_t>& word, EventName& name) noexcept {
  const Key* shared = key_of(&word);
  if (shared == nullptr) return false;
  Key key{};
  std::memcpy(key.data(), shared->data(), key.size());  // others may write it meanwhile
  if (key == Key{}) return false;
  constexpr std::wstring_view prefix = L"Local\\geyser-wake-";
  constexpr std::wstring_view digits = L"0123456789abcdef";
  auto* end = std::copy(prefix.begin(), prefix.end(), name.begin());
  for (const unsigned char byte : key) {
    *end++ = digits[byte >> 4U];
    *end++ = digits[byte & 0xfU];
  }
  *end = L'\0';
  return true;
}

class Wakeup {
 public:
  explicit Wakeup(const std::atomic<std::uint32_t>& word) noexcept {
    EventName name{};
    if (!event_name(word, name)) return;
    auto security = ObjectSecurity::own_user();
    if (security) event_ = ::CreateEventW(security->get(), TRUE, FALSE, name.data());
  }
  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;
  ~Wakeup() {
    if (event_ != nullptr) ::CloseHandle(event_);
  }
  HANDLE event() const noexcept { return event_; }

 private:
  HANDLE event_ = nullptr;
};

DWORD milliseconds(std::chrono::nanoseconds left, std::chrono::milliseconds longest) noexcept {
  const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(left);
  return static_cast<DWORD>(std::min(rounded, longest).count());
}

}  // namespace

void futex_prepare(const MappedMemory& memory) noexcept {
  Key* key = key_of(memory.bytes().data());
  auto name = random_name();
  if (key == nullptr || !name) return;  // then everybody looks from time to time
  Key random{};
  for (std::size_t i = 0; i < random.size(); ++i) {
    const auto digit = [&](std::size_t at) {
      const wchar_t c = (*name)[at];
      return static_cast<unsigned>(c <= L'9' ? c - L'0' : c - L'a' + 10);
    };
    random[i] = static_cast<unsigned char>(digit(2 * i) << 4U | digit(2 * i + 1));
  }
  std::memcpy(key->data(), random.data(), random.size());
}

Result<void> futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t expected,
                        std::chrono::nanoseconds timeout) {
  const FutexWord one{&word, expected};
  return futex_wait_any(std::span(&one, 1), timeout);
}

Result<void> futex_wait_any(std::span<const FutexWord> words, std::chrono::nanoseconds timeout) {
  const Deadline deadline = Deadline::after(timeout);
  const auto changed = [&] {
    return std::any_of(words.begin(), words.end(),
                       [](const FutexWord& one) { return one.word->load() != one.expected; });
  };
  if (changed()) return {};
  if (words.empty() || words.size() > MAXIMUM_WAIT_OBJECTS) {
    ::Sleep(milliseconds(deadline.remaining(), without_event));
    return {};
  }
  std::array<HANDLE, MAXIMUM_WAIT_OBJECTS> events{};
  std::vector<std::unique_ptr<Wakeup>> wakeups;
  DWORD count = 0;
  bool all = true;
  for (const FutexWord& one : words) {
    auto& wakeup = wakeups.emplace_back(std::make_unique<Wakeup>(*one.word));
    if (wakeup->event() != nullptr) events.at(count++) = wakeup->event();
    all = all && wakeup->event() != nullptr;
  }
  // Made after the look above: a waker that came in between found no event, or has raised this one.
  while (!changed()) {
    const auto left = deadline.remaining();
    if (left.count() == 0) break;
    const DWORD longest = milliseconds(left, all ? between_looks : without_event);
    if (count == 0) {
      ::Sleep(longest);
      continue;
    }
    const DWORD woken = ::WaitForMultipleObjects(count, events.data(), FALSE, longest);
    if (woken == WAIT_FAILED) {
      const DWORD number = ::GetLastError();
      return fail(win32_error(ErrorCode::operating_system, "The system refuses to wait for shared words.", number));
    }
    // Raised for another word, or for an older value of this one.
    if (woken < count && !changed()) ::ResetEvent(events.at(woken));
  }
  return {};
}

void futex_wake_all(const std::atomic<std::uint32_t>& word) noexcept {
  EventName name{};
  if (!event_name(word, name)) return;
  const HANDLE event = ::OpenEventW(EVENT_MODIFY_STATE, FALSE, name.data());
  if (event == nullptr) return;  // nobody sleeps
  ::SetEvent(event);
  ::CloseHandle(event);
}

}  // namespace geyser::platform
