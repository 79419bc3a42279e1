#include "cli/sample.h"

#include <algorithm>
#include <iostream>
#include <limits>
#include <optional>

#include "cli/checkpoint_flags.h"
#include "cli/checks.h"
#include "cli/compute_flags.h"
#include "cli/setting_flags.h"
#include "cli/terminal_progress.h"
#include "core/errors.h"
#include "core/memory.h"
#include "core/text.h"
#include "sample/model_file.h"
#include "sample/output.h"
#include "sample/sampler.h"
#include "sample/trajectory.h"

namespace pixnerd::cli {
namespace {

constexpr int64_t kMostPictures = 10'000'000;

struct SampleFlags {
  std::string checkpoint, out, animate;
  std::vector<int64_t> classes;
  std::vector<std::string> names, styles;
  int64_t count = 1;
  uint64_t seed = 0;
  int64_t batch = 16;
  bool overwrite = false, labels = false, ignore_unknown = false;
  CLI::Option* last_step_stochastic = nullptr;
  config::Value settings;  // of the checkpoint's `sample:` section, those that were given
  ComputeFlags compute;
};

void define(CLI::App& command, SampleFlags& flags) {
  command
      .add_option(
          "--checkpoint", flags.checkpoint,
          "the network: a file that pixnerd wrote, or one of PyTorch Lightning or safetensors with published names")
      ->required()
      ->type_name("FILE");
  CLI::Option* const classes = command.add_option("--classes", flags.classes, "what to draw: numbers of classes");
  classes->delimiter(',')->allow_extra_args(false)->type_name("N,N,...");
  command.add_option("--class", flags.names, "what to draw: a class by its name; may be repeated")
      ->excludes(classes)
      ->allow_extra_args(false)
      ->type_name("NAME");
  command
      .add_option("--style", flags.styles,
                  "second label, by its name, of a network that has some; may be repeated: "
                  "the pictures of a class take them in turn; all of them unless given")
      ->allow_extra_args(false)
      ->type_name("NAME");
  command.add_option("--count", flags.count, "pictures of each class")
      ->check(between(1, kMostPictures))
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--out", flags.out, "a path ending in .png for one grid, or a folder for one file a picture")
      ->required()
      ->type_name("PATH");
  command.add_option("--animate", flags.animate, "also write how the pictures come out of noise, as animated WebP")
      ->type_name("FILE.webp");
  command.add_flag("--labels", flags.labels, "write under each picture of a grid what it shows: class and style");
  command.add_flag("--overwrite", flags.overwrite, "use a folder that is not empty, replacing pictures in it");
  command.add_option("--seed", flags.seed, "seed of the first picture; picture i has SEED + i")
      ->check(between(0, std::numeric_limits<int64_t>::max()))
      ->type_name("SEED")
      ->capture_default_str();
  command.add_option("--batch", flags.batch, "pictures computed together; changes the speed, not the pictures")
      ->check(between(1, 65536))
      ->type_name("N")
      ->capture_default_str();
  add_ignore_unknown(command, flags.ignore_unknown);
  add_compute_flags(command, flags.compute);

  const sample::SampleConfig defaults;
  flags.settings.source = "the sampler's settings";
  SettingFlags settings(command, flags.settings);
  sample::SampleConfig::fields(defaults, settings);
  flags.last_step_stochastic = command.get_option("--last-step-stochastic");
  flags.last_step_stochastic->expected(0, 1)->type_name("[none|mean|sde|preserve]");
  command.footer("What is not given is taken from the `sample:` section of the checkpoint's configuration.");
}

// --last-step-stochastic may stand alone: the last step is then one of the same form as the others.
bool last_step_is_like_others(const SampleFlags& flags) {
  return flags.last_step_stochastic->count() > 0 && flags.settings.find("last_step_stochastic") == nullptr;
}

// The checkpoint's settings with those of the command line over them.
sample::SampleConfig settings_of(const SampleFlags& flags, sample::SampleConfig config) {
  // Two ways to say when s is computed: the one that is given takes the place of the other.
  if (flags.settings.find("reuse") != nullptr) config.sampler.encode_steps.clear();
  if (flags.settings.find("encode_steps") != nullptr) config.sampler.reuse = 1;
  try {
    config::read(flags.settings, config);
    if (last_step_is_like_others(flags)) {
      config.sampler.last_step_stochastic = config.sampler.stochastic;
      config.validate();
    }
  } catch (const ConfigError& error) {
    throw CLI::ValidationError(error.what());
  }
  return config;
}

int64_t number_of(const std::string& name, const std::vector<std::string>& names, const char* kind) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return found - names.begin();
  const std::string meant = nearest(name, names);
  throw RequestError(concat("there is no ", kind, " '", printable(name), "'",
                            meant.empty() ? "; `pixnerd info` lists them" : concat("; did you mean '", meant, "'?")));
}

int64_t label_of(const std::string& name, const sample::ModelDescription& description) {
  if (!description.classes.empty()) return number_of(name, description.classes, "class");
  throw RequestError(concat("the checkpoint has no class names; use --classes with numbers from 0 to ",
                            description.model.num_classes - 1));
}

// One a picture, beginning anew with every class; none for a network without styles.
std::vector<int64_t> styles_of(const SampleFlags& flags, const sample::ModelDescription& description,
                               int64_t pictures) {
  std::vector<int64_t> chosen;
  for (const std::string& name : flags.styles) chosen.push_back(number_of(name, description.styles, "style"));
  if (chosen.empty()) {
    for (int64_t i = 0; i < description.model.num_styles; ++i) chosen.push_back(i);
  }
  std::vector<int64_t> styles;
  if (chosen.empty()) return styles;
  for (int64_t i = 0; i < pictures; ++i) {
    styles.push_back(chosen[static_cast<size_t>(i % flags.count) % chosen.size()]);
  }
  return styles;
}

// `count` pictures of each class, in the order given.
std::vector<int64_t> labels_of(const SampleFlags& flags, const sample::ModelDescription& description) {
  std::vector<int64_t> classes = flags.classes;
  for (const std::string& name : flags.names) classes.push_back(label_of(name, description));
  if (static_cast<int64_t>(classes.size()) > kMostPictures / flags.count) {
    throw RequestError(concat("more than ", kMostPictures, " pictures are asked for; give --count less"));
  }
  std::vector<int64_t> labels;
  for (const int64_t label : classes) labels.insert(labels.end(), static_cast<size_t>(flags.count), label);
  return labels;
}

// What one of `count` classes or styles is called: its name, or its number where they have none.
std::string name_of(int64_t label, int64_t count, const std::vector<std::string>& names, const char* kind) {
  if (label == count) return concat("no ", kind);
  return names.empty() ? concat(kind, " ", label) : names[static_cast<size_t>(label)];
}

// What is written under the pictures. The request has been checked.
std::vector<image::Label> captions_of(const sample::Request& request, const sample::ModelDescription& description) {
  const models::C2IConfig& model = description.model;
  std::vector<image::Label> captions;
  for (size_t i = 0; i < request.labels.size(); ++i) {
    captions.push_back({name_of(request.labels[i], model.num_classes, description.classes, "class"), ""});
    if (request.styles.empty()) continue;
    captions.back().note = name_of(request.styles[i], model.num_styles, description.styles, "style");
  }
  return captions;
}

std::string seeds(const sample::Request& request) {
  const uint64_t last = request.seed + request.labels.size() - 1;
  return request.labels.size() == 1 ? concat("seed ", request.seed) : concat("seeds ", request.seed, " to ", last);
}

std::string plural(int64_t count, const std::string& word) {
  return concat(count, " ", word, count == 1 ? "" : "s");
}

void report(const sample::Written& written, const sample::Request& request) {
  std::cout << written.path.string() << ": " << plural(written.pictures, "picture");
  if (written.columns > 0 && written.pictures > 1) {
    std::cout << " in " << plural(std::min(written.columns, written.pictures), "column");
  }
  std::cout << ", " << seeds(request);
  if (written.replaced > 0) {
    std::cout << ", replaced "
              << (written.columns > 0 ? "the picture that was there" : plural(written.replaced, "picture"));
  }
  if (written.others > 0) std::cout << ", kept " << plural(written.others, "other file");
  std::cout << std::endl;
}

void report(const sample::Trajectory& trajectory) {
  std::cout << trajectory.path().string() << ": " << plural(trajectory.frames(), "frame")
            << (trajectory.replaces() ? ", replaced the file that was there" : "") << std::endl;
}

void run(const SampleFlags& flags) {
  if (flags.classes.empty() && flags.names.empty()) throw CLI::ValidationError("--classes or --class is required");
  if (flags.labels && !sample::is_grid(flags.out)) {
    throw CLI::ValidationError("--labels is for a grid; let --out end in .png");
  }
  const at::Device device = set_up(flags.compute);
  const sample::ModelFile file =
      sample::load_model(flags.checkpoint, sample::Weights::prefer_ema, {flags.ignore_unknown});
  sample::Request request;
  request.labels = labels_of(flags, file.description);
  request.styles = styles_of(flags, file.description, static_cast<int64_t>(request.labels.size()));
  request.seed = flags.seed;
  request.sample = settings_of(flags, file.description.sample);
  request.batch_size = flags.batch;
  request.precision = flags.compute.precision();
  sample::check(*file.network, request);

  const auto pictures = static_cast<int64_t>(request.labels.size());
  const auto [width, height] = request.sample.size;
  const int64_t columns = sample::grid_columns(pictures / flags.count, flags.count);
  sample::OutputPlan plan{pictures, width, height, columns, flags.overwrite};
  if (flags.labels) plan.labels = captions_of(request, file.description);
  const auto output = sample::open_output(flags.out, plan);
  std::optional<sample::Trajectory> trajectory;
  sample::FrameSink frames;
  if (!flags.animate.empty()) {
    trajectory.emplace(flags.animate, pictures, width, height, columns, request.sample.sampler.steps);
    frames = [&](int64_t i, int64_t step, const image::Image& frame) { trajectory->add(i, step, frame); };
  }

  file.network->prepare_for_inference(device, models::weight_type(request.precision));
  keep_freed_memory();  // from here on only what an evaluation frees, not the weights that were packed
  TerminalProgress progress("sampling", "steps");
  const auto sink = [&](int64_t i, image::Image picture) { output->put(i, std::move(picture)); };
  sample::sample_images(*file.network, request, sink, progress, frames);
  progress.finish();
  report(output->finish(), request);
  if (trajectory) {
    trajectory->write();
    report(*trajectory);
  }
}

}  // namespace

void add_sample(CLI::App& program) {
  add_command<SampleFlags>(program, "sample", "draw pictures from a checkpoint", define, run);
}

}  // namespace pixnerd::cli
