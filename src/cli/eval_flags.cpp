#include "cli/eval_flags.h"

#include <algorithm>

#include "cli/checks.h"
#include "cli/compute_flags.h"
#include "cli/progress_form.h"
#include "config/member.h"
#include "core/text.h"

namespace pixnerd::cli {

using eval::Metric;

namespace {

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
                  "write what --metrics need of the reference's pictures, to be named as --reference later; without "
                  "--images and --checkpoint that is all that is done")
      ->type_name("FILE.safetensors");
  command.add_flag("--overwrite", flags.overwrite, "replace the file of --save-statistics if it is there");
  add_drawn_flags(command, flags.drawn, images);
}

// fd and kd are the same as fid and kid, by the names that they have through other networks.
std::vector<std::string> names_of_metrics() {
  std::vector<std::string> names = config::names_of<Metric>();
  for (const Metric metric : {Metric::fid, Metric::kid}) {
    names.emplace_back(eval::name_of(metric, eval::FeatureNetwork::dinov2));
  }
  return names;
}

bool names(const std::vector<std::string>& metrics, Metric metric) {
  const auto is = [&](const std::string& name) {
    return name == eval::name_of(metric) || name == eval::name_of(metric, eval::FeatureNetwork::dinov2);
  };
  return std::any_of(metrics.begin(), metrics.end(), is);
}

// What is judged beside metrics.
void define_judging(CLI::App& command, EvalFlags& flags) {
  CLI::Option* const retrieval =
      command
          .add_flag("--retrieval", flags.retrieval,
                    "say which class each picture is taken for by a classifier that is fitted on --reference, whose "
                    "classes are known: top-1 and top-5 by language and style. Metrics are then those of --metrics "
                    "alone, and without --count every picture of --labels-from is drawn once")
          ->needs(command.get_option("--reference"));
  command
      .add_option("--judge-also", flags.judge_also,
                  "shards or class folders of more pictures of the same classes, as by other artists, which the "
                  "classifier is fitted on besides")
      ->needs(retrieval)
      ->type_name("PATH");
  command
      .add_option("--borders", flags.borders,
                  "side of patches: how much more neighbouring pixels differ across the patches' borders than inside, "
                  "for the pictures and for the reference; needs no network")
      ->check(between(2, 16384))
      ->type_name("PIXELS");
}

}  // namespace

void add_eval_flags(CLI::App& command, EvalFlags& flags) {
  define_inputs(command, flags);
  define_judging(command, flags);
  add_extractor_flags(command, flags.extractor);
  eval::Settings& settings = flags.settings;
  command
      .add_option("--metrics", flags.metrics,
                  "which figures, with commas between them; all that the network can give. fid and kid through another "
                  "network than Inception are fd and kd")
      ->delimiter(',')
      ->check(one_of(names_of_metrics()))
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
      ->transform(seed_number())
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--batch", flags.batch, "pictures the network sees at once")
      ->check(between(1, 4096))
      ->type_name("N")
      ->capture_default_str();
  add_device_flag(command, flags.drawn.compute);
  command.add_option("--threads", flags.threads, "threads of one operation; all processors unless given")
      ->check(between(1, 4096))
      ->type_name("N");
  command.add_flag("--json", flags.json, "print one line of JSON instead of a table");
  add_progress_flag(command);
}

eval::Settings settings_of(const EvalFlags& flags, eval::FeatureNetwork network) {
  eval::Settings settings = flags.settings;
  settings.network = network;
  const std::vector<Metric> possible = eval::metrics_of(network);
  const bool is_default = !flags.retrieval && flags.needs_network();  // what nobody named is computed
  for (const auto& [name, metric] : eval::enum_names(Metric{})) {
    const bool is_possible = std::find(possible.begin(), possible.end(), metric) != possible.end();
    const bool is_named = names(flags.metrics, metric);
    if (is_named && !is_possible) {
      throw CLI::ValidationError(concat("--metrics ", name, " needs another network: --inception"));
    }
    if (is_named || (flags.metrics.empty() && is_possible && is_default)) settings.metrics.push_back(metric);
  }
  if (flags.is_split_size > 0) settings.is_split_size = flags.is_split_size;
  if (flags.reference.empty() && eval::needs_reference(settings.metrics)) {
    throw CLI::ValidationError("every metric but the Inception Score needs --reference");
  }
  if (!flags.save_statistics.empty() && (flags.reference.empty() || !eval::needs_reference(settings.metrics))) {
    throw CLI::ValidationError("--save-statistics writes what --metrics need of --reference, which is nothing");
  }
  return settings;
}

}  // namespace pixnerd::cli
