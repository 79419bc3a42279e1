// The classes and functions that a pickle may name, and what stands for them here.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "checkpoint/dtype.h"

namespace pixnerd::checkpoint {

enum class PickleCall : uint8_t {
  make_dict,          // OrderedDict, Lightning's AttributeDict: from nothing, a dict or a list of pairs
  make_set,           // set, frozenset
  keep_first,         // torch.Size, Counter, bytearray, _codecs.encode: the first argument
  make_object,        // torch.device, omegaconf's settings and the like: kept as an inert object
  storage,            // torch.FloatStorage: the type of a storage, never called
  rebuild_tensor,     // (storage, offset, size, stride), and what v2 adds: (..., requires_grad, hooks[, metadata])
  rebuild_quantised,  // (storage, offset, size, stride, quantiser, requires_grad, hooks)
  rebuild_tensor_with_type,  // v3: (storage, offset, size, stride, requires_grad, hooks, dtype[, metadata])
  rebuild_parameter,         // (tensor, requires_grad, hooks[, state])
  rebuild_from_type,         // (function, class, arguments, state): a tensor with attributes
};

struct PickleName {
  PickleCall call = PickleCall::make_object;
  std::optional<DType> dtype;  // of a storage; none: untyped, counted in bytes
};

// name: "module.name"; nothing for what is not on the list.
std::optional<PickleName> listed_name(std::string_view name);

// "torch.float32" and its like.
std::optional<DType> torch_dtype(std::string_view name);

// The name of the storage class for a dtype, "FloatStorage"; nullptr where PyTorch has none, and keeps the dtype's name
// beside an untyped storage.
const char* storage_class(DType dtype);

// The name of a dtype in the module torch: "float32"; nullptr where PyTorch has none.
const char* torch_name(DType dtype);

}  // namespace pixnerd::checkpoint
