#include "doctor/examine.h"

#include <c10/core/GradMode.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "checkpoint/checkpoint_path.h"
#include "checkpoint/tensors.h"
#include "core/errors.h"
#include "core/text.h"
#include "data/shard_paths.h"
#include "doctor/data_check.h"
#include "doctor/drawn_pictures.h"
#include "doctor/layers.h"
#include "doctor/picture_measures.h"
#include "doctor/probe.h"
#include "doctor/training_log.h"
#include "sample/weight_sets.h"
#include "train/preview.h"
#include "train/run_state.h"

namespace pixnerd::doctor {
namespace {

namespace fs = std::filesystem;

// Of photographs, where the data is not at hand.
constexpr PictureMeasures kUsual{60, 0, 1, 0};

// A checkpoint of the run.
struct Stored {
  explicit Stored(const fs::path& path) : source(path.string()), loaded(checkpoint::load_safetensors(path)) {
    step = sample::read_step(loaded.metadata, source).value_or(0);
  }

  std::string source;
  checkpoint::Loaded loaded;
  int64_t step;
};

std::shared_ptr<models::Network> network_of(const Stored& stored, std::string_view prefix,
                                            const models::ModelConfig& config, const at::Device& device) {
  std::map<std::string, at::Tensor> tensors;
  for (const auto& [name, tensor] : stored.loaded.tensors) {
    if (name.starts_with(prefix)) tensors.emplace(name.substr(prefix.size()), tensor);
  }
  auto network = models::make_network(config);
  network->adopt(tensors, stored.source);
  network->to(device, at::kFloat);
  return network;
}

// The oldest checkpoint beside another one; nothing where there is none.
std::optional<fs::path> oldest_beside(const fs::path& newest) {
  std::optional<fs::path> oldest;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(newest.parent_path(), none)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("step-") || !name.ends_with(".safetensors") || entry.path() == newest) continue;
    if (!oldest || entry.path() < *oldest) oldest = entry.path();
  }
  return oldest;
}

class Examiner {
 public:
  Examiner(const fs::path& run, const ExamineOptions& options)
      : run_(run),
        options_(options),
        path_(checkpoint::checkpoint_path(run)),
        stored_(path_),
        state_(train::read_state(stored_.loaded.metadata, stored_.source)),
        config_(state_.config) {
    if (!options.data.empty()) config_.data.path = options.data;
    found_.checkpoint = stored_.source;
    found_.step = stored_.step;
    found_.steps = config_.train.steps;
  }

  Examination run(Progress& progress) {
    const std::pair<const char*, void (Examiner::*)()> parts[] = {{"the log", &Examiner::look_at_log},
                                                                  {"the layers", &Examiner::look_at_layers},
                                                                  {"the data", &Examiner::look_at_data},
                                                                  {"the losses", &Examiner::look_at_losses},
                                                                  {"the pictures", &Examiner::look_at_pictures}};
    int64_t done = 0;
    for (const auto& [name, look] : parts) {
      progress.update(done++, std::ssize(parts), name);
      stop_if(options_.stop);
      try {
        (this->*look)();
      } catch (const Error& error) {
        leave_out(name, error.what());
      }
    }
    progress.update(done, done, "");
    return std::move(found_);
  }

 private:
  void add(std::optional<Finding> finding) {
    if (finding) found_.findings.push_back(std::move(*finding));
  }

  void leave_out(const std::string& what, const std::string& why) {
    found_.not_looked_at.push_back(concat(what, ": ", why));
  }

  void look_at_log() {
    const std::vector<LoggedStep> log = read_log(run_ / "log.jsonl");
    if (log.empty()) return leave_out("the log", concat(quoted(run_ / "log.jsonl"), " has no lines of training"));
    add(check_learning_rate(log, config_.train));
    add(check_growth(log));
  }

  void look_at_layers() {
    for (Finding& finding : check_layers(stored_.loaded.tensors)) add(std::move(finding));
  }

  void look_at_data() {
    if (!data::is_there(config_.data.path)) {
      return leave_out("the data", concat(quoted(config_.data.path), " is not there; name its place with --data"));
    }
    try {
      set_ = data::open_pictures(config_.data, data::Tell::nowhere);
    } catch (const DataError& error) {
      return add(unreadable_data(error.what()));
    }
    add(check_data(*set_, state_.data_fingerprint, options_.stop));
  }

  // Labels of other pictures need not be those of the network.
  bool fits(const data::PictureSet& set) const {
    const models::ModelConfig& model = config_.model;
    return model.takes_text() || (set.num_classes() <= model.num_classes &&
                                  std::ssize(set.styles()) == (config_.data.styles ? model.num_styles : 0));
  }

  void look_at_losses() {
    if (!set_) return leave_out("the losses", "the pictures are not at hand");
    if (!fits(*set_)) return leave_out("the losses", "the pictures have other labels than the network");
    conditions_ = train::make_conditions(config_, *set_, options_.stop, options_.device);
    probe_.emplace(config_, set_, *conditions_, options_.pictures);
    data_ = measure(probe_->pictures(), config_.model.patch_size);
    const auto trained = network_of(stored_, sample::kTrainedPrefix, config_.model, options_.device);
    const at::Tensor losses = probe_->losses(*trained, probe_->conditions(), options_.stop);
    const at::Tensor exchanged = probe_->exchanged_conditions();
    if (exchanged.equal(probe_->conditions())) {
      leave_out("labels", "all pictures looked at have the same");
    } else {
      const at::Tensor null = conditions_->null_condition().expand_as(exchanged);
      add(check_condition(
          {losses, probe_->losses(*trained, exchanged, options_.stop), probe_->losses(*trained, null, options_.stop)},
          config_.model.takes_text()));
    }
    const auto averaged = network_of(stored_, sample::kEmaPrefix, config_.model, options_.device);
    judge_average(losses, probe_->losses(*averaged, probe_->conditions(), options_.stop));
  }

  void judge_average(const at::Tensor& trained, const at::Tensor& averaged) {
    std::optional<Finding> finding = check_average(config_.train, stored_.step, trained, averaged);
    has_judged_average_ = true;
    is_average_long_ = finding.has_value();
    add(std::move(finding));
  }

  // What is drawn with an average that is too long says nothing of the network.
  void look_at_pictures() {
    if (!has_judged_average_) judge_average({}, {});
    std::vector<Drawn> history;
    if (!is_average_long_) history = measured_samples(run_, config_);
    if (history.empty()) history = draw();
    if (history.empty()) return;
    add(check_grey(history.back().measures, data_));
    add(check_grid(history, data_));
  }

  std::vector<Drawn> draw() {
    std::vector<Drawn> drawn;
    if (!set_) {
      leave_out("the pictures", "none were drawn on the way, and without the data none can be drawn now");
      return drawn;
    }
    if (!conditions_) conditions_ = train::make_conditions(config_, *set_, options_.stop, options_.device);
    if (const auto oldest = oldest_beside(path_)) drawn.push_back(drawn_by(Stored(*oldest)));
    drawn.push_back(drawn_by(stored_));
    return drawn;
  }

  Drawn drawn_by(const Stored& stored) {
    constexpr int64_t kPictures = 8, kSteps = 12;
    train::RunConfig config = config_;
    config.train.sample_pictures = kPictures;
    config.sample.sampler.steps = std::min(kSteps, config.sample.sampler.steps);
    config.sample.sampler.encode_steps.clear();
    const std::string_view prefix = is_average_long_ ? sample::kTrainedPrefix : sample::kEmaPrefix;
    const auto network = network_of(stored, prefix, config.model, options_.device);
    const c10::NoGradGuard no_grad;
    const image::Image grid = train::preview(*network, *conditions_, *set_, config, options_.stop);
    return {stored.step, measure(taken_apart(grid, config), config.model.patch_size)};
  }

  fs::path run_;
  const ExamineOptions& options_;
  fs::path path_;
  Stored stored_;
  train::RunState state_;
  train::RunConfig config_;
  Examination found_;
  std::shared_ptr<const data::PictureSet> set_;
  std::unique_ptr<train::Conditions> conditions_;
  std::optional<Probe> probe_;
  PictureMeasures data_ = kUsual;
  bool has_judged_average_ = false, is_average_long_ = false;
};

}  // namespace

Examination examine(const fs::path& run, const ExamineOptions& options, Progress& progress) {
  return Examiner(run, options).run(progress);
}

}  // namespace pixnerd::doctor
