#include <ATen/ATen.h>

#include <cmath>
#include <stdexcept>

#include "checkpoint/tensors.h"
#include "core/text.h"
#include "tests/parity/parity.h"

namespace pixnerd::parity {
namespace {

at::Tensor numbers_of(const at::Tensor& x) {
  return x.detach().to(at::kCPU, at::kDouble);
}

double largest(const at::Tensor& x) {
  return x.numel() == 0 ? 0.0 : x.abs().max().item<double>();
}

}  // namespace

Case::Case(const nlohmann::json& entry, const std::filesystem::path& folder, const at::Device& device)
    : name_(entry.at("name")),
      config_(entry.at("config")),
      tolerance_(entry.at("tolerance")),
      folder_(folder),
      device_(device) {
  file_ = folder / entry.at("file").get<std::string>();
  if (file_.extension() == ".safetensors") tensors_ = checkpoint::load_safetensors(file_).tensors;
  for (auto& [name, tensor] : tensors_) tensor = tensor.to(device_);
}

double Case::tolerance(const std::string& key) const {
  return tolerance_.at(key).get<double>();
}

at::Tensor Case::tensor(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) throw std::runtime_error(concat("the case has no tensor ", name));
  return found->second;
}

std::map<std::string, at::Tensor> Case::with_prefix(const std::string& prefix) const {
  std::map<std::string, at::Tensor> found;
  for (const auto& [name, tensor] : tensors_) {
    if (name.starts_with(prefix)) found.emplace(name.substr(prefix.size()), tensor);
  }
  return found;
}

void Case::compare(const std::string& what, const at::Tensor& actual, const at::Tensor& expected, double limit) {
  if (actual.sizes() != expected.sizes()) return require(concat(what, " has the expected shape"), false);
  const at::Tensor b = numbers_of(expected);
  record(what, largest(numbers_of(actual) - b) / std::max(largest(b), 1e-4), limit);
}

void Case::compare_absolute(const std::string& what, const at::Tensor& actual, const at::Tensor& expected,
                            double limit) {
  if (actual.sizes() != expected.sizes()) return require(concat(what, " has the expected shape"), false);
  record(what, largest(numbers_of(actual) - numbers_of(expected)), limit);
}

void Case::require(const std::string& what, bool holds) {
  ++compared_;
  if (!holds) failures_ += concat("; not so: ", what);
}

void Case::record(const std::string& what, double error, double limit) {
  ++compared_;
  if (!(error <= limit)) failures_ += concat("; ", what, ": error ", error, " over limit ", limit);
  const double ratio = limit > 0 ? error / limit : (error == 0 ? 0 : INFINITY);
  if (ratio > worst_ratio_ || std::isnan(ratio)) {
    worst_ratio_ = ratio;
    worst_ = concat("worst error ", error, " of ", limit, " (", what, ")");
  }
}

std::string Case::summary() const {
  return concat(worst_, worst_.empty() ? "" : ", ", compared_, " comparisons", failures_);
}

models::ModelConfig model_config(const nlohmann::json& config) {
  models::ModelConfig sizes;
  const std::string model = config.value("model", "c2i");
  for (const auto& [name, type] : enum_names(models::ModelType())) {
    if (model == name) sizes.type = type;
  }
  sizes.in_channels = config.at("in_channels");
  sizes.hidden_size = config.at("hidden_size");
  sizes.num_heads = config.at("num_heads");
  sizes.patch_size = config.at("patch_size");
  sizes.field_width = config.at("field_width");
  sizes.field_mlp_ratio = config.at("field_mlp_ratio");
  if (sizes.takes_text()) {
    sizes.num_encoder_blocks = config.at("num_encoder_blocks");
    sizes.num_decoder_blocks = config.at("num_decoder_blocks");
    sizes.num_text_blocks = config.at("num_text_blocks");
    sizes.txt_embed_dim = config.at("txt_embed_dim");
    sizes.txt_max_length = config.at("txt_max_length");
  } else {
    sizes.num_cond_blocks = config.at("num_cond_blocks");
    sizes.num_blocks = config.at("num_blocks");
    sizes.num_classes = config.at("num_classes");
  }
  if (config.contains("decoder_patch_scaling")) {
    sizes.decoder_patch_scaling = config.at("decoder_patch_scaling").get<std::array<double, 2>>();
  }
  return sizes;
}

std::shared_ptr<models::Network> network_of(const Case& golden) {
  auto network = models::make_network(model_config(golden.config()));
  network->to(golden.device(), at::kFloat);
  std::map<std::string, at::Tensor> parameters = golden.with_prefix("param.");
  std::erase_if(parameters, [](const auto& each) {  // of what stands beside a network
    return each.first.starts_with("encoder.") || each.first.starts_with("diffusion_trainer.");
  });
  checkpoint::copy_into(network->parameters(), parameters, golden.name());
  network->set_requires_grad(true);
  network->set_mode(models::Mode::train);
  return network;
}

void compare_gradients(Case& golden, const models::Network& network, double limit) {
  for (const auto& [name, parameter] : network.parameters()) {
    if (golden.has("grad." + name)) {
      golden.compare("grad." + name, parameter.grad(), golden.tensor("grad." + name), limit);
    } else {
      golden.require(name + " has no gradient", !parameter.grad().defined());
    }
  }
}

}  // namespace pixnerd::parity
