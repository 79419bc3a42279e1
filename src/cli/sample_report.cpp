#include "cli/sample_report.h"

#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

#include "core/text.h"
#include "sample/output.h"

namespace pixnerd::cli {
namespace {

std::string plural(int64_t count, const std::string& word) {
  return concat(count, " ", word, count == 1 ? "" : "s");
}

// "seed 7", "seeds 7 to 9", "seeds from 3 to 80" of seeds with gaps between.
std::string seeds(const SamplePlan& plan) {
  std::vector<uint64_t> all;
  for (const sample::PictureRequest& picture : plan.pictures) all.push_back(picture.seed);
  const auto [least, most] = std::minmax_element(all.begin(), all.end());
  if (*least == *most) return concat("seed ", *least);
  return concat("seeds ", *most - *least + 1 == all.size() ? "" : "from ", *least, " to ", *most);
}

}  // namespace

void report(const sample::Written& written, const SamplePlan& plan) {
  const bool is_folder = sample::output_kind(written.path) == sample::OutputKind::folder;
  std::cout << written.path.string() << ": " << plural(written.pictures, "picture");
  if (written.columns > 0 && written.pictures > 1) {
    std::cout << " in " << plural(std::min(written.columns, written.pictures), "column");
  }
  std::cout << ", " << seeds(plan);
  if (written.kept > 0) std::cout << ", " << written.pictures - written.kept << " of them drawn now";
  if (written.replaced > 0) std::cout << ", replaced " << plural(written.replaced, is_folder ? "picture" : "file");
  if (written.others > 0) std::cout << ", kept " << plural(written.others, "other file");
  std::cout << std::endl;
}

void report(const sample::Trajectory& trajectory) {
  std::cout << trajectory.path().string() << ": " << plural(trajectory.frames(), "frame")
            << (trajectory.replaces() ? ", replaced 1 file" : "") << std::endl;
}

}  // namespace pixnerd::cli
