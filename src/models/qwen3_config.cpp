#include "models/qwen3_config.h"

#include <array>
#include <optional>
#include <utility>

#include "config/json.h"
#include "config/scalar.h"
#include "core/errors.h"
#include "core/file.h"
#include "core/text.h"

namespace pixnerd::models {
namespace {

using config::Value;

constexpr double kMaxSize = 10'000'000;

[[noreturn]] void fail(const Value& root, const std::string& field, const std::string& what) {
  throw ConfigError(concat(root.source, ": ", field, " ", what));
}

const Value* find(const Value& map, const char* key) {
  const Value* value = map.kind == Value::Kind::map ? map.find(key) : nullptr;
  return value == nullptr || value->kind == Value::Kind::null ? nullptr : value;
}

int64_t size(const Value& root, const char* key) {
  const Value* value = find(root, key);
  if (value == nullptr) fail(root, key, "is missing");
  int64_t number = 0;
  config::read_scalar(*value, key, config::between(1, kMaxSize), number);
  return number;
}

double positive_number(const Value& value, const std::string& name) {
  double number = 0;
  config::read_scalar(value, name, config::positive(), number);
  return number;
}

std::string text_of(const Value& value, const std::string& name) {
  std::string text;
  config::read_scalar(value, name, {}, text);
  return text;
}

// Positions as they are: type "default" or none.
void require_plain_positions(const Value& root, const char* key) {
  const Value* rope = find(root, key);
  if (rope == nullptr) return;
  if (rope->kind != Value::Kind::map) fail(root, key, "is no map");
  for (const auto& [name, value] : rope->fields) {
    if (value.kind == Value::Kind::null) continue;  // as absent
    const std::string field = concat(key, ".", printable(name));
    const bool is_type = name == "rope_type" || name == "type";
    if (is_type && text_of(value, field) != "default") {
      fail(root, field, concat("is ", quoted(text_of(value, field)), ", supported is default"));
    }
    const bool is_whole = name == "partial_rotary_factor" && positive_number(value, field) == 1;
    if (!is_type && !is_whole && name != "rope_theta") fail(root, field, "is not supported");
  }
}

double theta_of(const Value& root) {
  std::optional<double> theta;
  std::string place;
  for (const char* section : {"", "rope_parameters", "rope_scaling"}) {
    const std::string field = concat(section, *section == '\0' ? "" : ".", "rope_theta");
    const Value* map = *section == '\0' ? &root : find(root, section);
    const Value* value = map == nullptr ? nullptr : find(*map, "rope_theta");
    if (value == nullptr) continue;
    const double found = positive_number(*value, field);
    if (theta && *theta != found) fail(root, field, concat("is ", found, ", but ", place, " is ", *theta));
    theta = found;
    place = field;
  }
  if (!theta) fail(root, "rope_theta", "is missing, at the top as well as in rope_parameters");
  return *theta;
}

void require_this_network(const Value& root) {
  const std::array<std::pair<const char*, const char*>, 4> needed = {
      {{"model_type", "qwen3"}, {"hidden_act", "silu"}, {"attention_bias", "false"}, {"use_sliding_window", "false"}}};
  for (const auto& [key, wanted] : needed) {
    const Value* value = find(root, key);
    if (value == nullptr) continue;
    if (value->kind != Value::Kind::scalar || value->scalar != wanted) {
      fail(root, key, concat("is ", quoted(value->scalar), ", supported is ", wanted));
    }
  }
  if (find(root, "quantization_config") != nullptr) fail(root, "quantization_config", "is not supported");
  const Value* layers = find(root, "layer_types");
  if (layers == nullptr) return;
  for (const Value& layer : layers->items) {
    if (layer.scalar != "full_attention") {
      fail(root, "layer_types", concat("has ", quoted(layer.scalar), ", supported is full_attention"));
    }
  }
}

}  // namespace

Qwen3Config parse_qwen3_config(std::string_view json, const std::string& source) {
  const Value root = config::parse_json(json, source);
  if (root.kind != Value::Kind::map) throw ConfigError(concat(source, ": is no map"));
  require_this_network(root);
  require_plain_positions(root, "rope_parameters");
  require_plain_positions(root, "rope_scaling");
  Qwen3Config sizes;
  sizes.hidden_size = size(root, "hidden_size");
  sizes.num_attention_heads = size(root, "num_attention_heads");
  sizes.num_key_value_heads = size(root, "num_key_value_heads");
  sizes.head_dim = size(root, "head_dim");
  sizes.num_hidden_layers = size(root, "num_hidden_layers");
  sizes.intermediate_size = size(root, "intermediate_size");
  sizes.vocab_size = size(root, "vocab_size");
  sizes.rope_theta = theta_of(root);
  const Value* eps = find(root, "rms_norm_eps");
  if (eps == nullptr) fail(root, "rms_norm_eps", "is missing");
  sizes.rms_norm_eps = positive_number(*eps, "rms_norm_eps");
  if (sizes.num_attention_heads % sizes.num_key_value_heads != 0) {
    fail(root, "num_key_value_heads", "does not divide num_attention_heads");
  }
  if (sizes.head_dim % 2 != 0) fail(root, "head_dim", "is odd; rotary positions need pairs");
  return sizes;
}

Qwen3Config load_qwen3_config(const std::filesystem::path& path) {
  constexpr size_t kMaxBytes = 1 << 20;
  return parse_qwen3_config(read_file(path, kMaxBytes), path.string());
}

}  // namespace pixnerd::models
