#include "cli/sweep.h"

#include <ATen/Parallel.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <limits>
#include <optional>

#include "cli/checks.h"
#include "cli/drawn_pictures.h"
#include "cli/extractor_flags.h"
#include "cli/sweep_cells.h"
#include "cli/terminal_progress.h"
#include "config/member.h"
#include "core/append_file.h"
#include "core/destination.h"
#include "core/errors.h"
#include "core/hash.h"
#include "core/log.h"
#include "core/text.h"
#include "core/threads.h"
#include "data/shard_paths.h"
#include "eval/evaluate.h"
#include "eval/open_reference.h"
#include "eval/unsupported_reason.h"
#include "train/rebuilt_average.h"

namespace pixnerd::cli {
namespace {

struct SweepFlags {
  std::string run, reference, out;
  std::vector<std::string> include, metrics{"fid", "kid"};
  std::vector<double> lengths, guidances;
  std::optional<int64_t> step;
  DrawnFlags drawn;
  ExtractorFlags extractor;
  eval::Settings settings;
  int64_t batch = 32;
  int threads = 0;
};

void define(CLI::App& command, SweepFlags& flags) {
  CLI::Option* const run = command.add_option("run", flags.run, "the folder of a run with snapshots of averages")
                               ->required()
                               ->type_name("RUN");
  command.add_option("--lengths", flags.lengths, "lengths of the average to rebuild, as --length of the verb ema")
      ->required()
      ->delimiter(',')
      ->check(positive(1))
      ->type_name("S,...");
  command.add_option("--step", flags.step, "averages as they stood after this step; the last snapshot's unless given")
      ->check(between(1, std::numeric_limits<int64_t>::max()))
      ->type_name("N");
  command
      .add_option("--reference", flags.reference, "what pictures are compared with, as --reference of the verb eval")
      ->type_name("PATH");
  command
      .add_option("--include", flags.include, "patterns of the class folders or shards to use, as --include of eval")
      ->delimiter(',')
      ->type_name("PATTERN,...");
  command.add_option("--metrics", flags.metrics, "which figures; fid and kid unless given")
      ->delimiter(',')
      ->check(one_of(config::names_of<eval::Metric>()))
      ->type_name("fid,sfid,is,precision,recall,kid");
  command
      .add_option("--out", flags.out,
                  "file of the results, a line of JSON each; what is there already is not computed again. "
                  "RUN/sweep.jsonl unless given")
      ->type_name("FILE.jsonl");
  add_drawing_flags(command, flags.drawn, run);
  command.remove_option(command.get_option("--guidance"));
  command.add_option("--guidance", flags.guidances, "scales of guidance to draw with; the run's own unless given")
      ->delimiter(',')
      ->check(CLI::Range(0.0, 1000.0))
      ->type_name("G,...");
  add_extractor_flags(command, flags.extractor);
  command.add_option("--seed", flags.settings.seed, "of the first picture, the same in every cell")
      ->transform(seed_number())
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--batch", flags.batch, "pictures the judging network sees at once")
      ->check(between(1, 4096))
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--threads", flags.threads, "threads of one operation; all processors unless given")
      ->check(between(1, 4096))
      ->type_name("N");
  add_device_flag(command, flags.drawn.compute);
  add_progress_flag(command);
}

// Steps of all cells: `before` are those of cells that are done.
class WholeSweep : public Progress {
 public:
  WholeSweep(Progress& all, int64_t before, int64_t cells_left) : all_(all), before_(before), left_(cells_left) {}
  void update(int64_t done, int64_t total, std::string_view note) override {
    last_ = total;
    all_.update(before_ + done, before_ + left_ * total, note);
  }
  int64_t end() const { return before_ + last_; }

 private:
  Progress& all_;
  int64_t before_, left_, last_ = 0;
};

class Sweep {
 public:
  explicit Sweep(const SweepFlags& flags)
      : flags_(flags),
        config_(flags.extractor.config()),
        device_(device_of(flags.drawn.compute)),
        out_(flags.out.empty() ? std::filesystem::path(flags.run) / "sweep.jsonl" : std::filesystem::path(flags.out)),
        stored_(flags.run, flags.step),
        settings_(flags.settings) {
    settings_.network = config_.network;
    settings_.resamples = 0;
    for (const std::string& name : flags.metrics) settings_.metrics.push_back(*config::enum_value<eval::Metric>(name));
    if (eval::needs_reference(settings_.metrics) && !data::is_there(flags.reference)) {
      throw DataError(flags.reference.empty() ? std::string("every metric but is needs --reference")
                                              : concat("there is no reference ", quoted(flags.reference)));
    }
    for (const double length : flags.lengths) stored_.combination(length);  // before the work
  }

  void run() {
    at::set_num_threads(flags_.threads > 0 ? flags_.threads : hardware_threads());
    InputFiles inputs;
    for (const train::Snapshot& each : stored_.snapshots()) inputs.add(each.path);
    require_not_read(out_, inputs);
    const OutputLock lock(out_);
    SweepCells before = read_cells(out_);
    if (before.whole_bytes > 0) std::filesystem::resize_file(out_, before.whole_bytes);
    extractor_ = eval::load_extractor(config_, device_);
    guidances_ = flags_.guidances;
    if (guidances_.empty()) guidances_.push_back(description().sample.sampler.guidance);
    key_ = hexadecimal(hash_of(what_is_asked()));
    std::erase_if(before.cells, [&](const SweepCell& each) { return each.settings != key_; });
    cells_ = std::move(before.cells);
    compute_missing();
    std::erase_if(cells_, [&](const SweepCell& each) { return !is_asked(each); });
    print_cells(cells_, flags_.lengths, guidances_);
  }

 private:
  sample::ModelDescription description() const {
    return train::RebuiltAverage(stored_, flags_.lengths.front()).description();
  }

  // Everything but lengths and guidances that the figures depend on.
  std::string what_is_asked() const {
    const DrawnFlags& drawn = flags_.drawn;
    std::string text =
        concat(stored_.step(), "|", stored_.snapshots().size(), "|", extractor_->name, "|", flags_.reference, "|",
               join(flags_.include, ","), "|", drawn.count.value_or(kDrawnUnlessTold), "|", settings_.seed, "|",
               drawn.labels_from, "|", join(drawn.condition.classes, ","), "|", join(drawn.condition.names, ","), "|",
               join(drawn.condition.styles, ","), "|", drawn.compute.dtype, "|", drawn.sampler.preset, "|",
               config::to_line(drawn.sampler.given));
    text += concat("|", drawn.text.file, "|", join(flags_.metrics, ","));
    if (!drawn.held_out.empty()) text += concat("|held out ", drawn.held_out);
    if (!drawn.captions.languages.empty()) text += concat("|languages ", join(drawn.captions.languages, ","));
    return drawn.captions.number ? concat(text, "|caption ", *drawn.captions.number) : text;
  }

  bool is_asked(const SweepCell& cell) const {
    const auto has = [](const std::vector<double>& all, double one) {
      return std::find(all.begin(), all.end(), one) != all.end();
    };
    return has(flags_.lengths, cell.length) && has(guidances_, cell.guidance);
  }

  bool is_done(double length, double guidance) const {
    return std::any_of(cells_.begin(), cells_.end(),
                       [&](const SweepCell& each) { return each.is_of(key_, length, guidance); });
  }

  int64_t cells_left() const {
    int64_t left = 0;
    for (const double length : flags_.lengths) {
      for (const double guidance : guidances_) left += is_done(length, guidance) ? 0 : 1;
    }
    return left;
  }

  void compute_missing() {
    if (cells_left() == 0) return;
    open_reference();
    TerminalProgress progress("sweep", "steps");
    int64_t steps = 0;
    for (const double length : flags_.lengths) {
      std::optional<sample::ModelFile> file;  // rebuilt once for all its guidances
      for (const double guidance : guidances_) {
        if (is_done(length, guidance)) continue;
        if (!file) file = train::RebuiltAverage(stored_, length).network();
        WholeSweep whole(progress, steps, cells_left());
        compute(*file, length, guidance, whole);
        steps = whole.end();
      }
    }
    progress.finish();
  }

  void compute(const sample::ModelFile& file, double length, double guidance, Progress& progress) {
    DrawnFlags drawn = flags_.drawn;
    drawn.compute.threads = flags_.threads;
    drawn.include = flags_.include;
    drawn.sampler.given.kind = config::Value::Kind::map;
    drawn.sampler.given.fields.emplace_back("guidance", config::plain_value(shortest(guidance)));
    DrawnPictures pictures(file, drawn, settings_.seed, device_, flags_.run);
    require_possible(pictures.pictures());
    pictures.report_to(progress);
    const eval::Features features =
        eval::extract(pictures.pictures(), extractor_->extract, flags_.batch, eval::needs_of(settings_.metrics));
    const eval::Report report = eval::evaluate(features, reference_ ? &*reference_ : nullptr, settings_);
    for (const std::string& warning : report.warnings) {
      if (cells_.empty()) log_warning(warning);
    }
    SweepCell cell{key_, length, guidance, stored_.step(), pictures.pictures().size(), {}};
    for (const eval::Result& each : report.results) {
      cell.figures.emplace_back(eval::name_of(each.metric, config_.network), each.value);
    }
    AppendFile(out_).append(line_of(cell));
    cells_.push_back(std::move(cell));
  }

  void require_possible(const eval::Pictures& pictures) {
    const eval::Features seen = extractor_->extract(at::zeros({1, pictures.height(), pictures.width(), 3}, at::kByte));
    for (const eval::Metric metric : settings_.metrics) {
      const std::string reason =
          eval::unsupported_reason(metric, seen, pictures.size(), reference_ ? &*reference_ : nullptr, settings_);
      if (!reason.empty()) throw DataError(reason);
    }
  }

  void open_reference() {
    if (!eval::needs_reference(settings_.metrics)) return;
    const auto include = eval::takes_patterns(flags_.reference) ? flags_.include : std::vector<std::string>{};
    reference_ = eval::open_reference({flags_.reference, {include, 0}, extractor_->name, settings_.metrics},
                                      [&](eval::Pictures& each, const eval::Needs& needs) {
                                        TerminalProgress progress("reference", "pictures");
                                        return eval::extract(each, extractor_->extract, flags_.batch, needs, &progress);
                                      });
  }

  const SweepFlags& flags_;
  eval::ExtractorConfig config_;
  at::Device device_;
  std::filesystem::path out_;
  train::StoredAverages stored_;
  eval::Settings settings_;
  std::optional<eval::Extractor> extractor_;
  std::optional<eval::Reference> reference_;
  std::vector<double> guidances_;
  std::string key_;
  std::vector<SweepCell> cells_;
};

void run(const SweepFlags& flags) {
  Sweep(flags).run();
}

}  // namespace

void add_sweep(CLI::App& program) {
  add_command<SweepFlags>(program, "sweep", "judge a run over lengths of its average and guidance", define, run);
}

}  // namespace pixnerd::cli
