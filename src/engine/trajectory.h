// One picture on its way from noise: at one size, or at two, or along the known part of another picture.
//
// At two sizes the layout is drawn at `size`, the detail at `decode_size` with the tokens of the first. The steps to
// the first time t of the grid that is not below decode_time, rounding aside, are those of one size. There
// x1 = x + (1 - t) v is resized bicubically and noised again, x = t x1 + (1 - t) n with the picture's next noise. From
// there on the transformer sees x resized to its own grid, and the neural field decodes patches of the new size; the
// solver begins anew.
//
// With an edit, of a picture x1 with the mask m, the velocity that the solver sees is m v + (1 - m) (x1 - noise), noise
// being that which the picture began with: where m is 0, x stays on its straight line, x = t x1 + (1 - t) noise, with
// every solver. The noise of stochastic forms is weighted by m.
//
// Such a step from t to t' < 1 may be made several times (`resample`), as RePaint does, so that what is drawn comes to
// agree with what is known: each time but the last x goes back to t under new noise n,
//   x_t = (t / t') x_t' + sqrt((1 - t)^2 - (t / t')^2 (1 - t')^2) n,
// and so does the noise of the known part: its line goes on to x1 from there. The solver begins anew at t.
//
// Noise, wherever it comes in, is k times the picture's standard normal draws, k being the network's model.noise_scale.
//
// Where edges are to meet (`tile`), the network sees x shifted around by a random offset, another one at each step that
// computes s anew, and what it answers is shifted back: no edge is one for long. While s is reused the offset stays.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "diffusion/evaluation.h"
#include "diffusion/guidance.h"
#include "diffusion/noise.h"
#include "diffusion/solver.h"
#include "engine/config.h"
#include "engine/edit.h"

namespace pixnerd::engine {

// What a picture is made of.
struct Source {
  at::Tensor condition, null_condition;           // as the network takes them, [1, ...]
  std::unique_ptr<diffusion::NoiseSource> noise;  // standard normal; its first draw is x at t = 0, but for the scale
  int64_t channels = 3;
  double noise_scale = 1;  // k
  std::optional<Edit> edit;
  uint64_t seed = 0;  // of the offsets of tiles
};

class Trajectory {
 public:
  // Draws the first noise. The settings are checked by the caller.
  Trajectory(Source source, const SampleConfig& config, at::Device device);

  // The velocity that is wanted next; nothing at the end. It refers to this object, and its step counts over all of
  // them.
  std::optional<diffusion::Ask> ask();
  bool is_done() const { return !query(); }

  // Whether the second size is drawn: by the tokens of the first.
  bool is_decoding() const { return stage_ == Stage::decode; }

  // Where the picture is at ask(): the same but for the tile's offset.
  at::Tensor asked_x() const;

  // What the solver sees of the network's velocity at ask(): the same without an edit and a tile.
  at::Tensor edited(const at::Tensor& v) const;

  // Goes on with edited(v); the steps that end there for good.
  std::vector<diffusion::StepResult> take(const at::Tensor& v);

  const at::Tensor& condition() const { return source_.condition; }

  // x [1, C, H, W], which is the picture at the end.
  const at::Tensor& x() const { return x_; }

  int64_t steps() const { return config_.sampler.steps; }
  int64_t steps_done() const { return steps_done_; }  // those that an edit leaves out count

 private:
  enum class Stage { draw, change, decode };  // of two sizes; one size is the first alone

  void begin(std::vector<float> grid, const at::Tensor& x);
  void begin_edit(std::vector<float> grid);
  void forget_conditioning();
  void enter_change();
  void change_size(const at::Tensor& v);
  std::optional<diffusion::Query> query() const;
  std::array<int64_t, 2> offset() const;
  bool go_back(const at::Tensor& x, size_t steps);

  Source source_;
  SampleConfig config_;
  Stage stage_ = Stage::draw;
  int64_t steps_before_ = 0;  // of other solvers, or left out
  int64_t steps_done_ = 0;
  std::vector<float> remaining_;  // the grid from the change of size on
  at::Tensor x_;
  at::Tensor known_noise_, line_;  // of an edit: the noise of the known part, and x1 minus it
  std::vector<float> grid_;        // of an edit, from its beginning on
  int64_t first_step_ = 0;         // of grid_, among all
  int64_t passes_ = 0;             // of the step that is being made, those that are over
  diffusion::EncodeSchedule encodings_;
  std::unique_ptr<diffusion::Solver> solver_;
  std::optional<diffusion::Conditioning> conditioning_;
};

}  // namespace pixnerd::engine
