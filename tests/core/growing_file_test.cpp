#include "core/growing_file.h"

#include <gtest/gtest.h>

#include <string>

#include "core/errors.h"
#include "core/file.h"
#include "tests/core/full_disk.h"
#include "tests/core/temporary_folder.h"

namespace pixnerd {
namespace {

namespace fs = std::filesystem;

std::span<const std::byte> bytes(const std::string& text) {
  return std::as_bytes(std::span(text));
}

TEST(GrowingFile, KeepsWhatIsThereAndTakesBytesAnywhere) {
  const TemporaryFolder folder;
  GrowingFile(folder / "a.part").write(2, bytes("cd"));
  GrowingFile file(folder / "a.part");
  file.write(0, bytes("ab"));
  std::string read(3, ' ');
  EXPECT_TRUE(file.read(1, std::as_writable_bytes(std::span(read))));
  EXPECT_EQ(read, "bcd");
  EXPECT_FALSE(file.read(2, std::as_writable_bytes(std::span(read))));
  file.write(4, bytes("what is cut"));
  file.sync();
  write_file_atomically(folder / "a", [](std::ostream& out) { out << "before"; });
  fs::permissions(folder / "a", fs::perms::owner_read | fs::perms::owner_write);
  file.commit(folder / "a", 4);
  EXPECT_EQ(read_file(folder / "a", 100), "abcd");
  EXPECT_EQ(fs::status(folder / "a").permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_FALSE(fs::exists(folder / "a.part"));
}

TEST(GrowingFile, AFullDiskIsAnErrorWithItsName) {
  const TemporaryFolder folder;
  GrowingFile file(folder / "a.part");
  const FullDisk disk(1000);
  try {
    file.write(900, bytes(std::string(200, 'x')));
    FAIL();
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("a.part"), std::string::npos) << error.what();
  }
  EXPECT_THROW(GrowingFile(folder / "none/a.part"), DataError);
}

}  // namespace
}  // namespace pixnerd
