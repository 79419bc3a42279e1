#include "cli/drawn_pictures.h"

#include <numeric>
#include <utility>

#include "cli/checkpoint_flags.h"
#include "cli/checks.h"
#include "cli/preparation.h"
#include "config/member.h"
#include "core/errors.h"
#include "core/text.h"
#include "sample/requests.h"

namespace pixnerd::cli {
namespace {

// The prompts in turn; where a prompt has a seed of its own, that is its first picture's.
std::vector<sample::PictureRequest> requests_of_texts(const DrawnFlags& flags, const sample::SampleConfig& settings,
                                                      uint64_t seed) {
  if (flags.condition.names_classes() || !flags.condition.styles.empty() || !flags.labels_from.empty()) {
    throw CLI::ValidationError("the checkpoint draws prompts, not classes; ask with --prompts");
  }
  if (!flags.text.names_prompts()) throw CLI::ValidationError("--prompts is required: the checkpoint draws prompts");
  const std::vector<sample::Prompt> prompts = prompts_of(flags.text);
  const auto shared = std::make_shared<const sample::SampleConfig>(settings);
  std::vector<sample::PictureRequest> pictures;
  for (size_t i = 0; i < static_cast<size_t>(flags.count); ++i) {
    const sample::Prompt& prompt = prompts[i % prompts.size()];
    if (prompt.size && *prompt.size != settings.size) {
      throw RequestError(concat("prompt ", i + 1,
                                " has a size of its own; pictures that are judged have one size, that "
                                "of --size"));
    }
    sample::PictureRequest& picture = pictures.emplace_back();
    picture.prompt = prompt.prompt;
    picture.negative_prompt = prompt.negative_prompt.value_or(flags.text.negative_prompt);
    picture.seed = prompt.seed ? *prompt.seed + i / prompts.size() : seed + i;
    picture.settings = shared;
  }
  return pictures;
}

std::vector<sample::PictureRequest> requests_of(const DrawnFlags& flags, const sample::ModelDescription& description,
                                                uint64_t seed) {
  tell_of_reuse(flags.sampler, description.sample);
  const sample::SampleConfig settings = settings_of(flags.sampler, description.sample);
  if (description.model.takes_text()) return requests_of_texts(flags, settings, seed);
  if (flags.text.any()) throw CLI::ValidationError("the checkpoint draws classes, not prompts");
  if (!flags.labels_from.empty()) {
    data::DataConfig config;
    config.path = flags.labels_from;
    config.include = flags.include;
    config.styles = description.model.num_styles > 0;
    return eval::requests_as_in(*data::open_pictures(config), flags.count, description, seed, settings);
  }
  std::vector<int64_t> classes = classes_of(flags.condition, description);
  if (classes.empty()) {
    classes.resize(static_cast<size_t>(description.model.num_classes));
    std::iota(classes.begin(), classes.end(), 0);
  }
  return sample::requests_of(classes, styles_of(flags.condition, description), flags.count, sample::ClassOrder::turns,
                             seed, settings);
}

}  // namespace

void add_drawn_flags(CLI::App& command, DrawnFlags& flags, CLI::Option* images) {
  CLI::Option* const checkpoint =
      command.add_option("--checkpoint", flags.checkpoint, "judge pictures drawn from this network instead")
          ->excludes(images)
          ->type_name("FILE");
  add_drawing_flags(command, flags, checkpoint);
}

void add_drawing_flags(CLI::App& command, DrawnFlags& flags, CLI::Option* source) {
  command
      .add_option("--count", flags.count,
                  "pictures to draw, in all: of the classes named, or all classes, or the prompts, in turn")
      ->check(between(1, diffusion::kMostPictures))
      ->needs(source)
      ->type_name("N")
      ->capture_default_str();
  add_condition_flags(command, flags.condition);
  add_text_flags(command, flags.text);
  for (const char* each : {"--prompt", "--prompts", "--negative-prompt", "--text-encoder", "--prompt-cache"}) {
    command.get_option(each)->needs(source);
  }
  CLI::Option* const labels_from =
      command
          .add_option("--labels-from", flags.labels_from,
                      "draw classes and styles as often as they are in these shards or class folders")
          ->needs(source)
          ->type_name("PATH");
  for (const char* each : {"--classes", "--class", "--style"}) {
    command.get_option(each)->needs(source)->excludes(labels_from);
  }
  command.add_option("--sample-batch", flags.batch, "pictures drawn together at most; as many as is best unless given")
      ->check(between(1, diffusion::kLargestBatch))
      ->needs(source)
      ->type_name("N");
  command.add_option("--sample-dtype", flags.compute.dtype, "arithmetic of drawing")
      ->check(one_of(config::names_of<models::Precision>()))
      ->needs(source)
      ->type_name("float32|bfloat16|int8")
      ->capture_default_str();
  add_ignore_unknown(command, flags.ignore_unknown);
  add_preset(command, flags.sampler, flags.compute, "--sample-dtype");
  command.get_option("--preset")->needs(source);
  add_sampler_flags(command, flags.sampler);
}

DrawnPictures::DrawnPictures(const DrawnFlags& flags, uint64_t seed, const at::Device& device)
    : DrawnPictures(sample::load_model(flags.checkpoint, sample::Weights::prefer_ema, {flags.ignore_unknown}), flags,
                    seed, device, flags.checkpoint) {}

DrawnPictures::DrawnPictures(sample::ModelFile file, const DrawnFlags& flags, uint64_t seed, const at::Device& device,
                             const std::string& source)
    : file_(std::move(file)) {
  std::vector<sample::PictureRequest> requests = requests_of(flags, file_.description, seed);
  const DrawingTools tools{file_, flags.compute.precision(), device, flags.batch, flags.text.encoder, flags.text.cache};
  check(tools, requests);
  sample::DrawSettings settings = prepare(tools, requests);
  pictures_ = std::make_unique<eval::SampledPictures>(*file_.network, std::move(requests), std::move(settings),
                                                      concat("samples of ", source), relay_);
}

}  // namespace pixnerd::cli
