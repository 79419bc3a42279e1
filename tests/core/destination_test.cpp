#include "core/destination.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <limits>
#include <optional>

#include "core/errors.h"
#include "tests/core/temporary_folder.h"
#include "tests/core/thrown.h"

namespace pixnerd {
namespace {

namespace fs = std::filesystem;

class DestinationTest : public testing::Test {
 protected:
  fs::path write(const std::string& name) const {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << "x";
    return folder_ / name;
  }
  static bool has(const std::string& message, const std::string& part) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
    return message.find(part) != std::string::npos;
  }

  TemporaryFolder folder_;
};

TEST_F(DestinationTest, FoldersAboveAreMade) {
  const Destination destination(folder_ / "a/b/c.bin", false);
  EXPECT_FALSE(destination.replaces());
  EXPECT_TRUE(fs::is_directory(folder_ / "a/b"));
  EXPECT_FALSE(fs::exists(folder_ / "a/b/c.bin"));
}

TEST_F(DestinationTest, WhatIsThereIsReplacedOnlyWhereThatIsSaid) {
  const fs::path file = write("file");
  has(thrown<RequestError>([&] { Destination(file, false); }), "--overwrite");
  EXPECT_TRUE(Destination(file, true).replaces());
  has(thrown<RequestError>([&] { Destination(folder_.path(), true); }), "it is a folder");
  has(thrown<DataError>([&] { Destination(file / "below", true); }), "cannot make the folder");
  has(thrown<DataError>([&] { Destination(folder_ / std::string(300, 'a'), true); }), "File name too long");
  has(thrown<RequestError>([] { Destination("", true); }), "empty");
}

TEST_F(DestinationTest, ALinkThatLeadsNowhereIsFollowed) {
  fs::create_symlink(folder_ / "later", folder_ / "link");
  EXPECT_FALSE(Destination(folder_ / "link", false).replaces());
  fs::create_symlink("loop", folder_ / "loop");
  has(thrown<DataError>([&] { Destination(folder_ / "loop", false); }), "cannot look at");
}

TEST_F(DestinationTest, InputsAreKnownByWhateverNameTheyHave) {
  const fs::path file = write("set/x/a.bin");
  fs::create_hard_link(file, folder_ / "hard");
  fs::create_symlink(file, folder_ / "soft");
  fs::create_directory_symlink(folder_ / "set", folder_ / "set/x/round");  // in a circle
  const fs::path other = write("other");
  InputFiles inputs;
  inputs.add("");
  inputs.add(folder_ / "absent");
  inputs.add(folder_ / "set");
  for (const char* name : {"set", "set/x", "set/x/a.bin", "set/../set/x/a.bin", "hard", "soft"}) {
    EXPECT_EQ(inputs.at(folder_ / name), (folder_ / "set").string()) << name;
    has(thrown<RequestError>([&] { require_not_read(folder_ / name, inputs); }), "would replace what is read");
  }
  EXPECT_EQ(inputs.at(other), "");
  EXPECT_EQ(inputs.at(folder_ / "set/new"), "");
  has(thrown<RequestError>([&] { Destination(folder_ / "hard", true, inputs); }), "would replace what is read");
}

TEST_F(DestinationTest, ALockIsForEveryWayToThePath) {
  fs::create_directory_symlink(folder_.path(), folder_ / "link");
  std::optional<OutputLock> lock(std::in_place, folder_ / "a.png");
  for (const fs::path& path : {folder_ / "a.png", folder_ / "link/a.png", folder_ / "./a.png"}) {
    has(thrown<RequestError>([&] { OutputLock second(path); }), "another process is writing");
  }
  EXPECT_NO_THROW(OutputLock(folder_ / "b.png"));
  lock.reset();
  EXPECT_NO_THROW(OutputLock(folder_ / "a.png"));
}

TEST_F(DestinationTest, ALockEndsWithItsProcess) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    const OutputLock lock(folder_ / "a.png");
    if (::write(ready[1], "x", 1) != 1) _exit(1);
    pause();
    _exit(0);
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  EXPECT_THROW(OutputLock(folder_ / "a.png"), RequestError);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_NO_THROW(OutputLock(folder_ / "a.png"));
  EXPECT_TRUE(fs::is_empty(folder_.path()));
  close(ready[0]);
  close(ready[1]);
}

TEST_F(DestinationTest, APathLiesInAFolderBySymbolicLinksToo) {
  fs::create_directories(folder_ / "set/x");
  fs::create_directory_symlink(folder_ / "set", folder_ / "link");
  for (const char* name : {"set", "set/", "set/x", "set/new/deep", "link/new", "set/x/.."}) {
    EXPECT_TRUE(lies_in(folder_ / name, folder_ / "set")) << name;
  }
  for (const char* name : {"", "set2", "new", "set/.."}) EXPECT_FALSE(lies_in(folder_ / name, folder_ / "set")) << name;
}

TEST_F(DestinationTest, FreeSpaceIsKnownOfWhatIsThere) {
  ASSERT_TRUE(free_disk_bytes(folder_.path()));
  EXPECT_LE(*free_disk_bytes(folder_.path()), fs::space(folder_.path()).capacity);
  EXPECT_FALSE(free_disk_bytes(folder_ / "nowhere"));
}

TEST_F(DestinationTest, SpaceIsLookedForWhereTheFileWouldBe) {
  constexpr uint64_t kTooMuch = std::numeric_limits<uint64_t>::max() / 2;
  EXPECT_NO_THROW(require_space(folder_ / "new/deep/file", 1));
  has(thrown<DataError>([&] { require_space(folder_ / "new/deep/file", kTooMuch); }), "are to be written");
  has(thrown<DataError>([&] { require_space(folder_ / "new", 1, kTooMuch >> 20); }), "are to be written");
  EXPECT_FALSE(fs::exists(folder_ / "new"));
}

}  // namespace
}  // namespace pixnerd
