// How fast are a few ways of doing the same, beside each other and beside what the processor can do? They run in turn,
// so that a machine whose speed drifts is unfair to none of them. There are as many threads as at::parallel_for has.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/timing.h"

namespace pixnerd::measure {

// There is no peak of int8, whose layers are surrounded by bfloat16, nor of what another device than the processor
// computes.
enum class Arithmetic { float32, bfloat16, int8, elsewhere };

struct Candidate {
  std::string name;
  std::function<void()> run = [] {};
  double operations = 0;                        // floating-point operations of one run; 0 gives no rate
  Arithmetic arithmetic = Arithmetic::float32;  // whose peak the rate is compared with
  double bytes = 0;                             // read and written by one run, where memory is what limits it
  std::function<void()> after = [] {};          // frees what a run leaves behind; not timed
};

struct Row {
  std::string name;
  Timing time;
  double rate = 0;       // floating-point operations a second, by the median; 0 where not known
  double bandwidth = 0;  // bytes a second, by the median; 0 where not known
  double of_peak = 0;    // rate as a part of the peak of its arithmetic, measured in the same rounds; 0 where not known
  uint64_t memory = 0;   // the most that one run took besides what was there before it; 0 where not known
  double speed_up = 1.0;  // over the first candidate, medians
};

struct Comparison {
  // Operations a second of all threads. A processor without products of bfloat16 computes them in float32: its peak.
  double peak_float32 = 0, peak_bfloat16 = 0;
  std::vector<Row> rows;  // one a candidate
};

// One run of each for its memory and as a warm-up, then `runs` rounds of all in turn.
Comparison compare(std::span<const Candidate> candidates, int64_t runs);

// Lines of text: the columns' names, and a comparison under its question.
std::string header(const std::string& title);
std::string text(const std::string& question, const Comparison& comparison);

}  // namespace pixnerd::measure
