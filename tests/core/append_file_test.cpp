#include "core/append_file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "core/errors.h"
#include "core/file.h"
#include "tests/core/full_disk.h"
#include "tests/core/temporary_folder.h"
#include "tests/core/thrown.h"

namespace pixnerd {
namespace {

namespace fs = std::filesystem;

class AppendFileTest : public testing::Test {
 protected:
  std::string content() const { return read_file(path_, 1 << 20); }

  TemporaryFolder folder_;
  fs::path path_ = folder_ / "log";
};

TEST_F(AppendFileTest, AddsToWhatIsThere) {
  AppendFile(path_).append("one\n");
  AppendFile file(path_);
  EXPECT_EQ(content(), "one\n");
  file.append("two\n");
  EXPECT_EQ(content(), "one\ntwo\n");
  AppendFile moved(std::move(file));
  moved.append("");
  moved.append("three\n");
  EXPECT_EQ(content(), "one\ntwo\nthree\n");
  EXPECT_EQ(moved.path(), path_);
}

TEST_F(AppendFileTest, AFullDiskLeavesWholeRecords) {
  AppendFile file(path_);
  file.append("0123456789");
  {
    const FullDisk full(15);
    EXPECT_EQ(thrown<DataError>([&] { file.append("0123456789"); }),
              "cannot write '" + path_.string() + "': File too large");
    EXPECT_EQ(content(), "0123456789");
    file.append("abc");
  }
  file.append("def");
  EXPECT_EQ(content(), "0123456789abcdef");
}

TEST_F(AppendFileTest, ErrorsNameTheFile) {
  EXPECT_EQ(thrown<DataError>([&] { AppendFile(path_ / "x"); }),
            "cannot open '" + (path_ / "x").string() + "': No such file or directory");
  EXPECT_EQ(thrown<DataError>([&] { AppendFile(folder_.path()); }),
            "cannot open '" + folder_.path().string() + "': Is a directory");
  AppendFile full("/dev/full");
  EXPECT_EQ(thrown<DataError>([&] { full.append("x"); }), "cannot write '/dev/full': No space left on device");
}

}  // namespace
}  // namespace pixnerd
