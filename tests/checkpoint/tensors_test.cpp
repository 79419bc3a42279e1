#include "checkpoint/tensors.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "tests/checkpoint/files.h"

namespace pixnerd::checkpoint {
namespace {

constexpr c10::ScalarType kTypes[] = {c10::kLong, c10::kDouble, c10::kFloat, c10::kInt,  c10::kBFloat16,
                                      c10::kHalf, c10::kShort,  c10::kChar,  c10::kByte, c10::kBool};

// Equal dtype, shape and values; NaN equals nothing.
void expect_same(const at::Tensor& actual, const at::Tensor& expected) {
  EXPECT_EQ(actual.scalar_type(), expected.scalar_type());
  ASSERT_EQ(actual.sizes(), expected.sizes());
  EXPECT_TRUE(actual.equal(expected));
}

TEST(Tensors, RoundTripOfEveryDtypeAndShape) {
  const TemporaryFolder folder;
  NamedTensors tensors;
  for (const c10::ScalarType type : kTypes) {
    const at::Tensor values = at::arange(24).remainder(type == c10::kBool ? 2 : 120).to(type);
    const std::string name = c10::toString(type);
    tensors.emplace_back(name + ".matrix", values.reshape({2, 3, 4}));
    tensors.emplace_back(name + ".scalar", values[7]);
    tensors.emplace_back(name + ".empty", values.slice(0, 0, 0));
    tensors.emplace_back(name + ".empty_matrix", values.slice(0, 0, 0).reshape({3, 0, 2}));
    tensors.emplace_back(name + ".ones", values.slice(0, 5, 6).reshape({1, 1, 1}));
  }
  save_safetensors(folder / "x.safetensors", tensors, {{"config", "model: {}\n"}});
  const Loaded loaded = load_safetensors(folder / "x.safetensors");
  EXPECT_EQ(loaded.metadata, (Metadata{{"config", "model: {}\n"}}));
  ASSERT_EQ(loaded.tensors.size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    SCOPED_TRACE(name);
    expect_same(loaded.tensors.at(name), tensor);
    EXPECT_FALSE(loaded.tensors.at(name).requires_grad());
  }
}

TEST(Tensors, RoundTripKeepsEveryBitOfFloats) {
  const TemporaryFolder folder;
  const at::Tensor bits = at::arange(1 << 16).to(c10::kShort);
  save_safetensors(folder / "x", {{"bf16", bits.view(c10::kBFloat16)}, {"f16", bits.view(c10::kHalf)}});
  const Loaded loaded = load_safetensors(folder / "x");
  expect_same(loaded.tensors.at("bf16").view(c10::kShort), bits);
  expect_same(loaded.tensors.at("f16").view(c10::kShort), bits);
}

TEST(Tensors, ReadsHandWrittenBytes) {
  const TemporaryFolder folder;
  const std::string header =
      R"({"i":{"dtype":"I16","shape":[2],"data_offsets":[0,4]},"h":{"dtype":"BF16","shape":[],"data_offsets":[4,6]}} )";
  write_whole(folder / "x", file_with(header) + std::string("\x01\x02\xff\xff\xc0\x3f", 6));
  const Loaded loaded = load_safetensors(folder / "x");
  EXPECT_EQ(loaded.tensors.at("i")[0].item<int>(), 0x201);
  EXPECT_EQ(loaded.tensors.at("i")[1].item<int>(), -1);
  EXPECT_EQ(loaded.tensors.at("h").item<float>(), 1.5f);
}

TEST(Tensors, TheMappingOutlivesLoadedAndTheFile) {
  const TemporaryFolder folder;
  const auto path = folder / "x.safetensors";
  const at::Tensor expected = at::arange(100'000).to(c10::kFloat);
  save_safetensors(path, {{"w", expected}, {"b", at::ones({2})}});
  at::Tensor tensor = load_safetensors(path).tensors.at("w");
  const at::Tensor view = tensor.slice(0, 99'000);
  tensor.reset();
  save_safetensors(path, {{"w", at::zeros({100'000})}, {"b", at::ones({2})}});  // replaced by rename
  std::filesystem::remove(path);
  expect_same(view, expected.slice(0, 99'000));
}

TEST(Tensors, TensorsAliasTheMappedFile) {
  const TemporaryFolder folder;
  save_safetensors(folder / "x", {{"a", at::ones({2}, c10::kLong)}, {"b", at::ones({3})}});
  const Loaded loaded = load_safetensors(folder / "x");
  const auto* a = static_cast<const std::byte*>(loaded.tensors.at("a").const_data_ptr());
  EXPECT_EQ(static_cast<const std::byte*>(loaded.tensors.at("b").const_data_ptr()), a + 16);
}

TEST(Tensors, UnalignedElementsAreCopied) {
  const TemporaryFolder folder;
  for (size_t padding = 0; padding < 8; ++padding) {
    const std::string header = R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})" + std::string(padding, ' ');
    const float values[] = {1.5f, -2.f};
    write_whole(folder / "x", file_with(header) + std::string(reinterpret_cast<const char*>(values), 8));
    const at::Tensor w = load_safetensors(folder / "x").tensors.at("w");
    EXPECT_EQ(reinterpret_cast<uintptr_t>(w.const_data_ptr()) % 4, 0u);
    EXPECT_EQ(w[0].item<float>(), 1.5f);
    EXPECT_EQ(w[1].item<float>(), -2.f);
  }
}

TEST(Tensors, RefusesBoolsThatAreNeitherZeroNorOne) {
  const TemporaryFolder folder;
  const std::string header = R"({"mask":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]}})";
  write_whole(folder / "x", file_with(header, 3));  // 0, 1, 2
  expect_contains(thrown<CheckpointError>([&] { load_safetensors(folder / "x"); }), "mask is BOOL");
}

TEST(Tensors, MalformedAndMissingFilesAreReported) {
  const TemporaryFolder folder;
  write_whole(folder / "x", "short");
  expect_contains(thrown<CheckpointError>([&] { load_safetensors(folder / "x"); }), "truncated");
  EXPECT_THROW(load_safetensors(folder / "absent"), DataError);
}

TEST(Tensors, SavesValuesOfStridedExpandedAndTrackedTensors) {
  const TemporaryFolder folder;
  const at::Tensor base = at::arange(12).to(c10::kFloat).reshape({3, 4});
  const at::Tensor tracked = base.clone().set_requires_grad(true);
  save_safetensors(folder / "x", {{"t", base.t()},
                                  {"column", base.select(1, 2)},
                                  {"expanded", base.slice(0, 0, 1).expand({5, 4})},
                                  {"again", base},
                                  {"negative", base._neg_view()},
                                  {"tracked", tracked}});
  const std::map<std::string, at::Tensor> loaded = load_safetensors(folder / "x").tensors;
  expect_same(loaded.at("t"), base.t());
  expect_same(loaded.at("column"), base.select(1, 2));
  expect_same(loaded.at("expanded"), base.slice(0, 0, 1).expand({5, 4}));
  expect_same(loaded.at("again"), base);
  expect_same(loaded.at("negative"), -base);
  expect_same(loaded.at("tracked"), base);
}

TEST(Tensors, SavingTwiceGivesTheSameBytes) {
  const TemporaryFolder folder;
  const at::Tensor a = at::arange(5), b = at::ones({2, 2});
  save_safetensors(folder / "x", {{"a", a}, {"b", b}}, {{"k", "v"}, {"l", "w"}});
  save_safetensors(folder / "y", {{"b", b}, {"a", a}}, {{"l", "w"}, {"k", "v"}});
  EXPECT_EQ(read_whole(folder / "x"), read_whole(folder / "y"));
}

TEST(Tensors, RefusesToSaveWhatTheFormatLacks) {
  const TemporaryFolder folder;
  const auto expect_unsaved = [&](const NamedTensors& tensors, std::string_view part) {
    const std::string message = thrown<CheckpointError>([&] { save_safetensors(folder / "x", tensors); });
    expect_contains(message, part);
    EXPECT_FALSE(std::filesystem::exists(folder / "x"));
  };
  expect_unsaved({{"w", at::Tensor()}}, "w is an undefined tensor");
  expect_unsaved({{"w", at::ones({2}).to(c10::kComplexDouble)}}, "w has dtype complex128");
  expect_unsaved({{"w", at::ones({2}).to_sparse()}}, "w is sparse");
  expect_unsaved({{"w", at::ones({2})}, {"w", at::ones({3})}}, "w is there twice");
}

TEST(Tensors, EveryGoldenFileSurvivesTheRoundTrip) {
  const TemporaryFolder folder;
  for (const auto& item : std::filesystem::directory_iterator("tests/golden")) {
    if (item.path().extension() != ".safetensors") continue;
    SCOPED_TRACE(item.path());
    const Loaded golden = load_safetensors(item.path());
    save_safetensors(folder / "x", NamedTensors(golden.tensors.begin(), golden.tensors.end()), golden.metadata);
    const auto original = SafetensorsFile::open(item.path());
    const auto again = SafetensorsFile::open(folder / "x");
    EXPECT_EQ(again->metadata(), original->metadata());
    ASSERT_EQ(again->entries().size(), original->entries().size());
    for (const TensorEntry& entry : original->entries()) {
      const TensorEntry& found = *again->find(entry.name);
      EXPECT_EQ(found.dtype, entry.dtype);
      EXPECT_EQ(found.shape, entry.shape);
      EXPECT_TRUE(std::equal(found.data, found.data + found.bytes, entry.data, entry.data + entry.bytes)) << entry.name;
    }
  }
}

class CopyInto : public testing::Test {
 protected:
  CopyInto() {
    for (const auto& [name, parameter] : parameters_) stored_.emplace(name, at::full_like(parameter, 3));
  }

  // What the failed call says; nothing may have been copied.
  std::string refused() {
    std::string message = thrown<CheckpointError>([&] { copy_into(parameters_, stored_, "x.safetensors"); });
    EXPECT_TRUE(message.starts_with("checkpoint 'x.safetensors': ")) << message;
    for (const auto& [name, parameter] : parameters_) {
      EXPECT_EQ(parameter.sum().item<double>(), 0) << name << " was changed";
    }
    return message;
  }

  NamedTensors parameters_ = {{"blocks.3.norm1.weight", at::zeros({128})},
                              {"blocks.3.qkv.weight", at::zeros({4, 2})},
                              {"final.bias", at::zeros({3})},
                              {"steps", at::zeros({}, c10::kLong)}};
  std::map<std::string, at::Tensor> stored_;
};

TEST_F(CopyInto, FillsParametersInPlaceWithoutAutograd) {
  at::Tensor weight = parameters_[0].second.set_requires_grad(true);
  copy_into(parameters_, stored_, "x.safetensors");
  for (const auto& [name, parameter] : parameters_) EXPECT_TRUE(parameter.eq(3).all().item<bool>()) << name;
  EXPECT_TRUE(weight.is_leaf());
  EXPECT_EQ(weight[0].item<float>(), 3.f);
}

TEST_F(CopyInto, ConvertsBetweenFloatingDtypes) {
  stored_["final.bias"] = at::full({3}, 1.5).to(c10::kBFloat16);
  stored_["blocks.3.qkv.weight"] = at::full({4, 2}, 0.25).to(c10::kDouble);
  copy_into(parameters_, stored_, "x.safetensors");
  EXPECT_TRUE(parameters_[2].second.eq(1.5).all().item<bool>());
  EXPECT_EQ(parameters_[2].second.scalar_type(), c10::kFloat);
  EXPECT_TRUE(parameters_[1].second.eq(0.25).all().item<bool>());
}

TEST_F(CopyInto, CheckingAloneChangesNothing) {
  check_names_and_shapes(parameters_, stored_, "x.safetensors");
  for (const auto& [name, parameter] : parameters_) EXPECT_EQ(parameter.sum().item<double>(), 0) << name;
  stored_.erase("steps");
  const std::string message = thrown<CheckpointError>([&] { check_names_and_shapes(parameters_, stored_, "y"); });
  EXPECT_EQ(message, "checkpoint 'y': steps is missing");
}

TEST_F(CopyInto, NamesAWrongShape) {
  stored_["blocks.3.norm1.weight"] = at::ones({96});
  EXPECT_EQ(refused(), "checkpoint 'x.safetensors': blocks.3.norm1.weight has shape [96], the config needs [128]");
}

TEST_F(CopyInto, CountsFurtherWrongShapes) {
  stored_["blocks.3.qkv.weight"] = at::ones({2, 4});
  stored_["final.bias"] = at::ones({3, 1});
  stored_["steps"] = at::ones({1}, c10::kLong);
  EXPECT_EQ(refused(),
            "checkpoint 'x.safetensors': blocks.3.qkv.weight has shape [2, 4], the config needs [4, 2] (and 2 more)");
}

TEST_F(CopyInto, NamesAMissingParameter) {
  stored_.erase("final.bias");
  EXPECT_EQ(refused(), "checkpoint 'x.safetensors': final.bias is missing");
  stored_.clear();
  EXPECT_EQ(refused(), "checkpoint 'x.safetensors': blocks.3.norm1.weight is missing (and 3 more)");
}

TEST_F(CopyInto, NamesASurplusEntry) {
  stored_["other.weight"] = at::ones({1});
  expect_contains(refused(), "other.weight is no parameter of the config's network");
  stored_["other.bias"] = at::ones({1});
  expect_contains(refused(), "other.bias is no parameter of the config's network (and 1 more)");
}

TEST_F(CopyInto, NamesADtypeThatDoesNotConvert) {
  stored_["steps"] = at::ones({}, c10::kFloat);
  expect_contains(refused(), "steps has dtype Float, the config needs Long");
  stored_["steps"] = at::ones({}, c10::kInt);
  expect_contains(refused(), "steps has dtype Int");
}

TEST_F(CopyInto, TellsAllKindsOfTroubleAtOnce) {
  stored_.erase("final.bias");
  stored_["final.b"] = at::ones({3});
  stored_["blocks.3.norm1.weight"] = at::ones({96});
  const std::string message = refused();
  expect_contains(message, "blocks.3.norm1.weight has shape [96], the config needs [128]; final.bias is missing; ");
  expect_contains(message, "final.b is no parameter");
}

}  // namespace
}  // namespace pixnerd::checkpoint
