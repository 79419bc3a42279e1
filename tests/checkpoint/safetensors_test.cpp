#include "checkpoint/safetensors.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "core/text.h"
#include "tests/checkpoint/files.h"

namespace pixnerd::checkpoint {
namespace {

constexpr const char* kPair =
    R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[3],"data_offsets":[8,11]}})";

void expect_refused(const std::string& file, std::string_view part) {
  const std::string message = thrown<CheckpointError>([&] { parse_safetensors(bytes_of_text(file), "x.safetensors"); });
  EXPECT_TRUE(message.starts_with("checkpoint 'x.safetensors': ")) << message;
  expect_contains(message, part);
}

std::string entry_text(std::string_view dtype, std::string_view shape, std::string_view offsets) {
  return concat("{\"dtype\":\"", dtype, "\",\"shape\":[", shape, "],\"data_offsets\":[", offsets, "]}");
}

TensorEntry entry_of(std::string name, DType dtype, std::vector<int64_t> shape, std::string_view bytes) {
  return {std::move(name), dtype, std::move(shape), reinterpret_cast<const std::byte*>(bytes.data()), bytes.size()};
}

TEST(Safetensors, DtypesHaveTheirNamesAndSizes) {
  const std::map<std::string, uint64_t> sizes = {
      {"U64", 64},    {"I64", 64},    {"F64", 64},    {"C64", 64},    {"U32", 32},        {"F32", 32},
      {"I32", 32},    {"BF16", 16},   {"F16", 16},    {"U16", 16},    {"I16", 16},        {"F8_E5M2FNUZ", 8},
      {"I8", 8},      {"U8", 8},      {"BOOL", 8},    {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8}, {"F8_E4M3", 8},
      {"F8_E5M2", 8}, {"F6_E3M2", 6}, {"F6_E2M3", 6}, {"F4", 4}};
  std::map<std::string, uint64_t> found;
  for (size_t i = 0; i < kDTypes; ++i) {
    const DType dtype = dtype_numbered(i);
    if (!in_safetensors(dtype)) continue;
    found[name_of(dtype)] = bits_of(dtype);
    EXPECT_EQ(dtype_named(name_of(dtype)), dtype);
  }
  EXPECT_EQ(found, sizes);
  EXPECT_FALSE(dtype_named("qint8").has_value());
  EXPECT_EQ(bytes_of(4, DType::F6_E3M2), 3U);
  EXPECT_EQ(bytes_of(3, DType::F4), 2U);
}

TEST(Safetensors, ElementsOfLessThanAByteFillWholeOnes) {
  const auto header = [](const char* dtype, const char* shape, int bytes) {
    return concat(R"({"a":{"dtype":")", dtype, R"(","shape":)", shape, R"(,"data_offsets":[0,)", bytes, "]}}");
  };
  EXPECT_EQ(parse_safetensors(bytes_of_text(file_with(header("F4", "[3,2]", 3), 3)), "x").entries[0].bytes, 3U);
  EXPECT_EQ(parse_safetensors(bytes_of_text(file_with(header("F6_E2M3", "[4]", 3), 3)), "x").entries[0].bytes, 3U);
  expect_contains(
      thrown<CheckpointError>([&] { parse_safetensors(bytes_of_text(file_with(header("F4", "[3]", 2), 2)), "x"); }),
      "fills no whole bytes");
}

TEST(Safetensors, EntriesLieInsideTheFile) {
  const std::string file = file_with(kPair, 11);
  const SafetensorsContents contents = parse_safetensors(bytes_of_text(file), "x");
  ASSERT_EQ(contents.entries.size(), 2u);
  const TensorEntry& b = contents.entries[1];
  EXPECT_EQ(b.name, "b");
  EXPECT_EQ(b.dtype, DType::U8);
  EXPECT_EQ(b.shape, std::vector<int64_t>{3});
  EXPECT_EQ(b.bytes, 3u);
  EXPECT_EQ(b.data, bytes_of_text(file).data() + file.size() - 3);
}

TEST(Safetensors, EntriesComeInTheOrderOfTheirBytes) {
  const std::string file =
      file_with("{\"late\":" + entry_text("U8", "2", "1,3") + ",\"none\":" + entry_text("F64", "3,0", "1,1") +
                    ",\"early\":" + entry_text("U8", "", "0,1") + "}",
                3);
  std::vector<std::string> names;
  for (const TensorEntry& entry : parse_safetensors(bytes_of_text(file), "x").entries) names.push_back(entry.name);
  EXPECT_EQ(names, (std::vector<std::string>{"early", "none", "late"}));
}

TEST(Safetensors, AFileMayHoldNothing) {
  EXPECT_TRUE(parse_safetensors(bytes_of_text(file_with("{}")), "x").entries.empty());
  EXPECT_EQ(parse_safetensors(bytes_of_text(file_with(R"({"__metadata__":{"k":"v"}})")), "x").metadata.at("k"), "v");
}

TEST(Safetensors, RefusesTruncationAtEveryByte) {
  const std::string file = file_with(kPair, 11);
  for (size_t size = 0; size < file.size(); ++size) expect_refused(file.substr(0, size), "truncated");
  expect_refused(file.substr(0, file.size() - 1), "b ends at byte 11");
}

TEST(Safetensors, RefusesHeadersThatAreTooLong) {
  for (const uint64_t length : {uint64_t{100'000'001}, uint64_t{1} << 40, uint64_t{1} << 63, ~uint64_t{0}}) {
    std::string file = file_with(kPair, 11);
    std::memcpy(file.data(), &length, sizeof(length));
    expect_refused(file, "at most 100000000");
  }
}

TEST(Safetensors, RefusesOtherKindsOfFiles) {
  expect_refused(file_with(""), "no JSON object");
  expect_refused("\x89PNG\r\n\x1a\n and so on", "no safetensors file");
  expect_refused(std::string("PK\x03\x04") + std::string(60, '\0'), "");
}

TEST(Safetensors, RefusesDuplicateNames) {
  const std::string twice = "{\"a\":" + entry_text("U8", "1", "0,1") + ",\"b\":" + entry_text("U8", "0", "1,1") +
                            ",\"a\":" + entry_text("U8", "1", "1,2") + "}";
  expect_refused(file_with(twice, 2), "a is there twice");
  const std::string escaped =
      "{\"a\":" + entry_text("U8", "1", "0,1") + ",\"\\u0061\":" + entry_text("U8", "1", "1,2") + "}";
  expect_refused(file_with(escaped, 2), "a is there twice");
}

TEST(Safetensors, RefusesShapesThatOverflow) {
  for (const char* shape : {"9223372036854775807", "4611686018427387904,4", "4294967296,4294967296",
                            "0,9223372036854775807,9223372036854775807", "3037000500,3037000500,2"}) {
    expect_refused(file_with("{\"w\":" + entry_text("F32", shape, "0,0") + "}"), "w has shape [");
  }
}

TEST(Safetensors, RefusesSizesThatDoNotMatchTheShape) {
  expect_refused(file_with("{\"w\":" + entry_text("F32", "2", "0,7") + "}", 7),
                 "w has 7 bytes, its shape [2] in F32 needs 8");
  expect_refused(file_with("{\"w\":" + entry_text("F32", "", "0,0") + "}", 0), "its shape [] in F32 needs 4");
  expect_refused(file_with("{\"w\":" + entry_text("F32", "0,5", "0,4") + "}", 4), "its shape [0, 5] in F32 needs 0");
  expect_refused(file_with("{\"w\":" + entry_text("BF16", "2", "0,8") + "}", 8), "needs 4");
}

TEST(Safetensors, RefusesOffsetsOutOfRange) {
  expect_refused(file_with("{\"w\":" + entry_text("U8", "8", "0,8") + "}", 4), "w ends at byte 8 of the data");
  expect_refused(file_with("{\"w\":" + entry_text("U8", "0", "5,5") + "}", 4), "w ends at byte 5");
  expect_refused(file_with("{\"w\":" + entry_text("U8", "2", "4,2") + "}", 4), "before its start");
  expect_refused(file_with("{\"w\":" + entry_text("U8", "1", "9223372036854775806,9223372036854775807") + "}", 4),
                 "w ends at byte 9223372036854775807");
}

TEST(Safetensors, RefusesOverlapsAndHoles) {
  const auto pair = [](const char* a_shape, const char* a, const char* b_shape, const char* b) {
    return file_with("{\"a\":" + entry_text("U8", a_shape, a) + ",\"b\":" + entry_text("U8", b_shape, b) + "}", 8);
  };
  expect_refused(pair("5", "0,5", "4", "4,8"), "b overlaps");
  expect_refused(pair("8", "0,8", "8", "0,8"), "b overlaps");
  expect_refused(pair("8", "0,8", "0", "3,3"), "b overlaps");
  expect_refused(pair("3", "0,3", "4", "4,8"), "b starts at byte 4 after a hole that starts at 3");
  expect_refused(pair("3", "1,4", "4", "4,8"), "a starts at byte 1 after a hole");
  expect_refused(pair("4", "0,4", "2", "4,6"), "the last 2 bytes belong to no entry");
  expect_refused(file_with("{}", 1), "the last 1 bytes belong to no entry");
}

TEST(Safetensors, SurvivesRandomDamage) {
  const std::string file = file_with(kPair, 11);
  std::mt19937 random(7);
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string damaged = file;
    for (unsigned i = 0; i <= random() % 3; ++i) damaged[random() % damaged.size()] = static_cast<char>(random());
    try {
      for (const TensorEntry& entry : parse_safetensors(bytes_of_text(damaged), "x").entries) {
        const std::byte* const begin = bytes_of_text(damaged).data();
        ASSERT_GE(entry.data, begin);
        ASSERT_LE(entry.data + entry.bytes, begin + damaged.size());
      }
    } catch (const CheckpointError&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 10'000);
  EXPECT_LT(refused, 20'000);  // damage to data and names is no fault of the format
}

TEST(SafetensorsFile, FindsEntriesByName) {
  const TemporaryFolder folder;
  write_whole(folder / "x.safetensors", file_with(kPair, 11));
  const auto file = SafetensorsFile::open(folder / "x.safetensors");
  ASSERT_EQ(file->entries().size(), 2u);
  EXPECT_EQ(file->find("b"), &file->entries()[1]);
  EXPECT_EQ(file->find("a"), &file->entries()[0]);
  for (const char* name : {"", "aa", "c", "A"}) EXPECT_EQ(file->find(name), nullptr) << name;
  EXPECT_EQ(static_cast<int>(file->find("b")->data[2]), 10);
}

TEST(SafetensorsFile, NamesTheFileThatIsMalformedOrMissing) {
  const TemporaryFolder folder;
  write_whole(folder / "cut.safetensors", file_with(kPair, 11).substr(0, 60));
  write_whole(folder / "empty.safetensors", "");
  for (const char* name : {"cut.safetensors", "empty.safetensors"}) {
    const std::string message = thrown<CheckpointError>([&] { SafetensorsFile::open(folder / name); });
    expect_contains(message, (folder / name).string());
    expect_contains(message, "truncated");
  }
  EXPECT_THROW(SafetensorsFile::open(folder / "absent.safetensors"), DataError);
  EXPECT_THROW(SafetensorsFile::open(folder.path()), DataError);
}

TEST(SafetensorsFile, OpensMoreThanFourGigabytesWithoutReadingThem) {
  const TemporaryFolder folder;
  const auto path = folder / "big.safetensors";
  constexpr uint64_t kBytes = uint64_t{5} << 30;
  write_whole(path,
              file_with("{\"w\":" + entry_text("U8", std::to_string(kBytes), "0," + std::to_string(kBytes)) + "}"));
  std::filesystem::resize_file(path, std::filesystem::file_size(path) + kBytes);  // sparse: takes no space
  const auto file = SafetensorsFile::open(path);
  EXPECT_EQ(file->find("w")->bytes, kBytes);
  EXPECT_EQ(file->find("w")->data[kBytes - 1], std::byte{0});
}

TEST(SafetensorsFile, OpensEveryGoldenFile) {
  size_t files = 0;
  for (const auto& item : std::filesystem::directory_iterator("tests/golden")) {
    if (item.path().extension() != ".safetensors") continue;
    SCOPED_TRACE(item.path());
    ++files;
    const auto file = SafetensorsFile::open(item.path());
    EXPECT_FALSE(file->entries().empty());
  }
  EXPECT_GE(files, 60u);
}

TEST(WriteSafetensors, RoundTrip) {
  const TemporaryFolder folder;
  const std::vector<TensorEntry> entries = {
      entry_of("small", DType::U8, {3}, "abc"), entry_of("wide", DType::F64, {1, 2}, "0123456789abcdef"),
      entry_of("scalar", DType::BF16, {}, "xy"), entry_of("none", DType::F32, {4, 0}, "")};
  write_safetensors(folder / "x.safetensors", entries, {{"config", "a: 1\n"}, {"step", "7"}});
  const auto file = SafetensorsFile::open(folder / "x.safetensors");
  EXPECT_EQ(file->metadata(), (Metadata{{"config", "a: 1\n"}, {"step", "7"}}));
  ASSERT_EQ(file->entries().size(), entries.size());
  for (const TensorEntry& entry : entries) {
    const TensorEntry* const again = file->find(entry.name);
    ASSERT_NE(again, nullptr) << entry.name;
    EXPECT_EQ(again->dtype, entry.dtype);
    EXPECT_EQ(again->shape, entry.shape);
    EXPECT_TRUE(std::equal(again->data, again->data + again->bytes, entry.data, entry.data + entry.bytes));
  }
}

TEST(WriteSafetensors, LaysOutAsPythonDoes) {
  const TemporaryFolder folder;
  const std::vector<TensorEntry> entries = {entry_of("b", DType::U8, {1}, "u"), entry_of("z", DType::F32, {1}, "ffff"),
                                            entry_of("a", DType::F32, {1}, "FFFF")};
  write_safetensors(folder / "x", entries, {{"k", "v"}});
  const std::string header =
      R"({"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
      R"("z":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},"b":{"dtype":"U8","shape":[1],"data_offsets":[8,9]}})";
  const std::string padded = header + std::string((8 - header.size() % 8) % 8, ' ');
  EXPECT_EQ(read_whole(folder / "x"), file_with(padded) + "FFFFffffu");
}

TEST(WriteSafetensors, AlignsEveryTensor) {
  const TemporaryFolder folder;
  for (size_t name_length = 1; name_length < 10; ++name_length) {
    std::vector<TensorEntry> entries;
    const std::string bytes(32, 'x');
    for (size_t i = 0; i < kDTypes && in_safetensors(dtype_numbered(i)); ++i) {
      const DType dtype = dtype_numbered(i);
      entries.push_back(entry_of(std::string(name_length, 'n') + name_of(dtype), dtype, {4},
                                 std::string_view(bytes).substr(0, bytes_of(4, dtype))));
    }
    write_safetensors(folder / "x", entries);
    const auto file = SafetensorsFile::open(folder / "x");
    for (const TensorEntry& entry : file->entries()) {
      EXPECT_EQ(reinterpret_cast<uintptr_t>(entry.data) % bytes_of(entry.dtype), 0u) << entry.name;
    }
  }
}

TEST(WriteSafetensors, SameEntriesInAnyOrderGiveTheSameBytes) {
  const TemporaryFolder folder;
  std::vector<TensorEntry> entries = {entry_of("b", DType::U8, {1}, "u"), entry_of("a", DType::F32, {1}, "ffff"),
                                      entry_of("c", DType::U8, {0}, "")};
  write_safetensors(folder / "x", entries, {{"k", "v"}, {"a", "b"}});
  std::reverse(entries.begin(), entries.end());
  write_safetensors(folder / "y", entries, {{"a", "b"}, {"k", "v"}});
  EXPECT_EQ(read_whole(folder / "x"), read_whole(folder / "y"));
}

TEST(WriteSafetensors, RefusesWhatNoReaderWouldAcceptAndLeavesTheOldFile) {
  const TemporaryFolder folder;
  write_whole(folder / "x", "old");
  const auto expect_unwritten = [&](std::vector<TensorEntry> entries, const Metadata& metadata, std::string_view part) {
    expect_contains(thrown<CheckpointError>([&] { write_safetensors(folder / "x", entries, metadata); }), part);
    EXPECT_EQ(read_whole(folder / "x"), "old");
  };
  std::string too_long;
  too_long.resize(100'000'000, 'x');
  const TensorEntry good = entry_of("w", DType::F32, {1}, "ffff");
  expect_unwritten({good, entry_of("w", DType::U8, {1}, "u")}, {}, "w is there twice");
  expect_unwritten({entry_of("__metadata__", DType::F32, {1}, "ffff")}, {}, "__metadata__ cannot be");
  expect_unwritten({entry_of("w", DType::F32, {2}, "ffff")}, {}, "w has 4 bytes, which do not fit its shape [2]");
  expect_unwritten({entry_of("w", DType::F32, {-1}, "ffff")}, {}, "shape [-1]");
  expect_unwritten({entry_of("w", DType::U8, std::vector<int64_t>(65, 1), "u")}, {}, "more than 64 sides");
  expect_unwritten({entry_of("w\xff", DType::F32, {1}, "ffff")}, {}, "not UTF-8");
  expect_unwritten({good}, {{"k", "\xff"}}, "not UTF-8");
  expect_unwritten({good}, {{"k", too_long}}, "at most 100000000");
}

TEST(WriteSafetensors, ReportsAFolderThatIsNotThere) {
  const TemporaryFolder folder;
  EXPECT_THROW(write_safetensors(folder / "absent" / "x", {}), DataError);
}

}  // namespace
}  // namespace pixnerd::checkpoint
