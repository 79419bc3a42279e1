#include "checkpoint/file_digest.h"

#include "tests/checkpoint/files.h"

namespace pixnerd::checkpoint {
namespace {

// The examples of FIPS 180-4.
TEST(FileDigest, IsSha256) {
  const TemporaryFolder folder;
  write_whole(folder / "a", "abc");
  EXPECT_EQ(sha256_of(folder / "a"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  write_whole(folder / "a", std::string(1'000'000, 'a'));
  EXPECT_EQ(sha256_of(folder / "a"), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  EXPECT_THROW(sha256_of(folder / "none"), DataError);
}

}  // namespace
}  // namespace pixnerd::checkpoint
