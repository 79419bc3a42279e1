#include "cli/data.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <iostream>
#include <optional>

#include "cli/checks.h"
#include "cli/data_cache.h"
#include "cli/inspect_report.h"
#include "cli/terminal_progress.h"
#include "core/counted.h"
#include "core/log.h"
#include "core/text.h"
#include "core/threads.h"
#include "data/inspect.h"
#include "data/pack.h"
#include "data/shard_paths.h"

namespace pixnerd::cli {
namespace {

constexpr const char* kPathHelp =
    "folder of class folders or pictures, folder of shards (*.tar), one shard, or a pattern such as {00000..00099}.tar";

struct InspectFlags {
  std::string path;
  std::vector<std::string> include;
  bool styles = false, json = false;
  int threads = 0;
};

struct PackFlags {
  std::string folder, out, background;
  int64_t shard_megabytes = 256, crop = 0;
  bool styles = false, overwrite = false, exif = false;
  int threads = 0;
};

int64_t threads_or_all(int threads) {
  return threads > 0 ? threads : hardware_threads();
}

void run_inspect(const InspectFlags& flags) {
  data::DataConfig config;
  config.path = flags.path;
  config.include = flags.include;
  config.styles = flags.styles;
  const auto set = data::open_pictures(config, data::Tell::nowhere);
  TerminalProgress progress("reading", "pictures");
  const data::Inspection all = data::inspect(*set, threads_or_all(flags.threads), progress);
  progress.finish();

  const auto print = flags.json ? print_json : print_inspection;
  print(*set, all, config);
}

// "255,255,255"; nothing where none is given.
std::optional<std::array<int64_t, 3>> colour_of(const std::string& text) {
  if (text.empty()) return std::nullopt;
  std::array<int64_t, 3> colour{};
  const char *from = text.data(), *const end = text.data() + text.size();
  for (size_t i = 0; i < colour.size(); ++i) {
    const auto [rest, error] = std::from_chars(from, end, colour[i]);
    const bool is_followed = i + 1 < colour.size() ? rest < end && *rest == ',' : rest == end;
    if (error != std::errc{} || !is_followed || colour[i] < 0 || colour[i] > 255) {
      throw CLI::ValidationError("--background must be red, green and blue, each 0 to 255, such as 255,255,255");
    }
    from = rest + 1;
  }
  return colour;
}

// A pattern names class folders in the folder above it.
void choose(const std::string& folder, data::DataConfig& config) {
  config.path = folder;
  if (!data::is_shard_pattern(folder)) return;
  std::filesystem::path pattern = folder;
  if (!pattern.has_filename()) pattern = pattern.parent_path();
  config.path = pattern.has_parent_path() ? pattern.parent_path().string() : ".";
  config.include = data::without_braces(pattern.filename().string());
}

void run_pack(const PackFlags& flags) {
  data::DataConfig config;
  choose(flags.folder, config);
  config.styles = flags.styles;
  config.orientation = flags.exif ? data::Orientation::exif : data::Orientation::ignored;
  config.background = colour_of(flags.background);
  const data::ImageFolder folder(config);
  for (const std::string& line : data::unused_in(folder)) log_warning(line);
  data::PackOptions options;
  options.crop = flags.crop;
  options.shard_bytes = flags.shard_megabytes * 1'000'000;
  options.overwrite = flags.overwrite;
  options.threads = threads_or_all(flags.threads);
  TerminalProgress progress("packing", "pictures");
  const data::PackSummary summary = data::pack(folder, flags.out, options, progress);
  progress.finish();

  std::cout << "wrote " << counted(summary.pictures, "picture", "pictures") << " of "
            << counted(static_cast<int64_t>(folder.classes().size()), "class", "classes") << " into "
            << counted(summary.shards, "shard", "shards") << " in " << printable(flags.out) << " ("
            << human_bytes(summary.bytes) << ")" << std::endl;
  if (summary.captioned > 0) {
    std::cout << counted(summary.captioned, "picture has", "pictures have") << " captions" << std::endl;
  }
  if (flags.crop > 0) {
    for (const std::string& line : summary.treatment.lines(data::reading_of(config))) std::cout << line << std::endl;
  }
  if (summary.broken > 0) {
    std::cout << counted(summary.broken, "picture", "pictures") << " could not be read and "
              << (summary.broken == 1 ? "was" : "were") << " left out" << std::endl;
  }
}

void add_threads(CLI::App& command, int& threads) {
  command.add_option("--threads", threads, "threads that read pictures; all processors unless given")
      ->check(between(1, 256))
      ->type_name("N");
}

void define_inspect(CLI::App& command, InspectFlags& flags) {
  command.add_option("path", flags.path, kPathHelp)->required()->type_name("PATH");
  command.add_flag("--styles", flags.styles, "count the second labels: \"style\" in shards, names of files in folders");
  command
      .add_option("--include", flags.include, "patterns (*, ?) of the class folders or shards to read; may be repeated")
      ->allow_extra_args(false)
      ->type_name("PATTERN");
  command.add_flag("--json", flags.json, "print all of it as one line of JSON");
  add_threads(command, flags.threads);
  add_progress_flag(command);
}

void define_pack(CLI::App& command, PackFlags& flags) {
  command
      .add_option(
          "folder", flags.folder,
          "folder of class folders, or of pictures; or a pattern of class folders, as pets/{000..009} or 'pets/n*'")
      ->required()
      ->type_name("FOLDER");
  command.add_option("--out", flags.out, "folder for the shards; must be empty or new")
      ->required()
      ->type_name("SHARDS");
  command
      .add_option("--shard-megabytes", flags.shard_megabytes, "size of a shard, at most (10^6 bytes); 256 unless given")
      ->check(between(1, 1'000'000))
      ->type_name("N");
  CLI::Option* const crop =
      command.add_option("--crop", flags.crop, "write squares of that many pixels as PNG; else the files as they are")
          ->check(between(1, 16384))
          ->type_name("SIZE");
  command
      .add_option("--background", flags.background, "what transparent pixels of squares are laid on; none drops alpha")
      ->needs(crop)
      ->type_name("R,G,B");
  command.add_flag("--exif", flags.exif, "turn squares as EXIF's orientation says")->needs(crop);
  command.add_flag("--styles", flags.styles, "name each picture's style, which is its file's name without its ending");
  command.add_flag("--overwrite", flags.overwrite, "replace the shards that are in the folder");
  add_threads(command, flags.threads);
  add_progress_flag(command);
}

}  // namespace

void add_data(CLI::App& program) {
  CLI::App* const data = program.add_subcommand("data", "look into data sets, pack folders into shards, make caches");
  data->require_subcommand(1);
  add_command<InspectFlags>(*data, "inspect", "read all of a data set and say what it holds", define_inspect,
                            run_inspect);
  add_command<PackFlags>(*data, "pack", "write a folder of pictures as WebDataset shards", define_pack, run_pack);
  add_data_cache(*data);
  add_data_speed(*data);
}

}  // namespace pixnerd::cli
