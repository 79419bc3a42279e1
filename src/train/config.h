// The configuration of a training run: the `train:` section, and the whole file that `pixnerd train` reads.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/schema.h"
#include "data/config.h"
#include "diffusion/flow_matching.h"
#include "models/config.h"
#include "models/precision.h"
#include "sample/picture.h"
#include "train/eval_config.h"
#include "train/objective_config.h"
#include "train/power_profile.h"
#include "train/text_config.h"

namespace pixnerd::train {

struct TrainConfig {
  int64_t steps = 800'000;
  int64_t batch_size = 256;
  std::optional<int64_t> micro_batch_size;
  double learning_rate = 1e-4;
  std::optional<double> final_learning_rate;
  int64_t warmup_steps = 0;
  std::optional<int64_t> schedule_steps;
  std::array<double, 2> betas{0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0.0;
  std::optional<double> gradient_clip_norm;
  double ema_decay = 0.9999;
  std::optional<bool> ema_warmup;
  int64_t average_every = 0;
  std::vector<double> average_lengths{0.05, 0.1};
  double early_times_until = 1.0;
  models::Precision precision = models::Precision::bfloat16;
  bool recompute_blocks = false;
  bool recompute_field = false;
  int64_t seed = 0;
  int64_t checkpoint_every = 10'000;
  std::optional<int64_t> keep_checkpoints;
  int64_t log_every = 10;
  int64_t validate_every = 0;
  int64_t validation_pictures = 512;
  int64_t sample_every = 0;
  int64_t sample_pictures = 16;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& visit) {
    using config::at_least;
    using config::between;
    visit("steps", self.steps, "optimiser steps", at_least(1));
    visit("batch_size", self.batch_size, "pictures a step", at_least(1));
    visit("micro_batch_size", self.micro_batch_size,
          "pictures computed together, their gradients added up over the batch; none takes the batch at once",
          at_least(1));
    visit("learning_rate", self.learning_rate, "AdamW's, after the warm-up", config::positive());
    visit("final_learning_rate", self.final_learning_rate, "reached at the end along a cosine; none keeps it constant",
          at_least(0.0));
    visit("warmup_steps", self.warmup_steps, "steps of linear growth to learning_rate", at_least(0));
    visit("schedule_steps", self.schedule_steps,
          "length of the cosine and of early_times_until's whole; none takes steps, and a resumed run keeps it",
          at_least(1));
    visit("betas", self.betas, "AdamW's decay of the mean and of the square", between(0.0, 0.999999));
    visit("eps", self.eps, "AdamW's", config::positive());
    visit("weight_decay", self.weight_decay, "AdamW's", at_least(0.0));
    visit("gradient_clip_norm", self.gradient_clip_norm, "clip the gradient's norm to this; none does not",
          config::positive());
    visit("ema_decay", self.ema_decay, "of the average of the parameters, after every step", between(0.0, 1.0));
    visit("ema_warmup", self.ema_warmup,
          "let the average follow closely at first: its decay is at most (1 + k) / (10 + k) after k steps; none is "
          "false");
    visit("average_every", self.average_every,
          "steps between snapshots of power-function averages, of which `pixnerd ema` makes one of any length; 0 for "
          "none",
          at_least(0));
    visit("average_lengths", self.average_lengths, "their lengths, sigma_rel: two or more, as shares of the run",
          between(kShortestLength, kLongestLength));
    visit("early_times_until", self.early_times_until, "share of schedule_steps in which flow.early_share holds",
          between(0.0, 1.0));
    visit("precision", self.precision, "float32, or bfloat16 products with float32 parameters");
    visit("recompute_blocks", self.recompute_blocks,
          "save memory: compute each transformer block again in the backward pass instead of keeping its values");
    visit("recompute_field", self.recompute_field, "the same for the neural field's blocks");
    visit("seed", self.seed, "of parameters, data order and draws", at_least(0));
    visit("checkpoint_every", self.checkpoint_every, "steps between checkpoints", at_least(1));
    visit("keep_checkpoints", self.keep_checkpoints, "the last so many are kept, older ones removed; none keeps all",
          at_least(1));
    visit("log_every", self.log_every, "steps between lines of the log", at_least(1));
    visit("validate_every", self.validate_every, "steps between losses of the held-out pictures; 0 for never",
          at_least(0));
    visit("validation_pictures", self.validation_pictures, "held-out pictures used, at most", at_least(1));
    visit("sample_every", self.sample_every, "steps between grids of pictures; 0 for never", at_least(0));
    visit("sample_pictures", self.sample_pictures, "pictures of a grid, classes evenly spread", between(1, 1024));
  }

  int64_t schedule_length() const { return schedule_steps.value_or(steps); }

  // ConfigError for a micro batch larger than the batch, for lengths of averages that cannot be told apart, for more
  // pictures than can be counted, and for int8, which has no gradients.
  void validate() const;
};

struct RunConfig {
  models::ModelConfig model;
  config::Value default_model;  // null once it is read
  data::DataConfig data;
  diffusion::FlowConfig flow;
  RepaConfig repa;
  DispersiveConfig dispersive;
  FrequencyConfig frequency;
  PerceptualConfig perceptual;
  TrainConfig train;
  sample::SampleConfig sample;
  EvalConfig eval;
  TextConfig text;  // of text-to-image networks alone

  // Whether `model` says no more than numbers of labels: which network it is, is to be settled.
  bool is_model_open = false;

  template <class Self, class Visitor>
  static void fields(Self& self, Visitor& visit) {
    visit("model", self.model, "the network");
    visit("default_model", self.default_model,
          "keys as those of model, of the network where neither model nor the file of --init says which");
    visit("data", self.data, "the pictures");
    if (self.model.takes_text()) visit("text", self.text, "the text encoder");
    visit("flow", self.flow, "times and dropped conditions of flow matching");
    visit("repa", self.repa, "representation alignment: tokens drawn towards DINOv2's of the clean picture");
    visit("dispersive", self.dispersive, "the dispersive loss: tokens of different pictures kept apart");
    visit("frequency", self.frequency, "the frequency-aware loss: errors weigh as JPEG weighs them");
    visit("perceptual", self.perceptual, "the perceptual loss: what is drawn looks to a network as the real picture");
    visit("train", self.train, "the optimiser and the run");
    visit("sample", self.sample, "defaults of sampling");
    visit("eval", self.eval, "figures of the run's own pictures on the way");
  }
};

// Of a document that need not give every key: sample.size follows data.image_size where it is not given, the network is
// that of default_model as far as model does not say, and a train.schedule_steps of null, if given, is train.steps.
// ConfigError as config::read.
RunConfig read_run_config(const config::Value& document);

// Whether what is learnt depends on the length of the schedule: a final learning rate, or early times for a part of it.
bool has_schedule(const RunConfig& config);

// Fixes whether the average warms up: as the configuration says, and in a run from before there was such a key it does
// not, which is said if the configuration says otherwise. `before`: the run that is gone on with, settled as well.
void settle_average(RunConfig& config, RunConfig* before);

// Fixes the length of a schedule for the rest of the run: as it was in the run that is gone on with (`before`), unless
// the configuration names another one, else train.steps. ConfigError for steps beyond it.
void settle_schedule(RunConfig& config, const RunConfig* before);

// The rate of step `step` (from 0): linear warm-up, then a cosine to final_learning_rate, or constant.
double learning_rate(const TrainConfig& config, int64_t step);

// The decay of the average of the parameters in step `step` (from 0): ema_decay, and with a warm-up at most
// (1 + step) / (10 + step), as TensorFlow's ExponentialMovingAverage has it with num_updates. That is an average over
// the last ninth of the run so far, near enough the power-function profile of Karras et al. (arXiv 2312.02696,
// section 3.1) with gamma = 8, whose width is a tenth of the run (sigma_rel .09): it forgets the first weights soon,
// and is as smooth at every length. A constant decay d keeps a share d^k of them after k steps.
double ema_decay(const TrainConfig& config, int64_t step);

// Whether flow.early_share holds in step `step` (from 0).
bool has_early_times(const TrainConfig& config, int64_t step);

}  // namespace pixnerd::train
