// Kind qwen3: the text encoder's last hidden states at every position, padded ones too.
#include "models/qwen3.h"

#include <ATen/ATen.h>

#include "tests/parity/parity.h"

namespace pixnerd::parity {

void run_qwen3(Case& golden) {
  const nlohmann::json& config = golden.config();
  models::Qwen3Config sizes;
  sizes.hidden_size = config.at("hidden_size");
  sizes.num_attention_heads = config.at("num_attention_heads");
  sizes.num_key_value_heads = config.at("num_key_value_heads");
  sizes.head_dim = config.at("head_dim");
  sizes.num_hidden_layers = config.at("num_hidden_layers");
  sizes.intermediate_size = config.at("intermediate_size");
  sizes.vocab_size = config.at("vocab_size");
  sizes.rms_norm_eps = config.at("rms_norm_eps");
  sizes.rope_theta = config.at("rope_theta");
  const models::Qwen3 model(sizes, golden.with_prefix("param."), golden.name(), at::kFloat, golden.device());
  const at::Tensor states =
      model(golden.tensor("in.input_ids").cpu(), golden.tensor("in.attention_mask").to(at::kCPU, at::kBool));
  golden.compare("last hidden state", states, golden.tensor("out.last_hidden_state.sdpa"), golden.tolerance("out"));
}

}  // namespace pixnerd::parity
