// Kinds c2i, c2i_given_s and init: the network, forward, backward and freshly made. The reference network replays the
// stages in between.
#include <ATen/ATen.h>

#include "diffusion/noise.h"
#include "models/reference.h"
#include "tests/parity/parity.h"

namespace pixnerd::parity {
namespace {

at::Tensor input_with_gradient(const Case& golden, const std::string& name) {
  return golden.tensor(name).clone().requires_grad_(true);
}

void compare_loss_and_gradients(Case& golden, const models::Network& network, const at::Tensor& velocity) {
  const at::Tensor loss = at::mse_loss(velocity, golden.tensor("in.target"));
  loss.backward();
  golden.compare("velocity", velocity, golden.tensor("out.velocity"), golden.tolerance("out"));
  golden.compare("loss", loss, golden.tensor("out.loss"), golden.tolerance("out"));
  compare_gradients(golden, network, golden.tolerance("grad"));
}

void compare_reference(Case& golden) {
  std::map<std::string, at::Tensor> stages;
  models::ReferenceC2I reference(c2i_config(golden.config()), golden.with_prefix("param."),
                                 [&](const std::string& name, const at::Tensor& output) { stages[name] = output; });
  const at::Tensor v = reference.velocity(golden.tensor("in.x"), golden.tensor("in.t"), golden.tensor("in.y"));
  golden.compare("reference velocity", v, golden.tensor("out.velocity"), golden.tolerance("out"));
  for (const auto& [name, expected] : golden.with_prefix("out.stage.")) {
    golden.compare("reference stage " + name, stages.at(name), expected, golden.tolerance("out"));
  }
}

}  // namespace

void run_c2i(Case& golden) {
  const auto network = network_of(golden);
  const at::Tensor x = input_with_gradient(golden, "in.x");
  const at::Tensor s = network->encode(x, golden.tensor("in.t"), golden.tensor("in.y"));
  golden.compare("s", s, golden.tensor("out.s"), golden.tolerance("out"));
  compare_loss_and_gradients(golden, *network, network->decode(x, golden.tensor("in.t"), s));
  golden.compare("grad.in.x", x.grad(), golden.tensor("grad.in.x"), golden.tolerance("grad"));
  compare_reference(golden);
}

void run_c2i_given_s(Case& golden) {
  const auto network = network_of(golden);
  const at::Tensor x = input_with_gradient(golden, "in.x");
  const at::Tensor s = input_with_gradient(golden, "in.s");
  compare_loss_and_gradients(golden, *network, network->decode(x, golden.tensor("in.t"), s));
  golden.compare("grad.in.x", x.grad(), golden.tensor("grad.in.x"), golden.tolerance("grad"));
  golden.compare("grad.in.s", s.grad(), golden.tensor("grad.in.s"), golden.tolerance("grad"));
}

void run_init(Case& golden) {
  const auto network = models::make_network(c2i_config(golden.config()));
  at::Generator generator = diffusion::seeded_generator(golden.config().at("seed"));
  network->initialise(generator);
  const auto parameters = network->parameters();
  golden.require("as many parameters", parameters.size() == golden.with_prefix("out.param.").size());
  for (const auto& [name, parameter] : parameters) {
    golden.compare(name, parameter, golden.tensor("out.param." + name), golden.tolerance("out"));
  }
}

}  // namespace pixnerd::parity
