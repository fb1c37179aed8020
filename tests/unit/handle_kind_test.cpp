#include <gtest/gtest.h>

#include <set>

#include <geyser/handle.hpp>

namespace geyser {
namespace {

TEST(HandleKinds, TableIsCompleteAndInOrder) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < handle_kind_count; ++i) {
    const auto kind = static_cast<HandleKind>(i);
    const HandleKindInfo& info = handle_kind_info(kind);
    EXPECT_EQ(info.kind, kind) << i;
    EXPECT_EQ(info.name, to_string(kind));
    const bool object = kind == HandleKind::metal_shared_texture || kind == HandleKind::metal_shared_event;
    EXPECT_EQ(info.crosses_process, kind != HandleKind::none && !object) << info.name;
    names.insert(info.name);
  }
  EXPECT_EQ(names.size(), handle_kind_count);
  EXPECT_EQ(handle_kind_info(static_cast<HandleKind>(handle_kind_count)).kind, HandleKind::none);
  EXPECT_EQ(handle_kind_info(static_cast<HandleKind>(255)).kind, HandleKind::none);
  EXPECT_EQ(handle_kind_info(HandleKind::opaque_fd).on_import, ImportOwnership::consumed_on_success);
  EXPECT_EQ(handle_kind_info(HandleKind::host_memory).on_import, ImportOwnership::borrowed);
  for (std::size_t i = 0; i < handle_kind_count; ++i) {
    const auto kind = static_cast<HandleKind>(i);
    EXPECT_EQ(handle_kind_info(kind).is_global_number,
              kind == HandleKind::opaque_win32_kmt || kind == HandleKind::d3d_kmt);
  }
  EXPECT_EQ(handle_kind_info(HandleKind::opaque_win32_kmt).on_import, ImportOwnership::not_owned);
  EXPECT_EQ(to_string(HandleKind::opaque_win32_kmt), "opaque_win32_kmt");
}

}  // namespace
}  // namespace geyser
