#include "sample/grid_output.h"

#include <string>
#include <utility>
#include <vector>

#include "core/errors.h"
#include "core/memory.h"
#include "core/text.h"
#include "image/codec.h"
#include "image/grid.h"

namespace pixnerd::sample {
namespace {

constexpr int kPadding = 2;          // pixels between the pictures of a grid
constexpr int kLabelledPadding = 8;  // the same where there are labels

int padding_of(const OutputPlan& plan) {
  return static_cast<int>(plan.padding.value_or(kPadding));
}

// The pixels of the grid. RequestError if they are too many.
double pixels_of(const OutputPlan& plan, const std::vector<image::Label>& labels, int padding) {
  const image::GridSize size = image::grid_size(plan.pictures, plan.width, plan.height, labels, plan.columns, padding);
  const double pixels = static_cast<double>(size.width) * static_cast<double>(size.height);
  if (pixels <= image::kMaxPixels) return pixels;
  throw RequestError(concat("a grid of ", plan.pictures, " pictures of ", plan.width, "x", plan.height,
                            " pixels is too large for one file; give --out a folder, or ask for fewer"));
}

void require_possible(const OutputPlan& plan) {
  // Without the labels first: those of too many pictures are not worth laying out.
  double pixels = pixels_of(plan, {}, padding_of(plan));
  if (!plan.labels.empty()) pixels = pixels_of(plan, plan.labels, kLabelledPadding);
  const auto bytes = static_cast<uint64_t>(2 * 3 * pixels);  // the pictures, and the grid that they are put into
  const uint64_t available = available_bytes();
  if (available == 0 || bytes <= available) return;
  throw RequestError(concat("a grid of ", plan.pictures, " pictures takes ", human_bytes(bytes), " of memory, and ",
                            human_bytes(available), " are available; give --out a folder, or ask for fewer"));
}

class GridOutput : public PictureOutput {
 public:
  GridOutput(std::filesystem::path path, const OutputPlan& plan)
      : path_(std::move(path)),
        plan_(plan),
        destination_(path_, plan.overwrite, plan.inputs),
        pictures_(static_cast<size_t>(plan.pictures)) {}

  // Pictures of several sizes do not come in their order.
  void put(int64_t index, image::Image picture) override {
    pictures_.at(static_cast<size_t>(index)) = std::move(picture);
  }

  Written finish() override {
    image::write_png(path_, sheet(), texts());
    return {path_, static_cast<int64_t>(pictures_.size()), destination_.replaces() ? 1 : 0, 0, plan_.columns};
  }

 private:
  // A picture alone stays as it is; smaller ones stand in the middle of their cells.
  image::Image sheet() {
    const auto columns = static_cast<int>(plan_.columns);
    for (image::Image& each : pictures_) {
      each = image::centred(std::move(each), static_cast<int>(plan_.width), static_cast<int>(plan_.height));
    }
    if (!plan_.labels.empty()) {
      return image::make_labelled_grid(pictures_, plan_.labels, columns, kLabelledPadding);
    }
    return pictures_.size() == 1 ? pictures_.front() : image::make_grid(pictures_, columns, padding_of(plan_));
  }

  // The records of all pictures, one a line.
  std::vector<image::PngText> texts() const {
    if (!plan_.record) return {};
    std::string lines;
    for (int64_t i = 0; i < plan_.pictures; ++i) lines += concat(i > 0 ? "\n" : "", to_json(plan_.record(i)));
    return {{kRecordKeyword, lines}};
  }

  std::filesystem::path path_;
  OutputPlan plan_;
  Destination destination_;
  std::vector<image::Image> pictures_;
};

}  // namespace

std::unique_ptr<PictureOutput> open_grid(const std::filesystem::path& path, const OutputPlan& plan) {
  require_possible(plan);
  return std::make_unique<GridOutput>(path, plan);
}

}  // namespace pixnerd::sample
