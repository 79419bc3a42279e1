#include "config/builtin.h"

namespace pixnerd::config {

std::optional<std::string_view> builtin(std::string_view name) {
  for (const EmbeddedConfig& config : embedded_configs()) {
    if (config.name == name) return config.text;
  }
  return std::nullopt;
}

std::vector<std::string> builtin_names() {
  std::vector<std::string> names;
  for (const EmbeddedConfig& config : embedded_configs()) names.emplace_back(config.name);
  return names;
}

}  // namespace pixnerd::config
