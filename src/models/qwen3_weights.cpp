#include "models/qwen3_weights.h"

#include <set>
#include <string_view>
#include <vector>

#include "checkpoint/messages.h"
#include "checkpoint/tensors.h"
#include "core/text.h"

namespace pixnerd::models {
namespace {

constexpr std::string_view kEmbedding = "embed_tokens.weight";

struct Side {
  int64_t size;
  const char* field;  // of config.json, where the size comes from
};

struct Expected {
  std::string name;
  std::vector<Side> shape;
};

std::vector<Expected> expected_tensors(const Qwen3Config& config) {
  const Side width{config.hidden_size, "hidden_size"}, inner{config.intermediate_size, "intermediate_size"},
      head{config.head_dim, "head_dim"}, words{config.vocab_size, "vocab_size"},
      heads{config.num_attention_heads * config.head_dim, "num_attention_heads times head_dim"},
      key_heads{config.num_key_value_heads * config.head_dim, "num_key_value_heads times head_dim"};
  std::vector<Expected> all = {{std::string(kEmbedding), {words, width}}, {"norm.weight", {width}}};
  for (int64_t i = 0; i < config.num_hidden_layers; ++i) {
    const auto add = [&](const char* name, std::vector<Side> shape) {
      all.push_back({concat("layers.", i, ".", name, ".weight"), std::move(shape)});
    };
    add("input_layernorm", {width});
    add("post_attention_layernorm", {width});
    add("self_attn.q_norm", {head});
    add("self_attn.k_norm", {head});
    add("self_attn.q_proj", {heads, width});
    add("self_attn.k_proj", {key_heads, width});
    add("self_attn.v_proj", {key_heads, width});
    add("self_attn.o_proj", {width, heads});
    add("mlp.gate_proj", {inner, width});
    add("mlp.up_proj", {inner, width});
    add("mlp.down_proj", {width, inner});
  }
  return all;
}

void check(const Expected& expected, const at::Tensor& tensor, const std::string& source) {
  if (!tensor.is_floating_point()) {
    throw checkpoint::error_in(
        source, concat(expected.name, " has dtype ", c10::toString(tensor.scalar_type()), ", which is no weight's"));
  }
  std::vector<int64_t> wanted;
  for (const Side& side : expected.shape) wanted.push_back(side.size);
  if (tensor.sizes() == at::IntArrayRef(wanted)) return;
  std::string why;
  for (size_t i = 0; i < wanted.size() && static_cast<size_t>(tensor.dim()) == wanted.size(); ++i) {
    if (why.empty() && tensor.size(static_cast<int64_t>(i)) != wanted[i]) {
      why = concat(": ", expected.shape[i].field, " is ", wanted[i], " in config.json");
    }
  }
  throw checkpoint::error_in(source,
                             concat(expected.name, " has shape ", tensor.sizes(), ", the config needs ", wanted, why));
}

// A tensor that the network would have if the config were another one, as bias or as a further layer.
bool is_of_the_text_model(std::string_view name) {
  if (name.ends_with("rotary_emb.inv_freq")) return false;  // a table that older writers saved
  return name.starts_with("layers.") || name.starts_with("embed_tokens.") || name.starts_with("norm.");
}

}  // namespace

Qwen3Weights qwen3_weights(const Qwen3Weights& all, const Qwen3Config& config, const std::string& source) {
  const std::string prefix = all.contains(concat("model.", kEmbedding)) ? "model." : "";
  Qwen3Weights chosen;
  for (const Expected& expected : expected_tensors(config)) {
    const auto found = all.find(prefix + expected.name);
    if (found == all.end()) {
      const bool is_layer = expected.name.starts_with("layers.");
      throw checkpoint::error_in(
          source,
          concat(prefix, expected.name, " is missing",
                 is_layer ? concat(": num_hidden_layers is ", config.num_hidden_layers, " in config.json") : ""));
    }
    check(expected, found->second, source);
    chosen.emplace(expected.name, found->second);
  }
  for (const auto& [name, tensor] : all) {
    if (!name.starts_with(prefix)) continue;
    const std::string rest = name.substr(prefix.size());
    if (is_of_the_text_model(rest) && !chosen.contains(rest)) {
      throw checkpoint::error_in(source,
                                 concat(printable(name), " is no tensor of the config's network: num_hidden_layers is ",
                                        config.num_hidden_layers, " in config.json"));
    }
  }
  return chosen;
}

std::shared_ptr<const checkpoint::WeightsFile> open_qwen3_weights(const std::filesystem::path& folder) {
  for (const char* name : {"model.safetensors", "model.safetensors.index.json"}) {
    if (std::filesystem::exists(folder / name)) return checkpoint::WeightsFile::open(folder / name);
  }
  throw DataError(concat(quoted(folder), " has neither model.safetensors nor model.safetensors.index.json; a ",
                         "text encoder is a folder of Qwen3 as Hugging Face has it, with config.json and ",
                         "tokenizer.json"));
}

Qwen3Weights tensors_of(const std::shared_ptr<const checkpoint::WeightsFile>& file) {
  Qwen3Weights all;
  for (const checkpoint::StridedEntry& entry : file->entries()) {
    all.emplace(entry.name, checkpoint::tensor_of(file, entry));
  }
  return all;
}

}  // namespace pixnerd::models
