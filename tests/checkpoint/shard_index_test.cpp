#include "checkpoint/shard_index.h"

#include <cstring>

#include "checkpoint/weights_file.h"
#include "core/text.h"
#include "tests/checkpoint/files.h"

namespace pixnerd::checkpoint {
namespace {

std::string index_error(std::string_view json) {
  return thrown<CheckpointError>([&] { parse_shard_index(json, "x.index.json"); });
}

TEST(ShardIndex, NamesAndTheirFiles) {
  const ShardIndex index = parse_shard_index(
      R"({"metadata": {"total_size": 1, "weight_map": [{"a": {}}]}, "weight_map": {"a": "1.safetensors", "b": "2"}, "c": [1.5]})",
      "x.index.json");
  EXPECT_EQ(index, (ShardIndex{{"a", "1.safetensors"}, {"b", "2"}}));
}

TEST(ShardIndex, WhatIsNoIndexIsRefused) {
  expect_contains(index_error(""), "JSON");
  expect_contains(index_error("{}"), "weight_map");
  expect_contains(index_error(R"({"weight_map": 3})"), "weight_map");
  expect_contains(index_error(R"([{"weight_map": {}}])"), "weight_map");
  expect_contains(index_error(R"({"weight_map": {"a": 3}})"), "no text");
  expect_contains(index_error(R"({"weight_map": {"a": {"b": "c"}}})"), "no text");
  expect_contains(index_error(R"({"weight_map": {"a": ["b"]}})"), "no text");
  expect_contains(index_error(R"({"weight_map": {"a": "b", "a": "c"}})"), "twice");
  expect_contains(index_error(R"({"weight_map": {}, "weight_map": {}})"), "two");
  expect_contains(index_error(R"({"weight_map": {"a": "b")"), "JSON");
  for (const char* file : {"../x", "/etc/passwd", "a/b", "..", ".", "", "a\\\\b", "a\\u0000b"}) {
    expect_contains(index_error(concat(R"({"weight_map": {"a": ")", file, "\"}}")), "no file beside it");
  }
  expect_contains(index_error(std::string(1'000'000, '[')), "JSON");
}

class ShardsTest : public testing::Test {
 protected:
  TensorEntry entry(const std::string& name, size_t bytes) const {
    return {name, DType::U8, {static_cast<int64_t>(bytes)}, reinterpret_cast<const std::byte*>(content_.data()), bytes};
  }

  std::string opening_error() const {
    return thrown<CheckpointError>([&] { WeightsFile::open(index_); });
  }

  TemporaryFolder folder_;
  std::filesystem::path index_ = folder_ / "x.safetensors.index.json";
  std::string content_ = "0123456789abcdef";
};

TEST_F(ShardsTest, WhatIsWrittenIsRead) {
  write_shards(index_, std::vector{entry("c", 6), entry("a", 4), entry("b", 4), entry("d", 16)}, {{"k", "v"}}, 8);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "x-00001-of-00003.safetensors"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "x-00003-of-00003.safetensors"));
  const auto file = WeightsFile::open(index_);
  EXPECT_EQ(file->format(), WeightsFormat::sharded_safetensors);
  EXPECT_EQ(file->metadata(), (Metadata{{"k", "v"}}));
  ASSERT_EQ(file->entries().size(), 4U);
  for (const auto& [name, bytes] : {std::pair<const char*, size_t>{"a", 4}, {"b", 4}, {"c", 6}, {"d", 16}}) {
    ASSERT_EQ(file->find(name)->bytes, bytes);
    EXPECT_EQ(std::memcmp(file->find(name)->data, content_.data(), bytes), 0) << name;
  }
}

TEST_F(ShardsTest, ANameTwiceIsRefusedBeforeAnythingIsLost) {
  write_shards(index_, std::vector{entry("a", 4)}, {}, 8);
  expect_contains(thrown<CheckpointError>([&] {
                    write_shards(index_, std::vector{entry("a", 4), entry("b", 8), entry("a", 4)}, {}, 4);
                  }),
                  "a is there twice");
  EXPECT_EQ(WeightsFile::open(index_)->entries().size(), 1U);
}

TEST_F(ShardsTest, AnIndexAndFilesThatContradictEachOtherAreRefused) {
  write_shards(index_, std::vector{entry("a", 4), entry("b", 4)}, {}, 4);
  const std::string first = "x-00001-of-00002.safetensors", second = "x-00002-of-00002.safetensors";
  write_safetensors(folder_ / first, std::vector{entry("a", 4), entry("z", 4)});
  expect_contains(opening_error(), "holds z");
  write_safetensors(folder_ / first, std::vector<TensorEntry>{});
  expect_contains(opening_error(), "places a");
  write_safetensors(folder_ / first, std::vector{entry("b", 4)});
  expect_contains(opening_error(), "holds b");
  std::filesystem::remove(folder_ / second);
  write_safetensors(folder_ / first, std::vector{entry("a", 4)});
  EXPECT_THROW(WeightsFile::open(index_), DataError);
}

}  // namespace
}  // namespace pixnerd::checkpoint
