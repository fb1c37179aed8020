#include "platform/win32/security.hpp"

#include <ntsecapi.h>

#include <array>
#include <utility>

#include "common/text.hpp"

namespace geyser::platform {

namespace {

tl::unexpected<GeyserError> failed(const char* call) {
  const DWORD number = ::GetLastError();
  return fail(win32_error(ErrorCode::operating_system, detail::text(call, " failed."), number));
}

}  // namespace

Result<UserId> UserId::of_process(HANDLE process) {
  HANDLE token = nullptr;
  if (::OpenProcessToken(process, TOKEN_QUERY, &token) == 0) return failed("OpenProcessToken");
  alignas(TOKEN_USER) std::array<std::byte, sizeof(TOKEN_USER) + SECURITY_MAX_SID_SIZE> buffer{};
  DWORD size = 0;
  const BOOL got = ::GetTokenInformation(token, TokenUser, buffer.data(), static_cast<DWORD>(buffer.size()), &size);
  const DWORD number = ::GetLastError();
  ::CloseHandle(token);
  if (got == 0) {
    return fail(win32_error(ErrorCode::operating_system, "The user of a process cannot be asked for.", number));
  }
  const auto* user = reinterpret_cast<const TOKEN_USER*>(buffer.data());
  UserId id;
  id.bytes_.resize(::GetLengthSid(user->User.Sid));
  if (::CopySid(static_cast<DWORD>(id.bytes_.size()), id.sid(), user->User.Sid) == 0) return failed("CopySid");
  return id;
}

UserId UserId::well_known(WELL_KNOWN_SID_TYPE type) noexcept {
  UserId id;
  id.bytes_.resize(SECURITY_MAX_SID_SIZE);
  DWORD size = SECURITY_MAX_SID_SIZE;
  ::CreateWellKnownSid(type, nullptr, id.sid(), &size);
  return id;
}

bool UserId::is(PSID other) const noexcept { return ::IsValidSid(other) != 0 && ::EqualSid(sid(), other) != 0; }

PSID UserId::sid() const noexcept { return const_cast<std::byte*>(bytes_.data()); }  // the calls do not write there

std::uint32_t UserId::last_number() const noexcept {
  const unsigned count = *::GetSidSubAuthorityCount(sid());
  return count == 0 ? 0 : static_cast<std::uint32_t>(*::GetSidSubAuthority(sid(), count - 1));
}

struct ObjectSecurity::Parts {
  SECURITY_ATTRIBUTES attributes{};
  SECURITY_DESCRIPTOR descriptor{};
  alignas(ACL) std::array<std::byte, sizeof(ACL) + sizeof(ACCESS_ALLOWED_ACE) + SECURITY_MAX_SID_SIZE> acl{};
};

ObjectSecurity::ObjectSecurity(std::shared_ptr<Parts> parts) noexcept : parts_(std::move(parts)) {}

SECURITY_ATTRIBUTES* ObjectSecurity::get() const noexcept { return &parts_->attributes; }

Result<ObjectSecurity> ObjectSecurity::make(const UserId& who, DWORD rights, DWORD inheritance) {
  auto parts = std::make_shared<Parts>();
  auto* acl = reinterpret_cast<ACL*>(parts->acl.data());
  if (::InitializeAcl(acl, static_cast<DWORD>(parts->acl.size()), ACL_REVISION) == 0) return failed("InitializeAcl");
  if (::AddAccessAllowedAceEx(acl, ACL_REVISION, inheritance, rights, who.sid()) == 0) {
    return failed("AddAccessAllowedAceEx");
  }
  SECURITY_DESCRIPTOR* descriptor = &parts->descriptor;
  if (::InitializeSecurityDescriptor(descriptor, SECURITY_DESCRIPTOR_REVISION) == 0 ||
      ::SetSecurityDescriptorDacl(descriptor, TRUE, acl, FALSE) == 0 ||
      ::SetSecurityDescriptorControl(descriptor, SE_DACL_PROTECTED, SE_DACL_PROTECTED) == 0) {
    return failed("A security descriptor");
  }
  parts->attributes = {sizeof(SECURITY_ATTRIBUTES), descriptor, FALSE};
  return ObjectSecurity(std::move(parts));
}

Result<ObjectSecurity> ObjectSecurity::own_user(bool inherited) {
  auto user = UserId::own();
  if (!user) return fail(std::move(user.error()));
  return make(*user, GENERIC_ALL, inherited ? CONTAINER_INHERIT_ACE | OBJECT_INHERIT_ACE : 0U);
}

Result<ObjectSecurity> ObjectSecurity::limited_to(DWORD rights) {
  return make(UserId::well_known(WinCreatorOwnerRightsSid), rights, 0);
}

Result<std::wstring> random_name() {
  std::array<unsigned char, 16> bytes{};
  if (::RtlGenRandom(bytes.data(), static_cast<ULONG>(bytes.size())) == 0) return failed("RtlGenRandom");
  constexpr std::wstring_view digits = L"0123456789abcdef";
  std::wstring name;
  for (const unsigned char byte : bytes) {
    name += digits[byte >> 4U];
    name += digits[byte & 0xfU];
  }
  return name;
}

}  // namespace geyser::platform
