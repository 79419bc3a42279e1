// Requests to pictures, by the engine.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "core/progress.h"
#include "engine/engine.h"
#include "image/image.h"
#include "models/network.h"
#include "sample/condition.h"
#include "sample/picture.h"

namespace pixnerd::sample {

struct DrawSettings {
  models::Precision precision = models::Precision::float32;
  int64_t batch = 0;                // pictures that share an evaluation at most; 0: as many as is best on this machine
  StatesOf states{};                // of texts, for a text-to-image network
  uint64_t available_bytes = 0;     // of memory, for weights and pictures; 0: not known
  std::filesystem::path profile{};  // engine/profile.h
};

struct Drawn {
  int64_t index = 0;  // of the requests
  image::Image image;
};

// x_t of picture `index` after step `step`, both from 0: a frame of how it comes out of noise. Called for every step of
// every picture, steps in order within a picture.
using FrameSink = std::function<void(int64_t index, int64_t step, const image::Image& frame)>;

// RequestError for no picture, for settings, sizes and labels that this network has no answer to, and for a network
// that does not draw RGB; ConfigError for settings that do not go together. Drawing begins with it; call it earlier to
// know before other work is done. Of requests that share their settings, those are looked at once.
void check(const models::ModelConfig& network, const std::vector<PictureRequest>& pictures);

// RequestError if one picture alone, or the states of all texts beside it, needs more memory than the system can give
// (core/memory.h); the message has the numbers.
void check_memory(const models::Network& network, models::Precision precision,
                  const std::vector<PictureRequest>& pictures, uint64_t available);

// x [1, 3, H, W] in [-1, 1], on any device, as the picture that was asked for: with an edit's bytes where they stay.
image::Image image_of(const at::Tensor& x, const PictureRequest& picture);

// Draws pictures as they are asked for. The network is in Mode::infer and must outlive this.
class Drawing {
 public:
  // RequestError as check(), and when the network was prepared for another precision.
  Drawing(models::Network& network, std::vector<PictureRequest> pictures, DrawSettings settings, FrameSink frames = {});
  ~Drawing();

  // The next picture; those of one size come in their order. Nothing after the last. Progress counts steps of single
  // pictures; what it throws ends the work, as does RequestError for a picture that is not finite, with its number and
  // step.
  std::optional<Drawn> next(Progress& progress);

 private:
  class Watch;

  void submit_some();
  std::optional<Drawn> take_ready();

  models::ModelConfig config_;
  std::vector<PictureRequest> pictures_;
  StatesOf states_;
  std::shared_ptr<Watch> watch_;
  std::unique_ptr<engine::Engine> engine_;
  std::map<PictureSize, std::deque<int64_t>> in_order_;  // not given yet; none is empty
  size_t submitted_ = 0;
  int64_t all_steps_ = 0;
};

using PictureSink = std::function<void(int64_t index, image::Image)>;

// Draws them all. What the sink throws ends the work and is passed on.
void draw(models::Network& network, std::vector<PictureRequest> pictures, DrawSettings settings,
          const PictureSink& sink, Progress& progress, const FrameSink& frames = {});

}  // namespace pixnerd::sample
