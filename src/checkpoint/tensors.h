// Named tensors from files of weights, to safetensors files, and into a network's parameters.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/ScalarType.h>

#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/safetensors.h"
#include "checkpoint/weights_file.h"

namespace pixnerd::checkpoint {

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

struct Loaded {
  std::map<std::string, at::Tensor> tensors;
  Metadata metadata;
};

// Tensors on the CPU, in the file's dtypes. They alias the mapped file, which stays open as long as one of them
// lives: nothing is read until it is used, and writing into one in place changes no file. (Elements that lie unaligned
// in the file are copied.) Whoever has used them asks require_unchanged() before it gives on what it made of them.
// Throws DataError if the file cannot be opened, CheckpointError if it is malformed.
Loaded load_safetensors(const std::filesystem::path& path);

// One tensor of any file of weights, with its own strides, which may not be row-major; everything else as above.
// CheckpointError naming it if it is of a type that has no scalar_type_of().
at::Tensor tensor_of(const std::shared_ptr<const WeightsFile>& file, const StridedEntry& entry);

// The mapped files that tensors lie in, and that they are still what they were: see weights_file.h.
MappedSources sources_of(const NamedTensors& tensors);
MappedSources sources_of(const std::map<std::string, at::Tensor>& tensors);
void require_unchanged(const std::map<std::string, at::Tensor>& tensors);

// The bytes of its elements in row-major order, whatever their type, in the file itself or, for views, in `kept`.
std::span<const std::byte> row_major_bytes(const std::shared_ptr<const WeightsFile>& file, const StridedEntry& entry,
                                           at::Tensor& kept);

// Undefined for types that are only listed and copied.
c10::ScalarType scalar_type_of(DType dtype);

// Writes the values, from whatever device and strides; order does not matter, views that share storage are written
// in full. Throws CheckpointError naming the tensor for a dtype or layout the format lacks and for a name given
// twice, DataError if the file cannot be written.
void save_safetensors(const std::filesystem::path& path, const NamedTensors& tensors, const Metadata& metadata = {});

// Checks that `from` holds exactly the parameters, with their shapes; floating dtypes count as one kind. Throws
// CheckpointError if a parameter is missing from `from`, has another shape or kind of dtype there, or if `from` has
// an entry that is no parameter; the message begins with source, names the first of each trouble and counts the rest:
//   checkpoint 'x.safetensors': blocks.3.norm1.weight has shape [96], the config needs [128] (and 2 more)
void check_names_and_shapes(const NamedTensors& parameters, const std::map<std::string, at::Tensor>& from,
                            const std::string& source);

// Copies from[name] into each parameter, in place, without autograd; floating dtypes convert into each other.
// All is checked, as above, before anything is copied; and afterwards, that the files that `from` lies in are
// unchanged.
void copy_into(const NamedTensors& parameters, const std::map<std::string, at::Tensor>& from,
               const std::string& source);

}  // namespace pixnerd::checkpoint
