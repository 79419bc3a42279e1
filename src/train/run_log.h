// The log of a run: log.jsonl, one JSON object a line, and the same numbers as curves for TensorBoard (core/events.h).
//
//   {"step":40,"loss":0.71,"loss_by_time":[0.9,null,...],"lr":0.001,"gradient_norm":1.2,"images_per_second":98.5,
//    "memory_bytes":812345678}
// With losses beside flow matching's a line has their means as well: "repa_loss", "dispersive_loss", "frequency_loss",
// "perceptual_loss", "alignment_loss", "teacher_loss"; "loss" is flow matching's always. With several processes
// "waiting" is the share of the time in which rank 0 waited for the others and for messages.
//   {"step":40,"validation_loss":0.73,"validation_loss_by_time":[0.91,0.85,...]}
// and, where training mixes sizes, "validation_loss_128" and so on of data.more_sizes.
//   {"step":40,"eval":{"pictures":5000,"fid":12.3,"is":81.2}}
//
// Losses by time are means over the samples with t in [i / 10, (i + 1) / 10), null (and no point of a curve) where
// there were none. A number that is not finite is text: "nan", "inf". The curves are train/loss, train/loss_t/0.0-0.1
// and so on, train/lr, train/gradient_norm, train/images_per_second, train/memory_bytes, and validation/ likewise;
// eval/fid.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/append_file.h"
#include "core/events.h"
#include "train/loss_by_time.h"

namespace pixnerd::train {

struct LogEntry {
  int64_t step = 0;
  double loss = 0;
  LossByTime by_time;
  OfSideLosses<std::optional<double>> beside{};
  double learning_rate = 0;
  double gradient_norm = 0;
  double images_per_second = 0;
  uint64_t memory_bytes = 0;
  std::optional<double> waiting{};  // of several processes: the share of the time in which this one waited for others
};

struct ValidationEntry {
  int64_t step = 0;
  double loss = 0;
  LossByTime by_time;
  std::vector<std::pair<int64_t, double>> more_sizes{};  // their losses
};

struct EvaluationEntry {
  int64_t step = 0;
  int64_t pictures = 0;
  std::vector<std::pair<std::string, double>> figures;  // by their names
};

// Every entry is in the files when the call returns; a process that is killed loses at most the one being written.
// DataError naming the file where it cannot be written.
class RunLog {
 public:
  // Goes on after resume_step in `folder`, which must exist: lines of later steps are dropped, and what a crash left
  // half-written. Lines in the middle that are no entries are left out with a warning. For a new run, resume_step is
  // negative: nothing stays. Events go into a file of their own, which says that later steps of earlier files are void.
  RunLog(const std::filesystem::path& folder, int64_t resume_step);

  void add(const LogEntry& entry);
  void add(const ValidationEntry& entry);
  void add(const EvaluationEntry& entry);

  // A picture for TensorBoard; `png` is a whole RGB file of that size.
  void add_image(int64_t step, const std::string& tag, std::span<const std::byte> png, int64_t width, int64_t height);

 private:
  AppendFile lines_;
  EventWriter events_;
};

}  // namespace pixnerd::train
