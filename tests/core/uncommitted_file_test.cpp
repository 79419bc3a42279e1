#include "core/uncommitted_file.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "core/file.h"
#include "tests/core/temporary_folder.h"

namespace pixnerd {
namespace {

namespace fs = std::filesystem;

TEST(UncommittedFile, IsAbandonedWhenItsProcessIsGone) {
  const pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  ASSERT_GT(child, 0);
  const fs::path file = fs::path("folder") / uncommitted_name(child, 7);
  EXPECT_TRUE(is_uncommitted(file));
  EXPECT_FALSE(is_abandoned(file));
  kill(child, SIGKILL);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(is_abandoned(file));
  EXPECT_FALSE(is_abandoned("folder/" + uncommitted_name(1, 0))) << "of a process of another user";
  EXPECT_TRUE(is_abandoned(uncommitted_name(getpid(), 0)));
  EXPECT_TRUE(is_abandoned(".pixnerd-x.partial"));
  for (const char* other : {"a.png", ".pixnerd-1-2", "pixnerd-1-2.partial"}) {
    EXPECT_FALSE(is_uncommitted(other) || is_abandoned(other)) << other;
  }
}

TEST(UncommittedFile, IsWhatAnAtomicFileWrites) {
  const TemporaryFolder folder;
  const AtomicFile file(folder / "a");
  ASSERT_NE(fs::directory_iterator(folder.path()), fs::directory_iterator());
  EXPECT_TRUE(is_uncommitted(fs::directory_iterator(folder.path())->path()));
}

}  // namespace
}  // namespace pixnerd
