// How fast are a picture's Inception features beside the framework's own operators? The baseline is the network as
// eager code has it: convolution, batch norm and ReLU one after the other, channels first. Weights are random; both
// have the same.
#include "models/inception.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <array>

#include "bench/table.h"
#include "core/text.h"
#include "models/inception_layers.h"
#include "tests/models/inception_weights.h"

namespace pixnerd::bench {
namespace {

using Names = std::initializer_list<const char*>;

class PlainInception {
 public:
  PlainInception(const std::map<std::string, at::Tensor>& weights, at::ScalarType type) {
    for (const auto& [name, value] : weights) weights_.emplace(name, value.to(type));
    for (const models::InceptionLayer& layer : models::inception_layers()) forms_.emplace(layer.name, form_of(layer));
  }

  at::Tensor operator()(at::Tensor x) {
    x = largest(all("Conv2d_", {"1a_3x3", "2a_3x3", "2b_3x3"}, x), 2, 0);
    x = largest(all("Conv2d_", {"3b_1x1", "4a_3x3"}, x), 2, 0);
    for (const char* name : {"Mixed_5b.", "Mixed_5c.", "Mixed_5d."}) {
      x = joined(
          name, x, mean(x),
          {{"branch1x1"}, {"branch5x5_1", "branch5x5_2"}, {"branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"}});
    }
    x = at::cat({all("Mixed_6a.", {"branch3x3"}, x),
                 all("Mixed_6a.", {"branch3x3dbl_1", "branch3x3dbl_2", "branch3x3dbl_3"}, x), largest(x, 2, 0)},
                1);
    for (const char* name : {"Mixed_6b.", "Mixed_6c.", "Mixed_6d.", "Mixed_6e."}) {
      x = joined(name, x, mean(x),
                 {{"branch1x1"},
                  {"branch7x7_1", "branch7x7_2", "branch7x7_3"},
                  {"branch7x7dbl_1", "branch7x7dbl_2", "branch7x7dbl_3", "branch7x7dbl_4", "branch7x7dbl_5"}});
    }
    x = at::cat(
        {all("Mixed_7a.", {"branch3x3_1", "branch3x3_2"}, x),
         all("Mixed_7a.", {"branch7x7x3_1", "branch7x7x3_2", "branch7x7x3_3", "branch7x7x3_4"}, x), largest(x, 2, 0)},
        1);
    x = last_block("Mixed_7b.", x, mean(x));
    x = last_block("Mixed_7c.", x, largest(x, 1, 1));
    return x.to(at::kFloat).mean({2, 3});
  }

  double operations() const { return operations_; }  // of all runs so far

 private:
  at::Tensor convolve(const std::string& name, const at::Tensor& x) {
    const nn::ConvolutionForm& form = forms_.at(name);
    const at::Tensor& weight = weights_.at(name + ".conv.weight");
    const at::Tensor y = at::conv2d(x, weight, {}, form.stride, form.padding);
    operations_ += 2.0 * static_cast<double>(y.numel()) * static_cast<double>(weight[0].numel());
    const std::string norm = name + ".bn.";
    return at::batch_norm(y, weights_.at(norm + "weight"), weights_.at(norm + "bias"),
                          weights_.at(norm + "running_mean"), weights_.at(norm + "running_var"), false, 0, 1e-3, true)
        .relu_();
  }
  at::Tensor all(const std::string& block, Names names, at::Tensor x) {
    for (const char* name : names) x = convolve(block + name, x);
    return x;
  }
  at::Tensor joined(const std::string& block, const at::Tensor& x, const at::Tensor& pooled,
                    std::initializer_list<Names> branches) {
    std::vector<at::Tensor> parts;
    for (const Names& names : branches) parts.push_back(all(block, names, x));
    parts.push_back(convolve(block + "branch_pool", pooled));
    return at::cat(parts, 1);
  }
  at::Tensor last_block(const std::string& block, const at::Tensor& x, const at::Tensor& pooled) {
    const at::Tensor square = convolve(block + "branch3x3_1", x);
    const at::Tensor twice = all(block, {"branch3x3dbl_1", "branch3x3dbl_2"}, x);
    return at::cat({convolve(block + "branch1x1", x), convolve(block + "branch3x3_2a", square),
                    convolve(block + "branch3x3_2b", square), convolve(block + "branch3x3dbl_3a", twice),
                    convolve(block + "branch3x3dbl_3b", twice), convolve(block + "branch_pool", pooled)},
                   1);
  }
  static at::Tensor largest(const at::Tensor& x, int64_t stride, int64_t padding) {
    return at::max_pool2d(x, {3, 3}, {stride, stride}, {padding, padding});
  }
  static at::Tensor mean(const at::Tensor& x) { return at::avg_pool2d(x, {3, 3}, {1, 1}, {1, 1}, false, false); }

  std::map<std::string, at::Tensor> weights_;
  std::map<std::string, nn::ConvolutionForm> forms_;
  double operations_ = 0;
};

void bench_inception(at::ScalarType type, Arithmetic arithmetic, const char* name) {
  constexpr int64_t kPictures = 8;
  const c10::InferenceMode inference;
  const auto weights = models::inception_weights("bench:");
  const models::Inception network({weights, "memory"}, type);
  PlainInception plain(weights, type);
  const at::Tensor pictures = at::randint(256, {kPictures, 256, 256, 3}).to(at::kByte);
  const at::Tensor x = models::inception_input(pictures, models::InceptionResize::tensorflow);
  const at::Tensor plain_x = x.to(type).contiguous();

  const double distance = ((plain(plain_x) - network(x).pooled).norm() / network(x).pooled.norm()).item<double>();
  if (!(distance < 0.05)) throw std::runtime_error("the two networks do not agree");
  const double operations = plain.operations();
  print(concat("Inception, ", kPictures, " pictures, ", name),
        std::array{Candidate{"plain operators", [&] { plain(plain_x); }, operations, arithmetic},
                   Candidate{"pixnerd", [&] { network(x); }, operations, arithmetic}},
        5);
}

}  // namespace
}  // namespace pixnerd::bench

int main() {
  using namespace pixnerd::bench;
  begin("Inception features");
  bench_inception(at::kFloat, Arithmetic::float32, "float32");
  bench_inception(at::kBFloat16, Arithmetic::bfloat16, "bfloat16");
  return 0;
}
