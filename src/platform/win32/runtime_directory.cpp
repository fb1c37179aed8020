#include "platform/runtime_directory.hpp"

#include <aclapi.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "common/text.hpp"
#include "platform/win32/security.hpp"
#include "platform/win32/text.hpp"

namespace geyser::platform {

using detail::text;

namespace {

std::string environment(const wchar_t* name) {
  const wchar_t* value = ::_wgetenv(name);
  return value != nullptr ? to_utf8(value) : std::string();
}

tl::unexpected<GeyserError> refuse(std::string what) {
  return fail(GeyserError(ErrorCode::operating_system, std::move(what))
                  .suggest("GEYSER_RUNTIME_DIR set to a directory of your own"));
}

// Users who can do everything anyway.
bool is_the_system(PSID sid) {
  return UserId::well_known(WinLocalSystemSid).is(sid) || UserId::well_known(WinBuiltinAdministratorsSid).is(sid);
}

// Whether an entry of an access list lets somebody else in.
bool lets_in(const ACE_HEADER& entry, const UserId& user) {
  if (entry.AceType != ACCESS_ALLOWED_ACE_TYPE || (entry.AceFlags & INHERIT_ONLY_ACE) != 0) return false;
  const auto& allowed = reinterpret_cast<const ACCESS_ALLOWED_ACE&>(entry);
  PSID sid = const_cast<DWORD*>(&allowed.SidStart);
  return allowed.Mask != 0 && !user.is(sid) && !is_the_system(sid);
}

Result<void> check_owner(const std::string& path) {
  auto user = UserId::own();
  if (!user) return fail(std::move(user.error()));
  PSID owner = nullptr;
  ACL* acl = nullptr;
  PSECURITY_DESCRIPTOR descriptor = nullptr;
  const DWORD number = ::GetNamedSecurityInfoW(to_wide(path).data(), SE_FILE_OBJECT,
                                               OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION, &owner, nullptr,
                                               &acl, nullptr, &descriptor);
  if (number != ERROR_SUCCESS) {
    return fail(win32_error(ErrorCode::operating_system, text("Directory [", path, "] cannot be looked at."), number));
  }
  const std::unique_ptr<void, HLOCAL (*)(HLOCAL)> held(descriptor, &::LocalFree);
  // What an elevated program makes belongs to the administrators.
  if (owner == nullptr || (!user->is(owner) && !is_the_system(owner))) {
    return refuse(text("Directory [", path, "] belongs to another user."));
  }
  if (acl == nullptr) return refuse(text("Directory [", path, "] is open to other users."));
  for (DWORD i = 0; i < acl->AceCount; ++i) {
    void* entry = nullptr;
    if (::GetAce(acl, i, &entry) == 0 || lets_in(*static_cast<const ACE_HEADER*>(entry), *user)) {
      return refuse(text("Directory [", path, "] is open to other users."));
    }
  }
  return {};
}

}  // namespace

// Of the session, too: one user may have several, whose devices are not each other's.
std::string runtime_directory_path() {
  if (std::string own = environment(L"GEYSER_RUNTIME_DIR"); !own.empty()) return own;
  DWORD session = 0;
  ::ProcessIdToSessionId(::GetCurrentProcessId(), &session);
  return text(environment(L"LOCALAPPDATA"), "\\geyser-", session);
}

Result<void> prepare_directory(const std::string& path) {
  auto security = ObjectSecurity::own_user(true);
  if (!security) return fail(std::move(security.error()));
  const std::wstring wide = to_wide(path);
  if (::CreateDirectoryW(wide.c_str(), security->get()) == 0) {
    const DWORD number = ::GetLastError();
    if (number != ERROR_ALREADY_EXISTS) {
      return fail(win32_error(ErrorCode::operating_system, text("Directory [", path, "] cannot be made."), number)
                      .suggest("GEYSER_RUNTIME_DIR set to a directory of your own"));
    }
  }
  const DWORD attributes = ::GetFileAttributesW(wide.c_str());
  if (attributes == INVALID_FILE_ATTRIBUTES || (attributes & FILE_ATTRIBUTE_DIRECTORY) == 0) {
    return refuse(text("[", path, "] is no directory."));
  }
  if ((attributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0) return refuse(text("[", path, "] leads to another directory."));
  return check_owner(path);
}

Result<std::vector<std::string>> list_directory(const std::string& path, const std::string& suffix) {
  WIN32_FIND_DATAW entry{};
  const HANDLE search = ::FindFirstFileW(to_wide(text(path, "\\*")).c_str(), &entry);
  if (search == INVALID_HANDLE_VALUE) {
    const DWORD number = ::GetLastError();
    if (number == ERROR_FILE_NOT_FOUND) return std::vector<std::string>();
    return fail(win32_error(ErrorCode::operating_system, text("Directory [", path, "] cannot be read."), number));
  }
  const std::unique_ptr<void, BOOL (*)(HANDLE)> held(search, &::FindClose);
  std::vector<std::string> names;
  do {
    std::string name = to_utf8(static_cast<const wchar_t*>(entry.cFileName));
    if (name.ends_with(suffix)) names.push_back(std::move(name));
  } while (::FindNextFileW(search, &entry) != 0);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace geyser::platform
