#include "engine/trajectory.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/roll.h>
#include <ATen/ops/upsample_bicubic2d.h>

#include <algorithm>
#include <cmath>

#include "core/random.h"
#include "diffusion/time_grid.h"

namespace pixnerd::engine {
namespace {

using diffusion::Conditioning;
using diffusion::Query;
using diffusion::StepResult;

// The first time that is not below `time`: the grid is float32, where 0.7 may be the last bit below the 0.7 that was
// asked for.
std::vector<float>::const_iterator first_from(const std::vector<float>& grid, double time) {
  const float from = static_cast<float>(time) - 1e-6F;
  return std::find_if(grid.begin(), grid.end() - 1, [&](float t) { return t >= from; });
}

}  // namespace

Trajectory::Trajectory(Source source, const SampleConfig& config, at::Device device)
    : source_(std::move(source)), config_(config), encodings_(diffusion::EncodeSchedule::of(config.sampler)) {
  source_.noise = std::make_unique<diffusion::ScaledNoise>(std::move(source_.noise), source_.noise_scale);
  source_.condition = source_.condition.to(device);
  source_.null_condition = source_.null_condition.to(device);
  const auto [width, height] = config_.size;
  const at::TensorOptions options = at::TensorOptions(at::kFloat).device(device);
  x_ = source_.noise->draw_like(at::empty({1, source_.channels, height, width}, options));

  const diffusion::SamplerConfig& sampler = config_.sampler;
  std::vector<float> grid = diffusion::time_grid(sampler.steps, sampler.timeshift, sampler.last_step);
  if (source_.edit) {
    begin_edit(std::move(grid));
    return;
  }
  if (config_.decode_size) {
    const auto change = first_from(grid, config_.decode_time);
    remaining_.assign(change, grid.cend());
    grid.erase(change + 1, grid.cend());
  }
  begin(std::move(grid), x_);
}

void Trajectory::begin(std::vector<float> grid, const at::Tensor& x) {
  at::Tensor weights = source_.edit ? source_.edit->mask : at::Tensor();
  x_ = x;
  forget_conditioning();
  const bool goes_on = stage_ == Stage::draw && remaining_.size() > 1;
  solver_ =
      diffusion::make_solver(config_.sampler, {std::move(grid), x, source_.noise.get(), std::move(weights), goes_on});
  enter_change();
}

void Trajectory::forget_conditioning() {
  conditioning_.emplace(source_.condition, source_.null_condition,
                        diffusion::Guidance{config_.sampler.guidance, config_.sampler.guidance_interval}, encodings_);
}

void Trajectory::begin_edit(std::vector<float> grid) {
  Edit& edit = *source_.edit;
  edit.image = edit.image.to(x_.device());
  if (edit.mask.defined()) edit.mask = edit.mask.to(x_.device());
  const auto start = static_cast<float>(1 - edit.strength);
  const auto after = std::upper_bound(grid.begin(), grid.end() - 1, start);
  steps_done_ = steps_before_ = first_step_ = std::max<int64_t>(after - grid.begin() - 1, 0);
  grid.erase(grid.begin(), grid.begin() + steps_before_);
  grid.front() = std::max(grid.front(), start);
  known_noise_ = x_;
  line_ = edit.image - x_;
  grid_ = grid;
  begin(std::move(grid), x_ + start * line_);
}

// Between the two sizes x is asked for once more, for the picture that it leads to.
void Trajectory::enter_change() {
  if (stage_ != Stage::draw || remaining_.empty() || solver_->query()) return;
  steps_before_ = steps() - static_cast<int64_t>(remaining_.size()) + 1;
  stage_ = Stage::change;
  forget_conditioning();
  if (remaining_.size() == 1) change_size({});
}

std::optional<Query> Trajectory::query() const {
  if (stage_ == Stage::change) return Query{x_, remaining_.front(), 0};
  std::optional<Query> query = solver_->query();
  if (query) query->step += steps_before_;
  return query;
}

std::optional<diffusion::Ask> Trajectory::ask() {
  std::optional<Query> wanted = query();
  if (!wanted) return std::nullopt;
  if (config_.tile != Tile::none) {
    const auto [down, right] = offset();
    wanted->x = at::roll(wanted->x, {down, right}, {2, 3});
  }
  return diffusion::Ask{std::move(*wanted), &*conditioning_};
}

at::Tensor Trajectory::asked_x() const {
  return query()->x;
}

// A function of the seed and of the step that computed the s of this one.
std::array<int64_t, 2> Trajectory::offset() const {
  int64_t step = query()->step;
  while (step > 0 && !encodings_.contains(step)) --step;
  const auto drawn = [&](uint64_t stream, int64_t side) {
    return static_cast<int64_t>(random_bits(source_.seed, stream, static_cast<uint64_t>(step)) %
                                static_cast<uint64_t>(side));
  };
  return {config_.tile == Tile::x ? 0 : drawn(0, config_.size[1]),
          config_.tile == Tile::y ? 0 : drawn(1, config_.size[0])};
}

at::Tensor Trajectory::edited(const at::Tensor& v) const {
  at::Tensor own = v;
  if (config_.tile != Tile::none) {
    const auto [down, right] = offset();
    own = at::roll(v, {-down, -right}, {2, 3});
  }
  if (!source_.edit || !source_.edit->mask.defined()) return own;
  const at::Tensor& mask = source_.edit->mask;
  return mask * own + (1 - mask) * line_;
}

std::vector<StepResult> Trajectory::take(const at::Tensor& v) {
  if (stage_ == Stage::change) {
    change_size(v);
    return {};
  }
  std::vector<StepResult> ended = solver_->take(v);
  if (!ended.empty() && go_back(ended.back().x, ended.size())) return {};
  if (!ended.empty()) x_ = ended.back().x;
  steps_done_ += std::ssize(ended);
  enter_change();
  return ended;
}

// After steps of an edit that have come to x: whether they are made once more.
bool Trajectory::go_back(const at::Tensor& x, size_t steps) {
  if (!source_.edit || !source_.edit->mask.defined()) return false;
  const auto done = static_cast<size_t>(steps_done_ - first_step_);
  const double t = grid_[done], later = grid_[done + steps];
  if (later >= 1 || ++passes_ >= source_.edit->resample) {
    passes_ = 0;
    return false;
  }
  const double kept = t / later, part = kept * (1 - later);
  const at::Tensor noise = std::sqrt((1 - t) * (1 - t) - part * part) * source_.noise->draw_like(x);
  known_noise_ = (part * known_noise_ + noise) / (1 - t);
  line_ = source_.edit->image - known_noise_;
  steps_before_ = steps_done_;
  x_ = kept * x + noise;
  solver_ = diffusion::make_solver(
      config_.sampler,
      {{grid_.begin() + static_cast<std::ptrdiff_t>(done), grid_.end()}, x_, source_.noise.get(), source_.edit->mask});
  return true;
}

// v is not needed at t = 1.
void Trajectory::change_size(const at::Tensor& v) {
  const double t = remaining_.front();
  const auto [width, height] = *config_.decode_size;
  const at::Tensor x_1 =
      at::upsample_bicubic2d(v.defined() ? x_ + (1 - t) * v : x_, {height, width}, /*align_corners=*/false);
  stage_ = Stage::decode;
  begin(std::move(remaining_), t * x_1 + (1 - t) * source_.noise->draw_like(x_1));
}

}  // namespace pixnerd::engine
