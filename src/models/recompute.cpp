#include "models/recompute.h"

#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <memory>

#include "models/precision.h"

namespace pixnerd::models {
namespace {

using Part = std::function<at::Tensor(const std::vector<at::Tensor>&)>;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// What the backward pass needs besides the inputs.
struct Call : torch::CustomClassHolder {
  Part part;
  Precision precision = Precision::float32;
};

struct Recomputed : torch::autograd::Function<Recomputed> {
  static at::Tensor forward(AutogradContext* context, const c10::intrusive_ptr<Call>& call, at::TensorList inputs) {
    context->save_for_backward(inputs.vec());
    context->saved_data["call"] = c10::IValue::make_capsule(call);
    return call->part(inputs.vec());
  }

  static variable_list backward(AutogradContext* context, const variable_list& grad) {
    const auto call = c10::static_intrusive_pointer_cast<Call>(context->saved_data["call"].toCapsule());
    variable_list inputs;
    for (const at::Tensor& saved : context->get_saved_variables()) {
      inputs.push_back(saved.detach().set_requires_grad(saved.requires_grad()));
    }
    at::Tensor output;
    {
      const at::AutoGradMode with_grad(true);
      const PrecisionScope precision(call->precision, grad[0].device());
      output = call->part(inputs);
    }
    torch::autograd::backward({output}, {grad[0]});
    variable_list gradients{at::Tensor()};  // none for the call
    for (const at::Tensor& input : inputs) gradients.push_back(input.grad());
    return gradients;
  }
};

}  // namespace

at::Tensor recomputed(Part part, const std::vector<at::Tensor>& inputs) {
  auto call = c10::make_intrusive<Call>();
  call->part = std::move(part);
  call->precision = current_precision(inputs.front().device());
  return Recomputed::apply(call, at::TensorList(inputs));
}

}  // namespace pixnerd::models
