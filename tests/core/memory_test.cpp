#include "core/memory.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>

#include "tests/core/temporary_folder.h"

namespace pixnerd {
namespace {

constexpr size_t kBytes = size_t{64} << 20;

void touch_and_release() {
  void* block = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(block, MAP_FAILED);
  std::memset(block, 1, kBytes);
  munmap(block, kBytes);
}

TEST(MemoryTest, PeakRemembersWhatWasReleased) {
  const uint64_t before = resident_bytes();
  ASSERT_GT(before, 0u);
  touch_and_release();
  EXPECT_GE(peak_resident_bytes(), before + kBytes * 3 / 4);
  EXPECT_LT(resident_bytes(), before + kBytes / 2);
}

TEST(MemoryTest, SomeMemoryIsAvailableAndLessThanThereIs) {
  EXPECT_GT(available_bytes(), uint64_t{1} << 20);
  EXPECT_LE(available_bytes(), static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE));
}

TEST(MemoryTest, FilesThatAreKeptInMemoryAreLeftByAControlGroup) {
  const TemporaryFolder folder;
  const auto write = [&](const char* name, const char* text) { std::ofstream(folder / name) << text; };
  EXPECT_FALSE(left_by_control_group(folder.path()));
  write("memory.max", "max\n");
  write("memory.current", "700\n");
  EXPECT_FALSE(left_by_control_group(folder.path()));
  write("memory.max", "1000\n");
  EXPECT_EQ(left_by_control_group(folder.path()), 300U);
  write("memory.stat", "anon 100\nfile 600\nactive_file 200\ninactive_file 400\n");
  EXPECT_EQ(left_by_control_group(folder.path()), 700U);
  write("memory.current", "1500\n");
  EXPECT_EQ(left_by_control_group(folder.path()), 0U);
}

// In a process of its own: the limit holds for whatever comes.
TEST(MemoryTest, TheLimitOfTheAddressSpaceCounts) {
  const auto counts = [] {
    constexpr uint64_t kLimit = uint64_t{1} << 40;
    const rlimit wide{kLimit, kLimit};
    setrlimit(RLIMIT_AS, &wide);
    if (available_bytes() >= kLimit) return false;
    void* reserved =
        mmap(nullptr, kLimit - (kLimit >> 8), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return reserved != MAP_FAILED && available_bytes() <= kLimit >> 8;
  };
  EXPECT_EXIT(std::_Exit(counts() ? 0 : 1), testing::ExitedWithCode(0), "");
}

TEST(MemoryTest, ResetForgetsThePeak) {
  touch_and_release();
  if (!reset_peak_resident()) GTEST_SKIP() << "this system does not allow it";
  EXPECT_LT(peak_resident_bytes(), resident_bytes() + kBytes / 2);
}

// In a process of its own: the setting cannot be taken back.
TEST(MemoryTest, FreedMemoryCanBeKept) {
  const auto keeps = [] {
    keep_freed_memory();
    const uint64_t before = resident_bytes();
    auto block = std::make_unique<char[]>(kBytes);
    std::memset(block.get(), 1, kBytes);
    block.reset();
    return resident_bytes() > before + kBytes / 2;
  };
  EXPECT_EXIT(std::_Exit(keeps() ? 0 : 1), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace pixnerd
