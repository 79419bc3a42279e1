#include "image/grid.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "core/errors.h"
#include "core/text.h"
#include "image/text.h"
#include "image/text_lines.h"

namespace pixnerd::image {
namespace {

constexpr Colour kWhite{255, 255, 255}, kNameColour{32, 32, 32}, kNoteColour{128, 128, 128};
constexpr int64_t kSmallestText = 11, kLargestLabelText = 24;  // pixels; between them
constexpr int64_t kTextShare = 16;                             // that part of the picture's width
constexpr int64_t kNarrowestCell = 9;                          // in sizes of the text
constexpr int kNameLines = 2;

// A label in lines, ready to be drawn.
struct LabelLines {
  std::vector<std::u32string> name, note;

  size_t count() const { return name.size() + note.size(); }
};

// Where everything stands, in pixels. A cell holds a picture and, below it, its label.
struct Layout {
  int64_t count = 0, columns = 1, rows = 1, padding = 0;
  int64_t picture_height = 0, cell_width = 0;
  std::vector<int64_t> label_heights;  // one a row where there are labels
  int text_size = 0;
  std::vector<LabelLines> labels;

  int64_t label_height(int64_t row) const { return labels.empty() ? 0 : label_heights[static_cast<size_t>(row)]; }

  GridSize size() const {
    const int64_t all_labels = std::accumulate(label_heights.begin(), label_heights.end(), int64_t{0});
    return {columns * (cell_width + padding) + padding, rows * (picture_height + padding) + padding + all_labels};
  }
};

Layout plain_layout(int64_t count, int64_t width, int64_t height, int64_t columns, int64_t padding) {
  Layout layout;
  layout.count = count;
  layout.columns = std::min(columns, count);
  layout.rows = (count + layout.columns - 1) / layout.columns;
  layout.padding = padding;
  layout.picture_height = height;
  layout.cell_width = width;
  return layout;
}

// The free rows between a picture and its label.
int gap(const Layout& layout) {
  return layout.text_size / 4;
}

// Widens the cells and lengthens each row of them by the longest of its labels.
void add_labels(Layout& layout, std::span<const Label> labels) {
  if (static_cast<int64_t>(labels.size()) != layout.count) {
    throw DataError(concat("grid: there are ", labels.size(), " labels for ", layout.count, " pictures"));
  }
  layout.text_size = static_cast<int>(std::clamp(layout.cell_width / kTextShare, kSmallestText, kLargestLabelText));
  layout.cell_width = std::max(layout.cell_width, kNarrowestCell * layout.text_size);
  const auto room = static_cast<double>(layout.cell_width);
  const int line_height = line_metrics(layout.text_size).height();
  layout.label_heights.assign(static_cast<size_t>(layout.rows), 0);
  for (const Label& label : labels) {
    int64_t& height = layout.label_heights[layout.labels.size() / static_cast<size_t>(layout.columns)];
    layout.labels.push_back({break_lines(decode_utf8(label.name), layout.text_size, room, kNameLines),
                             break_lines(decode_utf8(label.note), layout.text_size, room, 1)});
    height = std::max(height, gap(layout) + static_cast<int64_t>(layout.labels.back().count()) * line_height);
  }
}

Image filled(int64_t width, int64_t height, Colour colour) {
  constexpr int64_t kMost = std::numeric_limits<int>::max();
  if (width > kMost || height > kMost) {
    throw DataError(concat("grid: ", width, " x ", height, " pixels are too many"));
  }
  Image image = blank(static_cast<int>(width), static_cast<int>(height));
  for (size_t i = 0; i < image.rgb.size(); i += 3) {
    image.rgb[i] = colour.red;
    image.rgb[i + 1] = colour.green;
    image.rgb[i + 2] = colour.blue;
  }
  return image;
}

void paste(const Image& picture, Image& canvas, int64_t left, int64_t top) {
  for (int y = 0; y < picture.height; ++y) {
    std::copy_n(picture.row(y), picture.row_bytes(), canvas.row(static_cast<int>(top + y)) + left * 3);
  }
}

// A picture of its own, so that no letter of whatever height reaches into a neighbour.
Image drawn(const LabelLines& label, int64_t height, const Layout& layout) {
  Image strip = filled(layout.cell_width, height, kWhite);
  const LineMetrics line = line_metrics(layout.text_size);
  int baseline = gap(layout) + line.ascent;
  const auto draw = [&](const std::u32string& text, Colour colour) {
    const double free = static_cast<double>(layout.cell_width) - text_width(text, layout.text_size);
    draw_text(strip, static_cast<int>(std::floor(free / 2)), baseline, text, {layout.text_size, colour});
    baseline += line.height();
  };
  for (const std::u32string& text : label.name) draw(text, kNameColour);
  for (const std::u32string& text : label.note) draw(text, kNoteColour);
  return strip;
}

void require_grid(std::span<const Image> pictures, int columns, int padding) {
  if (pictures.empty()) throw DataError("grid: there is no picture to show");
  if (columns < 1 || padding < 0) {
    throw DataError(concat("grid: columns must be at least 1 and padding at least 0, not ", columns, " and ", padding));
  }
  const int width = pictures[0].width, height = pictures[0].height;
  for (const Image& picture : pictures) {
    check(picture, "grid");
    if (picture.width != width || picture.height != height) {
      throw DataError(concat("grid: all pictures must have one size, but there are ", width, " x ", height, " and ",
                             picture.width, " x ", picture.height));
    }
  }
}

Image assembled(std::span<const Image> pictures, const Layout& layout, Colour background) {
  const GridSize size = layout.size();
  Image canvas = filled(size.width, size.height, background);
  int64_t top = layout.padding;
  for (int64_t row = 0; row < layout.rows; ++row) {
    const int64_t below = top + layout.picture_height, label_height = layout.label_height(row);
    const int64_t end = std::min((row + 1) * layout.columns, layout.count);
    int64_t left = layout.padding;
    for (int64_t i = row * layout.columns; i < end; ++i, left += layout.cell_width + layout.padding) {
      paste(pictures[i], canvas, left + (layout.cell_width - pictures[i].width) / 2, top);
      if (label_height > 0) paste(drawn(layout.labels[i], label_height, layout), canvas, left, below);
    }
    top = below + label_height + layout.padding;
  }
  return canvas;
}

Layout layout_of(std::span<const Image> pictures, int columns, int padding) {
  require_grid(pictures, columns, padding);
  return plain_layout(static_cast<int64_t>(pictures.size()), pictures[0].width, pictures[0].height, columns, padding);
}

}  // namespace

Image centred(Image picture, int width, int height) {
  if (picture.width == width && picture.height == height) return picture;
  if (picture.width > width || picture.height > height) {
    throw DataError(
        concat("a picture of ", picture.width, "x", picture.height, " does not fit into ", width, "x", height));
  }
  Image canvas = filled(width, height, kWhite);
  paste(picture, canvas, (width - picture.width) / 2, (height - picture.height) / 2);
  return canvas;
}

Image make_grid(std::span<const Image> pictures, int columns, int padding, Colour background) {
  return assembled(pictures, layout_of(pictures, columns, padding), background);
}

Image make_labelled_grid(std::span<const Image> pictures, std::span<const Label> labels, int columns, int padding) {
  Layout layout = layout_of(pictures, columns, padding);
  add_labels(layout, labels);
  return assembled(pictures, layout, kWhite);
}

GridSize grid_size(int64_t count, int64_t width, int64_t height, std::span<const Label> labels, int64_t columns,
                   int64_t padding) {
  Layout layout = plain_layout(count, width, height, columns, padding);
  if (!labels.empty()) add_labels(layout, labels);
  return layout.size();
}

}  // namespace pixnerd::image
