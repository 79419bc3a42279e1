#include "cli/eval.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <optional>

#include "cli/checks.h"
#include "cli/terminal_progress.h"
#include "config/json.h"
#include "config/member.h"
#include "core/errors.h"
#include "core/log.h"
#include "core/text.h"
#include "core/threads.h"
#include "eval/evaluate.h"

namespace pixnerd::cli {
namespace {

using eval::Metric;

struct EvalFlags {
  std::string images, reference, inception, dtype = "float32", resize = "tensorflow", save_statistics;
  std::vector<std::string> metrics = {"fid", "sfid", "is", "precision", "recall", "kid"};
  eval::Settings settings;
  int64_t is_split_size = 0, batch = 32;
  int threads = 0;
  bool json = false;
};

void define_inputs(CLI::App& command, EvalFlags& flags) {
  command.add_option("--images", flags.images, "what is judged: a folder of pictures, shards (.tar), or .npz (arr_0)")
      ->required()
      ->type_name("PATH");
  command
      .add_option("--reference", flags.reference,
                  "what it is compared with: the same, an .npz with mu and sigma, or what --save-statistics wrote")
      ->type_name("PATH");
  command
      .add_option("--inception", flags.inception,
                  "weights of the network that FID is defined on: pt_inception-2015-12-05-*.pth, or safetensors")
      ->required()
      ->type_name("FILE");
  command
      .add_option("--save-statistics", flags.save_statistics,
                  "write the reference's statistics and features (safetensors), to be named as --reference later")
      ->type_name("FILE");
  command
      .add_option("--resize", flags.resize,
                  "how pictures come to 299x299: tensorflow as ADM's evaluator, pytorch as pytorch-fid; figures of the "
                  "two do not compare")
      ->check(one_of({"tensorflow", "pytorch"}))
      ->type_name("tensorflow|pytorch")
      ->capture_default_str();
}

void define(CLI::App& command, EvalFlags& flags) {
  define_inputs(command, flags);
  eval::Settings& settings = flags.settings;
  command.add_option("--metrics", flags.metrics, "which figures, with commas between them")
      ->delimiter(',')
      ->check(one_of(config::names_of<Metric>()))
      ->type_name("fid,sfid,is,precision,recall,kid")
      ->capture_default_str();
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
  command.add_option("--seed", settings.seed, "of the bootstrap and KID's subsets")
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--batch", flags.batch, "pictures the network sees at once")
      ->check(between(1, 4096))
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--dtype", flags.dtype, "arithmetic of the network; figures are published in float32")
      ->check(one_of({"float32", "bfloat16"}))
      ->type_name("float32|bfloat16")
      ->capture_default_str();
  command.add_option("--threads", flags.threads, "threads of one operation; all processors unless given")
      ->check(between(1, 4096))
      ->type_name("N");
  command.add_flag("--json", flags.json, "print one line of JSON instead of a table");
}

eval::Settings settings_of(const EvalFlags& flags) {
  eval::Settings settings = flags.settings;
  for (const auto& [name, metric] : eval::enum_names(Metric{})) {
    if (std::find(flags.metrics.begin(), flags.metrics.end(), name) != flags.metrics.end()) {
      settings.metrics.push_back(metric);
    }
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

// The network with how pictures are shown to it.
class Judge {
 public:
  explicit Judge(const EvalFlags& flags)
      : network_(models::Inception::load(flags.inception, flags.dtype == "float32" ? at::kFloat : at::kBFloat16)),
        resize_(flags.resize == "pytorch" ? models::InceptionResize::pytorch : models::InceptionResize::tensorflow),
        name_(concat("inception-", network_.fingerprint(), ", ", flags.resize)),
        batch_(flags.batch) {}

  const std::string& name() const { return name_; }

  eval::Features features_of(eval::Pictures& pictures, const std::string& label) const {
    TerminalProgress progress(label, "pictures");
    eval::Features features = eval::extract(pictures, eval::inception_extractor(network_, resize_), batch_, &progress);
    progress.finish();
    return features;
  }

 private:
  models::Inception network_;
  models::InceptionResize resize_;
  std::string name_;
  int64_t batch_;
};

eval::Reference reference_of(const EvalFlags& flags, const eval::Settings& settings, const Judge& judge) {
  const std::filesystem::path path = flags.reference;
  if (path.extension() == ".safetensors") return eval::load_reference(path, judge.name());
  std::optional<eval::Reference> given;
  if (path.extension() == ".npz" && eval::has_statistics(path)) given = eval::read_statistics(path);
  const bool is_enough = given && !eval::needs_reference_features(settings.metrics);
  if (is_enough) return *given;
  if (given && !eval::has_pictures(path)) return *given;
  const auto pictures = eval::open_pictures(path);
  eval::Reference reference = eval::reference_of(judge.features_of(*pictures, "reference"), *pictures);
  // What a reference file states counts: its pictures may be a part of those that its statistics are of.
  if (given) {
    reference.pooled = given->pooled;
    if (given->spatial) reference.spatial = given->spatial;
  }
  return reference;
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.6g", value);
  return text;
}

void print_table(const eval::Report& report, int64_t pictures) {
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
  std::cout << "of " << pictures << " pictures" << std::endl;
}

void print_json(const eval::Report& report, int64_t pictures) {
  config::Value all, warnings;
  all.kind = config::Value::Kind::map;
  warnings.kind = config::Value::Kind::list;
  all.fields.emplace_back("pictures", config::plain_value(concat(pictures)));
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

void run(const EvalFlags& flags) {
  const eval::Settings settings = settings_of(flags);
  at::set_num_threads(flags.threads > 0 ? flags.threads : hardware_threads());
  const auto pictures = eval::open_pictures(flags.images);
  const Judge judge(flags);
  std::optional<eval::Reference> reference;
  if (!flags.reference.empty()) reference = reference_of(flags, settings, judge);
  if (!flags.save_statistics.empty()) eval::save_reference(flags.save_statistics, *reference, judge.name());
  const eval::Features features = judge.features_of(*pictures, "pictures");

  eval::Report report;
  {
    TerminalProgress progress("metrics", "metrics");
    report = eval::evaluate(features, reference ? &*reference : nullptr, settings, &progress);
  }
  if (reference) warn_of_sizes(*pictures, *reference, report);
  for (const std::string& warning : report.warnings) log_warning(warning);
  flags.json ? print_json(report, pictures->size()) : print_table(report, pictures->size());
}

}  // namespace

void add_eval(CLI::App& program) {
  add_command(program, "eval", "judge pictures: FID, sFID, Inception Score, precision, recall, KID", define, run);
}

}  // namespace pixnerd::cli
