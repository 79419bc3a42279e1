#include "cli/drawn_pictures.h"

#include <numeric>

#include "cli/checkpoint_flags.h"
#include "cli/checks.h"
#include "config/member.h"
#include "core/memory.h"
#include "core/text.h"

namespace pixnerd::cli {
namespace {

sample::Request request_of(const DrawnFlags& flags, const sample::ModelDescription& description, uint64_t seed) {
  sample::Request request;
  request.seed = seed;
  request.sample = settings_of(flags.sampler, description.sample);
  request.batch_size = flags.batch;
  request.precision = flags.compute.precision();
  if (!flags.labels_from.empty()) {
    data::DataConfig config;
    config.path = flags.labels_from;
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
  command.add_option("--count", flags.count, "pictures to draw, in all: of the classes named, or all classes, in turn")
      ->check(between(1, 10'000'000))
      ->needs(checkpoint)
      ->type_name("N")
      ->capture_default_str();
  add_condition_flags(command, flags.condition);
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
      ->check(between(1, 65536))
      ->needs(checkpoint)
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--sample-dtype", flags.compute.dtype, "arithmetic of drawing")
      ->check(one_of(config::names_of<models::Precision>()))
      ->needs(checkpoint)
      ->type_name("float32|bfloat16")
      ->capture_default_str();
  command.add_option("--device", flags.compute.device, "where to draw; auto takes a GPU if there is one")
      ->check(one_of({"auto", "cpu", "cuda"}))
      ->needs(checkpoint)
      ->type_name("auto|cpu|cuda")
      ->capture_default_str();
  add_ignore_unknown(command, flags.ignore_unknown);
  add_sampler_flags(command, flags.sampler);
}

DrawnPictures::DrawnPictures(const DrawnFlags& flags, uint64_t seed)
    : file_(sample::load_model(flags.checkpoint, sample::Weights::prefer_ema, {flags.ignore_unknown})) {
  const at::Device device = set_up(flags.compute);
  const sample::Request request = request_of(flags, file_.description, seed);
  pictures_ =
      std::make_unique<eval::SampledPictures>(*file_.network, request, concat("samples of ", flags.checkpoint), relay_);
  file_.network->prepare_for_inference(device, models::weight_type(request.precision));
  keep_freed_memory();
}

}  // namespace pixnerd::cli
