#include "cli/info.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <map>

#include "checkpoint/safetensors.h"
#include "core/text.h"
#include "sample/model_file.h"

namespace pixnerd::cli {
namespace {

struct InfoFlags {
  std::string checkpoint;
};

struct Sum {
  int64_t elements = 0;
  uint64_t bytes = 0;

  void add(const checkpoint::TensorEntry& entry) {
    elements += static_cast<int64_t>(entry.bytes / checkpoint::bytes_of(entry.dtype));
    bytes += entry.bytes;
  }
};

// A table's rows in the order in which they first appear.
using Rows = std::vector<std::pair<std::string, Sum>>;

Sum& row(Rows& rows, const std::string& name) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const auto& each) { return each.first == name; });
  return found != rows.end() ? found->second : rows.emplace_back(name, Sum{}).second;
}

// "12,345,678".
std::string grouped(int64_t number) {
  std::string text = concat(number);
  for (auto i = static_cast<int64_t>(text.size()) - 3; i > 0; i -= 3) text.insert(static_cast<size_t>(i), 1, ',');
  return text;
}

void print(const std::string& title, const Rows& rows) {
  std::cout << '\n' << title << '\n';
  size_t width = 0;
  for (const auto& [name, sum] : rows) width = std::max(width, name.size());
  for (const auto& [name, sum] : rows) {
    std::cout << "  " << std::left << std::setw(static_cast<int>(width)) << name << std::right << std::setw(16)
              << grouped(sum.elements) << "  " << human_bytes(sum.bytes) << '\n';
  }
}

// The set of entries that an entry belongs to: "ema_denoiser", "denoiser", the training state, or bare names.
std::string set_of(const std::string& name) {
  for (const std::string_view prefix : {sample::kEmaPrefix, sample::kTrainedPrefix}) {
    if (name.starts_with(prefix)) return std::string(prefix.substr(0, prefix.size() - 1));
  }
  for (const std::string_view prefix : sample::kTrainingPrefixes) {
    if (name.starts_with(prefix)) return std::string(prefix.substr(0, prefix.size() - 1));
  }
  return "parameters";
}

// The part of the network that a parameter belongs to.
std::string part_of(std::string_view parameter, const models::C2IConfig& config) {
  constexpr std::string_view kBlocks = "blocks.";
  int64_t block = 0;
  if (parameter.starts_with(kBlocks)) {
    const std::string_view number = parameter.substr(kBlocks.size());
    if (std::from_chars(number.data(), number.data() + number.size(), block).ec == std::errc{}) {
      return block < config.num_cond_blocks ? "transformer blocks" : "neural-field blocks";
    }
  }
  return printable(parameter.substr(0, parameter.find('.')));
}

// The weights that would be sampled from, without the prefix of their set.
Rows parts(const checkpoint::SafetensorsFile& file, const std::string& set, const models::C2IConfig& config) {
  Rows rows;
  Sum total;
  for (const auto& entry : file.entries()) {
    if (set_of(entry.name) != set) continue;
    const std::string_view name = entry.name;
    row(rows, part_of(set == "parameters" ? name : name.substr(set.size() + 1), config)).add(entry);
    total.add(entry);
  }
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  rows.emplace_back("total", total);
  return rows;
}

void run(const InfoFlags& flags) {
  const auto file = checkpoint::SafetensorsFile::open(flags.checkpoint);
  const sample::ModelDescription description = sample::read_description(file->metadata(), flags.checkpoint);
  const int64_t step = sample::read_step(file->metadata(), flags.checkpoint);

  Rows sets;
  for (const auto& entry : file->entries()) row(sets, set_of(entry.name)).add(entry);
  const auto has = [&](const char* set) {
    return std::any_of(sets.begin(), sets.end(), [&](const auto& each) { return each.first == set; });
  };
  const std::string used = has("ema_denoiser") ? "ema_denoiser" : has("denoiser") ? "denoiser" : "parameters";

  std::cout << flags.checkpoint << ": " << human_bytes(std::filesystem::file_size(flags.checkpoint))
            << ", training step " << step << '\n';
  print("holds", sets);
  print(used == "parameters" ? used : concat("parameters of ", used), parts(*file, used, description.model));
  std::cout << "\nconfiguration\n" << config::dump(description) << std::flush;
}

void define(CLI::App& command, InfoFlags& flags) {
  command.add_option("checkpoint", flags.checkpoint, "a safetensors file that pixnerd wrote")
      ->required()
      ->type_name("FILE");
}

}  // namespace

void add_info(CLI::App& program) {
  add_command<InfoFlags>(program, "info", "show a checkpoint's configuration, parameters and size", define, run);
}

}  // namespace pixnerd::cli
