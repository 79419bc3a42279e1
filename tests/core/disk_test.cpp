#include "core/disk.h"

#include <gtest/gtest.h>

#include "tests/core/temporary_folder.h"

namespace pixnerd {
namespace {

TEST(FreeDisk, IsKnownOfWhatIsThere) {
  const TemporaryFolder folder;
  ASSERT_TRUE(free_disk_bytes(folder.path()));
  EXPECT_LE(*free_disk_bytes(folder.path()), std::filesystem::space(folder.path()).capacity);
  EXPECT_FALSE(free_disk_bytes(folder / "nowhere"));
}

}  // namespace
}  // namespace pixnerd
