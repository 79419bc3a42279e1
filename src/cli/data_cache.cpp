#include "cli/data_cache.h"

#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "cli/checks.h"
#include "cli/config_file.h"
#include "cli/terminal_progress.h"
#include "cli/words.h"
#include "config/json.h"
#include "core/counted.h"
#include "core/errors.h"
#include "core/memory.h"
#include "core/text.h"
#include "data/crop_cache.h"
#include "data/speed.h"

namespace pixnerd::cli {
namespace {

struct ConfigFlags {
  std::string config;
  std::vector<std::string> settings;
};

struct SpeedFlags : ConfigFlags {
  double seconds = 5;
  bool json = false;
};

// The set without its cache, which is the business of the verb.
std::shared_ptr<const data::PictureSet> open_without_cache(data::DataConfig config) {
  config.cache.clear();
  return data::open_pictures(config);
}

void run_cache(const ConfigFlags& flags) {
  keep_freed_memory();
  const data::DataConfig config = read_run_config(flags.config, flags.settings).data;
  if (config.cache.empty()) throw ConfigError("data.cache names no file: add --set data.cache=FILE");
  const auto set = open_without_cache(config);
  const bool was_there = std::filesystem::exists(config.cache);
  TerminalProgress progress("caching", "pictures");
  const auto cached = data::with_cache(set, config, progress);
  if (!was_there) progress.finish();
  std::cout << (was_there ? "nothing to do: " : "wrote ") << printable(config.cache)
            << (was_there ? " is there and fits" : "") << " (" << counted(set->size(), "picture", "pictures") << ", "
            << human_bytes(std::filesystem::file_size(config.cache)) << ")" << std::endl;
}

void print_speed(const data::PictureSet& set, const data::DataConfig& config, const data::LoadingSpeed& speed) {
  double all = 0;
  for (const auto& stage : speed.stages) all += stage.seconds;
  std::string shares;
  for (const auto& [name, seconds] : speed.stages) {
    shares += concat(shares.empty() ? "" : ", ", name, " ", static_cast<int64_t>(100 * seconds / all + .5), " %");
  }
  std::cout << printable(config.path) << ": " << counted(set.size(), "picture", "pictures") << " as "
            << config.image_size << " x " << config.image_size << ", " << counted(config.workers, "worker", "workers")
            << '\n'
            << "  speed       " << static_cast<int64_t>(speed.pictures_per_second) << " pictures a second\n"
            << "  processor   " << static_cast<float>(static_cast<int64_t>(speed.processor_seconds * 1e5) / 100.0)
            << " ms a picture\n"
            << "  shares      " << shares << std::endl;
}

using config::Value;

void print_speed_json(const data::PictureSet& set, const data::DataConfig& config, const data::LoadingSpeed& speed) {
  const auto number = [](auto value) { return config::plain_value(concat(value)); };
  Value stages;
  stages.kind = Value::Kind::list;
  for (const auto& [name, seconds] : speed.stages) {
    stages.items.push_back(config::map_value({{"name", config::text_value(name)}, {"seconds", number(seconds)}}));
  }
  const Value result = config::map_value({{"path", words(config.path)},
                                          {"pictures", number(set.size())},
                                          {"image_size", number(config.image_size)},
                                          {"workers", number(config.workers)},
                                          {"cached", number(!config.cache.empty())},
                                          {"pictures_per_second", number(speed.pictures_per_second)},
                                          {"processor_seconds", number(speed.processor_seconds)},
                                          {"stages", stages}});
  std::cout << config::to_json(result) << std::endl;
}

void run_speed(const SpeedFlags& flags) {
  keep_freed_memory();
  const data::DataConfig config = read_run_config(flags.config, flags.settings).data;
  TerminalProgress progress("caching", "pictures");
  const auto set = data::with_cache(open_without_cache(config), config, progress);
  const auto print = flags.json ? print_speed_json : print_speed;
  print(*set, config, data::measure_loading(set, config, flags.seconds));
}

void define_config(CLI::App& command, ConfigFlags& flags) {
  command.add_option("config", flags.config, "what `pixnerd train` takes: a YAML file, or a built-in name")
      ->required()
      ->type_name("CONFIG");
  command.add_option("--set", flags.settings, "a setting in place of the file's, as data.path=DIR; may be repeated")
      ->allow_extra_args(false)
      ->type_name("KEY=VALUE");
  add_progress_flag(command);
}

void define_speed(CLI::App& command, SpeedFlags& flags) {
  define_config(command, flags);
  command.add_option("--seconds", flags.seconds, "how long pictures are taken; 5 unless given")
      ->check(positive(3600))
      ->type_name("S");
  command.add_flag("--json", flags.json, "print all of it as one line of JSON");
}

}  // namespace

void add_data_cache(CLI::App& data) {
  add_command<ConfigFlags>(data, "cache", "make the file of data.cache: all pictures of a configuration, cropped",
                           define_config, run_cache);
}

void add_data_speed(CLI::App& data) {
  add_command<SpeedFlags>(data, "speed", "how fast a configuration's pictures are made ready, and what takes the time",
                          define_speed, run_speed);
}

}  // namespace pixnerd::cli
