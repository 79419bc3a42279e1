#include "checkpoint/pickle_names.h"

#include <algorithm>
#include <iterator>
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

// storage: of types that stand in a typed storage; the others lie in an untyped one.
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
    {DType::C64, "ComplexFloatStorage", {"complex64", "cfloat"}},
    {DType::complex128, "ComplexDoubleStorage", {"complex128", "cdouble"}},
    {DType::qint32, "QInt32Storage", {"qint32"}},
    {DType::qint8, "QInt8Storage", {"qint8"}},
    {DType::quint8, "QUInt8Storage", {"quint8"}},
    {DType::quint4x2, "QUInt4x2Storage", {"quint4x2"}},
    {DType::quint2x4, "QUInt2x4Storage", {"quint2x4"}},
    {DType::U64, nullptr, {"uint64"}},
    {DType::U32, nullptr, {"uint32"}},
    {DType::U16, nullptr, {"uint16"}},
    {DType::F8_E5M2FNUZ, nullptr, {"float8_e5m2fnuz"}},
    {DType::F8_E4M3FNUZ, nullptr, {"float8_e4m3fnuz"}},
    {DType::F8_E8M0, nullptr, {"float8_e8m0fnu"}},
    {DType::F8_E4M3, nullptr, {"float8_e4m3fn"}},
    {DType::F8_E5M2, nullptr, {"float8_e5m2"}},
    {DType::float4_x2, nullptr, {"float4_e2m1fn_x2"}},
    {DType::complex32, nullptr, {"complex32", "chalf"}},
    {DType::bits16, nullptr, {"bits16"}},
    {DType::bits8, nullptr, {"bits8"}},
    {DType::bits4x2, nullptr, {"bits4x2"}},
    {DType::bits2x4, nullptr, {"bits2x4"}},
    {DType::bits1x8, nullptr, {"bits1x8"}},
};

constexpr std::pair<std::string_view, PickleCall> kCalls[] = {
    {"collections.OrderedDict", PickleCall::make_dict},
    {"collections.Counter", PickleCall::keep_first},
    {"builtins.set", PickleCall::make_set},
    {"builtins.frozenset", PickleCall::make_set},
    {"builtins.bytearray", PickleCall::keep_first},
    {"_codecs.encode", PickleCall::keep_first},
    {"torch.Size", PickleCall::keep_first},
    {"torch._utils._rebuild_tensor", PickleCall::rebuild_tensor},
    {"torch._utils._rebuild_tensor_v2", PickleCall::rebuild_tensor},
    {"torch._utils._rebuild_qtensor", PickleCall::rebuild_quantised},
    {"torch._utils._rebuild_tensor_v3", PickleCall::rebuild_tensor_with_type},
    {"torch._utils._rebuild_parameter", PickleCall::rebuild_parameter},
    {"torch._utils._rebuild_parameter_with_state", PickleCall::rebuild_parameter},
    {"torch._tensor._rebuild_from_type_v2", PickleCall::rebuild_from_type},
    {"lightning_fabric.utilities.data.AttributeDict", PickleCall::make_dict},
    {"lightning.fabric.utilities.data.AttributeDict", PickleCall::make_dict},
    {"pytorch_lightning.utilities.parsing.AttributeDict", PickleCall::make_dict},
};

// Plain classes that settings beside weights are made of, and tensors of forms that no weights have. They become inert
// objects, whose content is looked through for tensors.
constexpr std::string_view kInert[] = {
    "argparse.Namespace",
    "builtins.bool",
    "builtins.bytes",
    "builtins.complex",
    "builtins.dict",
    "builtins.float",
    "builtins.int",
    "builtins.list",
    "builtins.object",
    "builtins.str",
    "builtins.tuple",
    "collections.defaultdict",
    "pathlib.PosixPath",
    "pathlib.PurePosixPath",
    "pathlib.WindowsPath",
    "pathlib._local.PosixPath",
    "typing.Any",
    "numpy.dtype",
    "numpy.ndarray",
    "numpy.core.multiarray._reconstruct",
    "numpy.core.multiarray.scalar",
    "numpy._core.multiarray._reconstruct",
    "numpy._core.multiarray.scalar",
    "torch.device",
    "torch.Tensor",
    "torch.nn.parameter.Parameter",
    "torch.bit",
    "torch.strided",
    "torch.sparse_coo",
    "torch.contiguous_format",
    "torch.channels_last",
    "torch.preserve_format",
    "torch.per_tensor_affine",
    "torch.per_channel_affine",
    "torch.per_channel_affine_float_qparams",
    "torch._utils._rebuild_sparse_tensor",
    "torch._utils._rebuild_nested_tensor",
    "torch._utils._rebuild_meta_tensor_no_storage",
    "torch.serialization._get_layout",
};
// Configurations of omegaconf, whose classes hold nothing but their content and their parents.
constexpr std::string_view kInertModules[] = {"omegaconf.dictconfig.", "omegaconf.listconfig.", "omegaconf.nodes.",
                                              "omegaconf.base."};

bool is_inert(std::string_view name) {
  const auto in_module = [&](std::string_view module) { return name.starts_with(module); };
  return std::find(std::begin(kInert), std::end(kInert), name) != std::end(kInert) ||
         std::any_of(std::begin(kInertModules), std::end(kInertModules), in_module);
}

// torch.int1 to torch.uint7, which name types of less than a byte that no tensor in a file has.
bool is_small_integer(std::string_view name) {
  for (const std::string_view kind : {"torch.int", "torch.uint"}) {
    if (name.starts_with(kind) && name.size() == kind.size() + 1 && name.back() >= '1' && name.back() <= '7')
      return true;
  }
  return false;
}

}  // namespace

std::optional<PickleName> listed_name(std::string_view name) {
  for (const auto& [listed, call] : kCalls) {
    if (name == listed) return PickleName{call, std::nullopt};
  }
  if (is_inert(name) || is_small_integer(name)) return PickleName{PickleCall::make_object, std::nullopt};
  for (const std::string_view module : {"torch.storage.", "torch."}) {
    if (!name.starts_with(module)) continue;
    const std::string_view type = name.substr(module.size());
    if (type == "UntypedStorage") return PickleName{PickleCall::storage, std::nullopt};
    for (const TorchType& each : kTypes) {
      if (each.storage != nullptr && type == each.storage) return PickleName{PickleCall::storage, each.dtype};
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
  return nullptr;
}

const char* torch_name(DType dtype) {
  for (const TorchType& type : kTypes) {
    if (type.dtype == dtype) return type.names[0];
  }
  return nullptr;
}

}  // namespace pixnerd::checkpoint
