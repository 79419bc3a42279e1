#include "core/mapped_file.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <ostream>
#include <thread>
#include <vector>

#include "core/errors.h"
#include "core/file.h"
#include "tests/core/temporary_folder.h"
#include "tests/core/thrown.h"

namespace pixnerd {
namespace {

namespace fs = std::filesystem;

constexpr size_t kBytes = 100'000;  // some pages

void put(const fs::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

void replace(const fs::path& path, const std::string& content) {
  write_file_atomically(path, [&](std::ostream& out) { out << content; });
}

std::string text_of(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.data()), file.size()};
}

class MappedFileTest : public testing::Test {
 protected:
  TemporaryFolder folder_;
  fs::path path_ = folder_ / "file.bin";
};

TEST_F(MappedFileTest, MapsTheContent) {
  put(path_, std::string("ab\0c", 4));
  const MappedFile file = MappedFile::open(path_);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(file.data()), file.size()), std::string("ab\0c", 4));
}

TEST_F(MappedFileTest, MapsAnEmptyFile) {
  put(path_, "");
  const MappedFile file = MappedFile::open(path_);
  EXPECT_EQ(file.size(), 0u);
  EXPECT_EQ(file.data(), nullptr);
}

TEST_F(MappedFileTest, ReleasedPagesAreReadAgain) {
  std::string content;
  for (int i = 0; i < 40'000; ++i) content += static_cast<char>(i * 7 + i / 256);
  put(path_, content);
  const MappedFile file = MappedFile::open(path_);
  for (const size_t begin : {0, 1, 4095, 4096, 5000}) {
    for (const size_t size : {0, 1, 4096, 8191, 35'000}) MappedFile::release(file.data() + begin, size);
  }
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(file.data()), file.size()), content);
}

TEST_F(MappedFileTest, MappingMoves) {
  put(path_, "first");
  put(folder_ / "other", "second");
  MappedFile a = MappedFile::open(path_);
  MappedFile b = std::move(a);
  EXPECT_EQ(a.size(), 0u);
  a = MappedFile::open(folder_ / "other");
  b = std::move(a);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(b.data()), b.size()), "second");
  EXPECT_EQ(a.data(), nullptr);
}

TEST_F(MappedFileTest, MappingOutlivesTheName) {
  put(path_, "content");
  const MappedFile file = MappedFile::open(path_);
  replace(path_, "new");
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(file.data()), file.size()), "content");
}

TEST_F(MappedFileTest, MappingNamesPathAndReason) {
  const std::string absent = thrown<DataError>([&] { MappedFile::open(path_); });
  EXPECT_EQ(absent, "cannot open '" + path_.string() + "': No such file or directory");
  const std::string folder = thrown<DataError>([&] { MappedFile::open(folder_.path()); });
  EXPECT_EQ(folder, "cannot open '" + folder_.path().string() + "': Is a directory");
}

TEST_F(MappedFileTest, MappingRefusesAPipeWithoutWaiting) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  const std::string message = thrown<DataError>([&] { MappedFile::open(path_); });
  EXPECT_EQ(message, "cannot open '" + path_.string() + "': it is not a regular file");
}

TEST_F(MappedFileTest, CanBeWrittenInPlaceWithoutChangingTheFile) {
  put(path_, std::string(kBytes, 'x'));
  const MappedFile file = MappedFile::open(path_);
  const_cast<std::byte*>(file.data())[5000] = std::byte{'y'};
  EXPECT_EQ(text_of(file)[5000], 'y');
  EXPECT_EQ(read_file(path_, kBytes), std::string(kBytes, 'x'));
  EXPECT_FALSE(file.is_changed());
}

TEST_F(MappedFileTest, AFileThatIsCutReadsAsZerosAndSaysSo) {
  put(path_, std::string(kBytes, 'x'));
  const MappedFile file = MappedFile::open(path_);
  EXPECT_FALSE(file.is_changed());
  fs::resize_file(path_, 10);
  std::vector<std::thread> readers;
  std::vector<int> sums(4);
  for (int& sum : sums) {
    readers.emplace_back([&] {
      for (size_t i = 0; i < file.size(); i += 100) sum += static_cast<int>(file.data()[i]);
    });
  }
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(sums, std::vector<int>(4, 'x'));
  EXPECT_TRUE(file.is_changed());
  put(path_, std::string(kBytes, 'x'));
  EXPECT_TRUE(file.is_changed()) << "what was read as zeros stays so";
}

TEST_F(MappedFileTest, AFileThatIsOverwrittenInPlaceIsChanged) {
  put(path_, std::string(kBytes, 'x'));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the clock of files is coarse
  const MappedFile file = MappedFile::open(path_);
  put(path_, std::string(kBytes, 'y'));
  EXPECT_TRUE(file.is_changed());
}

TEST_F(MappedFileTest, AnotherFileUnderTheNameIsNoChange) {
  put(path_, std::string(kBytes, 'x'));
  const MappedFile file = MappedFile::open(path_);
  replace(path_, "new");
  EXPECT_FALSE(file.is_changed());
  fs::remove(path_);
  EXPECT_FALSE(file.is_changed());
}

TEST_F(MappedFileTest, BytesOfACutFileAreWrittenAsZeros) {
  put(path_, std::string(kBytes, 'x'));
  const MappedFile file = MappedFile::open(path_);
  fs::resize_file(path_, 10);
  replace(folder_ / "copy", text_of(MappedFile::open(path_)));
  write_file_atomically(folder_ / "copy", [&](std::ostream& out) {
    out.write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
  });
  EXPECT_EQ(read_file(folder_ / "copy", kBytes), "xxxxxxxxxx" + std::string(kBytes - 10, '\0'));
  EXPECT_TRUE(file.is_changed());
}

TEST_F(MappedFileTest, OtherAddressesStayFatal) {
  put(path_, std::string(kBytes, 'x'));
  const MappedFile ours = MappedFile::open(path_);
  const auto touch_a_foreign_mapping = [&] {
    std::FILE* const file = std::fopen((folder_ / "foreign").c_str(), "w+");
    if (::ftruncate(fileno(file), kBytes) != 0) _exit(1);
    const auto* data =
        static_cast<const volatile char*>(::mmap(nullptr, kBytes, PROT_READ, MAP_SHARED, fileno(file), 0));
    if (::ftruncate(fileno(file), 0) != 0) _exit(1);
    _exit(data[kBytes / 2]);
  };
  EXPECT_EXIT(touch_a_foreign_mapping(), testing::KilledBySignal(SIGBUS), "");
  EXPECT_EXIT(raise(SIGBUS), testing::KilledBySignal(SIGBUS), "");
}

TEST_F(MappedFileTest, SourcesAreFoundByAddressAndOutliveTheMapping) {
  put(path_, std::string(kBytes, 'x'));
  put(folder_ / "other", "content");
  MappedSources sources;
  {
    const MappedFile file = MappedFile::open(path_), other = MappedFile::open(folder_ / "other");
    sources.add(file.data() + kBytes - 1);
    sources.add(file.data() + 1);
    sources.add(&sources);
    sources.add(nullptr);
  }
  EXPECT_EQ(sources.changed(), std::nullopt);
  fs::resize_file(folder_ / "other", 1);
  EXPECT_EQ(sources.changed(), std::nullopt);
  fs::resize_file(path_, 1);
  EXPECT_EQ(sources.changed(), path_);
}

}  // namespace
}  // namespace pixnerd
