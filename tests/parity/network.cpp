// Kinds c2i, c2i_given_s, t2i, t2i_heavy and init: the networks, forward, backward and freshly made. The reference
// networks replay the stages in between.
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include "diffusion/noise.h"
#include "models/reference.h"
#include "tests/parity/parity.h"

namespace pixnerd::parity {
namespace {

at::Tensor input_with_gradient(const Case& golden, const std::string& name) {
  return golden.tensor(name).clone().requires_grad_(true);
}

// Cases without gradients have the loss alone.
void compare_loss_and_gradients(Case& golden, const models::Network& network, const at::Tensor& velocity) {
  const at::Tensor loss = at::mse_loss(velocity, golden.tensor("in.target"));
  golden.compare("velocity", velocity, golden.tensor("out.velocity"), golden.tolerance("out"));
  golden.compare("loss", loss, golden.tensor("out.loss"), golden.tolerance("out"));
  if (golden.with_prefix("grad.").empty()) return;
  loss.backward();
  compare_gradients(golden, network, golden.tolerance("grad"));
}

void compare_input_gradient(Case& golden, const std::string& name, const at::Tensor& input) {
  if (golden.has("grad." + name)) {
    golden.compare("grad." + name, input.grad(), golden.tensor("grad." + name), golden.tolerance("grad"));
  }
}

// The velocity again, as sampling computes it.
void compare_inference(Case& golden, models::Network& network) {
  const c10::NoGradGuard no_grad;
  network.set_mode(models::Mode::infer);
  network.prepare_for_inference(golden.device(), at::kFloat);
  const at::Tensor v = network.velocity(golden.tensor("in.x"), golden.tensor("in.t"), golden.tensor("in.y"));
  golden.compare("velocity of inference", v, golden.tensor("out.velocity"), golden.tolerance("out"));
}

void compare_reference(Case& golden) {
  std::map<std::string, at::Tensor> stages;
  const auto reference =
      models::make_reference(model_config(golden.config()), golden.with_prefix("param."), models::Mode::train,
                             [&](const std::string& name, const at::Tensor& output) { stages[name] = output; });
  const at::Tensor v = reference->velocity(golden.tensor("in.x"), golden.tensor("in.t"), golden.tensor("in.y"));
  golden.compare("reference velocity", v, golden.tensor("out.velocity"), golden.tolerance("out"));
  for (const auto& [name, expected] : golden.with_prefix("out.stage.")) {
    golden.compare("reference stage " + name, stages.at(name), expected, golden.tolerance("out"));
  }
}

}  // namespace

void run_network(Case& golden) {
  const auto network = network_of(golden);
  const at::Tensor x = input_with_gradient(golden, "in.x");
  const at::Tensor s = network->encode(x, golden.tensor("in.t"), golden.tensor("in.y"));
  golden.compare("s", s, golden.tensor("out.s"), golden.tolerance("out"));
  compare_loss_and_gradients(golden, *network, network->decode(x, golden.tensor("in.t"), s));
  compare_input_gradient(golden, "in.x", x);
  compare_inference(golden, *network);
  compare_reference(golden);
}

void run_network_given_s(Case& golden) {
  const auto network = network_of(golden);
  const at::Tensor x = input_with_gradient(golden, "in.x");
  const at::Tensor s = input_with_gradient(golden, "in.s");
  compare_loss_and_gradients(golden, *network, network->decode(x, golden.tensor("in.t"), s));
  compare_input_gradient(golden, "in.x", x);
  compare_input_gradient(golden, "in.s", s);
}

void run_init(Case& golden) {
  const auto network = models::make_network(model_config(golden.config()));
  at::Generator generator = diffusion::seeded_generator(golden.config().at("seed"));
  network->initialise(generator);
  const auto parameters = network->parameters();
  golden.require("as many parameters", parameters.size() == golden.with_prefix("out.param.").size());
  for (const auto& [name, parameter] : parameters) {
    golden.compare(name, parameter, golden.tensor("out.param." + name), golden.tolerance("out"));
  }
}

}  // namespace pixnerd::parity
