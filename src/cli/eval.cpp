#include "cli/eval.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "cli/batched_extractor.h"
#include "cli/checkpoint_flags.h"
#include "cli/drawing_together.h"
#include "cli/eval_flags.h"
#include "cli/eval_report.h"
#include "cli/retrieval.h"
#include "cli/terminal_progress.h"
#include "core/destination.h"
#include "core/errors.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/text.h"
#include "data/picture_set.h"
#include "data/shard_paths.h"
#include "eval/evaluate.h"
#include "eval/extractor.h"
#include "eval/labelled_pictures.h"
#include "eval/open_reference.h"
#include "eval/patch_borders.h"
#include "eval/unsupported_reason.h"

namespace pixnerd::cli {
namespace {

using eval::Metric;

// Before the work whose result is to go there.
std::optional<Destination> statistics_file(const EvalFlags& flags, const std::string& weights) {
  const std::filesystem::path file = flags.save_statistics;
  if (file.empty()) return std::nullopt;
  if (file.extension() != ".safetensors") {
    throw CLI::ValidationError("--save-statistics needs a name that ends in .safetensors");
  }
  InputFiles inputs;
  std::error_code error;
  if (std::filesystem::exists(file, error)) {  // else nothing can be replaced, and there may be millions of inputs
    for (const std::string& input : {flags.images, flags.reference, flags.drawn.labels_from, weights,
                                     flags.drawn.text.encoder, flags.drawn.text.file}) {
      inputs.add(input);
    }
    add_checkpoint(inputs, flags.drawn.checkpoint);
  }
  return std::optional<Destination>(std::in_place, file, flags.overwrite, inputs);
}

// All pictures' features are in memory together, and statistics go to the disk.
void require_room(const eval::Features& example, const eval::Needs& needs, int64_t pictures,
                  const std::string& statistics) {
  const auto width = [](bool needed, const at::Tensor& features) {
    return needed && features.defined() ? static_cast<uint64_t>(features.size(1)) : 0;
  };
  const uint64_t pooled = width(needs.pooled, example.pooled), spatial = width(needs.spatial, example.spatial);
  const uint64_t numbers = pooled + spatial + width(needs.logits, example.logits);
  const uint64_t bytes = numbers * static_cast<uint64_t>(pictures) * sizeof(float), available = available_bytes();
  if (available > 0 && bytes > available) {
    throw RequestError(concat("the features of ", pictures, " pictures take ", human_bytes(bytes), " of memory, and ",
                              human_bytes(available), " are available; judge fewer, or name fewer --metrics"));
  }
  if (!statistics.empty()) require_space(statistics, (pooled * pooled + spatial * spatial) * sizeof(double));
}

// A path that is wrong is found before hours of drawing.
void require_reference(const std::string& path) {
  if (path.empty() || data::is_there(path)) return;
  throw DataError(concat("there is no reference ", quoted(path)));
}

void check_include(const EvalFlags& flags) {
  if (flags.include.empty() || !flags.drawn.labels_from.empty()) return;
  const bool is_missing = !flags.reference.empty() && !data::is_there(flags.reference);
  if (is_missing || eval::takes_patterns(flags.reference)) return;  // require_reference() tells what is missing
  throw CLI::ValidationError("--include chooses among class folders or shards, of --reference or --labels-from");
}

// What looks at the pictures: a network, and what is told from the pixels themselves.
eval::Extractor extractor_of(const EvalFlags& flags, const eval::ExtractorConfig& config, const at::Device& device) {
  const auto nothing = [](const at::Tensor&) { return eval::Features{}; };
  eval::Extractor looks = flags.needs_network() ? eval::load_extractor(config, device) : eval::Extractor{nothing, ""};
  if (flags.retrieval) looks.extract = eval::with_thumbnails(std::move(looks.extract));
  if (flags.borders > 0) looks.extract = eval::with_borders(std::move(looks.extract), flags.borders);
  return looks;
}

void warn_of_sizes(const eval::Pictures& pictures, const eval::Reference& reference, eval::Report& report) {
  if (reference.width == 0 || (reference.width == pictures.width() && reference.height == pictures.height())) return;
  report.warnings.push_back(concat("the pictures have ", pictures.width(), "x", pictures.height(),
                                   " pixels, the reference's ", reference.width, "x", reference.height,
                                   ": the figures tell that difference too"));
}

DrawnFlags drawn_flags(const EvalFlags& flags) {
  DrawnFlags drawn = flags.drawn;
  drawn.compute.threads = flags.threads;
  drawn.include = flags.include;
  drawn.each_once = flags.retrieval;
  return drawn;
}

// One call of the verb.
class EvalRun {
 public:
  EvalRun(const EvalFlags& flags, const Processes& processes)
      : flags_(flags),
        processes_(processes),
        config_(flags.needs_network() ? flags.extractor.config() : eval::ExtractorConfig{}),
        settings_(settings_of(flags, config_.network)) {}

  void run() {
    check_include(flags_);
    require_reference(flags_.reference);
    const std::optional<Destination> statistics =
        is_first() ? statistics_file(flags_, config_.weights) : std::optional<Destination>();
    const BatchedExtractor network(extractor_of(flags_, config_, processes_.device), processes_, flags_.batch);
    warn_of_weights(network.extractor());
    if (flags_.images.empty() && flags_.drawn.checkpoint.empty()) return save_statistics_alone(network);
    std::vector<eval::Asked> asked = open_pictures();
    const eval::Features example = network.example(pictures());
    drop_unsupported(example);
    require_room(example, needs(), pictures().size(), flags_.save_statistics);
    open_reference(network);
    drop_unsupported(example);
    if (reference_ && is_first() && !flags_.save_statistics.empty()) {
      eval::save_reference(flags_.save_statistics, *reference_, network.extractor().name);
    }
    std::optional<RetrievalRun> retrieval;
    const eval::PictureSize size{pictures().width(), pictures().height()};
    if (flags_.retrieval) retrieval.emplace(flags_, network, size, std::move(asked));
    const std::optional<double> borders = borders_of_reference(size);
    const eval::Features features = features_of(network);
    if (!is_first()) return;
    Findings findings{evaluate(features), {}, {}};
    if (retrieval) findings.retrieval = retrieval->findings(features);
    if (flags_.borders > 0) findings.borders = {flags_.borders, eval::border_ratio(features.borders), borders};
    report(std::move(findings), network.extractor());
  }

 private:
  bool is_first() const { return processes_.group->is_first(); }

  // What each of the pictures is to show, where that is to be judged.
  std::vector<eval::Asked> open_pictures() {
    if (flags_.images.empty()) {
      drawn_.emplace(drawn_flags(flags_), settings_.seed, processes_.device);
      return drawn_->asked();
    }
    if (!flags_.retrieval) {
      stored_ = eval::pictures_at(flags_.images, {{}, crop_of(flags_.images)});
      return {};
    }
    auto labelled = std::make_unique<eval::LabelledPictures>(labelled_set(flags_.images, {}), flags_.crop);
    std::vector<eval::Asked> shown = labelled->shown();
    stored_ = std::move(labelled);
    return shown;
  }

  // In the size of the pictures that are judged; nothing of a reference that is no set of pictures.
  std::optional<double> borders_of_reference(eval::PictureSize size) {
    if (flags_.borders == 0 || !eval::takes_patterns(flags_.reference)) return std::nullopt;
    data::DataConfig config;
    config.path = flags_.reference;
    config.include = flags_.include;
    eval::LabelledPictures reference(data::open_pictures(config), flags_.crop, size, eval::Take::all);
    const auto nothing = [](const at::Tensor&) { return eval::Features{}; };
    const BatchedExtractor pixels({eval::with_borders(nothing, flags_.borders), ""}, processes_, flags_.batch);
    return eval::border_ratio(pixels.features_of(reference, {false, false, false}, "borders of the reference").borders);
  }

  // Before hours of work.
  void warn_of_weights(const eval::Extractor& extractor) {
    if (extractor.is_published.value_or(true)) return;
    warnings_.push_back(concat("the weights in ", quoted(config_.weights),
                               " are not the published ones: figures do not compare with published FID, sFID or IS"));
  }

  Seen seen(const eval::Extractor& extractor, int64_t count) const {
    return {count, extractor.name, config_.network, extractor.is_published};
  }

  // No pictures are judged: what of the reference cannot be had is known when it has been opened.
  void save_statistics_alone(const BatchedExtractor& network) {
    std::erase(settings_.metrics, Metric::is);
    open_reference(network);
    std::erase_if(settings_.metrics, [&](Metric metric) {
      const std::string missing = eval::missing_part(*reference_, metric, config_.network);
      if (missing.empty()) return false;
      if (!flags_.metrics.empty()) throw DataError(missing);
      warnings_.push_back(concat(eval::name_of(metric, config_.network), " is left out: ", missing));
      return true;
    });
    if (!is_first()) return;
    eval::save_reference(flags_.save_statistics, *reference_, network.extractor().name);
    warnings_.insert(warnings_.end(), reference_->warnings.begin(), reference_->warnings.end());
    for (const std::string& warning : warnings_) log_warning(warning);
    print_saved(flags_.save_statistics, settings_.metrics, warnings_, seen(network.extractor(), reference_->pictures),
                flags_.json);
  }

  const eval::Pictures& pictures() const { return stored_ ? *stored_ : drawn_->pictures(); }

  // Arrays and statistics are of one size.
  int64_t crop_of(const std::string& path) const { return eval::takes_patterns(path) ? flags_.crop : 0; }

  const eval::Reference* reference() const { return reference_ ? &*reference_ : nullptr; }

  // Before the work: a figure that was asked for by name and cannot be had ends it, others are left out.
  void drop_unsupported(const eval::Features& example) {
    std::vector<Metric> possible;
    std::string first_reason;
    for (const Metric metric : settings_.metrics) {
      const std::string reason = eval::unsupported_reason(metric, example, pictures().size(), reference(), settings_);
      if (reason.empty()) {
        possible.push_back(metric);
        continue;
      }
      if (!flags_.metrics.empty()) throw DataError(reason);
      if (first_reason.empty()) first_reason = reason;
      warnings_.push_back(concat(eval::name_of(metric, config_.network), " is left out: ", reason));
    }
    if (possible.empty() && !settings_.metrics.empty()) throw DataError(first_reason);
    settings_.metrics = possible;
  }

  void open_reference(const BatchedExtractor& network) {
    if (!eval::needs_reference(settings_.metrics)) return;
    const bool is_chosen_from = eval::takes_patterns(flags_.reference);
    const eval::ReferenceRequest request{
        flags_.reference,
        {is_chosen_from ? flags_.include : std::vector<std::string>{}, crop_of(flags_.reference)},
        network.extractor().name,
        settings_.metrics};
    reference_ = eval::open_reference(request, [&](eval::Pictures& each, const eval::Needs& needs) {
      require_room(network.example(each), needs, each.size(), flags_.save_statistics);
      return network.features_of(each, needs, "reference");
    });
  }

  eval::Needs needs() const {
    eval::Needs needs = eval::needs_of(settings_.metrics);
    needs.pooled |= flags_.retrieval;
    return needs;
  }

  eval::Features features_of(const BatchedExtractor& network) {
    return stored_ ? network.features_of(*stored_, needs(), "pictures") : network.features_of(*drawn_, needs());
  }

  eval::Report evaluate(const eval::Features& features) {
    if (settings_.metrics.empty()) return {};
    TerminalProgress progress("metrics", "metrics");
    return eval::evaluate(features, reference(), settings_, &progress);
  }

  void report(Findings findings, const eval::Extractor& extractor) {
    eval::Report& report = findings.report;
    for (const std::string& warning : pictures().warnings()) warnings_.push_back(warning);
    for (const auto& [metric, reason] : report.failures) {
      warnings_.push_back(concat("there is no ", eval::name_of(metric, config_.network), ": ", reason));
    }
    report.warnings.insert(report.warnings.begin(), warnings_.begin(), warnings_.end());
    if (reference_) warn_of_sizes(pictures(), *reference_, report);
    for (const std::string& warning : report.warnings) log_warning(warning);
    const auto print = flags_.json ? print_json : print_table;
    print(findings, seen(extractor, pictures().size()));
    if (!flags_.metrics.empty() && !report.failures.empty()) throw DataError(report.failures.front().reason);
  }

  const EvalFlags& flags_;
  const Processes& processes_;
  eval::ExtractorConfig config_;
  eval::Settings settings_;
  std::unique_ptr<eval::Pictures> stored_;
  std::optional<DrawnPictures> drawn_;
  std::optional<eval::Reference> reference_;
  std::vector<std::string> warnings_;
};

void run(const EvalFlags& flags) {
  if (flags.images.empty() && flags.drawn.checkpoint.empty() && flags.save_statistics.empty()) {
    throw CLI::ValidationError("--images or --checkpoint is required, or --save-statistics for a reference alone");
  }
  if (flags.drawn.checkpoint.empty() && !flags.drawn.sampler.given.fields.empty()) {
    throw CLI::ValidationError("the sampler's settings need --checkpoint");
  }
  const bool is_judging = !flags.images.empty() || !flags.drawn.checkpoint.empty();
  if ((flags.retrieval || flags.borders > 0) && !is_judging) {
    throw CLI::ValidationError("--retrieval and --borders need pictures to judge: --images or --checkpoint");
  }
  const Processes processes = start_processes(drawn_flags(flags).compute);
  as_one_of(processes, [&] { EvalRun(flags, processes).run(); });
}

}  // namespace

void add_eval(CLI::App& program) {
  add_command(program, "eval", "judge pictures: FID, sFID, Inception Score, precision, recall, KID, what they show",
              add_eval_flags, run);
}

}  // namespace pixnerd::cli
