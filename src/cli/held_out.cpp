#include "cli/held_out.h"

#include <filesystem>
#include <system_error>

#include "cli/config_file.h"
#include "core/errors.h"
#include "core/text.h"
#include "data/split.h"

namespace pixnerd::cli {

std::shared_ptr<const data::PictureSet> held_out_of(const std::string& run) {
  std::error_code error;
  const bool is_folder = std::filesystem::is_directory(run, error);
  train::RunConfig config =
      read_run_config(is_folder ? (std::filesystem::path(run) / "config.yaml").string() : run, {});
  config.data.cache.clear();  // only names and labels count here
  if (config.data.held_out <= 0) {
    throw ConfigError(concat("data.held_out is 0 in ", quoted(run), ": the run has kept no pictures from training"));
  }
  const auto pictures = data::open_pictures(config.data);
  data::Split split = data::split(*pictures, config.data.held_out, static_cast<uint64_t>(config.train.seed));
  if (split.held_out.empty()) throw ConfigError(concat(quoted(run), " holds out none of its pictures"));
  return data::subset(pictures, std::move(split.held_out));
}

}  // namespace pixnerd::cli
