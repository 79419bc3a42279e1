#include "core/file_lock.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "core/errors.h"
#include "tests/core/temporary_folder.h"

namespace pixnerd {
namespace {

// The system takes two openings in one process for two processes.
TEST(FileLock, OneAtATimeHoldsAFile) {
  const TemporaryFolder folder;
  {
    const FileLock held(folder / "lock", "wait");
    EXPECT_FALSE(FileLock::if_free(folder / "lock"));
    EXPECT_TRUE(FileLock::if_free(folder / "other"));
    try {
      FileLock(folder / "lock", "wait for it");
      FAIL();
    } catch (const DataError& error) {
      EXPECT_NE(std::string(error.what()).find("is held by another process; wait for it"), std::string::npos);
    }
  }
  EXPECT_TRUE(std::filesystem::exists(folder / "lock"));
  std::optional<FileLock> taken = FileLock::if_free(folder / "lock");
  ASSERT_TRUE(taken);
  const FileLock moved = std::move(*taken);
  taken.reset();
  EXPECT_FALSE(FileLock::if_free(folder / "lock"));
  EXPECT_THROW(FileLock::if_free(folder / "none/lock"), DataError);
}

}  // namespace
}  // namespace pixnerd
