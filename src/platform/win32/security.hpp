// Users, and what they may do with objects that have a name or are shared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <geyser/error.hpp>

#include "platform/win32/error.hpp"

namespace geyser::platform {

// A security identifier.
class UserId {
 public:
  // Errors: operating_system.
  [[nodiscard]] static Result<UserId> of_process(HANDLE process);
  [[nodiscard]] static Result<UserId> own() { return of_process(::GetCurrentProcess()); }
  [[nodiscard]] static UserId well_known(WELL_KNOWN_SID_TYPE type) noexcept;

  [[nodiscard]] bool is(PSID other) const noexcept;
  friend bool operator==(const UserId& a, const UserId& b) noexcept { return a.is(b.sid()); }
  [[nodiscard]] PSID sid() const noexcept;
  // Its last number, which tells the users of one machine apart.
  [[nodiscard]] std::uint32_t last_number() const noexcept;

 private:
  std::vector<std::byte> bytes_;
};

// For the call that makes an object: one entry says who may do what with it, nobody else may do anything.
class ObjectSecurity {
 public:
  // This user, everything. `inherited`: of a directory, by what is made in it, too. Errors: operating_system.
  [[nodiscard]] static Result<ObjectSecurity> own_user(bool inherited = false);
  // Whoever gets a handle: no more than `rights`, not even by duplicating it as the owner, who otherwise may always
  // change an object's security. The maker's own handle can do everything.
  [[nodiscard]] static Result<ObjectSecurity> limited_to(DWORD rights);

  [[nodiscard]] SECURITY_ATTRIBUTES* get() const noexcept;

 private:
  struct Parts;
  explicit ObjectSecurity(std::shared_ptr<Parts> parts) noexcept;
  static Result<ObjectSecurity> make(const UserId& who, DWORD rights, DWORD inheritance);
  std::shared_ptr<Parts> parts_;
};

// 16 random bytes in hexadecimal: for names that nobody is to guess. Errors: operating_system.
[[nodiscard]] Result<std::wstring> random_name();

}  // namespace geyser::platform
