// Kind sampler: whole trajectories, with recorded draws, of a small network or an affine denoiser.
#include <ATen/ATen.h>

#include "core/text.h"
#include "diffusion/integrate.h"
#include "diffusion/time_grid.h"
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

class RecordedNoise : public diffusion::NoiseSource {
 public:
  explicit RecordedNoise(const Case& golden)
      : draws_(golden.has("in.step_noise") ? golden.tensor("in.step_noise") : at::Tensor()) {}

  at::Tensor draw_like(const at::Tensor&) override {
    if (!draws_.defined() || next_ >= draws_.size(0)) throw std::runtime_error("more draws than the official sampler");
    return draws_[next_++];
  }
  bool exhausted() const { return !draws_.defined() || next_ == draws_.size(0); }

 private:
  at::Tensor draws_;
  int64_t next_ = 0;
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

void run_sampler(Case& golden) {
  const c10::InferenceMode inference;
  const SamplerConfig config = sampler_config(golden.config());
  const auto denoiser = denoiser_of(golden);
  RecordedNoise noise(golden);
  std::vector<at::Tensor> x_trajectory{golden.tensor("in.noise")}, v_trajectory;
  const at::Tensor x =
      diffusion::integrate(*denoiser, golden.tensor("in.condition"), golden.tensor("in.uncondition"), config,
                           golden.tensor("in.noise"), noise, [&](size_t, const diffusion::StepResult& result) {
                             x_trajectory.push_back(result.x);
                             v_trajectory.push_back(result.v);
                           });
  // The golden Adams trajectories were made with the official float32 coefficients; ours are exact.
  const double limit = golden.tolerance("out") + 2 * golden.config().value("x_error_with_exact_coefficients", 0.0);
  golden.compare("timesteps", at::tensor(diffusion::time_grid(config.steps, config.timeshift, config.last_step)),
                 golden.tensor("out.timesteps"), 2e-6);
  golden.compare("x", x, golden.tensor("out.x"), limit);
  golden.compare("x_traj", at::stack(x_trajectory), golden.tensor("out.x_traj"), limit);
  golden.compare("v_traj", at::stack(v_trajectory), golden.tensor("out.v_traj"), limit);
  golden.require("every recorded draw was used", noise.exhausted());
}

}  // namespace pixnerd::parity
