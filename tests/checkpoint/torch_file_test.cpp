#include "checkpoint/torch_file.h"

#include <cstring>
#include <sstream>

#include "checkpoint/zip_writer.h"
#include "core/text.h"
#include "tests/checkpoint/files.h"
#include "tests/checkpoint/torch_files.h"

namespace pixnerd::checkpoint {
namespace {

using std::string_literals::operator""s;

std::string text(std::string_view content) {
  return "X"s + static_cast<char>(content.size()) + "\0\0\0"s + std::string(content);
}

std::string integer(int64_t value) {
  return "\x8a\x08"s + std::string(reinterpret_cast<const char*>(&value), sizeof(value));
}

std::string tuple(const std::vector<int64_t>& values) {
  std::string bytes = "(";
  for (const int64_t value : values) bytes += integer(value);
  return bytes + "t";
}

struct View {
  std::vector<int64_t> shape, strides;
  int64_t offset = 0, elements = 24;  // of the storage
  std::string key = "0", part = "";   // part: what the older form says of a view of a storage
};

std::string tensor(const View& view) {
  return "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + "ctorch\nFloatStorage\n" + text(view.key) +
         text("cpu") + integer(view.elements) + view.part + "tQ" + integer(view.offset) + tuple(view.shape) +
         tuple(view.strides) + "\x89Nt" + "R";
}

std::string pickle(const std::string& body) {
  return "\x80\x02" + body + ".";
}

std::string floats(size_t count) {
  std::string bytes;
  for (size_t i = 0; i < count; ++i) {
    const auto value = static_cast<float>(i);
    bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  return bytes;
}

std::string zip(const std::string& object, const std::string& byteorder = "little", size_t storage = 24) {
  std::ostringstream out;
  ZipWriter writer(out);
  writer.add("x/data.pkl", pickle(object));
  writer.add("x/byteorder", byteorder);
  writer.add("x/data/0", floats(storage));
  writer.finish();
  return out.str();
}

std::string legacy(const std::string& object, const std::string& keys, const std::string& storages) {
  return "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."s + pickle("M\xe9\x03") + pickle("}") +
         pickle(object) + pickle(keys) + storages;
}

std::string counted(int64_t elements, size_t floats_there) {
  return std::string(reinterpret_cast<const char*>(&elements), sizeof(elements)) + floats(floats_there);
}

TorchContents parse(const std::string& file, bool ignore_unknown = false) {
  return parse_torch_file(bytes_of_text(file), {ignore_unknown}, "x.pt");
}

std::string error_of(const std::string& file) {
  return thrown<CheckpointError>([&] { parse(file); });
}

std::string error_of(const View& view) {
  return error_of(zip("}" + text("w") + tensor(view) + "s"));
}

float first_of(const StridedEntry& entry) {
  float value = 0;
  std::memcpy(&value, entry.data, sizeof(value));
  return value;
}

TEST(TorchFile, NamesAreTheWaysThroughTheContainers) {
  const std::string one = tensor({{1}, {1}, 3});
  const std::string file = zip("}(" + text("state_dict") + "}" + text("a.b") + one + "s" + text("states") + "](}K\x05" +
                               one + "s(" + one + "Nte" + text("step") + "K\x03u");
  const TorchContents contents = parse(file);
  std::vector<std::string> names;
  for (const StridedEntry& entry : contents.entries) names.push_back(entry.name);
  EXPECT_EQ(names, (std::vector<std::string>{"state_dict/a.b", "states/0/5", "states/1/0"}));
  EXPECT_EQ(contents.form, TorchForm::zip);
}

TEST(TorchFile, ViewsShareStorages) {
  const std::string file =
      zip("}(" + text("whole") + tensor({{4, 6}, {6, 1}}) + text("transposed") + tensor({{6, 4}, {1, 6}}) +
          text("column") + tensor({{4}, {6}, 5}) + text("scalar") + tensor({{}, {}, 23}) + text("repeated") +
          tensor({{1000, 2}, {0, 1}, 22}) + text("none") + tensor({{3, 0}, {1, 1}, 500}) + "u");
  const TorchContents contents = parse(file);
  ASSERT_EQ(contents.entries.size(), 6U);
  const std::byte* const start = contents.entries[0].data;
  EXPECT_EQ(contents.entries[0].bytes, 96U);
  EXPECT_TRUE(contents.entries[0].is_contiguous());
  EXPECT_EQ(contents.entries[1].data, start);
  EXPECT_FALSE(contents.entries[1].is_contiguous());
  EXPECT_EQ(first_of(contents.entries[2]), 5);
  EXPECT_EQ(contents.entries[2].bytes, 19 * sizeof(float));
  EXPECT_EQ(first_of(contents.entries[3]), 23);
  EXPECT_EQ(contents.entries[4].elements(), 2000);
  EXPECT_EQ(contents.entries[4].bytes, 2 * sizeof(float));
  EXPECT_EQ(contents.entries[5].bytes, 0U);
}

TEST(TorchFile, TensorsOutsideOfTheirStorageAreRefused) {
  expect_contains(error_of(View{{4, 6}, {6, 1}, 1}), "needs 24 elements from number 1 on, its storage has 24");
  expect_contains(error_of(View{{25}, {1}}), "its storage has 24");
  expect_contains(error_of(View{{1}, {1}, 24}), "its storage has 24");
  expect_contains(error_of(View{{1}, {1}, -1}), "negative offset");
  expect_contains(error_of(View{{-2}, {1}}), "negative side");
  expect_contains(error_of(View{{2}, {-1}}), "negative stride");
  expect_contains(error_of(View{{2, 3}, {1}}), "2 sides and 1 strides");
  expect_contains(error_of(View{{int64_t{1} << 33, int64_t{1} << 33}, {1, 1}}), "too large");
  expect_contains(error_of(View{{int64_t{1} << 61, 0}, {1, 1}}), "too large");
  expect_contains(error_of(View{{2, 1}, {std::numeric_limits<int64_t>::max() - 1, 1}}), "its storage has 24");
  expect_contains(error_of(View{{2, 2}, {std::numeric_limits<int64_t>::max(), 1}}), "too large");
  expect_contains(error_of(View{{3, 2}, {std::numeric_limits<int64_t>::max(), 1}}), "too large");
  expect_contains(error_of(View{{1, 1}, {1, 1}, std::numeric_limits<int64_t>::max()}), "its storage has 24");
  expect_contains(error_of(View{std::vector<int64_t>(65, 1), std::vector<int64_t>(65, 1)}), "more than 64 sides");
  expect_contains(error_of(View{{20'000'000}, {0}}), "repeats");
}

TEST(TorchFile, StoragesThatAreNotThereAreRefused) {
  expect_contains(error_of(View{{1}, {1}, 0, 24, "1"}), "names storage '1', which it does not hold");
  expect_contains(error_of(View{{1}, {1}, 0, 24, "../../../etc/passwd"}), "does not hold");
  expect_contains(error_of(View{{1}, {1}, 0, 25}), "lies in storage '0' of 25 elements, the file has 24");
  expect_contains(error_of(View{{1}, {1}, 0, -1}), "lies in storage");
  expect_contains(error_of(View{{1}, {1}, 0, int64_t{1} << 62}), "lies in storage");
}

TEST(TorchFile, ZipFilesThatTorchDidNotWriteAreRefused) {
  const std::string object = "}" + text("w") + tensor({{1}, {1}}) + "s";
  expect_contains(error_of(zip(object, "big")), "byte order 'big'");
  for (const std::vector<std::string>& names : {std::vector<std::string>{"x/version"}, {"x/data.pkl", "y/data.pkl"}}) {
    std::ostringstream out;
    ZipWriter writer(out);
    for (const std::string& name : names) writer.add(name, pickle("N"));
    writer.finish();
    expect_contains(error_of(out.str()), "data.pkl");
  }
}

TEST(TorchFile, TheOlderForm) {
  const std::string part = "(" + text("v") + "K\x06K\x03t";
  const std::string object =
      "}(" + text("a") + tensor({{4}, {1}, 1, 6, "k1", "N"}) + text("b") + tensor({{2}, {1}, 0, 24, "k0", part}) + "u";
  const std::string file = legacy(object, "](" + text("k0") + text("k1") + "e", counted(24, 24) + counted(6, 6));
  const TorchContents contents = parse(file);
  EXPECT_EQ(contents.form, TorchForm::legacy);
  ASSERT_EQ(contents.entries.size(), 2U);
  EXPECT_EQ(first_of(contents.entries[0]), 1);
  EXPECT_EQ(first_of(contents.entries[1]), 6);  // of the part that begins at element 6

  for (size_t size = 1; size < file.size(); ++size) {
    EXPECT_THROW(parse(file.substr(0, size)), CheckpointError) << size;
  }
}

TEST(TorchFile, OlderFormsThatContradictThemselvesAreRefused) {
  const auto object = [](const View& view) { return concat("}", text("a"), tensor(view), "s"); };
  const std::string good = object({{4}, {1}, 0, 6, "k", "N"});
  const std::string keys = "]" + text("k") + "a";
  EXPECT_EQ(parse(legacy(good, keys, counted(6, 6))).entries.size(), 1U);
  expect_contains(error_of(legacy(good, keys, counted(7, 7))), "has 7 elements, its pickle says 6");
  expect_contains(error_of(legacy(good, keys, counted(6, 5))), "truncated");
  expect_contains(error_of(legacy(good, "]", "")), "does not hold");
  expect_contains(error_of(legacy(good, "](" + text("k") + text("k") + "e", counted(6, 6) + counted(6, 6))), "twice");
  expect_contains(error_of(legacy(good, "]" + text("other") + "a", counted(6, 6))), "no tensor uses");
  expect_contains(error_of(legacy(good, "N", "")), "no list");
  const std::string far = object({{1}, {1}, 0, 6, "k", "(" + text("v") + "K\x05K\x02t"});
  expect_contains(error_of(legacy(far, keys, counted(6, 6))), "not inside it");
  const std::string huge = object({{1}, {1}, 0, int64_t{1} << 62, "k", "N"});
  expect_contains(error_of(legacy(huge, keys, counted(int64_t{1} << 62, 6))), "truncated");
  expect_contains(error_of(pickle("K\x05")), "none that torch.save wrote");
}

TEST(TorchFile, ContainersThatHoldThemselvesOrEachOtherAreRefused) {
  expect_contains(error_of(zip("]q\0h\0a"s)), "nested more than");
  expect_contains(error_of(zip(std::string(30'000, ']') + std::string(29'999, 'a'))), "nested more than");
  std::string doubling;
  for (int i = 0; i < 60; ++i) doubling += "](h\0h\0eq\0"s;
  expect_contains(error_of(zip("]q\0"s + doubling)), "over and over");
  expect_contains(error_of(zip(tensor({{1}, {1}}) + "q\0"s + doubling)), "names and shapes");
}

TEST(TorchFile, ANameTwiceIsRefused) {
  const std::string one = tensor({{1}, {1}});
  expect_contains(error_of(zip("}(" + text("a") + one + text("a") + one + "u")), "a is there twice");
}

TEST(TorchFile, TensorsInUnknownObjectsAreFound) {
  const std::string object = "cmy.model\nNet\n)\x81}" + text("w") + tensor({{1}, {1}}) + "sb";
  expect_contains(error_of(zip(object)), "my.model.Net");
  const TorchContents contents = parse(zip(object), true);
  ASSERT_EQ(contents.entries.size(), 1U);
  EXPECT_EQ(contents.entries[0].name, "0/w");
}

// As omegaconf's settings do, whose children know their parents.
TEST(TorchFile, ObjectsThatHoldTheirParentsAreWalkedOnce) {
  const std::string object = "comegaconf.dictconfig\nDictConfig\n)\x81q\0}("s;
  const std::string child = "comegaconf.nodes\nAnyNode\n)\x81}" + text("_parent") + "h\0sb"s;
  const std::string settings = object + text("_content") + "}" + text("a") + child + "s" + text("w") +
                               tensor({{1}, {1}}) + text("list") + "]q\1h\1a" + "ub"s;
  const TorchContents contents = parse(zip("}(" + text("hyper") + settings + text("again") + "h\0"s + "u"));
  ASSERT_EQ(contents.entries.size(), 1U);
  EXPECT_EQ(contents.entries[0].name, "hyper/0/w");
}

TEST(TorchFile, WhatIsTooDeepInObjectsIsPassedOver) {
  const std::string deep = std::string(30'000, ']') + std::string(29'999, 'a');
  EXPECT_TRUE(parse(zip("cargparse\nNamespace\n)\x81" + deep + "b")).entries.empty());
}

TEST(TorchFile, EveryTypeIsListed) {
  TorchFileMaker file;
  const std::string bytes(48, '\1');
  TorchFileMaker::Pairs pairs = {{"complex", file.tensor({3}, bytes.data(), 48, "ComplexDoubleStorage", 16)},
                                 {"quantised", file.tensor({48}, bytes.data(), 48, "QUInt8Storage", 1)}};
  for (const char* type :
       {"float8_e4m3fn", "float8_e8m0fnu", "uint16", "uint64", "complex32", "float4_e2m1fn_x2", "bits16"}) {
    pairs.emplace_back(type, file.untyped({6}, bytes, type));
  }
  const TemporaryFolder folder;
  file.write(folder / "x.pt", TorchFileMaker::dict(pairs));
  const TorchContents contents = parse(read_whole(folder / "x.pt"));
  std::string types;
  for (const StridedEntry& entry : contents.entries) types += concat(name_of(entry.dtype), " ");
  EXPECT_EQ(types, "complex128 quint8 F8_E4M3 F8_E8M0 U16 U64 complex32 float4_e2m1fn_x2 bits16 ");
}

TEST(TorchFile, NoChangeOfAByteCrashes) {
  const std::string object = "}(" + text("a") + tensor({{4}, {1}, 1, 24, "0"}) + "u";
  const std::string files[] = {zip(object), legacy("}" + text("a") + tensor({{4}, {1}, 0, 6, "k", "N"}) + "s",
                                                   "]" + text("k") + "a", counted(6, 6))};
  for (const std::string& file : files) {
    for (size_t i = 0; i < file.size(); ++i) {
      for (const int flip : {0x01, 0x10, 0x80, 0xff}) {
        std::string changed = file;
        changed[i] = static_cast<char>(changed[i] ^ flip);
        try {
          for (const StridedEntry& entry : parse(changed, true).entries) {
            EXPECT_GE(reinterpret_cast<const char*>(entry.data), changed.data());
            EXPECT_LE(reinterpret_cast<const char*>(entry.data) + entry.bytes, changed.data() + changed.size());
          }
        } catch (const CheckpointError&) {
        }
      }
    }
  }
}

}  // namespace
}  // namespace pixnerd::checkpoint
