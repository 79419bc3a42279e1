#include "core/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <ostream>
#include <stdexcept>

#include "core/errors.h"
#include "tests/core/full_disk.h"
#include "tests/core/temporary_folder.h"
#include "tests/core/thrown.h"

namespace pixnerd {
namespace {

namespace fs = std::filesystem;

void put(const fs::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

std::string get(const fs::path& path) {
  return read_file(path, 1 << 24);
}

void write_text(const fs::path& path, const std::string& text) {
  write_file_atomically(path, [&](std::ostream& out) { out << text; });
}

size_t entries(const fs::path& folder) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

class FileTest : public testing::Test {
 protected:
  TemporaryFolder folder_;
  fs::path path_ = folder_ / "file.bin";
};

TEST_F(FileTest, ReadsUpToTheLimit) {
  put(path_, std::string(100'000, 'x'));
  EXPECT_EQ(read_file(path_, 100'000), std::string(100'000, 'x'));
  const std::string message = thrown<DataError>([&] { read_file(path_, 99'999); });
  EXPECT_EQ(message, "cannot read '" + path_.string() + "': it is larger than 100 kB");
  EXPECT_THROW(read_file("/dev/zero", 1000), DataError);
}

TEST_F(FileTest, ReadingNamesPathAndReason) {
  EXPECT_EQ(thrown<DataError>([&] { read_file(path_, 1); }),
            "cannot open '" + path_.string() + "': No such file or directory");
  EXPECT_EQ(thrown<DataError>([&] { read_file(folder_.path(), 1); }),
            "cannot read '" + folder_.path().string() + "': Is a directory");
}

TEST_F(FileTest, WritesANewFileAndReplacesIt) {
  write_text(path_, "one");
  EXPECT_EQ(get(path_), "one");
  write_text(path_, "two");
  EXPECT_EQ(get(path_), "two");
  write_text(path_, "");
  EXPECT_EQ(get(path_), "");
  EXPECT_EQ(entries(folder_.path()), 1u);
}

TEST_F(FileTest, WritesSmallAndLargePiecesInOrder) {
  std::string expected;
  write_file_atomically(path_, [&](std::ostream& out) {
    for (int i = 0; i < 7; ++i) {
      const std::string large(300'000 + static_cast<size_t>(i), static_cast<char>('a' + i));
      out.put('<').write(large.data(), static_cast<std::streamsize>(large.size())) << i << '>';
      expected += '<' + large + std::to_string(i) + '>';
      EXPECT_EQ(static_cast<size_t>(out.tellp()), expected.size());
    }
  });
  EXPECT_EQ(get(path_), expected);
}

TEST_F(FileTest, WritesARelativePath) {
  const fs::path before = fs::current_path();
  fs::current_path(folder_.path());
  write_text("plain", "x");
  fs::current_path(before);
  EXPECT_EQ(get(folder_ / "plain"), "x");
}

TEST_F(FileTest, ReaderNeverSeesAPart) {
  write_text(path_, "old");
  write_file_atomically(path_, [&](std::ostream& out) {
    out << "new" << std::flush;
    EXPECT_EQ(get(path_), "old");
  });
  EXPECT_EQ(get(path_), "new");
}

// Sizes below and above the buffer: the failure comes at the flush, or in the middle of write().
TEST_F(FileTest, FullDiskLeavesTheOldFile) {
  for (const size_t size : {20'000, 1'000'000}) {
    write_text(path_, "old");
    std::string message;
    {
      const FullDisk full(10'000);
      message = thrown<DataError>([&] { write_text(path_, std::string(size, 'x')); });
    }
    EXPECT_EQ(message, "cannot write '" + path_.string() + "': File too large");
    EXPECT_EQ(get(path_), "old");
    EXPECT_EQ(entries(folder_.path()), 1u);
  }
}

TEST_F(FileTest, FullDiskIsNamedEvenIfTheWriterThrowsOverIt) {
  const FullDisk full(10);
  const std::string message = thrown<DataError>([&] {
    write_file_atomically(path_, [](std::ostream& out) {
      out << "more than ten bytes" << std::flush;
      if (!out) throw std::runtime_error("library: stream failed");
    });
  });
  EXPECT_EQ(message, "cannot write '" + path_.string() + "': File too large");
  EXPECT_EQ(entries(folder_.path()), 0u);
}

TEST_F(FileTest, ExceptionOfTheWriterPassesThroughAndLeavesTheOldFile) {
  write_text(path_, "old");
  EXPECT_EQ(thrown<std::runtime_error>([&] {
              write_file_atomically(path_, [](std::ostream& out) {
                out << "half";
                throw std::runtime_error("no more data");
              });
            }),
            "no more data");
  EXPECT_EQ(get(path_), "old");
  EXPECT_EQ(entries(folder_.path()), 1u);
}

TEST_F(FileTest, StreamThatTheWriterMarkedBadIsNoSuccess) {
  write_text(path_, "old");
  EXPECT_THROW(write_file_atomically(path_, [](std::ostream& out) { out.setstate(std::ios::failbit); }), DataError);
  EXPECT_EQ(get(path_), "old");
  EXPECT_EQ(entries(folder_.path()), 1u);
}

TEST_F(FileTest, WritingNamesPathAndReason) {
  const fs::path absent = folder_ / "absent/file";
  EXPECT_EQ(thrown<DataError>([&] { write_text(absent, "x"); }),
            "cannot write '" + absent.string() + "': No such file or directory");
  EXPECT_EQ(thrown<DataError>([&] { write_text("", "x"); }), "cannot write '': No such file or directory");
}

TEST_F(FileTest, ReplacesNothingButRegularFiles) {
  fs::create_directory(path_);
  EXPECT_THROW(write_text(path_, "x"), DataError);
  EXPECT_TRUE(fs::is_directory(path_));
  const fs::path pipe = folder_ / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(thrown<DataError>([&] { write_text(pipe, "x"); }),
            "cannot write '" + pipe.string() + "': something that is not a regular file has that name");
  EXPECT_EQ(entries(folder_.path()), 2u);
}

TEST_F(FileTest, FollowsSymbolicLinks) {
  const fs::path link = folder_ / "link";
  write_text(path_, "old");
  fs::create_symlink("file.bin", link);
  write_text(link, "new");
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_EQ(get(path_), "new");

  const fs::path loop = folder_ / "loop";
  fs::create_symlink("loop", loop);
  EXPECT_THROW(write_text(loop, "x"), DataError);
}

TEST_F(FileTest, KeepsPermissionsAndObeysTheMaskForNewFiles) {
  const mode_t mask = umask(027);
  write_text(path_, "x");
  umask(mask);
  EXPECT_EQ(fs::status(path_).permissions(), static_cast<fs::perms>(0640));
  fs::permissions(path_, static_cast<fs::perms>(0604));
  write_text(path_, "y");
  EXPECT_EQ(fs::status(path_).permissions(), static_cast<fs::perms>(0604));
}

TEST_F(FileTest, AcceptsTheLongestName) {
  const fs::path longest = folder_ / std::string(255, 'n');
  write_text(longest, "x");
  EXPECT_EQ(get(longest), "x");
  EXPECT_THROW(write_text(folder_ / std::string(256, 'n'), "x"), DataError);
  EXPECT_EQ(entries(folder_.path()), 1u);
}

TEST_F(FileTest, AnAtomicFileCanBeWrittenInAnyOrderAndAppearsOnCommit) {
  put(path_, "old");
  {
    AtomicFile file(path_);
    file.stream() << "Xbcdef" << std::string(1 << 19, '.');
    file.stream().seekp(0);
    file.stream() << 'a';
    file.stream().seekp(-1, std::ios::end);
    EXPECT_EQ(static_cast<int64_t>(file.stream().tellp()), 5 + (1 << 19));
    file.stream() << "!end";
    EXPECT_EQ(get(path_), "old");
    file.commit();
  }
  EXPECT_EQ(get(path_), "abcdef" + std::string((1 << 19) - 1, '.') + "!end");
  EXPECT_EQ(entries(folder_.path()), 1U);
}

TEST_F(FileTest, AnAtomicFileWithoutCommitLeavesNothing) {
  { AtomicFile(path_).stream() << "new"; }
  EXPECT_EQ(entries(folder_.path()), 0U);
}

}  // namespace
}  // namespace pixnerd
