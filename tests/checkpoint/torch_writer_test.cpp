#include "checkpoint/torch_writer.h"

#include <cstring>

#include "checkpoint/weights_file.h"
#include "tests/checkpoint/files.h"

namespace pixnerd::checkpoint {
namespace {

class TorchWriterTest : public testing::Test {
 protected:
  TensorEntry entry(const std::string& name, std::vector<int64_t> shape, size_t bytes, DType dtype = DType::F32) const {
    return {name, dtype, std::move(shape), reinterpret_cast<const std::byte*>(content_.data()), bytes};
  }

  std::string error_of(const std::vector<TensorEntry>& entries, const Metadata& metadata = {}) {
    return thrown<CheckpointError>([&] { write_torch_file(path_, entries, metadata); });
  }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "x.ckpt";
  std::string content_ = "0123456789abcdef0123456789abcdef";
};

TEST_F(TorchWriterTest, WhatIsWrittenIsRead) {
  std::vector<TensorEntry> entries = {entry("a", {2, 3}, 24), entry("größe", {}, 4), entry("none", {0, 5}, 0)};
  for (const DType dtype : {DType::F64, DType::BF16, DType::BOOL, DType::U16, DType::U64, DType::F8_E4M3,
                            DType::F8_E8M0, DType::C64, DType::float4_x2, DType::bits8}) {
    entries.push_back(entry(name_of(dtype), {3}, 3 * bytes_of(dtype), dtype));
  }
  write_torch_file(path_, entries, {{"pixnerd.config", "a: 1\n"}, {"global_step", "100000"}, {"epoch", "x"}});

  const auto file = WeightsFile::open(path_);
  EXPECT_EQ(file->format(), WeightsFormat::torch_zip);
  EXPECT_EQ(file->metadata(), (Metadata{{"pixnerd.config", "a: 1\n"}, {"global_step", "100000"}, {"epoch", "x"}}));
  const PickleValues& values = file->pickle()->values;
  EXPECT_TRUE(values.is(values.find(file->pickle()->root, "global_step"), ValueKind::integer));
  ASSERT_EQ(file->entries().size(), entries.size());
  for (const TensorEntry& expected : entries) {
    const StridedEntry* found = file->find("state_dict/" + expected.name);
    ASSERT_NE(found, nullptr) << expected.name;
    EXPECT_EQ(found->dtype, expected.dtype);
    EXPECT_EQ(found->shape, expected.shape);
    EXPECT_TRUE(found->is_contiguous());
    ASSERT_EQ(found->bytes, expected.bytes);
    EXPECT_EQ(std::memcmp(found->data, expected.data, expected.bytes), 0) << expected.name;
  }
}

TEST_F(TorchWriterTest, TypesThatPyTorchHasNoElementsOfAreRefused) {
  for (const DType dtype : {DType::F4, DType::F6_E3M2, DType::qint8}) {
    EXPECT_NE(error_of({entry("a", {4}, bytes_of(4, dtype), dtype)}).find("a has dtype"), std::string::npos);
  }
}

TEST_F(TorchWriterTest, TheSameEntriesGiveTheSameBytes) {
  const std::vector<TensorEntry> entries = {entry("a", {2, 3}, 24), entry("b", {1}, 4)};
  write_torch_file(path_, entries);
  const std::string first = read_whole(path_);
  write_torch_file(path_, entries);
  EXPECT_EQ(read_whole(path_), first);
}

TEST_F(TorchWriterTest, BytesCanBeMadeWhenTheirTurnComes) {
  const std::vector<TensorEntry> entries = {entry("a", {2}, 8), entry("b", {1}, 4)};
  std::string made;
  const auto make = [&](size_t index) {
    made = index == 0 ? "AAAABBBB" : "CCCC";
    return bytes_of_text(made);
  };
  write_torch_file(path_, entries, {}, make);
  EXPECT_EQ(std::memcmp(WeightsFile::open(path_)->find("state_dict/b")->data, "CCCC", 4), 0);
  const auto wrong = [&](size_t) { return bytes_of_text("AAAA"); };
  expect_contains(thrown<CheckpointError>([&] { write_torch_file(path_, entries, {}, wrong); }),
                  "a has 4 bytes, not 8");
  EXPECT_EQ(std::memcmp(WeightsFile::open(path_)->find("state_dict/b")->data, "CCCC", 4), 0);  // the old file stays
}

TEST_F(TorchWriterTest, EntriesThatNoReaderAcceptsAreRefused) {
  expect_contains(error_of({entry("a", {1}, 4), entry("a", {1}, 4)}), "a is there twice");
  expect_contains(error_of({entry("a", {2}, 4)}), "do not fit");
  expect_contains(error_of({entry("\xff", {1}, 4)}), "UTF-8");
  expect_contains(error_of({}, {{"k", "\xff"}}), "UTF-8");
  expect_contains(error_of({}, {{"state_dict", ""}}), "state_dict");
  EXPECT_FALSE(std::filesystem::exists(path_));
}

}  // namespace
}  // namespace pixnerd::checkpoint
