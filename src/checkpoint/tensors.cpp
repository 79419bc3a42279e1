#include "checkpoint/tensors.h"

#include <ATen/ops/from_blob.h>
#include <c10/core/GradMode.h>
#include <c10/core/ScalarType.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "checkpoint/messages.h"

namespace pixnerd::checkpoint {
namespace {

std::optional<DType> dtype_of(c10::ScalarType type) {
  for (size_t i = 0; i < kDTypes; ++i) {
    if (scalar_type_of(dtype_numbered(i)) == type) return dtype_numbered(i);
  }
  return std::nullopt;
}

// A bool of another value than 0 and 1 would be undefined behaviour in whatever code reads it.
void require_bools(const StridedEntry& entry, const std::string& source) {
  const auto wrong = std::find_if(entry.data, entry.data + entry.bytes, [](std::byte b) { return b > std::byte{1}; });
  if (wrong != entry.data + entry.bytes) {
    throw error_in(source, concat(printable(entry.name), " is BOOL and has an element that is neither 0 nor 1"));
  }
}

// Elements of any type of the right size, where they lie or, if that is unaligned, copied.
at::Tensor elements_of(const StridedEntry& entry, c10::ScalarType type, const std::shared_ptr<const void>& file) {
  const auto options = at::TensorOptions().dtype(type);
  if (reinterpret_cast<uintptr_t>(entry.data) % c10::elementSize(type) != 0) {
    auto aligned = std::make_shared<std::vector<std::byte>>(entry.data, entry.data + entry.bytes);
    MappedSources sources;
    sources.add(entry.data);
    require_unchanged(sources);
    std::byte* const start = aligned->data();
    return at::from_blob(
        start, entry.shape, entry.strides, [aligned](void*) {}, options);
  }
  // What is not used any more, because it was copied or packed, needs no memory.
  const auto release = [file, data = entry.data, bytes = entry.bytes](void*) { MappedFile::release(data, bytes); };
  return at::from_blob(const_cast<std::byte*>(entry.data), entry.shape, entry.strides, release, options);
}

template <class Named>
MappedSources sources_of_each(const Named& tensors) {
  MappedSources sources;
  for (const auto& [name, tensor] : tensors) {
    if (tensor.defined() && tensor.device().is_cpu()) sources.add(tensor.const_data_ptr());
  }
  return sources;
}

at::Tensor tensor_of(const StridedEntry& entry, const std::shared_ptr<const void>& file, const std::string& source) {
  if (entry.dtype == DType::BOOL) require_bools(entry, source);
  const c10::ScalarType type = scalar_type_of(entry.dtype);
  if (type != c10::ScalarType::Undefined) return elements_of(entry, type, file);
  throw error_in(source, concat(printable(entry.name), " is ", name_of(entry.dtype),
                                ", which pixnerd does not compute with; save it in another type"));
}

// A type of so many bytes, for elements that are only moved.
c10::ScalarType stand_in(size_t bytes) {
  switch (bytes) {
    case 1:
      return c10::kByte;
    case 2:
      return c10::kShort;
    case 4:
      return c10::kInt;
    case 8:
      return c10::kLong;
    default:
      return c10::kComplexDouble;
  }
}

// "first (and 2 more)"; nothing if it did not happen.
struct Trouble {
  std::string first;
  size_t count = 0;

  void add(const std::string& what) {
    if (count++ == 0) first = what;
  }
};

std::string joined(std::initializer_list<Trouble> troubles) {
  std::string text;
  for (const Trouble& trouble : troubles) {
    if (trouble.count == 0) continue;
    if (!text.empty()) text += "; ";
    text += trouble.first;
    if (trouble.count > 1) text += concat(" (and ", trouble.count - 1, " more)");
  }
  return text;
}

bool converts(const at::Tensor& from, const at::Tensor& to) {
  return from.scalar_type() == to.scalar_type() || (from.is_floating_point() && to.is_floating_point());
}

}  // namespace

c10::ScalarType scalar_type_of(DType dtype) {
  switch (dtype) {
    case DType::U64:
      return c10::kUInt64;
    case DType::I64:
      return c10::kLong;
    case DType::F64:
      return c10::kDouble;
    case DType::C64:
      return c10::kComplexFloat;
    case DType::F32:
      return c10::kFloat;
    case DType::U32:
      return c10::kUInt32;
    case DType::I32:
      return c10::kInt;
    case DType::BF16:
      return c10::kBFloat16;
    case DType::F16:
      return c10::kHalf;
    case DType::U16:
      return c10::kUInt16;
    case DType::I16:
      return c10::kShort;
    case DType::F8_E5M2FNUZ:
      return c10::kFloat8_e5m2fnuz;
    case DType::F8_E4M3FNUZ:
      return c10::kFloat8_e4m3fnuz;
    case DType::F8_E4M3:
      return c10::kFloat8_e4m3fn;
    case DType::F8_E5M2:
      return c10::kFloat8_e5m2;
    case DType::I8:
      return c10::kChar;
    case DType::U8:
      return c10::kByte;
    case DType::BOOL:
      return c10::kBool;
    case DType::complex128:
      return c10::kComplexDouble;
    case DType::complex32:
      return c10::kComplexHalf;
    default:  // scales, elements of less than a byte, and what needs a quantiser
      return c10::ScalarType::Undefined;
  }
}

MappedSources sources_of(const NamedTensors& tensors) {
  return sources_of_each(tensors);
}

MappedSources sources_of(const std::map<std::string, at::Tensor>& tensors) {
  return sources_of_each(tensors);
}

void require_unchanged(const std::map<std::string, at::Tensor>& tensors) {
  require_unchanged(sources_of(tensors));
}

at::Tensor tensor_of(const std::shared_ptr<const WeightsFile>& file, const StridedEntry& entry) {
  return tensor_of(entry, file, file->source());
}

std::span<const std::byte> row_major_bytes(const std::shared_ptr<const WeightsFile>& file, const StridedEntry& entry,
                                           at::Tensor& kept) {
  const uint64_t bytes = bytes_of(static_cast<uint64_t>(entry.elements()), entry.dtype);
  if (entry.dtype == DType::BOOL) require_bools(entry, file->source());
  if (entry.is_contiguous()) return {entry.data, bytes};
  if (bits_of(entry.dtype) < 8) {
    throw error_in(file->source(), concat(printable(entry.name), " is a view of ", name_of(entry.dtype),
                                          ", which is not copied; save it by itself"));
  }
  kept = elements_of(entry, stand_in(bytes_of(entry.dtype)), file).contiguous();
  return {static_cast<const std::byte*>(kept.const_data_ptr()), kept.nbytes()};
}

Loaded load_safetensors(const std::filesystem::path& path) {
  const std::shared_ptr<const SafetensorsFile> file = SafetensorsFile::open(path);
  Loaded loaded;
  loaded.metadata = file->metadata();
  for (const TensorEntry& entry : file->entries()) {
    const StridedEntry strided{entry.name, entry.dtype, entry.shape, row_major(entry.shape), entry.data, entry.bytes};
    loaded.tensors.emplace(entry.name, tensor_of(strided, file, path.string()));
  }
  return loaded;
}

void save_safetensors(const std::filesystem::path& path, const NamedTensors& tensors, const Metadata& metadata) {
  std::vector<at::Tensor> values;  // keeps the bytes alive until they are written
  std::vector<TensorEntry> entries;
  for (const auto& [name, tensor] : tensors) {
    const auto fail = [&path, &shown = name](const auto&... what) {
      throw error_in(path.string(), concat(printable(shown), " ", what...));
    };
    if (!tensor.defined()) fail("is an undefined tensor");
    if (tensor.layout() != c10::kStrided) fail("is sparse; safetensors files hold dense tensors only");
    const std::optional<DType> dtype = dtype_of(tensor.scalar_type());
    if (!dtype) fail("has dtype ", c10::toString(tensor.scalar_type()), ", which is not written to safetensors files");
    const at::Tensor& value = values.emplace_back(tensor.detach().resolve_neg().cpu().contiguous());
    entries.push_back(
        {name, *dtype, value.sizes().vec(), static_cast<const std::byte*>(value.const_data_ptr()), value.nbytes()});
  }
  write_safetensors(path, entries, metadata);
}

void check_names_and_shapes(const NamedTensors& parameters, const std::map<std::string, at::Tensor>& from,
                            const std::string& source) {
  Trouble missing, shape, kind, surplus;
  std::map<std::string, at::Tensor> unused = from;
  for (const auto& [name, parameter] : parameters) {
    unused.erase(name);
    const auto found = from.find(name);
    if (found == from.end()) {
      missing.add(concat(printable(name), " is missing"));
    } else if (found->second.sizes() != parameter.sizes()) {
      shape.add(
          concat(printable(name), " has shape ", found->second.sizes(), ", the config needs ", parameter.sizes()));
    } else if (!converts(found->second, parameter)) {
      kind.add(concat(printable(name), " has dtype ", c10::toString(found->second.scalar_type()), ", the config needs ",
                      c10::toString(parameter.scalar_type())));
    }
  }
  for (const auto& [name, tensor] : unused) {
    surplus.add(concat(printable(name), " is no parameter of the config's network"));
  }
  const std::string troubles = joined({shape, missing, surplus, kind});
  if (!troubles.empty()) throw error_in(source, troubles);
}

void copy_into(const NamedTensors& parameters, const std::map<std::string, at::Tensor>& from,
               const std::string& source) {
  check_names_and_shapes(parameters, from, source);
  const c10::NoGradGuard no_grad;
  for (const auto& [name, parameter] : parameters) parameter.copy_(from.at(name));
  require_unchanged(from);
}

}  // namespace pixnerd::checkpoint
