#include "cli/sample.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <iostream>
#include <limits>
#include <optional>

#include "checkpoint/content_hash.h"
#include "cli/again.h"
#include "cli/checkpoint_flags.h"
#include "cli/checks.h"
#include "cli/compute_flags.h"
#include "cli/sample_plan.h"
#include "cli/suite.h"
#include "cli/terminal_progress.h"
#include "core/errors.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/text.h"
#include "core/utf8.h"
#include "image/missing_fonts.h"
#include "sample/output.h"
#include "sample/trajectory.h"

namespace pixnerd::cli {
namespace {

struct SampleFlags {
  std::string checkpoint, again, decoder, out, animate;
  WishFlags wish;
  SuiteFlags suite;
  bool overwrite = false, labels = false, ignore_unknown = false;
  ComputeFlags compute;
  CLI::Option *dtype = nullptr, *threads = nullptr;
};

void define_wish(CLI::App& command, SampleFlags& flags) {
  WishFlags& wish = flags.wish;
  add_condition_flags(command, wish.condition);
  add_text_flags(command, wish.text);
  command.add_option("--count", wish.count, "pictures of each class or prompt; 1 unless given")
      ->check(between(1, 10'000'000))
      ->type_name("N");
  command.add_option("--seed", wish.seed, "seed of the first picture; picture i has SEED + i")
      ->check(between(0, std::numeric_limits<int64_t>::max()))
      ->type_name("SEED")
      ->capture_default_str();
  command.add_option("--batch", wish.batch, "pictures computed together; changes the speed, not the pictures")
      ->check(between(1, 65536))
      ->type_name("N")
      ->capture_default_str();
  CLI::Option* const again =
      command
          .add_option("--again", flags.again,
                      "draw anew what is in a picture that pixnerd wrote, or in a folder's manifest.jsonl; flags of "
                      "the sampler that are given replace what it was drawn with")
          ->type_name("FILE");
  for (const char* each : {"--classes", "--class", "--style", "--prompt", "--prompts", "--negative-prompt", "--count",
                           "--seed", "--batch"}) {
    again->excludes(command.get_option(each));
  }
}

void define(CLI::App& command, SampleFlags& flags) {
  command
      .add_option(
          "--checkpoint", flags.checkpoint,
          "the network: a file that pixnerd wrote, or one of PyTorch Lightning or safetensors with published names")
      ->type_name("FILE");
  define_wish(command, flags);
  command
      .add_option("--out", flags.out,
                  "a path ending in .png for one picture or a grid of several, in .npz for arrays as ADM's evaluator "
                  "reads them, the classes in turn, or a folder for one file a picture")
      ->required()
      ->type_name("PATH");
  command.add_option("--animate", flags.animate, "also write how the pictures come out of noise, as animated WebP")
      ->type_name("FILE.webp");
  command.add_flag("--labels", flags.labels, "write under each picture of a grid what it shows");
  command.add_flag("--overwrite", flags.overwrite,
                   "use a folder that is not empty, replacing pictures in it, or replace an .npz");
  command
      .add_option("--decoder", flags.decoder,
                  "of a text-to-image network whose file does not say: plain, or heavy, which draws any size with the "
                  "tokens of 512x512")
      ->check(one_of({"plain", "heavy"}))
      ->type_name("plain|heavy");
  add_suite_flags(command, flags.suite);
  add_ignore_unknown(command, flags.ignore_unknown);
  add_compute_flags(command, flags.compute);
  flags.dtype = command.get_option("--dtype");
  flags.threads = command.get_option("--threads");
  add_preset(command, flags.wish.sampler, flags.compute, "--dtype");
  command.get_option("--preset")->excludes(command.get_option("--again"));
  add_sampler_flags(command, flags.wish.sampler);
}

std::string plural(int64_t count, const std::string& word) {
  return concat(count, " ", word, count == 1 ? "" : "s");
}

// "seed 7", "seeds 7 to 9", "seeds 3, 1, 4 ...".
std::string seeds(const SamplePlan& plan) {
  std::vector<uint64_t> all(static_cast<size_t>(plan.pictures));
  for (const sample::Job& job : plan.jobs) {
    for (size_t k = 0; k < job.numbers.size(); ++k) {
      if (job.numbers[k] >= 0) all[static_cast<size_t>(job.numbers[k])] = job.request.seed_of(static_cast<int64_t>(k));
    }
  }
  if (all.size() == 1) return concat("seed ", all.front());
  const auto breaks = std::adjacent_find(all.begin(), all.end(), [](uint64_t a, uint64_t b) { return b != a + 1; });
  if (breaks == all.end()) return concat("seeds ", all.front(), " to ", all.back());
  constexpr size_t kShown = 4;
  std::vector<std::string> shown;
  for (size_t i = 0; i < std::min(all.size(), kShown); ++i) shown.push_back(concat(all[i]));
  return concat("seeds ", join(shown, ", "), all.size() > kShown ? " ..." : "");
}

void report(const sample::Written& written, const SamplePlan& plan) {
  std::cout << written.path.string() << ": " << plural(written.pictures, "picture");
  if (written.columns > 0 && written.pictures > 1) {
    std::cout << " in " << plural(std::min(written.columns, written.pictures), "column");
  }
  std::cout << ", " << seeds(plan);
  if (written.replaced > 0) {
    std::cout << ", replaced "
              << (written.columns > 0            ? "the picture that was there"
                  : sample::is_npz(written.path) ? "the file that was there"
                                                 : plural(written.replaced, "picture"));
  }
  if (written.others > 0) std::cout << ", kept " << plural(written.others, "other file");
  std::cout << std::endl;
}

void report(const sample::Trajectory& trajectory) {
  std::cout << trajectory.path().string() << ": " << plural(trajectory.frames(), "frame")
            << (trajectory.replaces() ? ", replaced the file that was there" : "") << std::endl;
}

// All pictures have one size: what grids, arrays and animations need.
sample::PictureSize common_size(const SamplePlan& plan, const std::string& out) {
  const sample::PictureSize size = plan.jobs.front().request.sample.picture_size();
  for (const sample::Job& job : plan.jobs) {
    if (job.request.sample.picture_size() == size) continue;
    throw RequestError(concat("the pictures have several sizes, which do not go together into ", quoted(out),
                              "; let --out be a folder"));
  }
  return size;
}

bool has_two_sizes(const SamplePlan& plan) {
  return std::any_of(plan.jobs.begin(), plan.jobs.end(),
                     [](const sample::Job& job) { return job.request.sample.decode_size.has_value(); });
}

bool has_labels(const SampleFlags& flags, const SamplePlan& plan) {
  return sample::is_grid(flags.out) && (flags.labels || plan.labelled);
}

sample::OutputPlan output_plan(const SampleFlags& flags, const SamplePlan& plan) {
  const auto [width, height] = plan.jobs.front().request.sample.picture_size();
  sample::OutputPlan output{plan.pictures, width, height, plan.columns, flags.overwrite};
  if (sample::is_grid(flags.out) || sample::is_npz(flags.out)) common_size(plan, flags.out);
  output.padding = plan.padding;
  output.classes = plan.classes;
  output.names = plan.names;
  if (has_labels(flags, plan)) output.labels = plan.labels;
  return output;
}

std::optional<sample::Trajectory> trajectory_of(const SampleFlags& flags, const SamplePlan& plan) {
  if (flags.animate.empty()) return std::nullopt;
  if (has_two_sizes(plan)) throw RequestError("--animate needs pictures of one size; leave out --decode-size");
  const auto [width, height] = common_size(plan, flags.animate);
  return std::optional<sample::Trajectory>(std::in_place, flags.animate, plan.pictures, width, height, plan.columns,
                                           plan.jobs.front().request.sample.sampler.steps);
}

// A record is text: found here, and not when the pictures are drawn.
void require_utf8(const std::string& path, const char* flag) {
  if (is_utf8(path)) return;
  throw RequestError(concat(flag, " ", quoted(path), " has a name that is no UTF-8, which the ",
                            "pictures' records cannot hold; give it another, such as by a link"));
}

// What every picture's record has in common.
sample::PictureRecord common_record(const SampleFlags& flags, const std::vector<sample::PictureRecord>& before) {
  sample::PictureRecord common;
  if (!before.empty()) {
    common.checkpoint = before.front().checkpoint;
    common.decoder = before.front().decoder;
    common.text_encoder = before.front().text_encoder;
  }
  if (!flags.checkpoint.empty()) common.checkpoint = flags.checkpoint;
  if (!flags.decoder.empty()) common.decoder = flags.decoder;
  if (!flags.wish.text.encoder.empty()) common.text_encoder = flags.wish.text.encoder;
  if (common.checkpoint.empty()) throw CLI::ValidationError("--checkpoint is required");
  require_utf8(common.checkpoint, "--checkpoint");
  require_utf8(common.text_encoder, "--text-encoder");
  return common;
}

std::optional<models::ModelType> decoder_of(const std::string& name) {
  if (name.empty()) return std::nullopt;
  return name == "heavy" ? models::ModelType::t2i_heavy : models::ModelType::t2i;
}

// Pictures are drawn again with as many threads, and in the arithmetic, as they were, unless flags say otherwise.
ComputeFlags compute_of(const SampleFlags& flags, std::vector<sample::PictureRecord>& before) {
  ComputeFlags compute = flags.compute;
  if (before.empty()) return compute;
  if (flags.threads->count() == 0) compute.threads = static_cast<int>(before.front().threads);
  for (sample::PictureRecord& record : before) {
    if (flags.dtype->count() > 0) record.dtype = compute.precision();
  }
  return compute;
}

// The pictures of --again; none without it.
std::vector<sample::PictureRecord> records_before(const SampleFlags& flags, const Chosen& chosen) {
  if (flags.again.empty()) return {};
  std::vector<sample::PictureRecord> before = sample::read_records(flags.again);
  require_common(before, chosen);
  return before;
}

// What the records of all pictures say of the file and the machine.
void describe(const sample::ModelFile& file, at::Device device, sample::PictureRecord& common) {
  common.checkpoint_hash = checkpoint::content_hash(common.checkpoint);
  if (!common.text_encoder.empty()) common.text_encoder_hash = checkpoint::content_hash(common.text_encoder);
  common.step = file.step;
  common.weights = file.weights;
  common.device = device.str();
  common.threads = at::get_num_threads();
}

// Before the texts are encoded, which takes its time.
void check(const SamplePlan& plan, const models::Network& network, const sample::PictureRecord& common) {
  for (const sample::Job& job : plan.jobs) {
    job.request.texts ? sample::check_settings(network, job.request) : sample::check(network, job.request);
  }
  sample::check_memory(network, plan.jobs, available_bytes());
  if (!plan.texts.empty() && common.text_encoder.empty()) {
    throw CLI::ValidationError("--text-encoder is required to draw prompts");
  }
}

void draw(const SampleFlags& flags, SamplePlan& plan, const sample::ModelFile& file, at::Device device,
          sample::PictureRecord common) {
  check(plan, *file.network, common);
  sample::OutputPlan output_settings = output_plan(flags, plan);
  std::optional<sample::Trajectory> trajectory = trajectory_of(flags, plan);
  const std::string encoder = common.text_encoder;
  common.labels = has_labels(flags, plan);
  const bool in_grid = sample::is_grid(flags.out) && (plan.pictures > 1 || common.labels);
  common.columns = in_grid ? plan.columns : 0;
  common.padding = in_grid ? plan.padding : std::nullopt;
  output_settings.record = records_of(plan, std::move(common));
  const auto output = sample::open_output(flags.out, output_settings);
  if (const std::string missing = image::missing_fonts(output_settings.labels); !missing.empty()) log_warning(missing);
  if (!plan.texts.empty()) {
    set_states(plan, encode(plan.texts, encoder, flags.wish.text.cache, file.description.model));
  }
  sample::FrameSink frames;
  if (trajectory) {
    frames = [&](int64_t i, int64_t step, const image::Image& frame) { trajectory->add(i, step, frame); };
  }

  file.network->prepare_for_inference(device, models::weight_type(plan.jobs.front().request.precision));
  keep_freed_memory();  // from here on only what an evaluation frees, not the weights that were packed
  TerminalProgress progress("sampling", "steps");
  sample::draw(
      *file.network, plan.jobs, [&](int64_t i, image::Image picture) { output->put(i, std::move(picture)); }, progress,
      frames);
  progress.finish();
  report(output->finish(), plan);
  if (trajectory) {
    trajectory->write();
    report(*trajectory);
  }
}

void run(const SampleFlags& flags) {
  if (flags.labels && !sample::is_grid(flags.out)) {
    throw CLI::ValidationError("--labels is for a grid; let --out end in .png");
  }
  const Chosen chosen{!flags.checkpoint.empty(), !flags.wish.text.encoder.empty(), !flags.decoder.empty(),
                      flags.threads->count() > 0, flags.dtype->count() > 0};
  std::vector<sample::PictureRecord> before = records_before(flags, chosen);
  sample::PictureRecord common = common_record(flags, before);
  const ComputeFlags compute = compute_of(flags, before);
  const at::Device device = set_up(compute);
  const sample::ModelFile file = sample::load_model(common.checkpoint, sample::Weights::prefer_ema,
                                                    {flags.ignore_unknown}, decoder_of(common.decoder));
  if (!before.empty() && !file.description.model.takes_text() && flags.wish.text.any()) {
    throw CLI::ValidationError("the checkpoint draws classes, which need no --text-encoder");
  }
  describe(file, device, common);
  warn_of_other_files(before, chosen, common);
  if (!flags.suite.name.empty()) {
    draw_suite(flags.suite, {flags.wish, flags.out, flags.overwrite, compute.precision(), device, common}, file);
    return;
  }
  // Splits of the Inception Score are runs of an .npz.
  const ClassOrder order = sample::is_npz(flags.out) ? ClassOrder::turns : ClassOrder::runs;
  SamplePlan plan = before.empty() ? plan_of(flags.wish, file.description, flags.compute.precision(), order)
                                   : plan_of(before, flags.wish.sampler, file.description);
  draw(flags, plan, file, device, std::move(common));
}

}  // namespace

void add_sample(CLI::App& program) {
  add_command<SampleFlags>(program, "sample", "draw pictures from a checkpoint", define, run);
}

}  // namespace pixnerd::cli
