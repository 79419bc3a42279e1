// Operators of the framework that have no C++ function, found in its dispatcher.
#pragma once

#include <ATen/core/dispatch/Dispatcher.h>

#include <optional>
#include <string>

namespace pixnerd::nn {

template <class Signature>
using Operator = std::optional<c10::TypedOperatorHandle<Signature>>;

// The operator of this schema, as the framework writes it: "name(Tensor self, int? n=None) -> Tensor". None where this
// LibTorch has no operator of that name, one with other arguments, or one that takes other C++ types.
template <class Signature>
Operator<Signature> find_operator(const std::string& schema) {
  const auto handle = c10::Dispatcher::singleton().findSchema({schema.substr(0, schema.find('(')), ""});
  if (!handle || toString(handle->schema()) != schema) return std::nullopt;
  try {
    return handle->template typed<Signature>();
  } catch (const c10::Error&) {
    return std::nullopt;
  }
}

}  // namespace pixnerd::nn
