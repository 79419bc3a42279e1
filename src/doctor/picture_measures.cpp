#include "doctor/picture_measures.h"

#include <algorithm>
#include <cmath>

#include "core/text.h"

namespace pixnerd::doctor {
namespace {

// Mean and deviation of many numbers.
struct Moments {
  double count = 0, sum = 0, squares = 0;

  void add(double number) {
    ++count;
    sum += number;
    squares += number * number;
  }
  double deviation() const {
    return count == 0 ? 0 : std::sqrt(std::max(0.0, squares / count - (sum / count) * (sum / count)));
  }
};

struct Steps {
  double count = 0, squares = 0;

  double mean() const { return count == 0 ? 0 : squares / count; }
};

// Squared differences between a pixel and the one `stride` bytes before it, at position `at` along that axis.
void add_step(const uint8_t* pixel, std::ptrdiff_t stride, int64_t at, int64_t patch, Steps& border, Steps& inside) {
  Steps& steps = at % patch == 0 ? border : inside;
  for (int channel = 0; channel < 3; ++channel) {
    const double step = static_cast<double>(pixel[channel]) - static_cast<double>(pixel[channel - stride]);
    ++steps.count;
    steps.squares += step * step;
  }
}

std::string percent(double share) {
  return concat(std::lround(100 * share), " %");
}

std::string short_number(double number) {
  return concat(static_cast<float>(std::round(number * 100) / 100));
}

constexpr double kColourful = 10;  // levels; data of less is taken for grey itself

double contrast_share(const PictureMeasures& drawn, const PictureMeasures& data) {
  constexpr double kFlat = 4;
  return data.contrast < kFlat ? 1.0 : drawn.contrast / data.contrast;
}

double colour_share(const PictureMeasures& drawn, const PictureMeasures& data) {
  return data.colour < kColourful ? 1.0 : drawn.colour / data.colour;
}

}  // namespace

PictureMeasures measure(std::span<const image::Image> pictures, int64_t patch) {
  Moments levels, red_green, blue_green;
  Steps border, inside;
  for (const image::Image& picture : pictures) {
    const auto row = static_cast<std::ptrdiff_t>(picture.row_bytes());
    for (int y = 0; y < picture.height; ++y) {
      const uint8_t* pixel = picture.row(y);
      for (int x = 0; x < picture.width; ++x, pixel += 3) {
        for (int channel = 0; channel < 3; ++channel) levels.add(pixel[channel]);
        red_green.add(pixel[0] - pixel[1]);
        blue_green.add(pixel[2] - pixel[1]);
        if (x > 0) add_step(pixel, 3, x, patch, border, inside);
        if (y > 0) add_step(pixel, row, y, patch, border, inside);
      }
    }
  }
  constexpr double kLeastStep = 2;
  const double floor = kLeastStep * kLeastStep;
  const double variance = std::max(levels.deviation() * levels.deviation(), floor);
  return {levels.deviation(), std::hypot(red_green.deviation(), blue_green.deviation()),
          std::max(border.mean(), floor) / std::max(inside.mean(), floor), (border.mean() - inside.mean()) / variance};
}

bool is_grey(const PictureMeasures& drawn, const PictureMeasures& data) {
  return contrast_share(drawn, data) < 1.0 / 5 || colour_share(drawn, data) < 1.0 / 7;
}

std::optional<Finding> check_grey(const PictureMeasures& drawn, const PictureMeasures& data) {
  if (!is_grey(drawn, data)) return std::nullopt;
  const double contrast = contrast_share(drawn, data), colour = colour_share(drawn, data);
  return Finding{
      Fault::grey_pictures,
      concat("the pictures are grey: they have ", percent(contrast), " of the contrast of the data's",
             data.colour < kColourful ? std::string() : concat(", and ", percent(colour), " of its colours")),
      "look at the loss and at the pictures of earlier steps: a network that draws the mean of all pictures "
      "has learnt too little yet, or what it is given as pictures is grey; `pixnerd data inspect` tells",
      {{"contrast", contrast}, {"colour", colour}}};
}

std::optional<Finding> check_grid(const std::vector<Drawn>& history, const PictureMeasures& data) {
  // Of smooth pictures a step of a few levels is many times the others, and not seen: it must be a share of what
  // varies.
  constexpr double kVisible = 1.5, kLeastShare = 0.15, kGrowth = 1.3;
  const Drawn* faintest = nullptr;
  for (const Drawn& each : history) {
    if (is_grey(each.measures, data)) continue;
    if (faintest == nullptr || each.measures.grid < faintest->measures.grid) faintest = &each;
  }
  if (faintest == nullptr || faintest == &history.back() || is_grey(history.back().measures, data)) return std::nullopt;
  const PictureMeasures &last = history.back().measures, &before = faintest->measures;
  const double visible = last.border / std::max(1.0, data.border);
  if (visible < kVisible || last.grid < kLeastShare || last.grid < kGrowth * before.grid) return std::nullopt;
  return Finding{Fault::patch_grid,
                 concat("a grid grows at the borders of patches: steps across them have ", short_number(visible),
                        " times the energy of others at step ", history.back().step,
                        ", where pictures have 1, and since "
                        "step ",
                        faintest->step, " what they have more has grown from ", percent(before.grid), " to ",
                        percent(last.grid), " of the pictures' variance"),
                 "go back to a checkpoint from before and train on with a lower learning rate or a longer average; a "
                 "network whose patches do not see each other (attention weights of zeros) cannot mend it",
                 {{"border", visible}, {"grid", last.grid}, {"grid_before", before.grid}}};
}

}  // namespace pixnerd::doctor
