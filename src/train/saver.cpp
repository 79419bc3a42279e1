#include "train/saver.h"

#include <exception>
#include <utility>

#include "core/memory.h"
#include "core/text.h"
#include "train/resume.h"

namespace pixnerd::train {
namespace {

// Whether a copy of the state fits beside what is at work, with something to spare.
bool has_memory_for_copy(const Trainer& trainer) {
  double bytes = 0;
  for (const auto& [name, tensor] : trainer.parameters()) bytes += static_cast<double>(tensor.nbytes());
  const uint64_t available = available_bytes();
  constexpr double kParts = 4, kSpare = 1.25;  // value, average, two moments
  return available == 0 || bytes * kParts * kSpare < static_cast<double>(available);
}

}  // namespace

void Saver::begin_from(const std::filesystem::path& checkpoint, int64_t step) {
  last_ = checkpoint;
  saved_step_ = step;
}

void Saver::save(const Trainer& trainer, const RunState& state, When when) {
  const int64_t step = trainer.steps_taken();
  if (step == saved_step_) return finish();
  const bool in_background = when == When::in_background && has_memory_for_copy(trainer);
  auto tensors = trainer.state(in_background ? Trainer::State::copies : Trainer::State::aliases);
  if (folder_ != nullptr) {
    require_finite(tensors, step);
    if (in_background) {
      writer_.start([this, tensors = std::move(tensors), state, step] { write(tensors, state, step); });
    } else {
      writer_.wait();
      write(tensors, state, step);
    }
  }
  saved_step_ = step;
}

void Saver::write(const checkpoint::NamedTensors& tensors, const RunState& state, int64_t step) {
  const std::filesystem::path path = folder_->save(tensors, description_, state, step);
  const std::lock_guard lock(mutex_);
  last_ = path;
}

void Saver::require_finite(const checkpoint::NamedTensors& tensors, int64_t step) {
  for (const auto& [name, tensor] : tensors) {
    if (is_finite(tensor)) continue;
    throw NotFiniteError(concat("the run has diverged: ", name, " is not finite after step ", step,
                                "; lower train.learning_rate, or set train.gradient_clip_norm", last_good()));
  }
}

std::filesystem::path Saver::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

std::string Saver::last_good() {
  try {
    finish();
  } catch (const std::exception&) {  // the one before is the last good one then
  }
  const std::filesystem::path path = last();
  if (path.empty()) return "; no checkpoint was written before";
  return concat("; the last good checkpoint is ", path);
}

}  // namespace pixnerd::train
