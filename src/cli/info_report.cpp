#include "cli/info_report.h"

#include <algorithm>
#include <charconv>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <set>

#include "checkpoint/pickle_names.h"
#include "config/json.h"
#include "config/schema.h"
#include "core/text.h"
#include "sample/diffusers_scheduler.h"
#include "sample/guess_config.h"
#include "sample/label_names.h"
#include "text/unicode.h"

namespace pixnerd::cli {
namespace {

using checkpoint::StridedEntry;

uint64_t bytes_in(const StridedEntry& entry) {
  return checkpoint::bytes_of(static_cast<uint64_t>(entry.elements()), entry.dtype);
}

struct Sum {
  int64_t elements = 0;
  uint64_t bytes = 0;

  void add(const StridedEntry& entry) {
    elements += entry.elements();
    bytes += bytes_in(entry);
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

std::string name_of(sample::WeightSet set) {
  return set == sample::WeightSet::ema       ? "ema_denoiser"
         : set == sample::WeightSet::trained ? "denoiser"
         : set == sample::WeightSet::bare    ? "parameters"
                                             : "";
}

// What a set of entries is called.
std::string title_of(const sample::NamedEntry& entry) {
  if (entry.set < sample::WeightSet::beside) return name_of(entry.set);
  const std::string_view name = entry.name;
  const size_t end = name.find(entry.set == sample::WeightSet::state ? '/' : '.');
  return printable(name.substr(0, end));
}

Rows sets_of(const CheckpointFacts& facts) {
  Rows rows;
  for (const sample::NamedEntry& entry : facts.entries) row(rows, title_of(entry)).add(*entry.entry);
  return rows;
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
Rows parts_of(const CheckpointFacts& facts) {
  Rows rows;
  Sum total;
  for (const sample::NamedEntry& entry : facts.entries) {
    if (entry.set != facts.used) continue;
    row(rows, part_of(entry.parameter, facts.description->model.transformer_blocks())).add(*entry.entry);
    total.add(*entry.entry);
  }
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  rows.emplace_back("total", total);
  return rows;
}

// Classes that the file names and that nothing was made of.
std::set<std::string_view> passed_over(const checkpoint::WeightsFile& file) {
  std::set<std::string_view> names;
  if (file.pickle() == nullptr) return names;
  const checkpoint::PickleValues& values = file.pickle()->values;
  for (checkpoint::ValueId id = 0; id < values.size(); ++id) {
    const bool named = values.is(id, checkpoint::ValueKind::object) || values.is(id, checkpoint::ValueKind::callable);
    if (named && !checkpoint::listed_name(values.text(id))) names.insert(values.text(id));
  }
  return names;
}

// "462 classes: apple (0), pear (1), ...".
void print_some_names(const std::vector<std::string>& names, const char* kinds, const char* kind) {
  constexpr int64_t kShown = 6;
  if (names.empty()) return;
  const int64_t count = std::ssize(names);
  std::vector<std::string> shown;
  for (int64_t i = 0; i < std::min(count, kShown); ++i) {
    shown.push_back(printable(sample::described_label(i, count, names, kind), 60));
  }
  std::cout << count << ' ' << kinds << ": " << join(shown, ", ");
  if (count > kShown) std::cout << " and " << count - kShown << " more (--classes lists them)";
  std::cout << '\n';
}

void print_network(const sample::ModelDescription& description, bool guessed) {
  const models::ModelConfig& model = description.model;
  const diffusion::SamplerConfig& sampler = description.sample.sampler;
  const auto [width, height] = description.sample.size;
  if (guessed) {
    std::cout << sample::said_of_guess(description) << '\n';
  } else {
    std::cout << sample::describe(model) << ", predicts the "
              << (model.prediction == models::Prediction::image ? "image" : "velocity")
              << (model.noise_scale == 1 ? std::string() : concat(", from noise of scale ", model.noise_scale)) << '\n';
  }
  std::cout << concat("sampled at ", width, "x", height, " in ", sampler.steps, " steps of ",
                      config::member_value(sampler.solver).scalar, ", guidance ", sampler.guidance, '\n');
  print_some_names(sample::class_names(description), "classes", "class");
  print_some_names(description.styles, "styles", "style");
}

void print_metadata(const checkpoint::WeightsFile& file) {
  if (file.metadata().empty()) return;
  std::cout << "\nmetadata\n";
  for (const auto& [key, text] : file.metadata()) {
    std::cout << "  " << printable(key) << ": " << printable(text) << '\n';
  }
}

config::Value a_list() {
  config::Value value;
  value.kind = config::Value::Kind::list;
  return value;
}

// Text of a file, which need not be UTF-8 where it comes from a pickle.
config::Value text_of(std::string_view text) {
  return config::text_value(text::repaired(printable(text, 1'000'000)));
}

config::Value tensor_value(const sample::NamedEntry& entry) {
  config::Value shape = a_list(), tensor;
  for (const int64_t side : entry.entry->shape) shape.items.push_back(config::plain_value(concat(side)));
  tensor.kind = config::Value::Kind::map;
  tensor.fields.emplace_back("name", text_of(entry.entry->name));
  tensor.fields.emplace_back("dtype", config::text_value(checkpoint::name_of(entry.entry->dtype)));
  tensor.fields.emplace_back("shape", shape);
  tensor.fields.emplace_back("bytes", config::plain_value(concat(bytes_in(*entry.entry))));
  return tensor;
}

config::Value sum_value(const std::string& name, const Sum& sum) {
  config::Value value;
  value.kind = config::Value::Kind::map;
  value.fields.emplace_back("name", text_of(name));
  value.fields.emplace_back("elements", config::plain_value(concat(sum.elements)));
  value.fields.emplace_back("bytes", config::plain_value(concat(sum.bytes)));
  return value;
}

config::Value text_list(const std::vector<std::string>& texts) {
  config::Value list = a_list();
  for (const std::string& text : texts) list.items.push_back(text_of(text));
  return list;
}

}  // namespace

CheckpointFacts facts_of(std::shared_ptr<const checkpoint::WeightsFile> file) {
  CheckpointFacts facts;
  facts.file = std::move(file);
  facts.entries = sample::named_entries(*facts.file);
  facts.used = sample::has(facts.entries, sample::WeightSet::ema)       ? sample::WeightSet::ema
               : sample::has(facts.entries, sample::WeightSet::trained) ? sample::WeightSet::trained
                                                                        : sample::WeightSet::bare;
  facts.step = sample::read_step(facts.file->metadata(), facts.file->source());
  facts.description = sample::read_description(facts.file->metadata(), facts.file->source());
  if (facts.description) return facts;
  const auto guessed = sample::guess_config(sample::shapes_of(facts.entries, facts.used));
  facts.guessed = guessed.has_value();
  if (guessed) facts.description = sample::describe_guess(*guessed);
  if (guessed) sample::take_scheduler(facts.file->source(), facts.description->sample);
  return facts;
}

void print_summary(const CheckpointFacts& facts) {
  const checkpoint::WeightsFile& file = *facts.file;
  std::cout << file.source() << ": " << human_bytes(file.bytes()) << ", " << checkpoint::name_of(file.format());
  if (facts.step) std::cout << ", training step " << *facts.step;
  std::cout << '\n';
  const std::string note = sample::note_on_names(facts.entries, facts.used);
  if (!note.empty()) std::cout << note << '\n';
  if (facts.description) print_network(*facts.description, facts.guessed);
  print("holds", sets_of(facts));
  if (facts.description) {
    print(concat("parts of ", name_of(facts.used)), parts_of(facts));
  } else {
    constexpr size_t kMostShown = 20;
    std::cout << "\nno network that pixnerd knows; tensors\n";
    for (size_t i = 0; i < std::min(file.entries().size(), kMostShown); ++i) {
      const StridedEntry& entry = file.entries()[i];
      std::cout << concat("  ", printable(entry.name), "  ", checkpoint::name_of(entry.dtype), " ", entry.shape, "\n");
    }
    if (file.entries().size() > kMostShown) {
      std::cout << "  and " << file.entries().size() - kMostShown << " more (--tensors lists them)\n";
    }
    if (file.entries().empty()) std::cout << "  none\n";
    print_metadata(file);
  }
  const auto names = passed_over(file);
  if (!names.empty()) std::cout << "\nclasses and functions that were passed over\n";
  for (const std::string_view name : names) std::cout << "  " << printable(name) << '\n';
}

void print_tensors(const CheckpointFacts& facts) {
  for (const sample::NamedEntry& each : facts.entries) {
    std::cout << concat(printable(each.entry->name, 1000), "\t", checkpoint::name_of(each.entry->dtype), "\t",
                        each.entry->shape, "\n");
  }
}

void print_classes(const CheckpointFacts& facts) {
  if (!facts.description) return;
  const auto list = [](int64_t count, const std::vector<std::string>& names, const char* kind) {
    for (int64_t i = 0; i < count; ++i) {
      const auto place = static_cast<size_t>(i);
      std::cout << kind << '\t' << i << (names.empty() ? "" : concat("\t", printable(names[place], 1000))) << '\n';
    }
  };
  const models::ModelConfig& model = facts.description->model;
  if (model.takes_text()) return;
  list(model.num_classes, sample::class_names(*facts.description), "class");
  list(model.num_styles, facts.description->styles, "style");
}

void print_configuration(const CheckpointFacts& facts) {
  if (facts.description) std::cout << config::dump(*facts.description);
}

void print_json(const CheckpointFacts& facts) {
  const checkpoint::WeightsFile& file = *facts.file;
  config::Value all, weights = a_list(), tensors = a_list(), metadata, names = a_list();
  all.kind = metadata.kind = config::Value::Kind::map;
  const auto add = [&](const char* key, config::Value value) { all.fields.emplace_back(key, std::move(value)); };
  add("file", text_of(file.source()));
  add("format", config::text_value(checkpoint::name_of(file.format())));
  add("bytes", config::plain_value(concat(file.bytes())));
  add("step", facts.step ? config::plain_value(concat(*facts.step)) : config::Value());
  add("guessed", config::plain_value(facts.guessed ? "true" : "false"));
  if (facts.description) {
    sample::ModelDescription description = *facts.description;
    const std::vector<std::string> classes = sample::class_names(description);
    add("used", config::text_value(name_of(facts.used)));
    add("model", config::member_value(description.model));
    add("sample", config::member_value(description.sample));
    add("classes", text_list(classes));
    add("styles", text_list(description.styles));
  }
  for (const auto& [name, sum] : sets_of(facts)) weights.items.push_back(sum_value(name, sum));
  for (const sample::NamedEntry& each : facts.entries) tensors.items.push_back(tensor_value(each));
  for (const auto& [key, text] : file.metadata()) {
    if (key != sample::kConfigKey) metadata.fields.emplace_back(text_of(key).scalar, text_of(text));
  }
  for (const std::string_view name : passed_over(file)) names.items.push_back(text_of(name));
  add("holds", std::move(weights));
  add("tensors", std::move(tensors));
  add("metadata", std::move(metadata));
  add("passed_over", std::move(names));
  std::cout << config::to_json(all) << '\n';
}

}  // namespace pixnerd::cli
