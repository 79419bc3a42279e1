#include "models/network.h"

#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include "core/errors.h"
#include "core/text.h"
#include "models/pixnerd_c2i.h"
#include "models/pixnerd_t2i.h"

namespace pixnerd::models {
namespace {

std::shared_ptr<Network> build(const ModelConfig& config) {
  if (config.takes_text()) return std::make_shared<PixNerdT2IImpl>(config);
  if (config.num_classes < 1) throw ConfigError("model.num_classes is 0; a network needs at least 1 class");
  return std::make_shared<PixNerdC2IImpl>(config);
}

}  // namespace

at::Tensor Network::encode(const at::Tensor& x, const at::Tensor& t, const at::Tensor& condition) {
  return encode_on(token_grid(config(), x.size(2), x.size(3)), x, t, condition);
}

at::Tensor Network::decode(const at::Tensor& x, const at::Tensor& t, const at::Tensor& s, const at::Tensor& weights) {
  return decode_on(token_grid(config(), x.size(2), x.size(3)), x, t, s, weights);
}

void require_precision(const Network& network, Precision precision) {
  const std::optional<Precision> prepared = network.prepared_precision();
  if (prepared && *prepared != precision) {
    throw RequestError(concat("the network was prepared for ", name_of(*prepared), " and cannot compute in ",
                              name_of(precision), "; load it again for that, or ask for ", name_of(*prepared)));
  }
  if (precision == Precision::int8 && !prepared) {
    throw RequestError(
        "int8 needs a network that was prepared for it; call prepare_for_inference, or ask for bfloat16");
  }
}

at::Tensor null_labels(const ModelConfig& config, int64_t batch) {
  if (config.num_styles == 0) return at::full({batch}, config.num_classes, at::kLong);
  return at::tensor({config.num_classes, config.num_styles}, at::kLong).repeat({batch, 1});
}

at::Tensor blank_condition(const ModelConfig& config, int64_t batch) {
  if (config.takes_text()) return at::zeros({batch, config.txt_max_length, config.txt_embed_dim});
  return at::zeros_like(null_labels(config, batch));
}

std::shared_ptr<Network> make_network(const ModelConfig& config) {
  auto network = build(config);
  network->set_requires_grad(false);
  return network;
}

}  // namespace pixnerd::models
