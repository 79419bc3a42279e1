#include "models/int8_layers.h"

#include <array>

#include "nn/onednn.h"

namespace pixnerd::models {
namespace {

enum Group : size_t { qkv, kv_y, proj, gate_and_up, down, text_blocks, modulation, s_embedder, y_embedder, generator };

constexpr std::array<LayerGroup, 10> kGroups{{
    {"qkv", true, "as accurate as the others"},
    {"kv_y", true, "as qkv"},
    {"proj", true, "the least error of all"},
    {"w1, w3", true, "most of the time"},
    {"w2", true, "as accurate as the others"},
    {"text blocks", true, "as the blocks of the image"},
    {"modulation", true, "a third of the weights, read for one row a picture", nn::kFewestRows},
    {"s_embedder", false, "no time is won"},
    {"y_embedder", false, "no time is won, and states of text have a few very large channels"},
    {"parameter generator", false, "its products are weights: as it is, ten times the others' error", 0, true},
}};

struct Ending {
  std::string_view text;
  Group group;
};

constexpr Ending kEndings[] = {
    {".attn.qkv.weight", qkv},
    {".attn.qkv_x.weight", qkv},
    {".attn.kv_y.weight", kv_y},
    {".attn.proj.weight", proj},
    {".mlp.w1.weight", gate_and_up},
    {".mlp.w12.weight", gate_and_up},
    {".mlp.w2.weight", down},
    {".adaLN_modulation.0.weight", modulation},
    {".param_generator1.0.weight", generator},
};

}  // namespace

std::span<const LayerGroup> layer_groups() {
  return kGroups;
}

const LayerGroup* layer_group(std::string_view parameter, at::IntArrayRef shape) {
  if (parameter == "s_embedder.proj.weight") return &kGroups[s_embedder];
  if (parameter == "y_embedder.proj.weight") return &kGroups[y_embedder];
  const bool of_text = parameter.starts_with("text_refine_blocks.");
  if (shape.size() != 2 || !(of_text || parameter.starts_with("blocks."))) return nullptr;
  const auto in_its_blocks = [&](Group group) {
    return &kGroups[of_text && group != modulation ? text_blocks : group];
  };
  // The up projection of one network and the down projection of the other.
  if (parameter.ends_with(".mlp.w3.weight")) return in_its_blocks(shape[0] > shape[1] ? gate_and_up : down);
  for (const auto& [ending, group] : kEndings) {
    if (parameter.ends_with(ending)) return in_its_blocks(group);
  }
  return nullptr;
}

bool is_int8_layer_of_qwen3(std::string_view parameter) {
  // What enters them has a few values a thousand times the others in trained models (Sun et al., "Massive Activations
  // in Large Language Models", 2024), and one scale has to serve for the whole row.
  return !parameter.ends_with("mlp.down_proj.weight") && !parameter.ends_with("self_attn.o_proj.weight");
}

bool is_matrix(std::string_view parameter, int64_t dimensions) {
  return dimensions == 2 && !parameter.ends_with("_table.weight") && !parameter.starts_with("text_encoder.");
}

at::ScalarType int8_file_type(std::string_view parameter, at::IntArrayRef shape) {
  const LayerGroup* group = layer_group(parameter, shape);
  if (group != nullptr && group->int8) return at::kChar;
  return is_matrix(parameter, static_cast<int64_t>(shape.size())) ? at::kBFloat16 : at::kFloat;
}

}  // namespace pixnerd::models
