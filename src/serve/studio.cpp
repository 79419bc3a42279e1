#include "serve/studio.h"

#include <ATen/Parallel.h>

#include <chrono>
#include <map>
#include <optional>

#include "core/failure.h"
#include "core/log.h"
#include "sample/condition.h"
#include "sample/edit.h"
#include "serve/live_job.h"

namespace pixnerd::serve {

Studio::Studio(Jobs& jobs, ShelfOptions options) : jobs_(jobs), shelf_(std::move(options), [this] { wake(); }) {}

void Studio::wake() {
  {
    const std::lock_guard lock(mutex_);
    is_awake_ = true;
  }
  changed_.notify_one();
}

void Studio::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = is_awake_ = true;
  }
  changed_.notify_one();
}

void Studio::run() {
  at::init_num_threads();  // which are each thread's own
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      if (is_stopping_) return;
      is_awake_ = false;
    }
    jobs_.expire();
    const bool has_begun = begin_some(), has_advanced = shelf_.advance();
    if (!has_begun && !has_advanced) sleep();
  }
}

void Studio::sleep() {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::seconds(1), [&] { return is_awake_; });  // deadlines pass in silence
}

// One of each client that waits, so that a long row of texts to encode does not hold up what is drawn.
bool Studio::begin_some() {
  bool has_begun = false;
  for (const auto& job : jobs_.heads()) {
    try {
      has_begun |= begin(job);
    } catch (const std::exception& error) {
      const std::string message = message_of(error);
      log_warning(message);
      jobs_.fail(job, message);
    }
  }
  return has_begun;
}

// False while its network is not there.
bool Studio::begin(const std::shared_ptr<LiveJob>& job) {
  const Order& order = job->order;
  const std::shared_ptr<Loaded> network = shelf_.get(*order.model, order.precision);
  if (network == nullptr) return false;
  const models::ModelConfig& config = order.model->description.model;
  std::map<std::string, at::Tensor> states;
  std::vector<std::string> warnings;
  if (config.takes_text()) {
    for (const std::string& text : sample::texts_of(order.pictures)) {
      EncodedText encoded = shelf_.encode(text, *network);
      states[text] = encoded.states;
      if (!encoded.warning.empty()) warnings.push_back(encoded.warning);
    }
  }
  const auto states_of = [&](const std::string& text) { return states.at(text); };
  std::optional<engine::Edit> edit;  // the same tensors for all
  const auto to_engine = [&](sample::PictureRequest picture) {
    if (picture.edit && !edit) edit = sample::engine_edit(*picture.edit);
    picture.edit = nullptr;
    engine::Picture drawn = sample::engine_picture(config, picture, states_of);
    drawn.edit = edit;
    return drawn;
  };
  jobs_.submit(job, network, to_engine, std::move(warnings));
  return true;
}

}  // namespace pixnerd::serve
