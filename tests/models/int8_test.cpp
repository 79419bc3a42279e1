#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "core/errors.h"
#include "models/int8_layers.h"
#include "models/network.h"
#include "models/precision.h"
#include "nn/packed_weight.h"
#include "nn/quantised.h"
#include "tests/core/thrown.h"
#include "tests/models/tiny.h"
#include "tests/nn/relative_error.h"

namespace pixnerd::models {
namespace {

using Tensors = std::map<std::string, at::Tensor>;

Tensors weights_of(const Network& network) {
  const auto parameters = network.parameters();
  return {parameters.begin(), parameters.end()};
}

// As a file for int8 has them.
Tensors stored(const Tensors& weights) {
  Tensors result;
  for (const auto& [name, tensor] : weights) {
    const at::ScalarType type = int8_file_type(name, tensor.sizes());
    if (type != at::kChar) {
      result.emplace(name, tensor.to(type));
      continue;
    }
    const nn::QuantisedWeight rounded = nn::quantise_weight(tensor);
    result.emplace(name, rounded.values);
    result.emplace(name + "_scale", rounded.scales);
  }
  return result;
}

std::shared_ptr<Network> with(const ModelConfig& config, const Tensors& weights) {
  auto network = make_network(config);
  network->adopt(weights, "x.safetensors");
  return network;
}

at::Tensor velocity(Network& network, Precision precision) {
  at::Generator generator = diffusion::seeded_generator(5);
  const at::Tensor x = at::randn({2, 3, 16, 16}, generator, at::kFloat), t = at::full({2}, 0.3);
  const at::Tensor y = at::zeros({2}, at::kLong);
  const at::NoGradGuard no_grad;
  const PrecisionScope scope(precision, at::kCPU);
  return network.velocity(x, t, y).to(at::kFloat);
}

class Int8Test : public testing::Test {
 protected:
  void SetUp() override {
    if (!nn::has_packed_products(at::kChar)) GTEST_SKIP() << "no int8 products here";
  }
  std::shared_ptr<Network> exact_ = random_network(tiny_config(), 11);
};

TEST_F(Int8Test, StaysWithinItsBoundOfFloat32) {
  const auto network = with(tiny_config(), weights_of(*exact_));
  network->prepare_for_inference(at::kCPU, weight_type(Precision::int8));
  const at::Tensor expected = velocity(*exact_, Precision::float32), found = velocity(*network, Precision::int8);
  EXPECT_LT(nn::relative_error(found, expected), 0.06);
  EXPECT_GT(nn::relative_error(found, expected), 1e-4);
}

TEST_F(Int8Test, StoredWeightsGiveWhatRoundingAtLoadingGives) {
  const auto at_loading = with(tiny_config(), weights_of(*exact_));
  const auto from_file = with(tiny_config(), stored(weights_of(*exact_)));
  for (const auto& network : {at_loading, from_file}) {
    network->prepare_for_inference(at::kCPU, weight_type(Precision::int8));
    for (const auto& [name, parameter] : network->parameters()) {
      const bool packed = layer_group(name, weights_of(*exact_).at(name).sizes()) != nullptr;
      EXPECT_EQ(parameter.numel() == 0, packed) << name;
    }
  }
  EXPECT_TRUE(velocity(*at_loading, Precision::int8).equal(velocity(*from_file, Precision::int8)));
}

TEST_F(Int8Test, StoredWeightsServeOtherArithmetic) {
  const Tensors weights = stored(weights_of(*exact_));
  const at::Tensor expected = velocity(*exact_, Precision::float32);
  EXPECT_LT(nn::relative_error(velocity(*with(tiny_config(), weights), Precision::float32), expected), 0.05);
  for (const Precision precision : {Precision::float32, Precision::bfloat16}) {
    const auto packed = with(tiny_config(), weights), plain = with(tiny_config(), weights);
    packed->prepare_for_inference(at::kCPU, weight_type(precision));
    plain->to(at::kCPU, weight_type(precision));
    EXPECT_LT(nn::relative_error(velocity(*packed, precision), expected), 0.06);
    EXPECT_LT(nn::relative_error(velocity(*plain, precision), expected), 0.06);
  }
}

TEST_F(Int8Test, FilesWithTroubleAreRefusedByName) {
  const std::string name = "blocks.0.attn.qkv.weight";
  const auto refusal = [&](const std::function<void(Tensors&)>& spoil) {
    Tensors weights = stored(weights_of(*exact_));
    spoil(weights);
    return thrown<CheckpointError>([&] { with(tiny_config(), weights); });
  };
  EXPECT_NE(refusal([&](Tensors& weights) { weights.erase(name + "_scale"); }).find(name + "_scale is missing"),
            std::string::npos);
  EXPECT_NE(refusal([&](Tensors& weights) {
              weights[name] = at::zeros({2, 3}, at::kChar);
              weights[name + "_scale"] = at::ones({2});
            }).find(name + " has shape [2, 3]"),
            std::string::npos);
  EXPECT_NE(refusal([&](Tensors& weights) {
              weights["other.weight"] = at::zeros({2, 3}, at::kChar);
              weights["other.weight_scale"] = at::ones({2});
            }).find("other.weight is no parameter"),
            std::string::npos);
}

// A matrix that no product reads is rounded by no writer of ours, and is read all the same.
TEST_F(Int8Test, AMatrixOfNoGroupIsMadeFloatAgain) {
  Tensors weights = stored(weights_of(*exact_));
  const std::string name = "final_layer.linear.weight";
  const nn::QuantisedWeight rounded = nn::quantise_weight(weights.at(name));
  weights[name] = rounded.values;
  weights[name + "_scale"] = rounded.scales;
  const auto network = with(tiny_config(), weights);
  network->prepare_for_inference(at::kCPU, weight_type(Precision::int8));
  EXPECT_LT(nn::relative_error(velocity(*network, Precision::int8), velocity(*exact_, Precision::float32)), 0.06);
}

TEST(Int8Layers, EveryMatrixOfTheBlocksHasAGroup) {
  std::set<std::string> others;
  for (const ModelConfig& config : {tiny_config(), tiny_text_config(ModelType::t2i)}) {
    for (const auto& [name, parameter] : make_network(config)->parameters()) {
      const bool in_blocks = name.starts_with("blocks.") || name.starts_with("text_refine_blocks.");
      const bool matrix_of_tokens = (in_blocks && parameter.dim() == 2) || name.ends_with("embedder.proj.weight");
      EXPECT_EQ(layer_group(name, parameter.sizes()) != nullptr, matrix_of_tokens) << name;
    }
  }
}

TEST(Int8Layers, OnlyACPUComputesThem) {
  EXPECT_NE(thrown<RequestError>([] { require_int8(at::kCUDA); }).find("--device cpu"), std::string::npos);
}

}  // namespace
}  // namespace pixnerd::models
