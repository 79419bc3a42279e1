// Kind sampler: whole trajectories, with recorded draws, of a small network or an affine denoiser.
#include <ATen/ATen.h>

#include <utility>

#include "core/text.h"
#include "diffusion/time_grid.h"
#include "engine/engine.h"
#include "tests/parity/parity.h"

namespace pixnerd::parity {
namespace {

using diffusion::SamplerConfig;
using diffusion::SolverKind;
using diffusion::Stochastic;
using Json = nlohmann::json;

Stochastic stochastic_form(const std::string& name) {
  if (name == "ode") return Stochastic::none;
  if (name == "sde_mean") return Stochastic::mean;
  if (name == "sde") return Stochastic::sde;
  if (name == "sde_preserve") return Stochastic::preserve;
  throw std::runtime_error("unknown step function " + name);
}

SolverKind solver_kind(const Json& config) {
  const std::string name = config.at("sampler");
  if (name == "adams") return SolverKind::adams;
  if (name == "heun") return config.at("exact").get<bool>() ? SolverKind::heun : SolverKind::heun_reuse;
  if (name == "euler") return SolverKind::euler;
  throw std::runtime_error("unknown sampler " + name);
}

SamplerConfig sampler_config(const Json& config) {
  SamplerConfig sampler;
  sampler.solver = solver_kind(config);
  sampler.steps = config.at("num_steps");
  sampler.order = config.value("order", int64_t{2});
  sampler.guidance = config.at("guidance");
  if (!config.at("interval").is_null()) sampler.guidance_interval = config.at("interval").get<std::array<double, 2>>();
  sampler.timeshift = config.at("timeshift");
  if (config.contains("step")) sampler.stochastic = stochastic_form(config.at("step"));
  if (config.value("w", "sigma") == "const") sampler.noise_scale = diffusion::NoiseScale::constant;
  if (config.contains("last_step") && !config.at("last_step").is_null()) sampler.last_step = config.at("last_step");
  if (config.contains("last_step_fn")) sampler.last_step_stochastic = stochastic_form(config.at("last_step_fn"));
  return sampler;
}

// The draws of one picture: its noise, then those of the steps.
class RecordedNoise : public diffusion::NoiseSource {
 public:
  RecordedNoise(const Case& golden, int64_t picture, int64_t& left)
      : noise_(golden.tensor("in.noise").narrow(0, picture, 1)), left_(left) {
    if (golden.has("in.step_noise")) draws_ = golden.tensor("in.step_noise").narrow(1, picture, 1);
    left_ += 1 + (draws_.defined() ? draws_.size(0) : 0);
  }

  at::Tensor draw_like(const at::Tensor&) override {
    --left_;
    if (noise_.defined()) return std::exchange(noise_, {});
    if (!draws_.defined() || next_ >= draws_.size(0)) throw std::runtime_error("more draws than the official sampler");
    return draws_[next_++];
  }

 private:
  at::Tensor noise_, draws_;
  int64_t next_ = 0;
  int64_t& left_;  // draws of all pictures
};

// The trajectory of one picture, or what ended it.
struct Path : engine::Observer {
  void evaluated(engine::PictureId, const engine::Evaluated& each) override {
    if (x.empty()) x.push_back(each.x);
  }
  void stepped(engine::PictureId, const engine::Stepped& step) override {
    x.push_back(step.x);
    v.push_back(step.v);
  }
  void failed(engine::PictureId, std::exception_ptr failure) override { error = failure; }

  std::vector<at::Tensor> x, v;
  std::exception_ptr error;
};

std::shared_ptr<diffusion::Denoiser> denoiser_of(const Case& golden) {
  if (golden.config().at("denoiser").get<std::string>() == "c2i") return network_of(golden);
  const at::Tensor a = golden.tensor("param.A"), b = golden.tensor("param.b"), e = golden.tensor("param.e");
  return std::make_shared<diffusion::FunctionDenoiser>(
      [=](const at::Tensor& x, const at::Tensor& t, const at::Tensor& y) {
        const at::Tensor v = at::matmul(x.flatten(1), a.t()) + t.unsqueeze(1) * b.flatten() + e.index({y}).flatten(1);
        return v.view(x.sizes());
      });
}

}  // namespace

// As pictures of the engine, which share their evaluations.
void run_sampler(Case& golden) {
  auto config = std::make_shared<engine::SampleConfig>();
  config->sampler = sampler_config(golden.config());
  const at::Tensor noise = golden.tensor("in.noise");
  config->size = {noise.size(3), noise.size(2)};
  const auto denoiser = denoiser_of(golden);
  engine::EngineOptions options;
  options.channels = noise.size(1);
  options.device = golden.device();
  options.most_together = noise.size(0);
  engine::Engine engine(*denoiser, models::Precision::float32, options);

  int64_t draws_left = 0;
  std::vector<std::shared_ptr<Path>> paths;
  for (int64_t i = 0; i < noise.size(0); ++i) {
    engine::Picture picture;
    picture.condition = golden.tensor("in.condition").narrow(0, i, 1);
    picture.null_condition = golden.tensor("in.uncondition").narrow(0, i, 1);
    picture.noise = std::make_unique<RecordedNoise>(golden, i, draws_left);
    picture.settings = config;
    engine.submit(std::move(picture), paths.emplace_back(std::make_shared<Path>()));
  }
  while (engine.advance()) {
  }
  std::vector<at::Tensor> x_trajectory, v_trajectory;
  const auto collect = [&](auto member, std::vector<at::Tensor>& trajectory) {
    for (size_t step = 0; step < ((*paths.front()).*member).size(); ++step) {
      std::vector<at::Tensor> batch;
      for (const auto& path : paths) batch.push_back(((*path).*member).at(step));
      trajectory.push_back(at::cat(batch));
    }
  };
  for (const auto& path : paths) {
    if (path->error) std::rethrow_exception(path->error);
  }
  collect(&Path::x, x_trajectory);
  collect(&Path::v, v_trajectory);

  // The golden Adams trajectories were made with the official float32 coefficients; ours are exact.
  const diffusion::SamplerConfig& sampler = config->sampler;
  const double limit = golden.tolerance("out") + 2 * golden.config().value("x_error_with_exact_coefficients", 0.0);
  golden.compare("timesteps", at::tensor(diffusion::time_grid(sampler.steps, sampler.timeshift, sampler.last_step)),
                 golden.tensor("out.timesteps"), 2e-6);
  golden.compare("x", x_trajectory.back(), golden.tensor("out.x"), limit);
  golden.compare("x_traj", at::stack(x_trajectory), golden.tensor("out.x_traj"), limit);
  golden.compare("v_traj", at::stack(v_trajectory), golden.tensor("out.v_traj"), limit);
  golden.require("every recorded draw was used", draws_left == 0);
}

}  // namespace pixnerd::parity
