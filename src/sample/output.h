// Where pictures go: a grid in one PNG, or a single picture as it is, an .npz of all, or a folder of numbered ones with
// a manifest.jsonl. Whatever stands in the way is found when the output is opened, before any work is done; every file
// appears whole or not at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "sample/picture_output.h"

namespace pixnerd::sample {

// What a path is to become, by its ending, in any case: .png a grid, .npz arrays (npz_output.h), any other a folder.
enum class OutputKind { grid, arrays, folder };

// RequestError for the ending of a picture or array that is not written, such as .jpg, and for no path at all.
OutputKind output_kind(const std::filesystem::path& path);

// Folders above the path are made. RequestError: as output_kind(), open_grid(), open_npz() and open_folder(), labels
// for anything but a grid. DataError: as those, or no room on the disk.
std::unique_ptr<PictureOutput> open_output(const std::filesystem::path& path, const OutputPlan& plan);

// What the files of so many pictures take at the least, as a rule: PNG seldom makes an eighth of them.
uint64_t png_bytes(int64_t pictures, int64_t width, int64_t height);

// Columns of a grid of `classes` runs of `count` pictures: one class a row where that is not too wide or too tall, else
// about as many columns as rows, a class's run not broken where that is possible.
int64_t grid_columns(int64_t classes, int64_t count);

}  // namespace pixnerd::sample
