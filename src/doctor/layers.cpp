#include "doctor/layers.h"

#include <ATen/ops/linalg_vector_norm.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>

#include "core/text.h"
#include "sample/weight_sets.h"

namespace pixnerd::doctor {
namespace {

constexpr double kExploding = 50, kVanished = 1e-4, kDeadRows = 0.5;

double root_mean_square(const at::Tensor& tensor) {
  const double norm = at::linalg_vector_norm(tensor.to(at::kFloat), 2, std::nullopt, false, at::kDouble).item<double>();
  return norm / std::sqrt(static_cast<double>(tensor.numel()));
}

// Of the weights of a layer at its start: matrices by their inputs; scales, biases and tables of labels about 1.
double usual(const std::string& name, const at::Tensor& weights) {
  if (weights.dim() < 2 || name.find("embedding_table") != std::string::npos) return 1.0;
  return 1.0 / std::sqrt(static_cast<double>(weights.numel() / std::max<int64_t>(1, weights.size(0))));
}

// What is known of one layer.
class Layer {
 public:
  Layer(std::string name, const at::Tensor& weights, const std::map<std::string, at::Tensor>& state)
      : name_(std::move(name)), weights_(weights), usual_(usual(name_, weights)), size_(root_mean_square(weights)) {
    const auto square = state.find(concat("optimizer.exp_avg_sq.", name_));
    if (square != state.end()) square_ = square->second;
    const auto steps = state.find(concat("optimizer.step.", name_));
    has_gradient_ = steps == state.end() || steps->second.item<double>() > 0;
  }

  const std::string& name() const { return name_; }
  double size() const { return size_; }
  double factor() const { return size_ / usual_; }
  bool explodes() const { return !(factor() < kExploding); }

  // The share of its rows that no gradient reaches; rows of tables are of labels, which may not have come up.
  double dead_rows() const {
    if (weights_.dim() < 2 || !has_gradient_ || name_.find("embedding_table") != std::string::npos) return 0;
    if (size_ < kVanished * usual_) return 1;
    if (!square_.defined()) return 0;
    const at::Tensor rows = square_.flatten(1).amax(1);
    return rows.eq(0).to(at::kFloat).mean().item<double>();
  }

 private:
  std::string name_;
  at::Tensor weights_, square_;
  double usual_, size_;
  bool has_gradient_ = true;
};

std::string others(size_t count) {
  return count < 2 ? "" : concat(" (and ", count - 1, " more)");
}

}  // namespace

std::vector<Finding> check_layers(const std::map<std::string, at::Tensor>& state) {
  const c10::NoGradGuard no_grad;
  size_t dead = 0, exploding = 0;
  std::optional<Layer> most_dead, largest;
  for (const auto& [entry, tensor] : state) {
    if (!entry.starts_with(sample::kTrainedPrefix) || tensor.numel() == 0 || !tensor.is_floating_point()) continue;
    const Layer layer(entry.substr(sample::kTrainedPrefix.size()), tensor, state);
    if (layer.explodes()) {
      ++exploding;
      if (!largest || !(layer.factor() <= largest->factor())) largest = layer;
    } else if (layer.dead_rows() > kDeadRows) {
      ++dead;
      if (!most_dead || layer.dead_rows() > most_dead->dead_rows()) most_dead = layer;
    }
  }
  std::vector<Finding> findings;
  if (most_dead) {
    findings.push_back({Fault::dead_layer,
                        concat("the layer ", printable(most_dead->name()), others(dead),
                               " is dead: no gradient reaches ", std::lround(100 * most_dead->dead_rows()),
                               " % of its rows, and its weights have the root "
                               "mean square ",
                               static_cast<float>(most_dead->size())),
                        "go back to a checkpoint from before it died, or begin anew with a lower learning rate; if it "
                        "never lived, look for weights of zeros in what --init was given",
                        {{"rows", most_dead->dead_rows()},
                         {"root_mean_square", most_dead->size()},
                         {"layers", static_cast<double>(dead)}}});
  }
  if (largest) {
    findings.push_back({Fault::exploding_layer,
                        concat("the layer ", printable(largest->name()), others(exploding),
                               " explodes: its weights have "
                               "the root mean square ",
                               static_cast<float>(largest->size()), ", ", std::lround(std::min(1e9, largest->factor())),
                               " times that of a new layer"),
                        "go back to a checkpoint from before; lower train.learning_rate, clip "
                        "(train.gradient_clip_norm) or decay the weights (train.weight_decay)",
                        {{"root_mean_square", largest->size()},
                         {"factor", largest->factor()},
                         {"layers", static_cast<double>(exploding)}}});
  }
  return findings;
}

}  // namespace pixnerd::doctor
