#include "measure/candidates.h"

#include <ATen/Parallel.h>

#include <cstdio>

#include "core/memory.h"
#include "core/team.h"
#include "core/text.h"
#include "kernels/peak.h"

namespace pixnerd::measure {
namespace {

constexpr int64_t kPeakRounds = 2'000'000;

// Operations of one go of as many threads as the framework's operations use, but not by those: they would take the
// processors from the next candidate in waiting for more.
double on_all_threads(const std::function<int64_t(int64_t)>& run) {
  std::vector<int64_t> done(static_cast<size_t>(at::get_num_threads()));
  in_parts(at::get_num_threads(), 1, at::get_num_threads(), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) done[static_cast<size_t>(i)] = run(kPeakRounds);
  });
  double total = 0;
  for (const int64_t operations : done) total += static_cast<double>(operations);
  return total;
}

uint64_t memory_of(const Candidate& candidate) {
  release_freed_memory();
  const uint64_t before = resident_bytes();
  const bool known = reset_peak_resident();
  candidate.run();
  const uint64_t peak = peak_resident_bytes();
  candidate.after();
  return known && peak > before ? peak - before : 0;
}

std::string rate_text(const Row& row) {
  char text[64] = "";
  if (row.of_peak > 0) {
    std::snprintf(text, sizeof text, "%6.0f GFLOP/s %3.0f %%", row.rate * 1e-9, 100 * row.of_peak);
  } else if (row.rate > 0) {
    std::snprintf(text, sizeof text, "%6.0f GFLOP/s", row.rate * 1e-9);
  } else if (row.bandwidth > 0) {
    std::snprintf(text, sizeof text, "%6.1f GB/s", row.bandwidth * 1e-9);
  }
  return text;
}

}  // namespace

Comparison compare(std::span<const Candidate> candidates, int64_t runs) {
  Comparison comparison;
  for (const Candidate& candidate : candidates) {
    comparison.rows.push_back({});
    comparison.rows.back().name = candidate.name;
    comparison.rows.back().memory = memory_of(candidate);
  }

  double float32_done = 0, bfloat16_done = 0;
  std::vector<std::function<void()>> calls{
      [&] { float32_done = on_all_threads([](int64_t rounds) { return kernels::run_multiply_adds(rounds); }); },
      [&] { bfloat16_done = on_all_threads(kernels::run_bfloat16_dots); }};
  for (const Candidate& candidate : candidates) {
    calls.push_back(candidate.run);
    calls.push_back(candidate.after);
  }
  const auto timings = time_interleaved(calls, runs, /*warmup=*/0);
  comparison.peak_float32 = float32_done / timings[0].min();
  comparison.peak_bfloat16 = bfloat16_done > 0 ? bfloat16_done / timings[1].min() : comparison.peak_float32;

  for (size_t i = 0; i < candidates.size(); ++i) {
    Row& row = comparison.rows[i];
    row.time = timings[2 + 2 * i];
    const double seconds = row.time.median();
    const double peak = candidates[i].arithmetic == Arithmetic::float32    ? comparison.peak_float32
                        : candidates[i].arithmetic == Arithmetic::bfloat16 ? comparison.peak_bfloat16
                                                                           : 0;
    row.rate = candidates[i].operations / seconds;
    row.bandwidth = candidates[i].bytes / seconds;
    row.of_peak = peak > 0 ? row.rate / peak : 0;
    row.speed_up = comparison.rows[0].time.median() / seconds;
  }
  return comparison;
}

std::string header(const std::string& title) {
  const int threads = at::get_num_threads();
  char line[160];
  std::snprintf(line, sizeof line, "  %-40s %8s %8s  %-20s %9s %8s\n", "", "min s", "median s", "rate, of peak",
                "memory", "speed-up");
  return concat(title, ", ", threads, threads == 1 ? " thread\n" : " threads\n", line);
}

std::string text(const std::string& question, const Comparison& comparison) {
  std::string lines =
      concat(question, " (peak ", static_cast<int64_t>(comparison.peak_float32 * 1e-9), " GFLOP/s in float32, ",
             static_cast<int64_t>(comparison.peak_bfloat16 * 1e-9), " in bfloat16)\n");
  for (const Row& row : comparison.rows) {
    char line[200];
    std::snprintf(line, sizeof line, "  %-40s %8.4f %8.4f  %-20s %9s %8.2f\n", row.name.c_str(), row.time.min(),
                  row.time.median(), rate_text(row).c_str(), human_bytes(row.memory).c_str(), row.speed_up);
    lines += line;
  }
  return lines;
}

}  // namespace pixnerd::measure
