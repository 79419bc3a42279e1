#include "checkpoint/pickle_names.h"

#include <string>
#include <utility>

#include "core/text.h"

namespace pixnerd::checkpoint {
namespace {

struct TorchType {
  DType dtype;
  const char* storage;
  const char* names[3];  // of the dtype itself
};

constexpr TorchType kTypes[] = {
    {DType::I64, "LongStorage", {"int64", "long"}},
    {DType::F64, "DoubleStorage", {"float64", "double"}},
    {DType::F32, "FloatStorage", {"float32", "float"}},
    {DType::I32, "IntStorage", {"int32", "int"}},
    {DType::BF16, "BFloat16Storage", {"bfloat16"}},
    {DType::F16, "HalfStorage", {"float16", "half"}},
    {DType::I16, "ShortStorage", {"int16", "short"}},
    {DType::I8, "CharStorage", {"int8"}},
    {DType::U8, "ByteStorage", {"uint8"}},
    {DType::BOOL, "BoolStorage", {"bool"}},
};

constexpr std::pair<std::string_view, PickleCall> kCalls[] = {
    {"collections.OrderedDict", PickleCall::make_dict},
    {"collections.Counter", PickleCall::keep_first},
    {"builtins.set", PickleCall::make_set},
    {"builtins.frozenset", PickleCall::make_set},
    {"builtins.bytearray", PickleCall::keep_first},
    {"_codecs.encode", PickleCall::keep_first},
    {"torch.Size", PickleCall::keep_first},
    {"torch.device", PickleCall::make_object},
    {"torch.Tensor", PickleCall::make_object},
    {"torch.nn.parameter.Parameter", PickleCall::make_object},
    {"torch._utils._rebuild_tensor", PickleCall::rebuild_tensor},
    {"torch._utils._rebuild_tensor_v2", PickleCall::rebuild_tensor},
    {"torch._utils._rebuild_tensor_v3", PickleCall::rebuild_tensor_with_type},
    {"torch._utils._rebuild_parameter", PickleCall::rebuild_parameter},
    {"torch._utils._rebuild_parameter_with_state", PickleCall::rebuild_parameter},
    {"torch._tensor._rebuild_from_type_v2", PickleCall::rebuild_from_type},
    {"lightning_fabric.utilities.data.AttributeDict", PickleCall::make_dict},
    {"lightning.fabric.utilities.data.AttributeDict", PickleCall::make_dict},
    {"pytorch_lightning.utilities.parsing.AttributeDict", PickleCall::make_dict},
};

}  // namespace

std::optional<PickleName> listed_name(std::string_view name) {
  for (const auto& [listed, call] : kCalls) {
    if (name == listed) return PickleName{call, std::nullopt};
  }
  for (const std::string_view module : {"torch.storage.", "torch."}) {
    if (!name.starts_with(module)) continue;
    const std::string_view type = name.substr(module.size());
    if (type == "UntypedStorage") return PickleName{PickleCall::storage, std::nullopt};
    for (const TorchType& each : kTypes) {
      if (type == each.storage) return PickleName{PickleCall::storage, each.dtype};
    }
  }
  return std::nullopt;
}

std::optional<DType> torch_dtype(std::string_view name) {
  constexpr std::string_view kModule = "torch.";
  if (!name.starts_with(kModule)) return std::nullopt;
  for (const TorchType& type : kTypes) {
    for (const char* each : type.names) {
      if (each != nullptr && name.substr(kModule.size()) == each) return type.dtype;
    }
  }
  return std::nullopt;
}

const char* storage_class(DType dtype) {
  for (const TorchType& type : kTypes) {
    if (type.dtype == dtype) return type.storage;
  }
  return "";
}

}  // namespace pixnerd::checkpoint
