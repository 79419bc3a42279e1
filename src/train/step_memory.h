// What training takes of memory, told from sizes alone before anything is allocated.
#pragma once

#include <cstdint>

#include "train/config.h"

namespace pixnerd::train {

// In bytes, of a step with pictures of the largest size. Estimates that hold to a tenth or so; model.num_classes must
// be settled.
struct StepMemory {
  double network = 0;   // weights, gradients, two moments, average; in bfloat16 the copies of weights, too
  double beside = 0;    // DINOv2, where REPA asks it in every step
  double messages = 0;  // of several processes: gradients and values on their way, or in memory that they share
  double pictures = 0;  // of a batch: those read ahead, those trained on, their noise and velocities, encoded captions
  double pass = 0;      // what the forward pass of a micro batch keeps, and what the backward pass works with
  double total() const { return network + beside + messages + pictures + pass; }
};

// Values of what is trained: the network, and REPA's projector.
double trained_values(const RunConfig& config);

// Pictures that each of `ranks` processes computes together.
int64_t together(const RunConfig& config, int64_t ranks);

// How processes give each other gradients and values (dist/gradient_reducer.h).
enum class Exchange { memory, messages };

// Of each of `ranks` processes; memory that they share counts for each that uses it, as it does for the system.
StepMemory step_memory(const RunConfig& config, int64_t ranks = 1, Exchange exchange = Exchange::memory);

// ConfigError with the numbers and the keys to lower where a step, or what is drawn on the way (train.sample_every,
// eval.every) beside the network, needs more than the `available` bytes of each of
// `ranks` processes. 0 is not known, and anything may go.
void check_memory(const RunConfig& config, int64_t ranks, uint64_t available);

}  // namespace pixnerd::train
