#include "cli/sample_plan.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "cli/checks.h"
#include "core/errors.h"
#include "core/text.h"
#include "diffusion/limits.h"
#include "sample/condition.h"
#include "sample/interpolation.h"
#include "sample/label_names.h"
#include "sample/output.h"

namespace pixnerd::cli {
namespace {

void check_count(size_t conditions, int64_t count) {
  if (static_cast<int64_t>(conditions) <= diffusion::kMostPictures / count) return;
  throw RequestError(concat("more than ", diffusion::kMostPictures, " pictures are asked for; give --count less"));
}

SamplePlan plan_of_classes(const PictureFlags& flags, const sample::ModelDescription& description,
                           const sample::SampleConfig& settings, sample::ClassOrder order) {
  if (flags.text.any()) {
    throw CLI::ValidationError("the checkpoint draws classes, not prompts; ask with --classes or --class");
  }
  if (!flags.condition.names_classes()) throw CLI::ValidationError("--classes or --class is required");
  const std::vector<int64_t> classes = classes_of(flags.condition, description);
  check_count(classes.size(), flags.pictures_each());
  SamplePlan plan;
  plan.pictures = sample::requests_of(classes, styles_of(flags.condition, description),
                                      std::ssize(classes) * flags.pictures_each(), order, flags.seed, settings);
  return plan;
}

SamplePlan plan_of_prompts(const PictureFlags& flags, const models::ModelConfig& model,
                           const sample::SampleConfig& settings) {
  if (flags.condition.names_classes() || !flags.condition.styles.empty()) {
    throw CLI::ValidationError("the checkpoint draws prompts, not classes; ask with --prompt or --prompts");
  }
  if (!flags.text.names_prompts()) throw CLI::ValidationError("--prompt or --prompts is required");
  const std::vector<sample::Prompt> prompts = prompts_of(flags.text);
  check_count(prompts.size(), flags.pictures_each());
  SamplePlan plan;
  plan.pictures =
      sample::requests_of(prompts, flags.pictures_each(), flags.seed, flags.text.negative_prompt, settings, model);
  return plan;
}

// Rows of pictures from the first condition to the last, or from a seed to the other; one for each of --count. The plan
// has the ends, all rows of a condition before those of the next.
void interpolate(SamplePlan& plan, const PictureFlags& flags) {
  const int64_t rows = flags.pictures_each(), ends = plan.size() / rows, each = *flags.variation.interpolate;
  if (ends < 2 && !flags.variation.seed) {
    throw CLI::ValidationError(
        "--interpolate leads from one to another: name two classes or prompts, or give "
        "--variation-seed");
  }
  check_count(static_cast<size_t>(ends * rows), each);
  std::vector<sample::PictureRequest> pictures;
  for (int64_t r = 0; r < rows; ++r) {
    std::vector<sample::PictureRequest> row;
    for (int64_t k = 0; k < ends; ++k) row.push_back(plan.pictures[static_cast<size_t>(k * rows + r)]);
    row.front().seed = flags.seed + static_cast<uint64_t>(r);
    row = ends > 1 ? sample::row_between(row, each) : std::vector(static_cast<size_t>(each), row.front());
    for (size_t i = 0; flags.variation.seed && i < row.size(); ++i) {
      const double share = static_cast<double>(i) / static_cast<double>(row.size() - 1);
      if (i > 0) row[i].variation = sample::Variation{*flags.variation.seed + static_cast<uint64_t>(r), share};
    }
    plan.row = std::ssize(row);
    pictures.insert(pictures.end(), row.begin(), row.end());
  }
  plan.pictures = std::move(pictures);
}

// Nothing where pictures have none, or come from several folders under the same ones.
std::vector<std::string> names_of(const std::vector<sample::PictureRecord>& records) {
  std::vector<std::string> names;
  for (const sample::PictureRecord& record : records) names.push_back(record.file);
  const std::set<std::string> different(names.begin(), names.end());
  if (different.size() != names.size() || different.contains("")) names.clear();
  return names;
}

// What the pictures show, in words. RequestError for what the network does not know.
void set_names(SamplePlan& plan, const sample::ModelDescription& description) {
  for (const sample::PictureRequest& picture : plan.pictures) sample::check_condition(description.model, picture);
  plan.labels = sample::captions_of(plan.pictures, description);
  plan.class_names = sample::class_names(description);
  plan.style_names = description.styles;
}

// "" where there is none.
std::string name_at(const std::vector<std::string>& names, const std::optional<int64_t>& label) {
  return label && static_cast<size_t>(*label) < names.size() ? names[static_cast<size_t>(*label)] : "";
}

}  // namespace

void PictureFlags::add_to(InputFiles& inputs) const {
  inputs.add(text.encoder);
  inputs.add(text.file);
}

void add_count_and_seed(CLI::App& command, PictureFlags& flags, const std::string& count_help) {
  command.add_option("--count", flags.count, count_help)->check(between(1, diffusion::kMostPictures))->type_name("N");
  command
      .add_option("--seed", flags.seed,
                  "seed of the first picture; picture i has SEED + i, as torch.Generator.manual_seed takes it")
      ->transform(seed_number())
      ->type_name("SEED")
      ->capture_default_str();
  command
      .add_option(
          "--columns", flags.columns,
          "pictures in a row of a grid; unless given a row is a class or prompt, or about as wide as all are high")
      ->check(between(1, diffusion::kMostColumns))
      ->type_name("N");
}

void add_variation_flags(CLI::App& command, VariationFlags& flags) {
  CLI::Option* const seed =
      command
          .add_option("--variation-seed", flags.seed,
                      "draw pictures like that of --seed: picture i begins from its noise, moved towards that of this "
                      "seed + i")
          ->transform(seed_number())
          ->type_name("SEED");
  CLI::Option* const strength =
      command
          .add_option("--variation-strength", flags.strength,
                      concat("how far, 1 is the other noise; ", VariationFlags::kUsualStrength, " unless given"))
          ->check(positive(1))
          ->needs(seed)
          ->type_name("W");
  command
      .add_option("--interpolate", flags.interpolate,
                  "draw a row of N pictures that leads from each class or prompt to the next, or from --seed to "
                  "--variation-seed")
      ->check(between(2, diffusion::kMostPictures))
      ->excludes(strength)
      ->type_name("N");
}

SamplePlan plan_of(const PictureFlags& flags, const sample::ModelDescription& description, sample::ClassOrder order) {
  if (flags.variation.interpolate) order = sample::ClassOrder::runs;
  tell_of_reuse(flags.sampler, description.sample);
  const sample::SampleConfig settings = settings_of(flags.sampler, description.sample);
  const bool draws_texts = description.model.takes_text();
  SamplePlan plan = draws_texts ? plan_of_prompts(flags, description.model, settings)
                                : plan_of_classes(flags, description, settings, order);
  const VariationFlags& variation = flags.variation;
  if (variation.interpolate) {
    interpolate(plan, flags);
  } else if (variation.seed) {
    sample::vary(plan.pictures, flags.seed, *variation.seed, variation.strength.value_or(variation.kUsualStrength));
  }
  set_names(plan, description);
  if (flags.columns || plan.row > 0) {
    plan.columns = flags.columns.value_or(std::min(plan.row, diffusion::kMostColumns));
    return plan;
  }
  int64_t runs = plan.size() / flags.pictures_each(), run = flags.pictures_each();
  if (order == sample::ClassOrder::turns && !draws_texts) std::swap(runs, run);
  plan.columns = sample::grid_columns(runs, run);
  return plan;
}

SamplePlan plan_of(std::vector<sample::PictureRecord> records, const SamplerFlags& flags,
                   const sample::ModelDescription& description) {
  SamplePlan plan;
  tell_of_reuse(flags, records.front().sample);
  for (sample::PictureRecord& record : records) {
    record.sample = settings_of(flags, record.sample);
    if (record.prompt.has_value() == description.model.takes_text()) continue;
    throw RequestError(concat("the picture shows a ", record.prompt ? "prompt" : "class",
                              ", which is not what the checkpoint draws; name the right one with --checkpoint"));
  }
  plan.pictures = sample::requests_of(records, description.model);
  set_names(plan, description);
  plan.padding = records.front().padding;
  plan.labelled = records.front().labels;
  plan.names = names_of(records);
  plan.columns = records.front().columns > 0 ? records.front().columns : sample::grid_columns(plan.size(), 1);
  return plan;
}

std::function<sample::PictureRecord(int64_t number)> records_of(const SamplePlan& plan, sample::PictureRecord common) {
  return [common = std::move(common), &plan](int64_t number) {
    sample::PictureRecord record = sample::record_of(common, plan.pictures[static_cast<size_t>(number)]);
    record.class_name = name_at(plan.class_names, record.label);
    record.style_name = name_at(plan.style_names, record.style);
    return record;
  };
}

}  // namespace pixnerd::cli
