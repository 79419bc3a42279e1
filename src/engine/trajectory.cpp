#include "engine/trajectory.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/upsample_bicubic2d.h>

#include <algorithm>

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
    : source_(std::move(source)), config_(config) {
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
                        diffusion::Guidance{config_.sampler.guidance, config_.sampler.guidance_interval},
                        diffusion::EncodeSchedule::of(config_.sampler));
}

void Trajectory::begin_edit(std::vector<float> grid) {
  Edit& edit = *source_.edit;
  edit.image = edit.image.to(x_.device());
  if (edit.mask.defined()) edit.mask = edit.mask.to(x_.device());
  const auto start = static_cast<float>(1 - edit.strength);
  const auto after = std::upper_bound(grid.begin(), grid.end() - 1, start);
  steps_done_ = steps_before_ = std::max<int64_t>(after - grid.begin() - 1, 0);
  grid.erase(grid.begin(), grid.begin() + steps_before_);
  grid.front() = std::max(grid.front(), start);
  line_ = edit.image - x_;
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

std::optional<diffusion::Ask> Trajectory::ask() {
  std::optional<Query> query;
  if (stage_ == Stage::change) {
    query = Query{x_, remaining_.front(), 0};
  } else {
    query = solver_->query();
    if (query) query->step += steps_before_;
  }
  if (!query) return std::nullopt;
  return diffusion::Ask{std::move(*query), &*conditioning_};
}

at::Tensor Trajectory::edited(const at::Tensor& v) const {
  if (!source_.edit || !source_.edit->mask.defined()) return v;
  const at::Tensor& mask = source_.edit->mask;
  return mask * v + (1 - mask) * line_;
}

std::vector<StepResult> Trajectory::take(const at::Tensor& v) {
  if (stage_ == Stage::change) {
    change_size(v);
    return {};
  }
  std::vector<StepResult> ended = solver_->take(v);
  if (!ended.empty()) x_ = ended.back().x;
  steps_done_ += std::ssize(ended);
  enter_change();
  return ended;
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
