// Part of a test program: loads the interposer that lies beside it before anybody asks for a library of that name, who
// then gets this one. Wine 8 would look into its own directory first.
#include <windows.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace geyser::test::interposer {
namespace {

[[maybe_unused]] const bool loaded = [] {
  // tools/windows-proof.ps1 asks the machine's own driver.
  if (::GetEnvironmentVariableW(L"GEYSER_REAL_DRIVER", nullptr, 0) != 0) return false;
  std::array<wchar_t, 1024> program{};
  const DWORD size = ::GetModuleFileNameW(nullptr, program.data(), static_cast<DWORD>(program.size()));
  std::wstring path(program.data(), size);
  path.resize(path.find_last_of(L"\\/") + 1);
  if (::LoadLibraryW((path + L"vulkan-1.dll").c_str()) != nullptr) return true;
  std::fprintf(stderr, "The interposer does not load: error %lu\n", ::GetLastError());
  std::exit(1);
}();

}  // namespace
}  // namespace geyser::test::interposer
