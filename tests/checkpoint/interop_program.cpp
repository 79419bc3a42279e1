// The C++ half of python_interop_test.py:
//   interop_program write FILE    saves tensors(), with one line of metadata
//   interop_program check FILE    exit code 0 only if FILE holds exactly tensors() and that metadata
// The Python half makes the same tensors on its own, so that both must mean the same by every dtype and shape.
#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>

#include <cstdio>
#include <exception>
#include <string>
#include <string_view>

#include "checkpoint/tensors.h"

namespace pixnerd::checkpoint {
namespace {

const Metadata kMetadata = {{"config", "model:\n  name: \"größe\"\n"}};

NamedTensors tensors() {
  const std::pair<const char*, c10::ScalarType> types[] = {
      {"int64", c10::kLong},        {"float64", c10::kDouble}, {"float32", c10::kFloat}, {"int32", c10::kInt},
      {"bfloat16", c10::kBFloat16}, {"float16", c10::kHalf},   {"int16", c10::kShort},   {"int8", c10::kChar},
      {"uint8", c10::kByte},        {"bool", c10::kBool}};
  NamedTensors all;
  for (const auto& [name, type] : types) {
    const bool is_signed = type != c10::kByte && type != c10::kBool;
    at::Tensor values = at::arange(24).sub(is_signed ? 12 : 0);
    if (type == c10::kBool) values = values.remainder(2);
    if (c10::isFloatingType(type)) values = values.to(c10::kDouble).div(8);
    values = values.to(type);
    const std::string prefix = std::string("größe \"") + name + "\".";
    all.emplace_back(prefix + "matrix", values.reshape({2, 3, 4}));
    all.emplace_back(prefix + "scalar", values[5]);
    all.emplace_back(prefix + "empty", values.slice(0, 0, 0).reshape({3, 0}));
    all.emplace_back(prefix + "odd", values.slice(0, 0, 5));
  }
  return all;
}

bool check(const std::string& path) {
  const Loaded loaded = load_safetensors(path);
  bool same = loaded.metadata == kMetadata && loaded.tensors.size() == tensors().size();
  if (!same) std::fprintf(stderr, "the metadata or the number of tensors differ\n");
  for (const auto& [name, expected] : tensors()) {
    const auto found = loaded.tensors.find(name);
    if (found != loaded.tensors.end() && found->second.scalar_type() == expected.scalar_type() &&
        found->second.sizes() == expected.sizes() && found->second.equal(expected)) {
      continue;
    }
    std::fprintf(stderr, "%s is missing or differs\n", name.c_str());
    same = false;
  }
  return same;
}

}  // namespace
}  // namespace pixnerd::checkpoint

int main(int argc, char** argv) {
  const std::string_view mode = argc == 3 ? argv[1] : "";
  try {
    if (mode == "write") {
      pixnerd::checkpoint::save_safetensors(argv[2], pixnerd::checkpoint::tensors(), pixnerd::checkpoint::kMetadata);
      return 0;
    }
    if (mode == "check") return pixnerd::checkpoint::check(argv[2]) ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  std::fprintf(stderr, "usage: %s write|check FILE\n", argv[0]);
  return 2;
}
