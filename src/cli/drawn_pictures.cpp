#include "cli/drawn_pictures.h"

#include <numeric>

#include "cli/checkpoint_flags.h"
#include "cli/checks.h"
#include "config/member.h"
#include "core/errors.h"
#include "core/memory.h"
#include "core/text.h"
#include "sample/job.h"

namespace pixnerd::cli {
namespace {

// The prompts in turn; where a prompt has a seed of its own, that is its first picture's.
void ask_for_texts(sample::Request& request, const DrawnFlags& flags, sample::TextTable& texts) {
  if (flags.condition.names_classes() || !flags.condition.styles.empty() || !flags.labels_from.empty()) {
    throw CLI::ValidationError("the checkpoint draws prompts, not classes; ask with --prompts");
  }
  if (!flags.text.names_prompts()) throw CLI::ValidationError("--prompts is required: the checkpoint draws prompts");
  if (flags.text.encoder.empty()) throw CLI::ValidationError("--text-encoder is required to draw prompts");
  const std::vector<sample::Prompt> prompts = prompts_of(flags.text);
  request.texts.emplace();
  for (size_t i = 0; i < static_cast<size_t>(flags.count); ++i) {
    const sample::Prompt& prompt = prompts[i % prompts.size()];
    if (prompt.size && *prompt.size != request.sample.size) {
      throw RequestError(concat("prompt ", i + 1,
                                " has a size of its own; pictures that are judged have one size, that "
                                "of --size"));
    }
    const uint64_t round = i / prompts.size();
    request.seeds.push_back(prompt.seed ? *prompt.seed + round : request.seed + i);
    request.texts->rows.push_back(texts.row_of(prompt.prompt));
    request.texts->null_rows.push_back(texts.row_of(prompt.negative_prompt.value_or(flags.text.negative_prompt)));
  }
}

// The states of `texts` are still missing.
sample::Request request_of(const DrawnFlags& flags, const sample::ModelDescription& description, uint64_t seed,
                           sample::TextTable& texts) {
  sample::Request request;
  request.seed = seed;
  tell_of_reuse(flags.sampler, description.sample);
  request.sample = settings_of(flags.sampler, description.sample);
  request.batch_size = flags.batch;
  request.precision = flags.compute.precision();
  if (description.model.takes_text()) {
    ask_for_texts(request, flags, texts);
    return request;
  }
  if (flags.text.any()) throw CLI::ValidationError("the checkpoint draws classes, not prompts");
  if (!flags.labels_from.empty()) {
    data::DataConfig config;
    config.path = flags.labels_from;
    config.include = flags.include;
    config.styles = description.model.num_styles > 0;
    eval::ask_as_in(request, flags.count, *data::open_pictures(config), description, seed);
    return request;
  }
  std::vector<int64_t> classes = classes_of(flags.condition, description);
  if (classes.empty()) {
    classes.resize(static_cast<size_t>(description.model.num_classes));
    std::iota(classes.begin(), classes.end(), 0);
  }
  eval::ask_in_turn(request, flags.count, classes, styles_of(flags.condition, description));
  return request;
}

}  // namespace

void add_drawn_flags(CLI::App& command, DrawnFlags& flags, CLI::Option* images) {
  CLI::Option* const checkpoint =
      command.add_option("--checkpoint", flags.checkpoint, "judge pictures drawn from this network instead")
          ->excludes(images)
          ->type_name("FILE");
  command
      .add_option("--count", flags.count,
                  "pictures to draw, in all: of the classes named, or all classes, or the prompts, in turn")
      ->check(between(1, diffusion::kMostPictures))
      ->needs(checkpoint)
      ->type_name("N")
      ->capture_default_str();
  add_condition_flags(command, flags.condition);
  add_text_flags(command, flags.text);
  for (const char* each : {"--prompt", "--prompts", "--negative-prompt", "--text-encoder", "--prompt-cache"}) {
    command.get_option(each)->needs(checkpoint);
  }
  CLI::Option* const labels_from =
      command
          .add_option("--labels-from", flags.labels_from,
                      "draw classes and styles as often as they are in these shards or class folders")
          ->needs(checkpoint)
          ->type_name("PATH");
  for (const char* each : {"--classes", "--class", "--style"}) {
    command.get_option(each)->needs(checkpoint)->excludes(labels_from);
  }
  command.add_option("--sample-batch", flags.batch, "pictures drawn together")
      ->check(between(1, diffusion::kLargestBatch))
      ->needs(checkpoint)
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--sample-dtype", flags.compute.dtype, "arithmetic of drawing")
      ->check(one_of(config::names_of<models::Precision>()))
      ->needs(checkpoint)
      ->type_name("float32|bfloat16|int8")
      ->capture_default_str();
  command.add_option("--device", flags.compute.device, "where to draw; auto takes a GPU if there is one")
      ->check(one_of({"auto", "cpu", "cuda"}))
      ->needs(checkpoint)
      ->type_name("auto|cpu|cuda")
      ->capture_default_str();
  add_ignore_unknown(command, flags.ignore_unknown);
  add_preset(command, flags.sampler, flags.compute, "--sample-dtype");
  command.get_option("--preset")->needs(checkpoint);
  add_sampler_flags(command, flags.sampler);
}

DrawnPictures::DrawnPictures(const DrawnFlags& flags, uint64_t seed)
    : file_(sample::load_model(flags.checkpoint, sample::Weights::prefer_ema, {flags.ignore_unknown})) {
  const at::Device device = set_up(flags.compute);
  sample::TextTable texts;
  sample::Request request = request_of(flags, file_.description, seed, texts);
  sample::check_settings(*file_.network, request);
  sample::check_memory(*file_.network, {sample::job_of(request)}, available_bytes());
  if (request.texts) {
    request.texts->states = encode(texts.texts(), flags.text.encoder, flags.text.cache, file_.description.model);
  }
  pictures_ =
      std::make_unique<eval::SampledPictures>(*file_.network, request, concat("samples of ", flags.checkpoint), relay_);
  file_.network->prepare_for_inference(device, models::weight_type(request.precision));
  keep_freed_memory();
}

}  // namespace pixnerd::cli
