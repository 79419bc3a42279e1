// Kind inception: the FID Inception-v3 with weights that are computed from their names.
#include "models/inception.h"

#include <ATen/ATen.h>

#include "core/text.h"
#include "tests/models/inception_weights.h"
#include "tests/parity/parity.h"

namespace pixnerd::parity {
namespace {

void compare_names(Case& golden, const std::map<std::string, at::Tensor>& weights) {
  const auto& names = golden.config().at("names");
  golden.require("the network has as many tensors", names.size() == weights.size());
  for (const auto& [name, shape] : names.items()) {
    const auto found = weights.find(name);
    golden.require(name, found != weights.end() && found->second.sizes() == shape.get<std::vector<int64_t>>());
  }
  for (const auto& [name, expected] : golden.with_prefix("out.weights.first8.")) {
    golden.compare(concat("weights of ", name), weights.at(name).flatten().narrow(0, 0, 8), expected, 0.0);
  }
}

at::Tensor rows_of(const at::Tensor& input) {  // the two rows that the case keeps
  return at::stack({input.select(2, 0), input.select(2, 150)}, 2);
}

void compare_size(Case& golden, const models::Inception& network, const std::string& size, double limit) {
  const auto expected = [&](const std::string& name) { return golden.tensor(concat("out.", name, ".", size)); };
  const at::Tensor pictures = golden.tensor("in.images_u8." + size).permute({0, 2, 3, 1}).contiguous();
  const at::Tensor input = models::inception_input(pictures, models::InceptionResize::tensorflow);
  golden.compare("resized " + size, rows_of(input), expected("tf1.resized_row0_row150"), limit);
  const models::InceptionFeatures features = network(input);
  golden.compare("pool3 " + size, features.pooled, expected("tf1.pool3"), limit);
  golden.compare("sfid " + size, features.spatial, expected("tf1.sfid_2023"), limit);
  golden.compare("logits without bias " + size, features.logits, expected("tf1.logits_unbiased"), limit);
  golden.compare("logits " + size, features.logits + network.bias(), expected("tf1.logits"), limit);
  golden.compare("softmax " + size, features.logits.softmax(1), expected("tf1.softmax_unbiased"), limit);

  const at::Tensor smooth = models::inception_input(pictures, models::InceptionResize::pytorch);
  golden.compare("resized as pytorch-fid " + size, rows_of(smooth), expected("pytorch_fid.resized_row0_row150"), limit);
  golden.compare("pool3 as pytorch-fid " + size, network(smooth).pooled, expected("pytorch_fid.pool3"), limit);
}

}  // namespace

void run_inception(Case& golden) {
  const auto weights = models::inception_weights(golden.config().at("salt").get<std::string>());
  compare_names(golden, weights);
  const models::Inception network({weights, golden.name()}, at::kFloat, golden.device());
  for (const auto& shape : golden.config().at("sizes")) {
    compare_size(golden, network, concat(shape[1].get<int64_t>(), "x", shape[2].get<int64_t>()),
                 golden.tolerance("out"));
  }
}

}  // namespace pixnerd::parity
