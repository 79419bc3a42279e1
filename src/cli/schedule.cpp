#include "cli/schedule.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <numeric>
#include <optional>

#include "checkpoint/checkpoint_path.h"
#include "checkpoint/weights_file.h"
#include "cli/checkpoint_flags.h"
#include "cli/checks.h"
#include "cli/compute_flags.h"
#include "cli/preparation.h"
#include "cli/sample_plan.h"
#include "cli/terminal_progress.h"
#include "core/destination.h"
#include "core/errors.h"
#include "core/text.h"
#include "diffusion/limits.h"
#include "diffusion/reuse_schedule.h"
#include "sample/redescribe.h"
#include "sample/similarity.h"

namespace pixnerd::cli {
namespace {

struct ScheduleFlags {
  std::string checkpoint, decoder, out;
  PictureFlags pictures;
  int64_t encodings = 0;
  bool overwrite = false, ignore_unknown = false;
  ComputeFlags compute;
};

void define_pictures(CLI::App& command, PictureFlags& pictures) {
  add_condition_flags(command, pictures.condition);
  add_text_flags(command, pictures.text);
  add_count_and_seed(
      command, pictures,
      "pictures of each class or prompt; 1 unless given. Where no class is named, 16 spread over all are "
      "drawn, in every style");
  pictures.batch = 4;
  command.add_option("--batch", pictures.batch, "pictures computed together, whose s of all steps are kept meanwhile")
      ->check(between(1, diffusion::kLargestBatch))
      ->type_name("N")
      ->capture_default_str();
}

void define(CLI::App& command, ScheduleFlags& flags) {
  command.add_option("--checkpoint", flags.checkpoint, "the network, as `pixnerd sample` takes it")
      ->required()
      ->type_name("FILE");
  command.add_option("--encodings", flags.encodings, "at how many of the sampler's steps s is to be computed")
      ->required()
      ->check(between(1, diffusion::kMostComparedSteps))
      ->type_name("K");
  define_pictures(command, flags.pictures);
  command
      .add_option("--out", flags.out,
                  "write the checkpoint again (.safetensors), with the sampler's settings of this measurement and the "
                  "chosen encode_steps in its configuration and everything else as it is")
      ->type_name("FILE");
  command.add_flag("--overwrite", flags.overwrite, "replace a file that is there already");
  add_decoder(command, flags.decoder);
  add_ignore_unknown(command, flags.ignore_unknown);
  add_compute_flags(command, flags.compute);
  add_progress_flag(command);
  add_preset(command, flags.pictures.sampler, flags.compute, "--dtype");
  add_sampler_flags(command, flags.pictures.sampler);
}

void check(const ScheduleFlags& flags) {
  for (const char* key : {"reuse", "encode_steps"}) {
    if (flags.pictures.sampler.given.find(key) == nullptr) continue;
    throw CLI::ValidationError(concat(key, " is what is chosen here; say with --encodings how often"));
  }
  if (flags.out.empty()) return;
  if (std::filesystem::path(flags.out).extension() != ".safetensors") {
    throw CLI::ValidationError(concat("--out ", quoted(flags.out), " must end in .safetensors"));
  }
}

std::optional<Destination> destination_of(const ScheduleFlags& flags) {
  if (flags.out.empty()) return std::nullopt;
  InputFiles inputs;
  add_checkpoint(inputs, flags.checkpoint);
  flags.pictures.add_to(inputs);
  return std::optional<Destination>(std::in_place, flags.out, flags.overwrite, inputs);
}

// Before the work: what would end it, or lose what it gives.
void check(const ScheduleFlags& flags, const SamplePlan& plan, const DrawingTools& tools,
           const checkpoint::WeightsFile& weights) {
  for (const sample::PictureRequest& picture : plan.pictures) {
    if (!picture.settings->decode_size) continue;
    throw RequestError("reuse is measured with pictures of one size; give --decode-size none");
  }
  check(tools, plan.pictures);
  if (!flags.out.empty()) require_space(flags.out, weights.bytes());
}

// Where no class is named, some from the first to the last.
PictureFlags pictures_of(const ScheduleFlags& flags, const models::ModelConfig& config) {
  constexpr int64_t kClasses = 16;
  PictureFlags pictures = flags.pictures;
  if (config.takes_text() || pictures.condition.names_classes()) return pictures;
  const int64_t count = std::min(kClasses, config.num_classes);
  for (int64_t k = 0; k < count; ++k) pictures.condition.classes.push_back(concat(k * config.num_classes / count));
  if (!pictures.count) pictures.count = std::max<int64_t>(config.num_styles, 1);
  return pictures;
}

void print_row(const std::string& name, const diffusion::Similarity& similarity, const std::vector<int64_t>& steps) {
  const std::vector<double> each = diffusion::reused_similarity(similarity, steps);
  const double mean = std::accumulate(each.begin(), each.end(), 0.0) / static_cast<double>(each.size());
  std::vector<std::string> numbers;
  for (const int64_t step : steps) numbers.push_back(concat(step));
  char line[64];
  std::snprintf(line, sizeof(line), "%-10s %10.5f %10.5f  ", name.c_str(), mean,
                *std::min_element(each.begin(), each.end()));
  std::cout << line << join(numbers, ",") << '\n';
}

void report(const SamplePlan& plan, const diffusion::SamplerConfig& sampler, const diffusion::Similarity& similarity) {
  const auto encodings = static_cast<int64_t>(sampler.encode_steps.size());
  std::cout << "s computed at " << encodings << " of " << sampler.steps << " steps; similarity of the s used to the "
            << "step's own, over " << plan.size() << (plan.size() == 1 ? " picture\n" : " pictures\n");
  std::cout << "schedule         mean      least  steps\n";
  print_row("chosen", similarity, sampler.encode_steps);
  print_row("uniform", similarity, diffusion::uniform_encode_steps(sampler.steps, encodings));
  std::cout.flush();
}

diffusion::Similarity measure(const SamplePlan& plan, const DrawingTools& tools) {
  const sample::DrawSettings settings = prepare(tools, plan.pictures);
  TerminalProgress progress("measuring", "steps");
  diffusion::Similarity similarity = sample::measure_similarity(*tools.file.network, plan.pictures, settings, progress);
  progress.finish();
  return similarity;
}

void run(const ScheduleFlags& flags) {
  check(flags);
  const std::optional<Destination> destination = destination_of(flags);
  const at::Device device = set_up(flags.compute);
  const checkpoint::PickleOptions options{flags.ignore_unknown};
  const std::filesystem::path path = checkpoint::checkpoint_path(flags.checkpoint);
  sample::ModelFile file = sample::load_model(path, sample::Weights::prefer_ema, options, decoder_of(flags.decoder));
  diffusion::SamplerConfig& stored = file.description.sample.sampler;
  stored.reuse = 1;
  stored.encode_steps.clear();
  const SamplePlan plan = plan_of(pictures_of(flags, file.description.model), file.description);
  const DrawingTools tools{file,
                           flags.compute.precision(),
                           device,
                           flags.pictures.batch,
                           flags.pictures.text.encoder,
                           flags.pictures.text.cache};
  const auto weights = checkpoint::WeightsFile::open(path, options);
  check(flags, plan, tools, *weights);
  sample::SampleConfig settings = settings_of(flags.pictures.sampler, file.description.sample);
  if (flags.encodings > settings.sampler.steps) {
    throw RequestError(concat("s cannot be computed at ", flags.encodings, " of ", settings.sampler.steps, " steps"));
  }
  const diffusion::Similarity similarity = measure(plan, tools);
  settings.sampler.encode_steps = diffusion::best_encode_steps(similarity, flags.encodings);
  report(plan, settings.sampler, similarity);
  if (flags.out.empty()) return;
  file.description.sample = settings;
  sample::write_with(file.description, weights, flags.out);
  std::cout << flags.out << ": written with these steps" << std::endl;
}

}  // namespace

void add_schedule(CLI::App& program) {
  add_command<ScheduleFlags>(program, "schedule", "choose at which steps of the sampler to run the transformer", define,
                             run);
}

}  // namespace pixnerd::cli
