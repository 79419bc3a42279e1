#include "cli/eval.h"

#include <ATen/ops/zeros.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "cli/checkpoint_flags.h"
#include "cli/drawing_together.h"
#include "cli/eval_flags.h"
#include "cli/eval_report.h"
#include "cli/terminal_progress.h"
#include "core/destination.h"
#include "core/errors.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/text.h"
#include "data/shard_paths.h"
#include "eval/evaluate.h"
#include "eval/extractor.h"
#include "eval/open_reference.h"
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

// The network that looks at pictures, and how many it sees at once.
class BatchedExtractor {
 public:
  BatchedExtractor(const eval::ExtractorConfig& config, const Processes& processes, int64_t batch)
      : extractor_(eval::load_extractor(config, processes.device)), batch_(batch), processes_(processes) {}

  const eval::Extractor& extractor() const { return extractor_; }

  // Those of one black picture, which have the sizes of all others.
  eval::Features example(const eval::Pictures& pictures) const {
    return extractor_.extract(at::zeros({1, pictures.height(), pictures.width(), 3}, at::kByte));
  }

  eval::Features features_of(eval::Pictures& pictures, const eval::Needs& needs, const std::string& label) const {
    const auto extract = [&](Progress& progress) {
      return eval::extract_together(*processes_.group, pictures, extractor_.extract, batch_, needs, &progress);
    };
    return shown(label, "pictures", extract);
  }

  eval::Features features_of(DrawnPictures& drawn, const eval::Needs& needs) const {
    const auto extract = [&](Progress& progress) {
      drawn.report_to(progress);
      return eval::extract_together(*processes_.group, drawn.pictures(), extractor_.extract, batch_, needs, nullptr);
    };
    return shown("sampling", "steps", extract);
  }

 private:
  // On rank 0's terminal.
  eval::Features shown(const std::string& label, const char* unit,
                       const std::function<eval::Features(Progress&)>& extract) const {
    NoProgress none;
    if (!processes_.group->is_first()) return extract(none);
    TerminalProgress progress(label, unit);
    eval::Features features = extract(progress);
    progress.finish();
    return features;
  }

  eval::Extractor extractor_;
  int64_t batch_;
  Processes processes_;
};

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
  return drawn;
}

// One call of the verb.
class EvalRun {
 public:
  EvalRun(const EvalFlags& flags, const Processes& processes)
      : flags_(flags),
        processes_(processes),
        config_(flags.extractor.config()),
        settings_(settings_of(flags, config_.network)) {}

  void run() {
    check_include(flags_);
    require_reference(flags_.reference);
    const std::optional<Destination> statistics =
        is_first() ? statistics_file(flags_, config_.weights) : std::optional<Destination>();
    const BatchedExtractor network(config_, processes_, flags_.batch);
    warn_of_weights(network.extractor());
    if (flags_.images.empty() && flags_.drawn.checkpoint.empty()) return save_statistics_alone(network);
    if (flags_.images.empty()) {
      drawn_.emplace(drawn_flags(flags_), settings_.seed, processes_.device);
    } else {
      stored_ = eval::pictures_at(flags_.images, {{}, crop_of(flags_.images)});
    }
    const eval::Features example = network.example(pictures());
    drop_unsupported(example);
    require_room(example, eval::needs_of(settings_.metrics), pictures().size(), flags_.save_statistics);
    open_reference(network);
    drop_unsupported(example);
    if (reference_ && is_first() && !flags_.save_statistics.empty()) {
      eval::save_reference(flags_.save_statistics, *reference_, network.extractor().name);
    }
    const eval::Features features = features_of(network);
    if (is_first()) report(evaluate(features), network.extractor());
  }

 private:
  bool is_first() const { return processes_.group->is_first(); }

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
    if (possible.empty()) throw DataError(first_reason);
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

  eval::Features features_of(const BatchedExtractor& network) {
    const eval::Needs needs = eval::needs_of(settings_.metrics);
    return stored_ ? network.features_of(*stored_, needs, "pictures") : network.features_of(*drawn_, needs);
  }

  eval::Report evaluate(const eval::Features& features) {
    TerminalProgress progress("metrics", "metrics");
    return eval::evaluate(features, reference(), settings_, &progress);
  }

  void report(eval::Report report, const eval::Extractor& extractor) {
    for (const std::string& warning : pictures().warnings()) warnings_.push_back(warning);
    for (const auto& [metric, reason] : report.failures) {
      warnings_.push_back(concat("there is no ", eval::name_of(metric, config_.network), ": ", reason));
    }
    report.warnings.insert(report.warnings.begin(), warnings_.begin(), warnings_.end());
    if (reference_) warn_of_sizes(pictures(), *reference_, report);
    for (const std::string& warning : report.warnings) log_warning(warning);
    const auto print = flags_.json ? print_json : print_table;
    print(report, seen(extractor, pictures().size()));
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
  const Processes processes = start_processes(drawn_flags(flags).compute);
  as_one_of(processes, [&] { EvalRun(flags, processes).run(); });
}

}  // namespace

void add_eval(CLI::App& program) {
  add_command(program, "eval", "judge pictures: FID, sFID, Inception Score, precision, recall, KID", add_eval_flags,
              run);
}

}  // namespace pixnerd::cli
