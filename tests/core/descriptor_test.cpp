#include "core/descriptor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "core/errors.h"
#include "tests/core/full_disk.h"
#include "tests/core/temporary_folder.h"
#include "tests/core/thrown.h"

namespace pixnerd {
namespace {

TEST(DescriptorTest, IsClosedOnce) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  {
    Descriptor first(ends[0]), second(ends[1]);
    Descriptor moved(std::move(first));
    EXPECT_FALSE(first.ok());
    EXPECT_EQ(moved.get(), ends[0]);
  }
  EXPECT_EQ(fcntl(ends[0], F_GETFD), -1);
  EXPECT_EQ(fcntl(ends[1], F_GETFD), -1);
}

TEST(DescriptorTest, WriteAllReturnsWhatStoppedIt) {
  const TemporaryFolder folder;
  const Descriptor file(open((folder / "file").c_str(), O_WRONLY | O_CREAT, 0600));
  EXPECT_EQ(write_all(file.get(), "0123456789"), 0);
  const FullDisk full(15);
  EXPECT_EQ(write_all(file.get(), "0123456789"), EFBIG);
  EXPECT_EQ(write_all(-1, "x"), EBADF);
  EXPECT_EQ(write_all(-1, ""), 0);
}

TEST(DescriptorTest, FailuresNameThePathAndTheReason) {
  EXPECT_EQ(thrown<DataError>([] { fail_file("open", "a\nb", ENOENT); }),
            "cannot open 'a?b': No such file or directory");
}

// In a process of its own: 0 if all is as it should be.
void check_streams_that_were_closed() {
  for (const int fd : {0, 1, 2}) close(fd);
  open_standard_streams();
  char byte = 0;
  const bool reads = read(0, &byte, 1) >= 0, writes = write(1, "x", 1) >= 0;
  const bool is_quiet = write(2, "x", 1) == 1;
  const int next = open("/dev/zero", O_RDONLY);
  _exit(!reads && !writes && is_quiet && next > 2 ? 0 : 1);
}

TEST(StandardStreamsTest, AreOpenedWhereTheyWereClosed) {
  EXPECT_EXIT(check_streams_that_were_closed(), testing::ExitedWithCode(0), "");
}

TEST(StandardStreamsTest, StayAsTheyAreWhereTheyAreOpen) {
  const auto check = [] {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0 || dup2(ends[1], 1) != 1) _exit(2);
    open_standard_streams();
    char byte = 0;
    _exit(write(1, "x", 1) == 1 && read(ends[0], &byte, 1) == 1 && byte == 'x' ? 0 : 1);
  };
  EXPECT_EXIT(check(), testing::ExitedWithCode(0), "");
}

TEST(StandardStreamsTest, AReaderThatIsGoneIsNoticed) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  EXPECT_FALSE(is_reader_gone(ends[1]));
  close(ends[0]);
  EXPECT_TRUE(is_reader_gone(ends[1]));
  close(ends[1]);
  const Descriptor null(open("/dev/null", O_WRONLY));
  EXPECT_FALSE(is_reader_gone(null.get()));
}

}  // namespace
}  // namespace pixnerd
