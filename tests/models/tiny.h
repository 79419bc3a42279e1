// A network small enough to run in milliseconds, for the tests of every room that needs one.
#pragma once

#include <c10/core/GradMode.h>

#include <memory>

#include "diffusion/noise.h"
#include "models/network.h"

namespace pixnerd::models {

inline ModelConfig tiny_config() {
  ModelConfig config;
  config.hidden_size = 16;
  config.num_heads = 2;
  config.patch_size = 4;
  config.field_width = 8;
  config.num_cond_blocks = 1;
  config.num_blocks = 2;
  config.num_classes = 3;
  return config;
}

inline ModelConfig tiny_text_config(ModelType type) {
  ModelConfig config;
  config.type = type;
  config.hidden_size = 16;
  config.num_heads = 2;
  config.patch_size = 4;
  config.field_width = 8;
  config.num_encoder_blocks = 2;
  config.num_decoder_blocks = 1;
  config.num_text_blocks = 1;
  config.txt_embed_dim = 6;
  config.txt_max_length = 5;
  config.decoder_base_size = 8;
  return config;
}

// With an encoder of its own, whose condition are bytes [B, 12].
inline ModelConfig tiny_byte_config(Modulation modulation = Modulation::adaln) {
  ModelConfig config = tiny_text_config(ModelType::t2i_heavy);
  config.text_encoder = TextEncoderKind::bytes;
  config.txt_embed_dim = 32;
  config.txt_max_length = 4;
  config.txt_state_bytes = 3;
  config.num_byte_blocks = 1;
  config.modulation = modulation;
  return config;
}

// As training finds it: the last layer is zero.
inline std::shared_ptr<Network> fresh_network(const ModelConfig& config, uint64_t seed) {
  auto network = make_network(config);
  at::Generator generator = diffusion::seeded_generator(seed);
  network->initialise(generator);
  return network;
}

// Every parameter random, so that a wrong detail shows.
inline std::shared_ptr<Network> random_network(const ModelConfig& config, uint64_t seed) {
  auto network = make_network(config);
  at::Generator generator = diffusion::seeded_generator(seed);
  const c10::NoGradGuard no_grad;
  for (const auto& [name, parameter] : network->parameters()) at::Tensor(parameter).normal_(0, 0.2, generator);
  return network;
}

}  // namespace pixnerd::models
