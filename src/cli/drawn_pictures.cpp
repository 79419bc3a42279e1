#include "cli/drawn_pictures.h"

#include <numeric>
#include <utility>

#include "cli/checkpoint_flags.h"
#include "cli/checks.h"
#include "cli/held_out.h"
#include "cli/preparation.h"
#include "config/member.h"
#include "core/errors.h"
#include "core/text.h"
#include "sample/label_names.h"
#include "sample/requests.h"

namespace pixnerd::cli {
namespace {

using eval::Asked;
using eval::AskedPictures;

// The pictures whose labels or captions are drawn; null where flags name them otherwise.
std::shared_ptr<const data::PictureSet> set_of(const DrawnFlags& flags, const models::ModelConfig& model) {
  if (!flags.held_out.empty()) return held_out_of(flags.held_out);
  if (flags.labels_from.empty()) return nullptr;
  data::DataConfig config;
  config.path = flags.labels_from;
  config.include = flags.include;
  config.styles = model.num_styles > 0 || model.takes_text();
  return data::open_pictures(config);
}

int64_t count_of(const DrawnFlags& flags, const data::PictureSet* set) {
  return flags.count.value_or(flags.each_once && set != nullptr ? set->size() : kDrawnUnlessTold);
}

// The prompts in turn; where a prompt has a seed of its own, that is its first picture's.
AskedPictures asked_prompts(const DrawnFlags& flags, const sample::SampleConfig& settings, uint64_t seed) {
  if (!flags.text.names_prompts()) {
    throw CLI::ValidationError("--prompts is required: the checkpoint draws prompts; or --labels-from for captions");
  }
  const std::vector<sample::Prompt> prompts = prompts_of(flags.text);
  const auto shared = std::make_shared<const sample::SampleConfig>(settings);
  const auto count =
      static_cast<size_t>(flags.count.value_or(flags.each_once ? std::ssize(prompts) : kDrawnUnlessTold));
  AskedPictures pictures;
  for (size_t i = 0; i < count; ++i) {
    const sample::Prompt& prompt = prompts[i % prompts.size()];
    if (prompt.size && *prompt.size != settings.size) {
      throw RequestError(concat("prompt ", i + 1,
                                " has a size of its own; pictures that are judged have one size, that "
                                "of --size"));
    }
    sample::PictureRequest& picture = pictures.requests.emplace_back();
    picture.prompt = prompt.prompt;
    picture.negative_prompt = prompt.negative_prompt.value_or(flags.text.negative_prompt);
    picture.seed = prompt.seed ? *prompt.seed + i / prompts.size() : seed + i;
    picture.settings = shared;
    pictures.asked.push_back({prompt.classes, prompt.style, prompt.language, 0});
  }
  return pictures;
}

AskedPictures asked_texts(const DrawnFlags& flags, const sample::ModelDescription& description,
                          const sample::SampleConfig& settings, uint64_t seed) {
  if (flags.condition.names_classes() || !flags.condition.styles.empty()) {
    throw CLI::ValidationError("the checkpoint draws prompts, not classes; ask with --prompts or --labels-from");
  }
  const auto set = set_of(flags, description.model);
  if (!set) return asked_prompts(flags, settings, seed);
  if (flags.text.names_prompts()) {
    throw CLI::ValidationError("the prompts are captions of a data set, or those of --prompts, not both");
  }
  return eval::captions_as_in(*set, flags.captions, count_of(flags, set.get()), flags.text.negative_prompt, seed,
                              settings);
}

// Classes and styles of requests, by name where the network has names.
std::vector<Asked> asked_labels(const std::vector<sample::PictureRequest>& requests,
                                const sample::ModelDescription& description) {
  const std::vector<std::string> classes = sample::class_names(description);
  const auto named = [](int64_t label, const std::vector<std::string>& names) {
    return names.empty() ? concat(label) : names.at(static_cast<size_t>(label));
  };
  std::vector<Asked> asked;
  for (const sample::PictureRequest& request : requests) {
    Asked& each = asked.emplace_back();
    if (*request.label < description.model.num_classes) each.classes.push_back(named(*request.label, classes));
    if (request.style && *request.style < description.model.num_styles) {
      each.style = named(*request.style, description.styles);
    }
  }
  return asked;
}

std::vector<sample::PictureRequest> requests_of_labels(const DrawnFlags& flags,
                                                       const sample::ModelDescription& description,
                                                       const sample::SampleConfig& settings, uint64_t seed) {
  if (const auto set = set_of(flags, description.model)) {
    return eval::requests_as_in(*set, count_of(flags, set.get()), description, seed, settings);
  }
  std::vector<int64_t> classes = classes_of(flags.condition, description);
  if (classes.empty()) {
    classes.resize(static_cast<size_t>(description.model.num_classes));
    std::iota(classes.begin(), classes.end(), 0);
  }
  return sample::requests_of(classes, styles_of(flags.condition, description), count_of(flags, nullptr),
                             sample::ClassOrder::turns, seed, settings);
}

AskedPictures asked_of(const DrawnFlags& flags, const sample::ModelDescription& description, uint64_t seed) {
  tell_of_reuse(flags.sampler, description.sample);
  const sample::SampleConfig settings = settings_of(flags.sampler, description.sample);
  if (description.model.takes_text()) return asked_texts(flags, description, settings, seed);
  if (flags.text.any()) throw CLI::ValidationError("the checkpoint draws classes, not prompts");
  if (!flags.captions.languages.empty() || flags.captions.number) {
    throw CLI::ValidationError("the checkpoint draws classes; --languages and --caption are for prompts");
  }
  AskedPictures pictures;
  pictures.requests = requests_of_labels(flags, description, settings, seed);
  pictures.asked = asked_labels(pictures.requests, description);
  return pictures;
}

// Which pictures of a data set are drawn again.
void add_set_flags(CLI::App& command, DrawnFlags& flags, CLI::Option* source) {
  CLI::Option* const labels_from =
      command
          .add_option("--labels-from", flags.labels_from,
                      "draw classes and styles as often as they are in these shards or class folders; from text, their "
                      "captions")
          ->needs(source)
          ->type_name("PATH");
  CLI::Option* const held_out =
      command
          .add_option("--held-out", flags.held_out,
                      "the same of the pictures that this run has kept from training (data.held_out): its folder, or "
                      "its configuration")
          ->needs(source)
          ->excludes(labels_from)
          ->type_name("RUN");
  command
      .add_option("--languages", flags.captions.languages,
                  "draw captions in these languages alone, with commas between them")
      ->delimiter(',')
      ->needs(source)
      ->type_name("LANGUAGE,...");
  command
      .add_option("--caption", flags.captions.number,
                  "draw that one of a language's captions of a picture, 1 the first; all unless given")
      ->check(between(1, 1000000))
      ->needs(source)
      ->type_name("N");
  for (const char* each : {"--classes", "--class", "--style"}) {
    command.get_option(each)->needs(source)->excludes(labels_from)->excludes(held_out);
  }
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
                  concat("pictures to draw, in all: of the classes named, or all classes, or the prompts, in turn; ",
                         kDrawnUnlessTold, " unless given"))
      ->check(between(1, diffusion::kMostPictures))
      ->needs(source)
      ->type_name("N");
  add_condition_flags(command, flags.condition);
  add_text_flags(command, flags.text);
  for (const char* each : {"--prompt", "--prompts", "--negative-prompt", "--text-encoder", "--prompt-cache"}) {
    command.get_option(each)->needs(source);
  }
  add_set_flags(command, flags, source);
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
  AskedPictures pictures = asked_of(flags, file_.description, seed);
  asked_ = std::move(pictures.asked);
  std::vector<sample::PictureRequest> requests = std::move(pictures.requests);
  const DrawingTools tools{file_, flags.compute.precision(), device, flags.batch, flags.text.encoder, flags.text.cache};
  check(tools, requests);
  sample::DrawSettings settings = prepare(tools, requests);
  pictures_ = std::make_unique<eval::SampledPictures>(*file_.network, std::move(requests), std::move(settings),
                                                      concat("samples of ", source), relay_);
}

}  // namespace pixnerd::cli
