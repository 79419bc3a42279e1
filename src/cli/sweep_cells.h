// The results of `pixnerd sweep`: one cell for each length and guidance, a line of JSON each in a file that only grows.
//
//   {"settings":"5f0c...","length":0.05,"guidance":2.0,"step":10000,"pictures":5000,"fid":12.3,"kid":0.004}
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace pixnerd::cli {

struct SweepCell {
  std::string settings;  // a hash of everything else that the figures depend on
  double length = 0, guidance = 0;
  int64_t step = 0, pictures = 0;
  std::vector<std::pair<std::string, double>> figures;  // by their names

  bool is_of(const std::string& these_settings, double this_length, double this_guidance) const {
    return settings == these_settings && length == this_length && guidance == this_guidance;
  }
};

std::string line_of(const SweepCell& cell);

// Those in the file, none where it is missing. DataError for a file that holds anything else; what was half-written at
// its end is passed over, and told so that it can be taken off.
struct SweepCells {
  std::vector<SweepCell> cells;
  uint64_t whole_bytes = 0;  // of whole lines
};
SweepCells read_cells(const std::filesystem::path& file);

// A table for each figure on standard output, rows of lengths and columns of guidances, its best marked by a star.
void print_cells(const std::vector<SweepCell>& cells, const std::vector<double>& lengths,
                 const std::vector<double>& guidances);

}  // namespace pixnerd::cli
