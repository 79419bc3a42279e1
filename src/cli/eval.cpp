#include "cli/eval.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <optional>

#include "cli/checks.h"
#include "cli/drawn_pictures.h"
#include "cli/extractor_flags.h"
#include "cli/terminal_progress.h"
#include "config/json.h"
#include "config/member.h"
#include "core/errors.h"
#include "core/log.h"
#include "core/text.h"
#include "core/threads.h"
#include "eval/evaluate.h"
#include "eval/extractor.h"
#include "eval/open_reference.h"

namespace pixnerd::cli {
namespace {

using eval::Metric;

struct EvalFlags {
  std::string images, reference, save_statistics;
  DrawnFlags drawn;
  ExtractorFlags extractor;
  std::vector<std::string> metrics;
  eval::Settings settings;
  int64_t is_split_size = 0, batch = 32;
  int threads = 0;
  bool json = false;
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
      .add_option("--save-statistics", flags.save_statistics,
                  "write the reference's statistics and features (safetensors), to be named as --reference later")
      ->type_name("FILE");
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
  command.add_option("--resamples", settings.resamples, "draws of the bootstrap behind the intervals; 0 for none")
      ->check(between(0, 10000))
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--seed", settings.seed, "of the bootstrap, KID's subsets and drawn pictures")
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
  if (flags.reference.empty() && !flags.save_statistics.empty()) {
    throw CLI::ValidationError("--save-statistics writes those of --reference, which is missing");
  }
  return settings;
}

// The network, and how many pictures it sees at once.
class Judge {
 public:
  Judge(const eval::ExtractorConfig& config, int64_t batch) : extractor_(eval::load_extractor(config)), batch_(batch) {}

  const std::string& name() const { return extractor_.name; }

  eval::Features features_of(eval::Pictures& pictures, const std::string& label) const {
    TerminalProgress progress(label, "pictures");
    eval::Features features = eval::extract(pictures, extractor_.extract, batch_, &progress);
    progress.finish();
    return features;
  }

  eval::Features features_of(DrawnPictures& drawn) const {
    TerminalProgress progress("sampling", "steps");
    drawn.report_to(progress);
    eval::Features features = eval::extract(drawn.pictures(), extractor_.extract, batch_);
    progress.finish();
    return features;
  }

 private:
  eval::Extractor extractor_;
  int64_t batch_;
};

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.6g", value);
  return text;
}

void print_table(const eval::Report& report, int64_t pictures, const std::string& network) {
  const auto print = [](const std::string& metric, const std::string& value, const std::string& half_width,
                        const std::string& deviation) {
    char line[160];
    std::snprintf(line, sizeof(line), "%-10s %12s %14s %12s", metric.c_str(), value.c_str(), half_width.c_str(),
                  deviation.c_str());
    const std::string text = line;
    std::cout << text.substr(0, text.find_last_not_of(' ') + 1) << '\n';
  };
  print("metric", "value", "95 % +-", "deviation");
  for (const eval::Result& each : report.results) {
    print(eval::name_of(each.metric), number(each.value), each.half_width ? number(*each.half_width) : "",
          each.deviation ? number(*each.deviation) : "");
  }
  std::cout << "of " << pictures << " pictures, seen by " << network << std::endl;
}

void print_json(const eval::Report& report, int64_t pictures, const std::string& network) {
  config::Value all, warnings;
  all.kind = config::Value::Kind::map;
  warnings.kind = config::Value::Kind::list;
  all.fields.emplace_back("pictures", config::plain_value(concat(pictures)));
  all.fields.emplace_back("network", config::text_value(network));
  for (const eval::Result& each : report.results) {
    config::Value result;
    result.kind = config::Value::Kind::map;
    const auto add = [&](const char* key, const std::optional<double>& value) {
      if (value) result.fields.emplace_back(key, config::plain_value(shortest(*value)));
    };
    add("value", each.value);
    add("half_width", each.half_width);
    add("deviation", each.deviation);
    all.fields.emplace_back(eval::name_of(each.metric), result);
  }
  for (const std::string& warning : report.warnings) warnings.items.push_back(config::text_value(warning));
  all.fields.emplace_back("warnings", warnings);
  std::cout << config::to_json(all) << std::endl;
}

void warn_of_sizes(const eval::Pictures& pictures, const eval::Reference& reference, eval::Report& report) {
  if (reference.width == 0 || (reference.width == pictures.width() && reference.height == pictures.height())) return;
  report.warnings.push_back(concat("the pictures have ", pictures.width(), "x", pictures.height(),
                                   " pixels, the reference's ", reference.width, "x", reference.height,
                                   ": the figures tell that difference too"));
}

DrawnFlags with_threads(const EvalFlags& flags) {
  DrawnFlags drawn = flags.drawn;
  drawn.compute.threads = flags.threads;
  return drawn;
}

void run(const EvalFlags& flags) {
  if (flags.images.empty() && flags.drawn.checkpoint.empty()) {
    throw CLI::ValidationError("--images or --checkpoint is required");
  }
  if (flags.drawn.checkpoint.empty() && !flags.drawn.sampler.given.fields.empty()) {
    throw CLI::ValidationError("the sampler's settings need --checkpoint");
  }
  const eval::ExtractorConfig config = flags.extractor.config();
  const eval::Settings settings = settings_of(flags, config.network);
  at::set_num_threads(flags.threads > 0 ? flags.threads : hardware_threads());
  std::unique_ptr<eval::Pictures> stored;
  std::optional<DrawnPictures> drawn;
  if (flags.images.empty()) {
    drawn.emplace(with_threads(flags), settings.seed);
  } else {
    stored = eval::open_pictures(flags.images);
  }
  const Judge judge(config, flags.batch);
  std::optional<eval::Reference> reference;
  if (!flags.reference.empty()) {
    reference = eval::open_reference(flags.reference, judge.name(), settings.metrics,
                                     [&](eval::Pictures& each) { return judge.features_of(each, "reference"); });
  }
  if (!flags.save_statistics.empty()) eval::save_reference(flags.save_statistics, *reference, judge.name());
  const eval::Pictures& pictures = stored ? *stored : drawn->pictures();
  const eval::Features features = stored ? judge.features_of(*stored, "pictures") : judge.features_of(*drawn);

  eval::Report report;
  {
    TerminalProgress progress("metrics", "metrics");
    report = eval::evaluate(features, reference ? &*reference : nullptr, settings, &progress);
  }
  if (reference) warn_of_sizes(pictures, *reference, report);
  for (const std::string& warning : report.warnings) log_warning(warning);
  const auto print = flags.json ? print_json : print_table;
  print(report, pictures.size(), judge.name());
}

}  // namespace

void add_eval(CLI::App& program) {
  add_command(program, "eval", "judge pictures: FID, sFID, Inception Score, precision, recall, KID", define, run);
}

}  // namespace pixnerd::cli
