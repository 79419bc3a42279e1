#include "train/training_state.h"

#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "checkpoint/messages.h"
#include "core/log.h"
#include "core/text.h"
#include "sample/model_file.h"

namespace pixnerd::train {
namespace {

using checkpoint::error_in;
using checkpoint::kNoValue;
using checkpoint::PickleValues;
using checkpoint::StridedEntry;
using checkpoint::ValueId;
using checkpoint::ValueKind;
using checkpoint::WeightsFile;
using File = std::shared_ptr<const WeightsFile>;

// The dict of an optimiser in a pickle, and the way to it.
struct OptimiserStates {
  ValueId dict = kNoValue;
  std::string path;  // "optimizer_states/0/"
};

OptimiserStates optimiser_states(const WeightsFile& file) {
  if (file.pickle() == nullptr) return {};
  const PickleValues& values = file.pickle()->values;
  const ValueId root = file.pickle()->root;
  const ValueId states = values.find(root, "optimizer_states");
  if (states != kNoValue && values.is(states, ValueKind::list) && !values.items(states).empty()) {
    return {values.items(states).front(), "optimizer_states/0/"};
  }
  const ValueId opt = values.find(root, "opt");
  return opt != kNoValue ? OptimiserStates{opt, "opt/"} : OptimiserStates{};
}

// A group of parameters: the first is the network's, the second of what is trained beside it.
ValueId group_of(const PickleValues& values, ValueId optimiser, size_t number) {
  const ValueId groups = values.find(optimiser, "param_groups");
  if (groups == kNoValue || !values.is(groups, ValueKind::list)) return kNoValue;
  return number < values.items(groups).size() ? values.items(groups)[number] : kNoValue;
}

std::vector<int64_t> numbers_in(const PickleValues& values, ValueId group) {
  std::vector<int64_t> numbers;
  const ValueId list = group == kNoValue ? kNoValue : values.find(group, "params");
  if (list == kNoValue || !values.is(list, ValueKind::list)) return numbers;
  for (const ValueId item : values.items(list)) {
    if (values.is(item, ValueKind::integer)) numbers.push_back(values.integer(item));
  }
  return numbers;
}

void tell_of_settings(const PickleValues& values, ValueId group, const TrainConfig& config) {
  std::vector<std::string> others;
  const auto compare = [&](const char* key, ValueId value, double now) {
    if (value == kNoValue || !values.is(value, ValueKind::real) || values.real(value) == now) return;
    others.push_back(concat(key, " ", values.real(value), " (now ", now, ")"));
  };
  compare("learning_rate", values.find(group, "lr"), config.learning_rate);
  compare("eps", values.find(group, "eps"), config.eps);
  compare("weight_decay", values.find(group, "weight_decay"), config.weight_decay);
  const ValueId betas = values.find(group, "betas");
  if (betas != kNoValue && values.is(betas, ValueKind::tuple) && values.items(betas).size() == 2) {
    compare("the first of betas", values.items(betas)[0], config.betas[0]);
    compare("the second of betas", values.items(betas)[1], config.betas[1]);
  }
  if (!others.empty()) log_warning(concat("the file was trained with other settings: ", join(others, ", ")));
}

// Reads one file into the names of Trainer::state().
class Reader {
 public:
  Reader(const std::filesystem::path& path, const checkpoint::NamedTensors& parameters,
         const checkpoint::NamedTensors& beside, const TrainConfig& config)
      : file_(WeightsFile::open(path)),
        entries_(sample::named_entries(*file_)),
        parameters_(parameters),
        beside_(beside),
        config_(config) {
    state_.source = file_->source();
  }

  TrainingState read() {
    take_weights();
    if (file_->find(concat("optimizer.exp_avg.", parameters_.front().first)) != nullptr) {
      take_own();
    } else {
      take_numbered();
    }
    take_beside();
    state_.step = sample::read_step(file_->metadata(), state_.source).value_or(most_steps_);
    return std::move(state_);
  }

 private:
  template <class... What>
  [[noreturn]] void fail(const What&... what) const {
    throw error_in(state_.source, concat(what...));
  }

  void put(const std::string& name, const at::Tensor& tensor) { state_.tensors.emplace(name, tensor); }

  void take_weights() {
    const sample::WeightSet trained = sample::choose(entries_, sample::Weights::trained, state_.source);
    for (const sample::NamedEntry& entry : entries_) {
      if (entry.set == trained) {
        names_.push_back(entry.parameter);
        put("denoiser." + entry.parameter, checkpoint::tensor_of(file_, *entry.entry));
      } else if (entry.set == sample::WeightSet::ema) {
        put("ema_denoiser." + entry.parameter, checkpoint::tensor_of(file_, *entry.entry));
      }
    }
    if (sample::has(entries_, sample::WeightSet::ema)) return;
    log_info("the file has no average of the weights; it begins as they are");
    for (const std::string& name : names_) put("ema_denoiser." + name, state_.tensors.at("denoiser." + name));
  }

  void take_own() {
    for (const StridedEntry& entry : file_->entries()) {
      const bool is_beside = entry.name.find(concat(".", kBeside)) != std::string::npos;
      if (entry.name.starts_with("optimizer.") && !is_beside) put(entry.name, checkpoint::tensor_of(file_, entry));
    }
  }

  void take_numbered() {
    const OptimiserStates states = optimiser_states(*file_);
    const auto no_states = [&] {
      fail("holds no states of an optimiser to go on with; --init takes its weights alone");
    };
    if (states.dict == kNoValue) no_states();
    const PickleValues& values = file_->pickle()->values;
    const ValueId group = group_of(values, states.dict, 0);
    const std::vector<int64_t> numbers = numbers_in(values, group);
    if (numbers.empty()) no_states();
    if (numbers.size() != parameters_.size() || names_.size() != parameters_.size()) {
      fail("its optimiser has states of ", numbers.size(), " tensors of the network, this network has ",
           parameters_.size());
    }
    for (size_t i = 0; i < names_.size(); ++i) {
      take_state(names_[i], state_.tensors.at("denoiser." + names_[i]), concat(states.path, "state/", numbers[i], "/"));
    }
    if (most_steps_ == 0) no_states();
    tell_of_settings(values, group, config_);
  }

  // Each of them as a whole, with its states, or none.
  void take_beside() {
    if (beside_.empty()) return;
    std::vector<const StridedEntry*> entries;
    for (const auto& [name, tensor] : beside_) {
      const StridedEntry* found = file_->find(concat(kBeside, name));
      if (found == nullptr) found = file_->find(concat("state_dict/", kBeside, name));
      if (found != nullptr && at::IntArrayRef(found->shape) == tensor.sizes()) entries.push_back(found);
    }
    const bool is_there = entries.size() == beside_.size();
    if (!is_there) log_info("REPA's projector is not in the file; it begins anew");
    const OptimiserStates states = optimiser_states(*file_);
    const PickleValues* const values = states.dict == kNoValue ? nullptr : &file_->pickle()->values;
    const std::vector<int64_t> numbers =
        values == nullptr ? std::vector<int64_t>{} : numbers_in(*values, group_of(*values, states.dict, 1));
    for (size_t i = 0; i < beside_.size(); ++i) {
      const auto& [name, tensor] = beside_[i];
      const std::string full = concat(kBeside, name);
      put(full, is_there ? checkpoint::tensor_of(file_, *entries[i]) : tensor.detach());
      if (is_there && file_->find("optimizer.exp_avg." + full) != nullptr) {
        for (const char* what : {"optimizer.exp_avg.", "optimizer.exp_avg_sq.", "optimizer.step."})
          take_entry(what + full);
      } else {
        const bool has_state = is_there && numbers.size() == beside_.size();
        take_state(full, tensor.detach(), has_state ? concat(states.path, "state/", numbers[i], "/") : "none/");
      }
    }
  }

  void take_entry(const std::string& name) {
    const StridedEntry* const entry = file_->find(name);
    if (entry == nullptr) fail(printable(name), " is missing");
    put(name, checkpoint::tensor_of(file_, *entry));
  }

  // Of one parameter. A parameter that never had a gradient has no state.
  void take_state(const std::string& name, const at::Tensor& weight, const std::string& path) {
    if (file_->find(path + "max_exp_avg_sq") != nullptr) fail("was trained with amsgrad, which is not known here");
    const StridedEntry* const average = file_->find(path + "exp_avg");
    const StridedEntry* const square = file_->find(path + "exp_avg_sq");
    const StridedEntry* const step = file_->find(path + "step");
    if (average == nullptr && square == nullptr) {
      if (step != nullptr) fail("its optimiser is not AdamW: ", printable(path), "exp_avg is missing");
      put("optimizer.exp_avg." + name, at::zeros_like(weight, at::kFloat));
      put("optimizer.exp_avg_sq." + name, at::zeros_like(weight, at::kFloat));
      put("optimizer.step." + name, at::zeros({}, at::kFloat));
      return;
    }
    if (average == nullptr || square == nullptr) fail("its optimiser is not AdamW: ", printable(path), " is not whole");
    for (const StridedEntry* each : {average, square}) {
      if (at::IntArrayRef(each->shape) == weight.sizes()) continue;
      fail(printable(each->name), " has shape ", each->shape, ", but ", printable(name), " has ", weight.sizes());
    }
    put("optimizer.exp_avg." + name, checkpoint::tensor_of(file_, *average));
    put("optimizer.exp_avg_sq." + name, checkpoint::tensor_of(file_, *square));
    put("optimizer.step." + name, at::full({}, steps_of(step), at::kFloat));
  }

  // Earlier versions of PyTorch keep it as a whole number, which is the same for all.
  double steps_of(const StridedEntry* step) {
    int64_t steps = 0;
    if (step == nullptr) {
      steps = sample::read_step(file_->metadata(), state_.source).value_or(0);
    } else {
      if (step->elements() != 1) fail(printable(step->name), " is not one number");
      const double stated = checkpoint::tensor_of(file_, *step).reshape({}).item<double>();
      constexpr double kMost = 1e12;
      if (!(stated >= 0 && stated <= kMost)) fail(printable(step->name), " is ", stated, ", no number of steps");
      steps = static_cast<int64_t>(stated);
    }
    most_steps_ = std::max(most_steps_, steps);
    return static_cast<double>(steps);
  }

  File file_;
  std::vector<sample::NamedEntry> entries_;
  const checkpoint::NamedTensors &parameters_, &beside_;
  const TrainConfig& config_;
  TrainingState state_;
  std::vector<std::string> names_;  // of the trained weights, in the file's order
  int64_t most_steps_ = 0;
};

}  // namespace

TrainingState read_training_state(const std::filesystem::path& path, const checkpoint::NamedTensors& parameters,
                                  const checkpoint::NamedTensors& beside, const TrainConfig& config) {
  return Reader(path, parameters, beside, config).read();
}

}  // namespace pixnerd::train
