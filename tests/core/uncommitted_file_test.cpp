#include "core/uncommitted_file.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <functional>

#include "core/file.h"
#include "tests/core/temporary_folder.h"

namespace pixnerd {
namespace {

namespace fs = std::filesystem;

// A process that does something, and waits to be killed.
class Process {
 public:
  explicit Process(const std::function<void()>& work) {
    int ready[2];
    EXPECT_EQ(pipe(ready), 0);
    id_ = fork();
    if (id_ == 0) {
      work();
      static_cast<void>(!write(ready[1], "x", 1));
      while (true) pause();
    }
    char byte = 0;
    EXPECT_EQ(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() { kill_it(); }

  void kill_it() {
    if (id_ <= 0) return;
    kill(id_, SIGKILL);
    waitpid(id_, nullptr, 0);
    id_ = 0;
  }

 private:
  pid_t id_ = 0;
};

size_t entries(const fs::path& folder) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(UncommittedFile, IsKnownByItsName) {
  EXPECT_TRUE(is_uncommitted(fs::path("folder") / uncommitted_name(1, 7)));
  for (const char* other : {"a.png", ".pixnerd-1-2", "pixnerd-1-2.partial"}) EXPECT_FALSE(is_uncommitted(other));
}

TEST(UncommittedFile, IsWhatAnAtomicFileWrites) {
  const TemporaryFolder folder;
  const AtomicFile file(folder / "a");
  ASSERT_EQ(entries(folder.path()), 1U);
  EXPECT_TRUE(is_uncommitted(fs::directory_iterator(folder.path())->path()));
}

TEST(UncommittedFile, IsRemovedWhenNobodyWillCommitIt) {
  const TemporaryFolder folder;
  const AtomicFile own(folder / "own");
  Process other([&] { new AtomicFile(folder / "other"); });
  std::ofstream(folder / ".pixnerd-1-0.partial") << "of a process of this number in another container, which is gone";
  std::ofstream(folder / "kept.png") << "something else";
  ASSERT_EQ(entries(folder.path()), 4U);
  remove_abandoned_files(folder.path());
  EXPECT_EQ(entries(folder.path()), 3U) << "both are still being written";
  other.kill_it();
  remove_abandoned_files(folder.path());
  EXPECT_EQ(entries(folder.path()), 2U);
  EXPECT_TRUE(fs::exists(folder / "kept.png"));
}

TEST(UncommittedFile, OfOthersGoWithTheFirstThatIsWrittenBesideThem) {
  const TemporaryFolder folder;
  std::ofstream(folder / uncommitted_name(1, 0)) << "half";
  write_file_atomically(folder / "a", [](std::ostream& out) { out << "a"; });
  EXPECT_EQ(entries(folder.path()), 1U);
}

TEST(UncommittedFile, AllOfThisProcessCanBeRemovedAtItsEnd) {
  const TemporaryFolder folder;
  const pid_t child = fork();
  if (child == 0) {
    const AtomicFile one(folder / "one"), two(folder / "two");
    AtomicFile(folder / "committed").commit();
    const pid_t grandchild = fork();  // has a copy of the list, but not the files
    if (grandchild == 0) {
      remove_uncommitted_files();
      _exit(entries(folder.path()) == 3 ? 0 : 1);
    }
    int status = 1;
    waitpid(grandchild, &status, 0);
    remove_uncommitted_files();
    _exit(status);
  }
  int status = 1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(entries(folder.path()), 1U);
}

}  // namespace
}  // namespace pixnerd
