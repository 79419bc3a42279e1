#include "engine/engine.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/isfinite.h>
#include <c10/core/GradMode.h>

#include <cmath>
#include <tuple>

#include "checkpoint/tensors.h"
#include "core/errors.h"
#include "core/text.h"
#include "core/timing.h"
#include "engine/flight.h"
#include "engine/inbox.h"
#include "engine/memory.h"
#include "engine/profile.h"
#include "engine/turns.h"
#include "models/device.h"
#include "models/drawing_scope.h"
#include "models/precision.h"
#include "models/token_grid.h"

namespace pixnerd::engine {
namespace {

using diffusion::Ask;

bool is_finite(const at::Tensor& x) {
  return std::isfinite(x.sum().item<float>()) || at::isfinite(x).all().item<bool>();
}

void require_fitting(const Edit& edit, const SampleConfig& settings, int64_t channels) {
  const auto [width, height] = settings.size;
  if (settings.decode_size) throw RequestError("a picture is edited at one size; leave out the decode size");
  if (!(edit.strength >= kLeastStrength && edit.strength <= 1)) {
    throw RequestError(
        concat("strength ", edit.strength, " must be from ", kLeastStrength, " to 1; less would draw nothing"));
  }
  if (edit.resample < 1 || edit.resample > kMostResampling) {
    throw RequestError(concat("each step is made 1 to ", kMostResampling, " times, not ", edit.resample));
  }
  if (edit.image.sizes() != at::IntArrayRef({1, channels, height, width})) {
    throw RequestError(concat("the picture to edit has the shape ", edit.image.sizes(), ", but ", width, "x", height,
                              " is to be drawn"));
  }
  if (edit.mask.defined() && edit.mask.sizes() != at::IntArrayRef({1, 1, height, width})) {
    throw RequestError(
        concat("the mask has the shape ", edit.mask.sizes(), ", but ", width, "x", height, " is to be drawn"));
  }
}

}  // namespace

at::Tensor Evaluated::estimate() const {
  return x + (1 - t) * v;
}

class Engine::State {
 public:
  State(models::Network* network, diffusion::Denoiser& denoiser, models::Precision precision, EngineOptions options)
      : network_(network),
        denoiser_(denoiser),
        precision_(precision),
        device_(network == nullptr ? options.device : network->device()),
        options_(std::move(options)),
        profile_(options_.profile) {
    if (options_.most_together < 0 || options_.most_together > diffusion::kLargestBatch) {
      throw RequestError(
          concat("a batch of ", options_.most_together, " pictures must be between 1 and ", diffusion::kLargestBatch));
    }
    if (network == nullptr) return;
    require_precision(*network, precision);
    TORCH_CHECK(network->mode() == models::Mode::infer, "pictures are drawn by a network in Mode::infer");
    weights_ = checkpoint::sources_of(network->parameters());
  }

  ~State() { profile_.save(); }

  void check(const SampleConfig& settings) const {
    settings.validate();
    if (network_ == nullptr) return;
    require_sizes(network_->config(), settings);
    require_memory(*network_, precision_, settings, 1, options_.available_bytes);
  }

  PictureId submit(Picture picture, std::shared_ptr<Observer> observer) {
    check(*picture.settings);
    if (picture.edit) require_fitting(*picture.edit, *picture.settings, options_.channels);
    return inbox_.submit(std::move(picture), std::move(observer));
  }

  Inbox& inbox() { return inbox_; }
  const Inbox& inbox() const { return inbox_; }

  bool advance() {
    take_news();
    if (groups_.empty()) return false;
    const c10::NoGradGuard no_grad;  // no InferenceMode: position tables that are kept may serve a training step later
    const models::PrecisionScope scope(precision_, device_);
    const models::DrawingScope drawing(network_);
    std::vector<Turns<Place>::Candidate> candidates;
    for (const auto& [place, group] : groups_) {
      const int64_t most = together(place, *group.settings());
      const auto cost = static_cast<double>(std::min(most, group.size()) * place.height * place.width);
      candidates.push_back({place, cost, group.has_newcomer(most)});
    }
    const Place place = candidates[turns_.next(candidates)].key;
    Group& group = groups_.at(place);
    std::vector<Flight*> chosen = group.select(
        together(place, *group.settings()), [&](Submission each, Flights& flying) { begin(std::move(each), flying); });
    if (!chosen.empty()) evaluate(place, chosen);
    if (groups_.at(place).is_empty()) groups_.erase(place);
    return true;
  }

  int64_t together(const SampleConfig& settings) const {
    const auto [width, height] = settings.size;
    return together({&denoiser_, height, width, at::kFloat}, settings);
  }

 private:
  // What can share an evaluation.
  struct Place {
    diffusion::Denoiser* denoiser;
    int64_t height, width;
    at::ScalarType condition;  // mixed labels are other tensors than labels
    auto operator<=>(const Place&) const = default;
  };

  // What other threads have asked for.
  void take_news() {
    Inbox::News news = inbox_.take();
    for (Submission& each : news.pictures) {
      const auto [width, height] = each.picture.settings->size;
      groups_[{&denoiser_, height, width, each.picture.condition.scalar_type()}].queue(std::move(each));
    }
    for (const PictureId id : news.cancelled) {
      for (auto& [place, group] : groups_) {
        if (const auto observer = group.remove(id)) {
          observer->cancelled(id);
          break;
        }
      }
    }
    std::erase_if(groups_, [](const auto& each) { return each.second.is_empty(); });
  }

  int64_t together(const Place& place, const SampleConfig& settings) const {
    int64_t most = options_.most_together;
    if (most == 0) most = std::max<int64_t>(1, profile_.rows(size_of(place, settings)) / kBranches);
    if (network_ == nullptr) return most;
    return most_in_memory(*network_, precision_, settings, most, options_.available_bytes);
  }

  Profile::Size size_of(const Place& place, const SampleConfig& settings) const {
    if (network_ == nullptr) return {place.height * place.width, place.height * place.width};
    const models::TokenGrid grid = models::token_grid(network_->config(), settings.size[1], settings.size[0]);
    return {grid.rows * grid.columns, place.height * place.width};
  }

  void begin(Submission submission, Flights& flying) {
    const PictureId id = submission.id;
    const std::shared_ptr<Observer> observer = submission.observer;
    Picture& picture = submission.picture;
    try {
      if (picture.noise == nullptr) {
        picture.noise = std::make_unique<diffusion::ImageNoise>(std::vector<uint64_t>{picture.seed});
      }
      Flight flight{id, picture.submitter, picture.settings, observer, nullptr};
      flight.trajectory = std::make_unique<Trajectory>(
          Source{std::move(picture.condition), std::move(picture.null_condition), std::move(picture.noise),
                 options_.channels, options_.noise_scale, std::move(picture.edit), picture.seed},
          *flight.settings, device_);
      observer->started(id);
      flying.push_back(std::move(flight));
    } catch (...) {
      end(id, *observer, [&] { observer->failed(id, std::current_exception()); });
    }
  }

  void evaluate(const Place& place, const std::vector<Flight*>& flights) {
    std::vector<Ask> asks;
    int64_t rows = 0;
    for (const Flight* flight : flights) {
      asks.push_back(*flight->trajectory->ask());
      rows += diffusion::rows_of(asks.back());
    }
    std::vector<at::Tensor> velocities;
    try {
      const double before = steady_seconds();
      velocities = diffusion::evaluate(*place.denoiser, asks);
      models::synchronize(device_);
      profile_.add(size_of(place, *flights.front()->settings), rows, steady_seconds() - before);
      checkpoint::require_unchanged(weights_);
    } catch (...) {
      const std::exception_ptr error = std::current_exception();
      if (flights.size() == 1) return fail(place, *flights.front(), error);
      // It may be one alone that cannot be evaluated, or all of them together.
      for (Flight* flight : flights) evaluate(place, {flight});
      return;
    }
    for (size_t i = 0; i < flights.size(); ++i) go_on(place, *flights[i], asks[i], velocities[i]);
  }

  void go_on(const Place& place, Flight& flight, const Ask& ask, const at::Tensor& velocity) {
    Trajectory& trajectory = *flight.trajectory;
    try {
      const at::Tensor v = trajectory.edited(velocity), x = trajectory.asked_x();
      flight.observer->evaluated(flight.id,
                                 {ask.query.step, diffusion::rows_of(ask) > 1, ask.query.t, x, v, *ask.conditioning});
      const int64_t before = trajectory.steps_done();
      const std::vector<diffusion::StepResult> ended = trajectory.take(v);
      for (size_t k = 0; k < ended.size(); ++k) step_ended(flight, before + static_cast<int64_t>(k) + 1, ended[k]);
    } catch (...) {
      return fail(place, flight, std::current_exception());
    }
    if (trajectory.is_done()) return land(place, flight.id);
    if (const Place now = place_of(flight); now != place) {
      groups_[now].add(groups_.at(place).release(flight.id));
    }
  }

  void step_ended(Flight& flight, int64_t step, const diffusion::StepResult& result) {
    if (!is_finite(result.x)) {
      throw RequestError(concat("not finite after step ", step,
                                ": the weights or the sampler's settings lead nowhere; try less guidance, another "
                                "solver or --dtype float32"));
    }
    flight.observer->stepped(flight.id, {step, flight.trajectory->steps(), result.x, result.v});
  }

  Place place_of(const Flight& flight) {
    const auto& settings = *flight.settings;
    const at::ScalarType condition = flight.trajectory->condition().scalar_type();
    if (!flight.trajectory->is_decoding()) return {&denoiser_, settings.size[1], settings.size[0], condition};
    const models::TokenGrid grid = models::token_grid(network_->config(), settings.size[1], settings.size[0]);
    const auto found = on_grid_.try_emplace({grid.rows, grid.columns}, *network_, grid).first;
    return {&found->second, (*settings.decode_size)[1], (*settings.decode_size)[0], condition};
  }

  void land(const Place& place, PictureId id) {
    const Flight flight = groups_.at(place).release(id);
    end(id, *flight.observer, [&] {
      try {
        flight.observer->done(id, flight.trajectory->x());
      } catch (...) {
        flight.observer->failed(id, std::current_exception());
      }
    });
  }

  void fail(const Place& place, const Flight& failed, const std::exception_ptr& error) {
    const Flight flight = groups_.at(place).release(failed.id);
    end(flight.id, *flight.observer, [&] { flight.observer->failed(flight.id, error); });
  }

  // The last that is heard of a picture: that it was cancelled, where that came meanwhile.
  template <class Say>
  void end(PictureId id, Observer& observer, const Say& say) {
    inbox_.end(id) ? say() : observer.cancelled(id);
  }

  static constexpr int64_t kBranches = 2;  // of guidance

  models::Network* network_;  // null for another denoiser
  diffusion::Denoiser& denoiser_;
  models::Precision precision_;
  at::Device device_;
  EngineOptions options_;
  Profile profile_;
  MappedSources weights_;
  std::map<std::tuple<int64_t, int64_t>, models::OnGrid> on_grid_;
  std::map<Place, Group> groups_;
  Turns<Place> turns_;
  Inbox inbox_;
};

Engine::Engine(models::Network& network, models::Precision precision, EngineOptions options) {
  options.channels = network.config().in_channels;
  options.noise_scale = network.config().noise_scale;
  state_ = std::make_unique<State>(&network, network, precision, std::move(options));
}

Engine::Engine(diffusion::Denoiser& denoiser, models::Precision precision, EngineOptions options)
    : state_(std::make_unique<State>(nullptr, denoiser, precision, std::move(options))) {}

Engine::~Engine() = default;

void Engine::check(const SampleConfig& settings) const {
  state_->check(settings);
}

PictureId Engine::submit(Picture picture, std::shared_ptr<Observer> observer) {
  return state_->submit(std::move(picture), std::move(observer));
}

void Engine::cancel(PictureId id) {
  state_->inbox().cancel(id);
}

bool Engine::advance() {
  return state_->advance();
}

bool Engine::wait() {
  return state_->inbox().wait();
}

void Engine::close() {
  state_->inbox().close();
}

size_t Engine::size() const {
  return state_->inbox().size();
}

int64_t Engine::together(const SampleConfig& settings) const {
  return state_->together(settings);
}

std::vector<at::Tensor> draw_all(Engine& engine, std::vector<Picture> pictures) {
  struct Results : Observer {
    void done(PictureId id, const at::Tensor& x) override { by_id[id] = x; }
    void failed(PictureId, std::exception_ptr failure) override { error = error ? error : failure; }

    std::map<PictureId, at::Tensor> by_id;
    std::exception_ptr error;
  };
  const auto results = std::make_shared<Results>();
  std::vector<PictureId> ids;
  for (Picture& picture : pictures) ids.push_back(engine.submit(std::move(picture), results));
  while (engine.advance() && !results->error) {
  }
  if (results->error) std::rethrow_exception(results->error);
  std::vector<at::Tensor> drawn;
  for (const PictureId id : ids) drawn.push_back(results->by_id.at(id));
  return drawn;
}

}  // namespace pixnerd::engine
