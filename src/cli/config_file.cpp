#include "cli/config_file.h"

#include <filesystem>
#include <system_error>

#include "config/builtin.h"
#include "core/errors.h"
#include "core/text.h"

namespace pixnerd::cli {
namespace {

config::Value document(const std::string& name) {
  if (const auto text = config::builtin(name)) return config::parse(*text, concat(name, ".yaml"));
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(name, error);
  if (status.type() == std::filesystem::file_type::none) {
    throw ConfigError(concat("cannot look at ", quoted(name), ": ", error.message()));
  }
  if (status.type() != std::filesystem::file_type::not_found) return config::load(name);
  throw ConfigError(concat("there is no file ", quoted(name),
                           ", and no built-in configuration of that name; built in are ",
                           join(config::builtin_names(), ", ")));
}

}  // namespace

train::RunConfig read_run_config(const std::string& name, const std::vector<std::string>& settings) {
  config::Value root = document(name);
  for (const std::string& setting : settings) {
    const size_t equals = setting.find('=');
    if (equals == std::string::npos) {
      throw ConfigError(concat("--set ", printable(setting), " has no '='; write --set train.steps=1000"));
    }
    config::assign(root, setting.substr(0, equals), setting.substr(equals + 1));
  }
  return train::read_run_config(root);
}

}  // namespace pixnerd::cli
