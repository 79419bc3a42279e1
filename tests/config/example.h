// A configuration that has a member of every type a schema allows.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "config/schema.h"
#include "core/errors.h"

namespace example {

using pixnerd::config::at_least;
using pixnerd::config::between;
using pixnerd::config::positive;
using pixnerd::config::Value;

enum class Solver { euler, heun, off };

inline std::span<const std::pair<const char*, Solver>> enum_names(Solver) {
  static constexpr std::pair<const char*, Solver> kNames[] = {
      {"euler", Solver::euler}, {"heun", Solver::heun}, {"off", Solver::off}};
  return kNames;
}

struct ModelConfig {
  int64_t hidden_size = 64;
  int64_t num_heads = 4;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& visit) {
    visit("hidden_size", self.hidden_size, "width of a token", at_least(1));
    visit("num_heads", self.num_heads, "attention heads", at_least(1));
  }

  void validate() const {
    if (hidden_size % num_heads != 0) {
      throw pixnerd::ConfigError(
          pixnerd::concat("hidden_size ", hidden_size, " is not divisible by num_heads ", num_heads));
    }
  }

  bool operator==(const ModelConfig&) const = default;
};

struct TrainConfig {
  double learning_rate = 1e-4;
  std::array<double, 2> betas = {0.9, 0.999};
  std::optional<double> clip;
  std::vector<int64_t> milestones = {10, 20};
  std::vector<bool> switches;
  std::optional<ModelConfig> teacher;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& visit) {
    visit("learning_rate", self.learning_rate, "step size", positive());
    visit("betas", self.betas, "decay of the moments", between(0, 1));
    visit("clip", self.clip, "largest gradient norm", positive());
    visit("milestones", self.milestones, "");
    visit("switches", self.switches, "");
    visit("teacher", self.teacher, "network to learn from");
  }

  bool operator==(const TrainConfig&) const = default;
};

struct Config {
  std::string name = "run";
  bool verbose = false;
  Solver solver = Solver::euler;
  std::vector<Solver> solvers;
  ModelConfig model;
  TrainConfig train;
  Value extra;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& visit) {
    visit("name", self.name, "what to call it");
    visit("verbose", self.verbose, "say more");
    visit("solver", self.solver, "how to integrate");
    visit("solvers", self.solvers, "more of them");
    visit("model", self.model, "the network");
    visit("train", self.train, "the training");
    visit("extra", self.extra, "kept as it is");
  }

  bool operator==(const Config&) const = default;
};

inline Config read_text(const std::string& yaml) {
  Config read;
  pixnerd::config::read(pixnerd::config::parse(yaml, "x.yaml"), read);
  return read;
}

}  // namespace example
