// Replays golden cases: each case is a file of tensors computed with the official code, and a kind that says what to
// compare. One source file a kind; each declares its runner here and stands in the table of parity.cpp.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <iosfwd>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "models/network.h"

namespace pixnerd::parity {

// One case of a manifest: its tensors, if its file holds any, its hyper-parameters, and the worst error seen so far.
class Case {
 public:
  // All its tensors are moved to the device.
  Case(const nlohmann::json& entry, const std::filesystem::path& folder, const at::Device& device = at::kCPU);

  const std::string& name() const { return name_; }
  const nlohmann::json& config() const { return config_; }
  const std::filesystem::path& folder() const { return folder_; }
  const std::filesystem::path& file() const { return file_; }
  const at::Device& device() const { return device_; }
  double tolerance(const std::string& key) const;

  // A tensor of the file, "in.x"; throws if it is absent.
  at::Tensor tensor(const std::string& name) const;
  bool has(const std::string& name) const { return tensors_.contains(name); }

  // The tensors whose names begin with `prefix`, by the rest of the name.
  std::map<std::string, at::Tensor> with_prefix(const std::string& prefix) const;

  // max|actual - expected| / max(max|expected|, 1e-4) against `limit`; a limit of 0 asks for equal values.
  void compare(const std::string& what, const at::Tensor& actual, const at::Tensor& expected, double limit);
  void compare_absolute(const std::string& what, const at::Tensor& actual, const at::Tensor& expected, double limit);
  void require(const std::string& what, bool holds);

  bool passed() const { return failures_.empty() && compared_ > 0; }
  std::string summary() const;  // the worst error beside its limit, and every failure

 private:
  void record(const std::string& what, double error, double limit);

  std::string name_;
  nlohmann::json config_, tolerance_;
  std::filesystem::path folder_, file_;
  at::Device device_;
  std::map<std::string, at::Tensor> tensors_;
  std::string failures_, worst_;
  double worst_ratio_ = -1;
  int compared_ = 0;
};

// Runs the cases of folder/manifest.json and prints a line for each; those of what moves to a GPU on `device`, the rest
// where it always is, on the CPU. Whether at least one passed and none failed; a case of a kind that nothing replays
// fails.
bool run_folder(const std::filesystem::path& folder, std::ostream& out, const at::Device& device = at::kCPU);

models::ModelConfig model_config(const nlohmann::json& config);

// A network with the case's `param.*` on its device, ready for gradients.
std::shared_ptr<models::Network> network_of(const Case& golden);

// Compares every `grad.<parameter>` with the parameters' gradients; parameters without one must have none.
void compare_gradients(Case& golden, const models::Network& network, double limit);

void run_network(Case& golden);
void run_network_given_s(Case& golden);
void run_init(Case& golden);
void run_tables(Case& golden);
void run_time_grid(Case& golden);
void run_noise(Case& golden);
void run_sampler(Case& golden);
void run_trainer(Case& golden);
void run_trainer_repa(Case& golden);
void run_trainer_t2i(Case& golden);
void run_replay(Case& golden);
void run_replay_repa(Case& golden);
void run_preprocess(Case& golden);
void run_checkpoint(Case& golden);
void run_checkpoint_forward(Case& golden);
void run_hostile(Case& golden);
void run_metrics(Case& golden);
void run_inception(Case& golden);
void run_tokenizer(Case& golden);
void run_tokenizer_padded(Case& golden);
void run_qwen3(Case& golden);
void run_dinov2(Case& golden);

}  // namespace pixnerd::parity
