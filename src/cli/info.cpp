#include "cli/info.h"

#include <algorithm>
#include <charconv>
#include <iomanip>
#include <iostream>
#include <set>

#include "checkpoint/pickle_names.h"
#include "checkpoint/weights_file.h"
#include "cli/checkpoint_flags.h"
#include "core/text.h"
#include "sample/guess_config.h"
#include "sample/model_file.h"

namespace pixnerd::cli {
namespace {

struct InfoFlags {
  std::string checkpoint;
  bool ignore_unknown = false;
};

struct Sum {
  int64_t elements = 0;
  uint64_t bytes = 0;

  void add(const checkpoint::StridedEntry& entry) {
    elements += entry.elements();
    bytes += static_cast<uint64_t>(entry.elements()) * checkpoint::bytes_of(entry.dtype);
  }
};

// A table's rows in the order in which they first appear.
using Rows = std::vector<std::pair<std::string, Sum>>;

Sum& row(Rows& rows, const std::string& name) {
  constexpr size_t kMostRows = 100;  // a file can hold any number of names
  const auto is = [&](const std::string& wanted) {
    return std::find_if(rows.begin(), rows.end(), [&](const auto& each) { return each.first == wanted; });
  };
  if (const auto found = is(name); found != rows.end()) return found->second;
  if (rows.size() < kMostRows) return rows.emplace_back(name, Sum{}).second;
  const auto others = is("others");
  return others != rows.end() ? others->second : rows.emplace_back("others", Sum{}).second;
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

// What a set of entries is called.
std::string title_of(const sample::NamedEntry& entry) {
  if (entry.set == sample::WeightSet::bare) return "parameters";
  const std::string_view name = entry.name;
  const size_t end = name.find(entry.set == sample::WeightSet::state ? '/' : '.');
  return printable(name.substr(0, end));
}

// The part of the network that a parameter belongs to.
std::string part_of(std::string_view parameter, int64_t transformer_blocks) {
  constexpr std::string_view kBlocks = "blocks.";
  int64_t block = 0;
  if (parameter.starts_with(kBlocks)) {
    const std::string_view number = parameter.substr(kBlocks.size());
    if (std::from_chars(number.data(), number.data() + number.size(), block).ec == std::errc{}) {
      return block < transformer_blocks ? "transformer blocks" : "neural-field blocks";
    }
  }
  return printable(parameter.substr(0, parameter.find('.')));
}

// The weights that would be sampled from, without the prefix of their set.
Rows parts(const std::vector<sample::NamedEntry>& entries, sample::WeightSet set, int64_t transformer_blocks) {
  Rows rows;
  Sum total;
  for (const sample::NamedEntry& entry : entries) {
    if (entry.set != set) continue;
    row(rows, part_of(entry.parameter, transformer_blocks)).add(*entry.entry);
    total.add(*entry.entry);
  }
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  rows.emplace_back("total", total);
  return rows;
}

sample::Shapes shapes_of(const std::vector<sample::NamedEntry>& entries, sample::WeightSet set) {
  sample::Shapes shapes;
  for (const sample::NamedEntry& entry : entries) {
    if (entry.set == set) shapes.emplace(entry.parameter, entry.entry->shape);
  }
  return shapes;
}

// The set to sample from; bare if there is none.
sample::WeightSet chosen(const std::vector<sample::NamedEntry>& entries) {
  for (const sample::WeightSet set : {sample::WeightSet::ema, sample::WeightSet::trained}) {
    if (sample::has(entries, set)) return set;
  }
  return sample::WeightSet::bare;
}

// Of a file in which no network is recognised.
void print_entries(const checkpoint::WeightsFile& file) {
  constexpr size_t kMostShown = 100;
  std::cout << "\nno network that pixnerd knows; tensors\n";
  for (size_t i = 0; i < std::min(file.entries().size(), kMostShown); ++i) {
    const checkpoint::StridedEntry& entry = file.entries()[i];
    std::cout << "  " << printable(entry.name) << "  " << checkpoint::name_of(entry.dtype) << ' ' << concat(entry.shape)
              << '\n';
  }
  if (file.entries().size() > kMostShown) std::cout << "  and " << file.entries().size() - kMostShown << " more\n";
  if (file.entries().empty()) std::cout << "  none\n";
  if (!file.metadata().empty()) std::cout << "\nmetadata\n";
  for (const auto& [key, text] : file.metadata()) {
    std::cout << "  " << printable(key) << ": " << printable(text) << '\n';
  }
}

// Classes that the file names and that nothing was made of.
void print_unknown(const checkpoint::WeightsFile& file) {
  if (file.pickle() == nullptr) return;
  const checkpoint::PickleValues& values = file.pickle()->values;
  std::set<std::string_view> names;
  for (checkpoint::ValueId id = 0; id < values.size(); ++id) {
    const bool named = values.is(id, checkpoint::ValueKind::object) || values.is(id, checkpoint::ValueKind::callable);
    if (named && !checkpoint::listed_name(values.text(id))) names.insert(values.text(id));
  }
  if (names.empty()) return;
  std::cout << "\nclasses and functions that were passed over\n";
  for (const std::string_view name : names) std::cout << "  " << printable(name) << '\n';
}

void print_network(const checkpoint::WeightsFile& file, const std::vector<sample::NamedEntry>& entries) {
  const sample::WeightSet used = chosen(entries);
  const auto print_parts = [&](int64_t transformer_blocks) {
    const char* title = used == sample::WeightSet::ema       ? "parameters of ema_denoiser"
                        : used == sample::WeightSet::trained ? "parameters of denoiser"
                                                             : "parameters";
    print(title, parts(entries, used, transformer_blocks));
  };
  if (const auto stated = sample::read_description(file.metadata(), file.source())) {
    print_parts(stated->model.transformer_blocks());
    std::cout << "\nconfiguration\n" << config::dump(*stated);
    return;
  }
  const auto guessed = sample::guess_config(shapes_of(entries, used));
  if (!guessed) return print_entries(file);
  print_parts(guessed->transformer_blocks());
  const char* granted = guessed->takes_text() ? ", `prediction` and the heavy decoder" : " and `prediction`";
  std::cout << "\nguessed from the shapes: " << sample::describe(*guessed) << "\n\nconfiguration, its `sample:` section"
            << granted << " taken for granted\n"
            << config::dump(sample::describe_guess(*guessed));
}

void run(const InfoFlags& flags) {
  const auto file = checkpoint::WeightsFile::open(flags.checkpoint, {flags.ignore_unknown});
  const std::vector<sample::NamedEntry> entries = sample::named_entries(*file);
  std::cout << flags.checkpoint << ": " << human_bytes(file->bytes()) << ", " << checkpoint::name_of(file->format())
            << ", training step " << sample::read_step(file->metadata(), flags.checkpoint) << '\n';
  Rows sets;
  for (const sample::NamedEntry& entry : entries) row(sets, title_of(entry)).add(*entry.entry);
  print("holds", sets);
  print_network(*file, entries);
  print_unknown(*file);
  std::cout << std::flush;
}

void define(CLI::App& command, InfoFlags& flags) {
  command
      .add_option("checkpoint", flags.checkpoint,
                  "a checkpoint: safetensors, their index, or a file of PyTorch or PyTorch Lightning")
      ->required()
      ->type_name("FILE");
  add_ignore_unknown(command, flags.ignore_unknown);
}

}  // namespace

void add_info(CLI::App& program) {
  add_command<InfoFlags>(program, "info", "show a checkpoint's configuration, parameters and size", define, run);
}

}  // namespace pixnerd::cli
