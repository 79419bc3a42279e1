#include "data/npz.h"

#include <gtest/gtest.h>

#include "core/errors.h"
#include "tests/core/thrown.h"
#include "tests/data/npz_file.h"

namespace pixnerd::data {
namespace {

class NpzTest : public testing::Test {
 protected:
  std::filesystem::path write(const std::map<std::string, std::string>& members, bool deflated = false) const {
    write_zip(folder_ / "a.npz", members, deflated);
    return folder_ / "a.npz";
  }
  std::string refused(const std::string& npy) const {
    return thrown<DataError>([&] { NpzArray(write({{"x.npy", npy}}), "x"); });
  }

  TemporaryFolder folder_;
};

const std::string kSix("\1\2\3\4\5\6", 6);

TEST_F(NpzTest, ReadsStoredAndDeflatedArraysInParts) {
  for (const bool deflated : {false, true}) {
    const auto path = write({{"x.npy", npy("|u1", "(2, 3)", kSix)}, {"a.npy", npy("<f8", "()", "01234567")}}, deflated);
    EXPECT_EQ(npz_names(path), (std::vector<std::string>{"a", "x"}));
    NpzArray array(path, "x");
    EXPECT_EQ(array.type(), "u1");
    EXPECT_EQ(array.shape(), (std::vector<int64_t>{2, 3}));
    EXPECT_EQ(array.elements(), 6);
    std::string first(4, ' '), second(2, ' ');
    array.read(std::as_writable_bytes(std::span(first)));
    array.read(std::as_writable_bytes(std::span(second)));
    EXPECT_EQ(first + second, kSix);
    EXPECT_NE(thrown<DataError>([&] { array.read(std::as_writable_bytes(std::span(first))); }).find("ends too early"),
              std::string::npos);
    EXPECT_EQ(NpzArray(path, "a").shape(), std::vector<int64_t>{});
  }
}

TEST_F(NpzTest, RefusesWhatItCannotRead) {
  const auto says = [&](const std::string& npy_file, const char* what) {
    const std::string message = refused(npy_file);
    EXPECT_NE(message.find(what), std::string::npos) << message;
    EXPECT_NE(message.find("array 'x' of '"), std::string::npos) << message;
  };
  says("", "ends too early");
  says("GIF89a__", "not in the .npy format");
  says(npy(">f8", "(1,)", "01234567"), "little-endian");
  says(npy("|O", "(1,)", "x"), "type is none that can be read");
  says(npy("|u1", "(2, 3)", kSix, "True"), "column-major");
  says(npy("|u1", "(2, 4)", kSix), "size is not that of its shape");
  says(npy("|u1", "(2, -3)", kSix), "shape is damaged");
  says(npy("|u1", "(99999999999, 99999999999, 99999999999)", kSix), "shape is damaged");
  says(npy("|u1", "(2, 3", kSix), "damaged");
  says(npy("|u1", "(6,)", kSix, "Maybe"), "damaged");
}

TEST_F(NpzTest, RefusesWhatIsNoNpzFile) {
  const auto path = write({{"x.npy", npy("|u1", "(6,)", kSix)}});
  EXPECT_NE(thrown<DataError>([&] { NpzArray(path, "mu"); }).find("no such array"), std::string::npos);
  EXPECT_NE(thrown<DataError>([&] { npz_names(folder_ / "none.npz"); }).find("none.npz"), std::string::npos);
  EXPECT_NE(thrown<DataError>([&] { npz_names(folder_.path()); }).find("no file"), std::string::npos);
  std::ofstream(folder_ / "text.npz") << "hello, this is no zip file at all";
  EXPECT_NE(thrown<DataError>([&] { npz_names(folder_ / "text.npz"); }).find("text.npz"), std::string::npos);
}

// Stored, as NumPy writes it, nothing but the checksum can tell.
TEST_F(NpzTest, AChangedPixelIsFoundAtTheEndOfTheArray) {
  const auto path = write({{"x.npy", npy("|u1", "(6,)", kSix)}, {"y.npy", npy("|u1", "(6,)", kSix)}});
  std::string damaged = read_whole(path);
  damaged.at(damaged.find(kSix) + 2) = 9;
  std::ofstream(path, std::ios::binary) << damaged;
  NpzArray array(path, "x");
  std::string first(4, ' '), second(2, ' ');
  array.read(std::as_writable_bytes(std::span(first)));
  const std::string message = thrown<DataError>([&] { array.read(std::as_writable_bytes(std::span(second))); });
  EXPECT_NE(message.find("CRC"), std::string::npos) << message;
  EXPECT_NE(message.find("array 'x' of '"), std::string::npos) << message;
  std::string other(6, ' ');
  NpzArray(path, "y").read(std::as_writable_bytes(std::span(other)));
  EXPECT_EQ(other, kSix);
}

TEST_F(NpzTest, DamagedFilesAreReadOrRefused) {
  const auto path = write({{"x.npy", npy("|u1", "(6,)", kSix)}});
  const std::string whole = read_whole(path);
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x11);
    std::ofstream(path, std::ios::binary) << damaged;
    try {
      NpzArray array(path, "x");
      std::string bytes(static_cast<size_t>(std::min<int64_t>(array.elements(), 100)), ' ');
      array.read(std::as_writable_bytes(std::span(bytes)));
    } catch (const DataError&) {
    }
  }
  std::ofstream(path, std::ios::binary) << whole.substr(0, whole.size() / 2);
  EXPECT_NE(thrown<DataError>([&] { npz_names(path); }).find("a.npz"), std::string::npos);
}

}  // namespace
}  // namespace pixnerd::data
