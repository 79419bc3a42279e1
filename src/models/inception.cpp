#include "models/inception.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/upsample_bilinear2d.h>

#include <algorithm>
#include <vector>

#include "checkpoint/tensors.h"
#include "core/errors.h"
#include "core/hash.h"
#include "core/text.h"

namespace pixnerd::models {
namespace {

constexpr int64_t kSpatialChannels = 7;

// Where TensorFlow 1 samples a side of `size` pixels: between `low` and `high`, `share` of the way.
struct Samples {
  at::Tensor low, high, share;  // [299]
};

Samples samples_of(int64_t size) {
  std::vector<int64_t> low, high;
  std::vector<float> share;
  const float scale = static_cast<float>(size) / static_cast<float>(kInceptionSide);
  for (int64_t i = 0; i < kInceptionSide; ++i) {
    const float position = static_cast<float>(i) * scale;
    low.push_back(static_cast<int64_t>(position));
    high.push_back(std::min(low.back() + 1, size - 1));
    share.push_back(position - static_cast<float>(low.back()));
  }
  return {at::tensor(low, at::kLong), at::tensor(high, at::kLong), at::tensor(share, at::kFloat)};
}

// a + (b - a) share along side `dimension` of x [B, H, W, 3].
at::Tensor interpolate(const at::Tensor& x, int64_t dimension, at::IntArrayRef share_shape) {
  const Samples samples = samples_of(x.size(dimension));
  const at::Tensor low = x.index_select(dimension, samples.low);
  return (x.index_select(dimension, samples.high) - low).mul_(samples.share.view(share_shape)).add_(low);
}

at::Tensor largest_of_3x3(const at::Tensor& x, int64_t stride, int64_t padding) {
  return at::max_pool2d(x, {3, 3}, {stride, stride}, {padding, padding});
}

at::Tensor mean_of_3x3(const at::Tensor& x) {
  return at::avg_pool2d(x, {3, 3}, {1, 1}, {1, 1}, /*ceil_mode=*/false, /*count_include_pad=*/false);
}

checkpoint::NamedTensors expected_tensors() {
  checkpoint::NamedTensors expected;
  const auto add = [&](std::string name, at::IntArrayRef shape) {
    expected.emplace_back(std::move(name), at::empty(shape, at::TensorOptions(at::kFloat).device(at::kMeta)));
  };
  for (const InceptionLayer& layer : inception_layers()) {
    add(concat(layer.name, ".conv.weight"), {layer.out, layer.in, layer.height, layer.width});
    for (const char* part : {"weight", "bias", "running_mean", "running_var"}) {
      add(concat(layer.name, ".bn.", part), {layer.out});
    }
  }
  add("fc.weight", {kInceptionClasses, kPooledFeatures});
  add("fc.bias", {kInceptionClasses});
  return expected;
}

void require_the_fid_network(const std::map<std::string, at::Tensor>& tensors, const std::string& source) {
  const auto classes = tensors.find("fc.bias");
  if (classes != tensors.end() && classes->second.numel() == 1000) {
    throw CheckpointError(concat("checkpoint '", source,
                                 "': is an Inception-v3 of 1000 classes, such as torchvision's; ",
                                 "FID is defined on pt_inception-2015-12-05, which has 1008"));
  }
  auto counted = tensors;
  std::erase_if(counted, [](const auto& each) { return each.first.ends_with(".num_batches_tracked"); });
  checkpoint::check_names_and_shapes(expected_tensors(), counted, source);
}

uint64_t hash_of_values(const at::Tensor& tensor, uint64_t before) {
  const at::Tensor values = tensor.to(at::kFloat).contiguous();
  return hash_of({static_cast<const char*>(values.const_data_ptr()), values.nbytes()}, before);
}

}  // namespace

at::Tensor inception_input(const at::Tensor& pictures, InceptionResize resize) {
  const at::NoGradGuard no_gradients;
  const at::Tensor x = pictures.to(at::kFloat);  // [B, H, W, 3]
  if (resize == InceptionResize::pytorch) {
    const at::Tensor resized = at::upsample_bilinear2d((x / 255).permute({0, 3, 1, 2}),
                                                       {kInceptionSide, kInceptionSide}, /*align_corners=*/false);
    return (resized * 2 - 1).contiguous(at::MemoryFormat::ChannelsLast);
  }
  const at::Tensor wide = interpolate(x, 2, {1, 1, kInceptionSide, 1});
  return interpolate(wide, 1, {1, kInceptionSide, 1, 1}).sub_(128).div_(128).permute({0, 3, 1, 2});
}

Inception::Inception(const std::map<std::string, at::Tensor>& tensors, const std::string& source, at::ScalarType type)
    : type_(type), fingerprint_(kEmptyHash) {
  const at::NoGradGuard no_gradients;
  require_the_fid_network(tensors, source);
  for (const InceptionLayer& layer : inception_layers()) {
    const std::string name = layer.name, norm = name + ".bn.";
    const at::Tensor& weight = tensors.at(name + ".conv.weight");
    layers_.emplace(name, InceptionConvolution(layer, weight,
                                               {tensors.at(norm + "weight"), tensors.at(norm + "bias"),
                                                tensors.at(norm + "running_mean"), tensors.at(norm + "running_var")},
                                               type));
  }
  weight_ = tensors.at("fc.weight").to(at::kFloat).clone();
  bias_ = tensors.at("fc.bias").to(at::kFloat).clone();
  fingerprint_ = hash_of_values(tensors.at("Conv2d_1a_3x3.conv.weight"), fingerprint_);
  fingerprint_ = hash_of_values(tensors.at("Mixed_7c.branch_pool.bn.running_mean"), fingerprint_);
  fingerprint_ = hash_of_values(bias_, fingerprint_);
}

Inception Inception::load(const std::filesystem::path& path, at::ScalarType type) {
  const auto file = checkpoint::WeightsFile::open(path);
  std::map<std::string, at::Tensor> tensors;
  for (const checkpoint::StridedEntry& entry : file->entries()) {
    const size_t last = entry.name.rfind('/');  // the file's outermost dict may be wrapped in others
    tensors.emplace(last == std::string::npos ? entry.name : entry.name.substr(last + 1),
                    checkpoint::tensor_of(file, entry));
  }
  return Inception(tensors, file->source(), type);
}

at::Tensor Inception::convolve_all(const std::string& block, std::initializer_list<const char*> names,
                                   at::Tensor x) const {
  for (const char* name : names) x = convolve(block + name, x);
  return x;
}

at::Tensor Inception::stem(const at::Tensor& x) const {
  const at::Tensor early = convolve_all("Conv2d_", {"1a_3x3", "2a_3x3", "2b_3x3"}, x);
  const at::Tensor late = convolve_all("Conv2d_", {"3b_1x1", "4a_3x3"}, largest_of_3x3(early, 2, 0));
  return largest_of_3x3(late, 2, 0);  // [B, 192, 35, 35]
}

at::Tensor Inception::block_5(const std::string& name, const at::Tensor& x) const {
  return at::cat({convolve(name + ".branch1x1", x), convolve_all(name, {".branch5x5_1", ".branch5x5_2"}, x),
                  convolve_all(name, {".branch3x3dbl_1", ".branch3x3dbl_2", ".branch3x3dbl_3"}, x),
                  convolve(name + ".branch_pool", mean_of_3x3(x))},
                 1);
}

at::Tensor Inception::block_6a(const at::Tensor& x) const {
  return at::cat(
      {convolve("Mixed_6a.branch3x3", x),
       convolve_all("Mixed_6a", {".branch3x3dbl_1", ".branch3x3dbl_2", ".branch3x3dbl_3"}, x), largest_of_3x3(x, 2, 0)},
      1);  // [B, 768, 17, 17]
}

at::Tensor Inception::block_6(const std::string& name, const at::Tensor& x, at::Tensor* first_branch) const {
  const at::Tensor first = convolve(name + ".branch1x1", x);
  if (first_branch != nullptr) *first_branch = first;
  return at::cat(
      {first, convolve_all(name, {".branch7x7_1", ".branch7x7_2", ".branch7x7_3"}, x),
       convolve_all(name,
                    {".branch7x7dbl_1", ".branch7x7dbl_2", ".branch7x7dbl_3", ".branch7x7dbl_4", ".branch7x7dbl_5"}, x),
       convolve(name + ".branch_pool", mean_of_3x3(x))},
      1);
}

at::Tensor Inception::block_7a(const at::Tensor& x) const {
  return at::cat({convolve_all("Mixed_7a", {".branch3x3_1", ".branch3x3_2"}, x),
                  convolve_all("Mixed_7a", {".branch7x7x3_1", ".branch7x7x3_2", ".branch7x7x3_3", ".branch7x7x3_4"}, x),
                  largest_of_3x3(x, 2, 0)},
                 1);  // [B, 1280, 8, 8]
}

at::Tensor Inception::block_7(const std::string& name, const at::Tensor& x, bool pools_by_maximum) const {
  const at::Tensor square = convolve(name + ".branch3x3_1", x);
  const at::Tensor twice = convolve_all(name, {".branch3x3dbl_1", ".branch3x3dbl_2"}, x);
  const at::Tensor pooled = pools_by_maximum ? largest_of_3x3(x, 1, 1) : mean_of_3x3(x);
  return at::cat({convolve(name + ".branch1x1", x), convolve(name + ".branch3x3_2a", square),
                  convolve(name + ".branch3x3_2b", square), convolve(name + ".branch3x3dbl_3a", twice),
                  convolve(name + ".branch3x3dbl_3b", twice), convolve(name + ".branch_pool", pooled)},
                 1);  // [B, 2048, 8, 8]
}

InceptionFeatures Inception::operator()(const at::Tensor& pictures) const {
  const at::NoGradGuard no_gradients;
  at::Tensor x = stem(pictures.to(type_).contiguous(at::MemoryFormat::ChannelsLast));
  for (const char* name : {"Mixed_5b", "Mixed_5c", "Mixed_5d"}) x = block_5(name, x);
  x = block_6a(x);
  at::Tensor first_branch;  // [B, 192, 17, 17]
  for (const char* name : {"Mixed_6b", "Mixed_6c"}) x = block_6(name, x);
  x = block_6("Mixed_6d", x, &first_branch);
  x = block_7a(block_6("Mixed_6e", x));
  x = block_7("Mixed_7c", block_7("Mixed_7b", x, false), true);

  InceptionFeatures features;
  features.pooled = x.to(at::kFloat).mean({2, 3});
  features.spatial = first_branch.narrow(1, 0, kSpatialChannels).permute({0, 2, 3, 1}).to(at::kFloat).flatten(1);
  features.logits = at::linear(features.pooled, weight_);
  return features;
}

}  // namespace pixnerd::models
