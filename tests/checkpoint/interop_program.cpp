// The C++ half of python_interop_test.py:
//   interop_program write FILE    saves tensors(), with one line of metadata, in the format that FILE's ending names
//   interop_program check FILE    exit code 0 only if FILE holds exactly tensors() and that metadata
//   interop_program list FILE     a line for each tensor: name, dtype, shape, the elements' bytes in hexadecimal
//   interop_program ends FILE     a line for each tensor: name, number of elements, first and last element
// The Python half makes the same tensors on its own, so that both must mean the same by every dtype and shape.
#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>

#include <cstdio>
#include <exception>
#include <string>
#include <string_view>

#include "checkpoint/shard_index.h"
#include "checkpoint/tensors.h"
#include "checkpoint/torch_writer.h"
#include "core/text.h"

namespace pixnerd::checkpoint {
namespace {

const Metadata kMetadata = {{"config", "model:\n  name: \"größe\"\n"}};
constexpr std::string_view kStateDict = "state_dict/";

constexpr DType kTypes[] = {DType::I64, DType::F64, DType::F32, DType::I32, DType::BF16,
                            DType::F16, DType::I16, DType::I8,  DType::U8,  DType::BOOL};

NamedTensors tensors() {
  NamedTensors all;
  for (const DType dtype : kTypes) {
    const c10::ScalarType type = scalar_type_of(dtype);
    const bool is_signed = type != c10::kByte && type != c10::kBool;
    at::Tensor values = at::arange(24).sub(is_signed ? 12 : 0);
    if (type == c10::kBool) values = values.remainder(2);
    if (c10::isFloatingType(type)) values = values.to(c10::kDouble).div(8);
    values = values.to(type);
    const std::string prefix = concat("größe \"", name_of(dtype), "\".");
    all.emplace_back(prefix + "matrix", values.reshape({2, 3, 4}));
    all.emplace_back(prefix + "scalar", values[5].clone());
    all.emplace_back(prefix + "empty", values.slice(0, 0, 0).reshape({3, 0}));
    all.emplace_back(prefix + "odd", values.slice(0, 0, 5).clone());
  }
  return all;
}

void write(const std::string& path) {
  const NamedTensors named = tensors();
  std::vector<TensorEntry> entries;
  for (size_t i = 0; i < named.size(); ++i) {
    const auto& [name, tensor] = named[i];
    entries.push_back({name, kTypes[i / 4], tensor.sizes().vec(),
                       static_cast<const std::byte*>(tensor.const_data_ptr()), tensor.nbytes()});
  }
  constexpr uint64_t kShardBytes = 500;
  if (path.ends_with(".safetensors")) return save_safetensors(path, named, kMetadata);
  if (path.ends_with(kIndexEnding)) return write_shards(path, entries, kMetadata, kShardBytes);
  write_torch_file(path, entries, kMetadata);
}

bool check(const std::string& path) {
  const auto file = WeightsFile::open(path);
  const NamedTensors all = tensors();
  bool same = file->metadata() == kMetadata && file->entries().size() == all.size();
  if (!same) std::fprintf(stderr, "the metadata or the number of tensors differ\n");
  for (const auto& [name, expected] : all) {
    const StridedEntry* entry = file->find(file->pickle() != nullptr ? concat(kStateDict, name) : name);
    if (entry != nullptr) {
      const at::Tensor found = tensor_of(file, *entry);
      if (found.scalar_type() == expected.scalar_type() && found.sizes() == expected.sizes() && found.equal(expected)) {
        continue;
      }
    }
    std::fprintf(stderr, "%s is missing or differs\n", name.c_str());
    same = false;
  }
  return same;
}

void list(const std::string& path) {
  const auto file = WeightsFile::open(path);
  for (const StridedEntry& entry : file->entries()) {
    at::Tensor kept;
    std::printf("%s\t%s\t%s\t", entry.name.c_str(), name_of(entry.dtype), concat(entry.shape).c_str());
    for (const std::byte each : row_major_bytes(file, entry, kept)) std::printf("%02x", static_cast<unsigned>(each));
    std::printf("\n");
  }
}

void ends(const std::string& path) {
  const auto file = WeightsFile::open(path);
  for (const StridedEntry& entry : file->entries()) {
    const at::Tensor tensor = tensor_of(file, entry).view({-1});
    std::printf("%s\t%lld\t%g\t%g\n", entry.name.c_str(), static_cast<long long>(tensor.numel()),
                tensor[0].item<double>(), tensor[-1].item<double>());
  }
}

bool run(std::string_view mode, const std::string& path) {
  if (mode == "write") return write(path), true;
  if (mode == "check") return check(path);
  if (mode == "list") return list(path), true;
  if (mode == "ends") return ends(path), true;
  std::fprintf(stderr, "usage: write|check|list|ends FILE\n");
  return false;
}

}  // namespace
}  // namespace pixnerd::checkpoint

int main(int argc, char** argv) {
  try {
    return pixnerd::checkpoint::run(argc == 3 ? argv[1] : "", argc == 3 ? argv[2] : "") ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
