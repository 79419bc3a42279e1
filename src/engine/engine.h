// Pictures that advance step by step, side by side, each on its own: with its own settings, time, noise and solver.
// What several of them want of the network at once is one evaluation.
//
// A picture is a function of the weights, the arithmetic, its settings and its seed, whatever else is drawn beside it
// (models/network.h says what of that holds where).
//
// Which pictures share an evaluation: those of one size and one half of the network. Sizes take turns by what they
// cost, submitters of one size take turns picture by picture, and a new picture is in the next evaluation of its size,
// so that it waits for one evaluation of each other size at most. How many share one is measured (profile.h).
//
// Threads: submit(), cancel(), close() and wait() from any thread; one thread at a time calls advance(). Between two
// calls of advance() that thread may use the network for something else.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "diffusion/noise.h"
#include "engine/config.h"
#include "engine/edit.h"
#include "engine/observer.h"
#include "models/network.h"

namespace pixnerd::engine {

// What to draw, as the network takes it.
struct Picture {
  at::Tensor condition, null_condition;  // [1, ...]; null: what guidance leads away from
  uint64_t seed = 0;
  std::unique_ptr<diffusion::NoiseSource> noise{};  // in place of the seed's; k times its first draw is x at t = 0
  std::shared_ptr<const SampleConfig> settings;
  std::optional<Edit> edit{};
  uint64_t submitter = 0;  // whose it is: those of different ones take turns
};

struct EngineOptions {
  int64_t channels = 3;             // of a denoiser that is no network, which knows its own
  double noise_scale = 1;           // likewise: k of the path x_t = t x1 + (1 - t) k noise
  int64_t most_together = 0;        // pictures that share an evaluation; 0: as many as is best
  uint64_t available_bytes = 0;     // of memory, for weights and pictures; 0: not known
  std::filesystem::path profile{};  // the file that measurements are kept in; "": in none
  at::Device device = at::kCPU;     // likewise: where it computes
};

class Engine {
 public:
  // The network is in Mode::infer and must outlive the engine. RequestError when it was prepared for another precision,
  // and for options beyond their limits.
  Engine(models::Network& network, models::Precision precision, EngineOptions options = {});

  // Any denoiser, which is taken to draw every size; pictures have one size each.
  Engine(diffusion::Denoiser& denoiser, models::Precision precision, EngineOptions options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Throws what submit() would of a picture with these settings: RequestError for a size that the network has no answer
  // to, and where one picture alone takes more memory than there is; ConfigError for settings that do not go together.
  void check(const SampleConfig& settings) const;

  // RequestError as check(), for an edit that does not fit the picture, and after close().
  PictureId submit(Picture picture, std::shared_ptr<Observer> observer);

  // Takes effect before the picture's next evaluation. RequestError if there is no such picture any more: it is done,
  // has failed or was cancelled before.
  void cancel(PictureId id);

  // One evaluation of the network, and what follows from it. False when there is nothing to do.
  bool advance();

  // Blocks until advance() has something to do, or the engine is closed: false when it is closed and empty.
  bool wait();

  // No more pictures are taken; those that are there go on.
  void close();

  // Pictures that are queued or in flight.
  size_t size() const;

  // How many pictures of this size would share an evaluation by now.
  int64_t together(const SampleConfig& settings) const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

// Draws these pictures and nothing else: x1 of each, [1, C, H, W], in their order. Throws what the first that fails has
// failed with.
std::vector<at::Tensor> draw_all(Engine& engine, std::vector<Picture> pictures);

}  // namespace pixnerd::engine
