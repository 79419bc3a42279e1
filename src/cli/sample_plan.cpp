#include "cli/sample_plan.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "cli/checks.h"
#include "core/errors.h"
#include "core/text.h"
#include "diffusion/limits.h"
#include "eval/sampled_pictures.h"
#include "sample/condition.h"
#include "sample/label_names.h"
#include "sample/output.h"

namespace pixnerd::cli {
namespace {

void check_count(size_t conditions, int64_t count) {
  if (static_cast<int64_t>(conditions) <= diffusion::kMostPictures / count) return;
  throw RequestError(concat("more than ", diffusion::kMostPictures, " pictures are asked for; give --count less"));
}

// `count` pictures of each class, in the order given; its styles in turn, beginning anew with every class.
void ask_for_runs(sample::Request& request, const std::vector<int64_t>& classes, const std::vector<int64_t>& styles,
                  int64_t count) {
  for (const int64_t label : classes) {
    for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
      request.labels.push_back(label);
      if (!styles.empty()) request.styles.push_back(styles[i % styles.size()]);
    }
  }
}

SamplePlan plan_of_classes(const PictureFlags& flags, const sample::ModelDescription& description,
                           sample::Request request, ClassOrder order) {
  if (flags.text.any()) {
    throw CLI::ValidationError("the checkpoint draws classes, not prompts; ask with --classes or --class");
  }
  if (!flags.condition.names_classes()) throw CLI::ValidationError("--classes or --class is required");
  const std::vector<int64_t> classes = classes_of(flags.condition, description);
  check_count(classes.size(), flags.pictures_each());
  const std::vector<int64_t> styles = styles_of(flags.condition, description);
  if (order == ClassOrder::turns) {
    eval::ask_in_turn(request, std::ssize(classes) * flags.pictures_each(), classes, styles);
  } else {
    ask_for_runs(request, classes, styles, flags.pictures_each());
  }
  request.seed = flags.seed;
  sample::check_condition(description.model, request);
  SamplePlan plan;
  plan.pictures = request.pictures();
  plan.labels = captions_of(request, description);
  plan.classes = request.labels;
  plan.jobs.push_back(sample::job_of(std::move(request)));
  return plan;
}

SamplePlan plan_of_prompts(const PictureFlags& flags, const models::ModelConfig& model,
                           const sample::Request& request) {
  if (flags.condition.names_classes() || !flags.condition.styles.empty()) {
    throw CLI::ValidationError("the checkpoint draws prompts, not classes; ask with --prompt or --prompts");
  }
  if (!flags.text.names_prompts()) throw CLI::ValidationError("--prompt or --prompts is required");
  const std::vector<sample::Prompt> prompts = prompts_of(flags.text);
  check_count(prompts.size(), flags.pictures_each());
  sample::check_sizes(prompts, model, request.sample);
  const auto pictures =
      sample::pictures_of(prompts, flags.pictures_each(), flags.seed, flags.text.negative_prompt, request.sample.size);
  sample::TextTable texts;
  SamplePlan plan;
  plan.jobs = sample::jobs_of(pictures, request, texts);
  plan.pictures = static_cast<int64_t>(pictures.size());
  plan.texts = texts.texts();
  for (const sample::TextPicture& picture : pictures) plan.labels.push_back({picture.prompt, ""});
  return plan;
}

image::Label label_of(const sample::PictureRecord& record, const sample::ModelDescription& description) {
  if (record.prompt) return {*record.prompt, ""};
  sample::Request one;
  one.labels = {*record.label};
  if (record.style) one.styles = {*record.style};
  sample::check_condition(description.model, one);
  return captions_of(one, description).front();
}

// Nothing where pictures have none, or come from several folders under the same ones.
std::vector<std::string> names_of(const std::vector<sample::PictureRecord>& records) {
  std::vector<std::string> names;
  for (const sample::PictureRecord& record : records) names.push_back(record.file);
  const std::set<std::string> different(names.begin(), names.end());
  if (different.size() != names.size() || different.contains("")) names.clear();
  return names;
}

void set_names(SamplePlan& plan, const sample::ModelDescription& description) {
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
}

SamplePlan plan_of(const PictureFlags& flags, const sample::ModelDescription& description, models::Precision precision,
                   ClassOrder order) {
  sample::Request request;
  tell_of_reuse(flags.sampler, description.sample);
  request.sample = settings_of(flags.sampler, description.sample);
  request.batch_size = flags.batch;
  request.precision = precision;
  SamplePlan plan = description.model.takes_text() ? plan_of_prompts(flags, description.model, request)
                                                   : plan_of_classes(flags, description, std::move(request), order);
  int64_t runs = plan.pictures / flags.pictures_each(), run = flags.pictures_each();
  if (order == ClassOrder::turns && !description.model.takes_text()) std::swap(runs, run);
  set_names(plan, description);
  plan.columns = sample::grid_columns(runs, run);
  return plan;
}

SamplePlan plan_of(std::vector<sample::PictureRecord> records, const SamplerFlags& flags,
                   const sample::ModelDescription& description) {
  SamplePlan plan;
  tell_of_reuse(flags, records.front().sample);
  for (sample::PictureRecord& record : records) {
    record.sample = settings_of(flags, record.sample);
    if (record.prompt.has_value() != description.model.takes_text()) {
      throw RequestError(concat("the picture shows a ", record.prompt ? "prompt" : "class",
                                ", which is not what the checkpoint draws; name the right one with --checkpoint"));
    }
    plan.labels.push_back(label_of(record, description));
    if (record.label) plan.classes.push_back(*record.label);
  }
  sample::TextTable texts;
  plan.jobs = sample::jobs_of(records, texts);
  plan.texts = texts.texts();
  plan.pictures = static_cast<int64_t>(records.size());
  set_names(plan, description);
  plan.padding = records.front().padding;
  plan.labelled = records.front().labels;
  plan.names = names_of(records);
  plan.columns = records.front().columns > 0 ? records.front().columns : sample::grid_columns(plan.pictures, 1);
  return plan;
}

void set_states(SamplePlan& plan, const at::Tensor& states) {
  for (sample::Job& job : plan.jobs) job.request.texts->states = states;
}

std::function<sample::PictureRecord(int64_t number)> records_of(const SamplePlan& plan, sample::PictureRecord common) {
  struct Place {
    const sample::Job* job;
    int64_t k;
  };
  std::vector<Place> places(static_cast<size_t>(plan.pictures));
  for (const sample::Job& job : plan.jobs) {
    for (size_t k = 0; k < job.numbers.size(); ++k) {
      if (job.numbers[k] >= 0) places[static_cast<size_t>(job.numbers[k])] = {&job, static_cast<int64_t>(k)};
    }
  }
  return [places = std::move(places), common = std::move(common), &plan](int64_t number) {
    const Place& place = places[static_cast<size_t>(number)];
    sample::PictureRecord record = sample::record_of(common, *place.job, place.k, plan.texts);
    record.class_name = name_at(plan.class_names, record.label);
    record.style_name = name_at(plan.style_names, record.style);
    return record;
  };
}

}  // namespace pixnerd::cli
