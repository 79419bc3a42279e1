// How well does what is drawn into a picture agree with what stays of it? Methods that keep a part known, compared by
// the energy of the step across the mask's border: the mean squared difference of neighbours of which one is known and
// the other drawn, as a share of the same in the pictures before. 1 is a border that nobody sees; two pictures that
// have nothing to do with each other, half of each, are the worst. Beside it, that energy over the energy of neighbours
// that are both drawn, as a share of the same ratio before. Pictures are the demo model's own, edited with another
// seed.
#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <cstdio>
#include <functional>

#include "core/timing.h"
#include "diffusion/time_grid.h"
#include "engine/engine.h"
#include "models/precision.h"
#include "sample/condition.h"
#include "sample/model_file.h"

namespace pixnerd::bench {
namespace {

constexpr const char* kCheckpoint = "assets/emoji64.safetensors";
constexpr int64_t kSteps = 20, kPictures = 6;
constexpr uint64_t kSeed = 500, kOtherSeed = 900;

using Tensors = std::vector<at::Tensor>;

class Comparison {
 public:
  Comparison() : file_(sample::load_model(kCheckpoint)) {
    file_.network->prepare_for_inference(at::kCPU, models::weight_type(models::Precision::int8));
    engine_.emplace(*file_.network, models::Precision::int8, engine::EngineOptions{});
    side_ = file_.description.sample.size[0];
    make_masks();
    Tensors before;
    for (int64_t i = 0; i < kPictures; ++i) before.push_back({});
    pictures_ = drawn(before, kSeed, kSteps, 1);
    for (at::Tensor& each : pictures_) each = each.clamp(-1, 1);
  }

  void run() {
    std::printf("%-44s %12s %10s %10s\n", "method", "evaluations", "border", "contrast");
    print("two pictures, half of each", 0, [&](size_t mask) { return pasted(mask); });
    for (const int64_t steps : {1, 2}) {
      print(concat("masked velocity, ", steps * kSteps, " steps"), steps * kSteps,
            [&](size_t mask) { return edited(mask, steps * kSteps, 1); });
    }
    print(concat("new noise for the known part, ", kSteps, " steps"), kSteps,
          [&](size_t mask) { return replaced(mask); });
    for (const int64_t times : {2, 3, 4, 6, 10}) {
      print(concat("each step ", times, " times, ", kSteps, " steps"), times * (kSteps - 1) + 1,
            [&](size_t mask) { return edited(mask, kSteps, times); });
    }
  }

 private:
  struct Energy {
    double border = 0, inside = 0, borders = 0, insides = 0;
    double step() const { return border / borders; }
    double contrast() const { return step() / (inside / insides); }
  };

  void make_masks() {
    const auto mask = [&] { return masks_.emplace_back(at::zeros({1, 1, side_, side_})); };
    mask().narrow(3, side_ / 2, side_ / 2).fill_(1);
    mask().narrow(2, 0, side_ * 2 / 5).fill_(1);
    mask().narrow(2, side_ / 3, side_ / 3).narrow(3, side_ / 4, side_ / 2).fill_(1);
    mask().fill_(1).narrow(2, side_ / 4, side_ / 2).narrow(3, side_ / 4, side_ / 2).fill_(0);
  }

  engine::Picture picture(int64_t index, uint64_t seed, int64_t steps) const {
    sample::PictureRequest request;
    request.label = index * file_.description.model.num_classes / kPictures;
    if (file_.description.model.num_styles > 0) request.style = index % file_.description.model.num_styles;
    request.seed = seed + static_cast<uint64_t>(index);
    auto settings = std::make_shared<sample::SampleConfig>(file_.description.sample);
    settings->sampler.steps = steps;
    settings->sampler.encode_steps.clear();
    settings->sampler.reuse = 1;
    settings->sampler.solver = diffusion::SolverKind::euler;
    request.settings = settings;
    return sample::engine_picture(file_.description.model, request, {});
  }

  Tensors drawn(const Tensors& masks, uint64_t seed, int64_t steps, int64_t times) {
    std::vector<engine::Picture> pictures;
    for (int64_t i = 0; i < kPictures; ++i) {
      pictures.push_back(picture(i, seed, steps));
      const at::Tensor& mask = masks[static_cast<size_t>(i)];
      if (mask.defined()) pictures.back().edit = engine::Edit{pictures_[static_cast<size_t>(i)], mask, 1, times};
    }
    return engine::draw_all(*engine_, std::move(pictures));
  }

  Tensors edited(size_t mask, int64_t steps, int64_t times) {
    return drawn(Tensors(kPictures, masks_[mask]), kOtherSeed, steps, times);
  }

  Tensors pasted(size_t mask) {
    Tensors result;
    for (size_t i = 0; i < pictures_.size(); ++i) {
      result.push_back(masks_[mask] * pictures_[(i + 1) % pictures_.size()] + (1 - masks_[mask]) * pictures_[i]);
    }
    return result;
  }

  // Before each step the known part is x_t = t x1 + (1 - t) n, n new each time.
  Tensors replaced(size_t which) {
    const c10::NoGradGuard no_grad;
    const models::PrecisionScope scope(models::Precision::int8, at::kCPU);
    const auto& sampler = file_.description.sample.sampler;
    const std::vector<float> grid = diffusion::time_grid(kSteps, sampler.timeshift, sampler.last_step);
    const at::Tensor& mask = masks_[which];
    Tensors result;
    for (int64_t i = 0; i < kPictures; ++i) {
      const engine::Picture each = picture(i, kOtherSeed, kSteps);
      const at::Tensor& x1 = pictures_[static_cast<size_t>(i)];
      diffusion::ImageNoise noise({each.seed});
      diffusion::Conditioning conditioning(each.condition, each.null_condition,
                                           {sampler.guidance, sampler.guidance_interval});
      at::Tensor x = noise.draw_like(x1);
      for (size_t k = 0; k + 1 < grid.size(); ++k) {
        const float t = grid[k];
        x = mask * x + (1 - mask) * (t * x1 + (1 - t) * noise.draw_like(x1));
        const diffusion::Ask ask{{x, t, static_cast<int64_t>(k)}, &conditioning};
        x = x + (grid[k + 1] - t) * diffusion::evaluate(*file_.network, {&ask, 1}).front();
      }
      result.push_back(x);
    }
    return result;
  }

  void add(Energy& energy, const at::Tensor& picture, const at::Tensor& mask) const {
    for (const int64_t axis : {2, 3}) {
      const auto pairs = [&](const at::Tensor& x, int64_t first) { return x.narrow(axis, first, side_ - 1); };
      const at::Tensor step = (pairs(picture, 1) - pairs(picture, 0)).square().mean(1, true);
      const at::Tensor border = (pairs(mask, 1) - pairs(mask, 0)).abs(), inside = pairs(mask, 1) * pairs(mask, 0);
      energy.border += (step * border).sum().item<double>();
      energy.borders += border.sum().item<double>();
      energy.inside += (step * inside).sum().item<double>();
      energy.insides += inside.sum().item<double>();
    }
  }

  void print(const std::string& name, int64_t evaluations, const std::function<Tensors(size_t mask)>& method) {
    Energy before, after;
    for (size_t m = 0; m < masks_.size(); ++m) {
      const Tensors result = method(m);
      for (size_t i = 0; i < result.size(); ++i) {
        const at::Tensor known = masks_[m] * result[i].clamp(-1, 1) + (1 - masks_[m]) * pictures_[i];
        add(after, known, masks_[m]);
        add(before, pictures_[i], masks_[m]);
      }
    }
    std::printf("%-44s %12lld %10.2f %10.2f\n", name.c_str(), static_cast<long long>(evaluations),
                after.step() / before.step(), after.contrast() / before.contrast());
    std::fflush(stdout);
  }

  sample::ModelFile file_;
  std::optional<engine::Engine> engine_;
  int64_t side_ = 0;
  Tensors masks_, pictures_;
};

}  // namespace
}  // namespace pixnerd::bench

int main() {
  pixnerd::bench::Comparison().run();
}
