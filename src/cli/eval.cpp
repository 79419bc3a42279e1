#include "cli/eval.h"

#include <ATen/Parallel.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "cli/checks.h"
#include "cli/drawn_pictures.h"
#include "cli/eval_report.h"
#include "cli/extractor_flags.h"
#include "cli/terminal_progress.h"
#include "config/member.h"
#include "core/errors.h"
#include "core/log.h"
#include "core/text.h"
#include "core/threads.h"
#include "data/shard_paths.h"
#include "eval/evaluate.h"
#include "eval/extractor.h"
#include "eval/obstacle.h"
#include "eval/open_reference.h"
#include "sample/output.h"

namespace pixnerd::cli {
namespace {

using eval::Metric;

struct EvalFlags {
  std::string images, reference, save_statistics;
  std::vector<std::string> include;
  DrawnFlags drawn;
  ExtractorFlags extractor;
  std::vector<std::string> metrics;
  eval::Settings settings;
  int64_t is_split_size = 0, batch = 32, crop = 0;
  int threads = 0;
  bool json = false, overwrite = false;
};

void define_inputs(CLI::App& command, EvalFlags& flags) {
  CLI::Option* const images =
      command
          .add_option("--images", flags.images, "what is judged: a folder of pictures, shards (.tar), or .npz (arr_0)")
          ->type_name("PATH");
  command
      .add_option("--reference", flags.reference,
                  "what it is compared with: the same, an .npz with mu and sigma, or what --save-statistics wrote")
      ->type_name("PATH");
  command
      .add_option("--include", flags.include,
                  "patterns (*, ?) of the class folders or shards to use of --reference and --labels-from, with commas "
                  "between them; all unless given")
      ->delimiter(',')
      ->type_name("PATTERN,...");
  command
      .add_option(
          "--crop", flags.crop,
          "cut a square of that many pixels of each picture in a folder or in shards, as ADM does: for pictures "
          "of several sizes")
      ->check(between(1, 16384))
      ->type_name("SIZE");
  command
      .add_option("--save-statistics", flags.save_statistics,
                  "write what --metrics need of the reference's pictures, to be named as --reference later")
      ->type_name("FILE.safetensors");
  command.add_flag("--overwrite", flags.overwrite, "replace the file of --save-statistics if it is there");
  add_drawn_flags(command, flags.drawn, images);
}

void define(CLI::App& command, EvalFlags& flags) {
  define_inputs(command, flags);
  add_extractor_flags(command, flags.extractor);
  eval::Settings& settings = flags.settings;
  command
      .add_option("--metrics", flags.metrics, "which figures, with commas between them; all that the network can give")
      ->delimiter(',')
      ->check(one_of(config::names_of<Metric>()))
      ->type_name("fid,sfid,is,precision,recall,kid");
  CLI::Option* const splits =
      command.add_option("--is-splits", settings.is_splits, "splits of the Inception Score, of equal size")
          ->check(between(1, 1000000))
          ->type_name("N")
          ->capture_default_str();
  command.add_option("--is-split-size", flags.is_split_size, "pictures in a split instead; 5000 in ADM's evaluator")
      ->check(between(2, 1000000000))
      ->type_name("N")
      ->excludes(splits);
  command.add_option("--kid-subset-size", settings.kid_subset_size, "pictures in each of KID's 100 subsets")
      ->check(between(2, 100000))
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--resamples", settings.resamples, "random draws behind an interval; 0 for no intervals")
      ->check(between(0, 10000))
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--seed", settings.seed, "of these draws, KID's subsets and drawn pictures")
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--batch", flags.batch, "pictures the network sees at once")
      ->check(between(1, 4096))
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--threads", flags.threads, "threads of one operation; all processors unless given")
      ->check(between(1, 4096))
      ->type_name("N");
  command.add_flag("--json", flags.json, "print one line of JSON instead of a table");
}

eval::Settings settings_of(const EvalFlags& flags, eval::FeatureNetwork network) {
  eval::Settings settings = flags.settings;
  const std::vector<Metric> possible = eval::metrics_of(network);
  for (const auto& [name, metric] : eval::enum_names(Metric{})) {
    const bool is_possible = std::find(possible.begin(), possible.end(), metric) != possible.end();
    const bool is_named = std::find(flags.metrics.begin(), flags.metrics.end(), name) != flags.metrics.end();
    if (is_named && !is_possible) {
      throw CLI::ValidationError(concat("--metrics ", name, " needs another network: --inception"));
    }
    if (is_named || (flags.metrics.empty() && is_possible)) settings.metrics.push_back(metric);
  }
  if (flags.is_split_size > 0) settings.is_split_size = flags.is_split_size;
  if (flags.reference.empty() && eval::needs_reference(settings.metrics)) {
    throw CLI::ValidationError("--reference is needed for every metric but is");
  }
  if (!flags.save_statistics.empty() && (flags.reference.empty() || !eval::needs_reference(settings.metrics))) {
    throw CLI::ValidationError("--save-statistics writes what --metrics need of --reference, which is nothing");
  }
  return settings;
}

// Before the work whose result is to go there. An input stays even with --overwrite.
void check_statistics_file(const EvalFlags& flags, const std::string& weights) {
  const std::filesystem::path file = flags.save_statistics;
  if (file.empty()) return;
  if (file.extension() != ".safetensors") {
    throw CLI::ValidationError("--save-statistics needs a name that ends in .safetensors");
  }
  if (!sample::prepare_file(file)) return;
  std::error_code error;
  for (const std::string& input : {flags.images, flags.reference, flags.drawn.checkpoint, weights}) {
    if (input.empty() || !std::filesystem::equivalent(file, input, error)) continue;
    throw RequestError(concat("--save-statistics would replace '", printable(input, 400), "', which is read"));
  }
  if (!flags.overwrite) {
    throw RequestError(concat("'", file, "' is there already; give --save-statistics another name, or --overwrite"));
  }
}

void check_include(const EvalFlags& flags) {
  if (flags.include.empty() || !flags.drawn.labels_from.empty()) return;
  const bool is_missing = !flags.reference.empty() && !data::is_there(flags.reference);
  if (is_missing || eval::takes_patterns(flags.reference)) return;  // open_reference() tells what is missing
  throw CLI::ValidationError("--include chooses among class folders or shards, of --reference or --labels-from");
}

// The network, and how many pictures it sees at once.
class Judge {
 public:
  Judge(const eval::ExtractorConfig& config, int64_t batch) : extractor_(eval::load_extractor(config)), batch_(batch) {}

  const std::string& name() const { return extractor_.name; }

  // Those of one black picture, which have the sizes of all others.
  eval::Features example(const eval::Pictures& pictures) const {
    return extractor_.extract(at::zeros({1, pictures.height(), pictures.width(), 3}, at::kByte));
  }

  eval::Features features_of(eval::Pictures& pictures, const eval::Needs& needs, const std::string& label) const {
    TerminalProgress progress(label, "pictures");
    eval::Features features = eval::extract(pictures, extractor_.extract, batch_, needs, &progress);
    progress.finish();
    return features;
  }

  eval::Features features_of(DrawnPictures& drawn, const eval::Needs& needs) const {
    TerminalProgress progress("sampling", "steps");
    drawn.report_to(progress);
    eval::Features features = eval::extract(drawn.pictures(), extractor_.extract, batch_, needs);
    progress.finish();
    return features;
  }

 private:
  eval::Extractor extractor_;
  int64_t batch_;
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
class Judgement {
 public:
  explicit Judgement(const EvalFlags& flags)
      : flags_(flags), config_(flags.extractor.config()), settings_(settings_of(flags, config_.network)) {}

  void run() {
    check_include(flags_);
    check_statistics_file(flags_, config_.weights);
    at::set_num_threads(flags_.threads > 0 ? flags_.threads : hardware_threads());
    if (flags_.images.empty()) {
      drawn_.emplace(drawn_flags(flags_), settings_.seed);
    } else {
      stored_ = eval::open_pictures(flags_.images, {{}, crop_of(flags_.images)});
    }
    const Judge judge(config_, flags_.batch);
    const eval::Features example = judge.example(pictures());
    drop_hindered(example);
    open_reference(judge);
    drop_hindered(example);
    if (reference_ && !flags_.save_statistics.empty()) {
      eval::save_reference(flags_.save_statistics, *reference_, judge.name());
    }
    report(evaluate(judge), judge.name());
  }

 private:
  const eval::Pictures& pictures() const { return stored_ ? *stored_ : drawn_->pictures(); }
  // Arrays and statistics are of one size.
  int64_t crop_of(const std::string& path) const { return eval::takes_patterns(path) ? flags_.crop : 0; }

  const eval::Reference* reference() const { return reference_ ? &*reference_ : nullptr; }

  // Before the work: a figure that was asked for by name and cannot be had ends it, others are left out.
  void drop_hindered(const eval::Features& example) {
    std::vector<Metric> possible;
    std::string first_reason;
    for (const Metric metric : settings_.metrics) {
      const std::string reason = eval::obstacle(metric, example, pictures().size(), reference(), settings_);
      if (reason.empty()) {
        possible.push_back(metric);
        continue;
      }
      if (!flags_.metrics.empty()) throw DataError(reason);
      if (first_reason.empty()) first_reason = reason;
      warnings_.push_back(concat(eval::name_of(metric), " is left out: ", reason));
    }
    if (possible.empty()) throw DataError(first_reason);
    settings_.metrics = possible;
  }

  void open_reference(const Judge& judge) {
    if (!eval::needs_reference(settings_.metrics)) return;
    const bool is_chosen_from = eval::takes_patterns(flags_.reference);
    const eval::ReferenceWish wish{
        flags_.reference,
        {is_chosen_from ? flags_.include : std::vector<std::string>{}, crop_of(flags_.reference)},
        judge.name(),
        settings_.metrics};
    reference_ = eval::open_reference(wish, [&](eval::Pictures& each, const eval::Needs& needs) {
      return judge.features_of(each, needs, "reference");
    });
  }

  eval::Report evaluate(const Judge& judge) {
    const eval::Needs needs = eval::needs_of(settings_.metrics);
    const eval::Features features =
        stored_ ? judge.features_of(*stored_, needs, "pictures") : judge.features_of(*drawn_, needs);
    TerminalProgress progress("metrics", "metrics");
    return eval::evaluate(features, reference(), settings_, &progress);
  }

  void report(eval::Report report, const std::string& network) {
    for (const std::string& warning : pictures().warnings()) warnings_.push_back(warning);
    for (const auto& [metric, reason] : report.failures) {
      warnings_.push_back(concat("there is no ", eval::name_of(metric), ": ", reason));
    }
    report.warnings.insert(report.warnings.begin(), warnings_.begin(), warnings_.end());
    if (reference_) warn_of_sizes(pictures(), *reference_, report);
    for (const std::string& warning : report.warnings) log_warning(warning);
    const auto print = flags_.json ? print_json : print_table;
    print(report, pictures().size(), network);
    if (!flags_.metrics.empty() && !report.failures.empty()) throw DataError(report.failures.front().reason);
  }

  const EvalFlags& flags_;
  eval::ExtractorConfig config_;
  eval::Settings settings_;
  std::unique_ptr<eval::Pictures> stored_;
  std::optional<DrawnPictures> drawn_;
  std::optional<eval::Reference> reference_;
  std::vector<std::string> warnings_;
};

void run(const EvalFlags& flags) {
  if (flags.images.empty() && flags.drawn.checkpoint.empty()) {
    throw CLI::ValidationError("--images or --checkpoint is required");
  }
  if (flags.drawn.checkpoint.empty() && !flags.drawn.sampler.given.fields.empty()) {
    throw CLI::ValidationError("the sampler's settings need --checkpoint");
  }
  Judgement(flags).run();
}

}  // namespace

void add_eval(CLI::App& program) {
  add_command(program, "eval", "judge pictures: FID, sFID, Inception Score, precision, recall, KID", define, run);
}

}  // namespace pixnerd::cli
