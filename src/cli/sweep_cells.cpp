#include "cli/sweep_cells.h"

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <string_view>
#include <system_error>

#include "config/json.h"
#include "config/scalar.h"
#include "core/errors.h"
#include "core/mapped_file.h"
#include "core/text.h"

namespace pixnerd::cli {
namespace {

constexpr const char* kFigures[] = {"fid", "sfid", "fd", "kid", "kd", "is", "precision", "recall"};

template <class Number>
Number number_in(const config::Value& line, const char* key) {
  Number number{};
  if (const config::Value* const field = line.find(key)) config::read_scalar(*field, key, config::Constraint{}, number);
  return number;
}

SweepCell cell_of(std::string_view text, const std::string& source) {
  const config::Value line = config::parse_json(text, source);
  const config::Value* const settings = line.find("settings");
  if (settings == nullptr) throw ConfigError(concat(source, ": a line has no settings"));
  SweepCell cell;
  cell.settings = settings->scalar;
  cell.length = number_in<double>(line, "length");
  cell.guidance = number_in<double>(line, "guidance");
  cell.step = number_in<int64_t>(line, "step");
  cell.pictures = number_in<int64_t>(line, "pictures");
  for (const char* name : kFigures) {
    if (line.find(name) != nullptr) cell.figures.emplace_back(name, number_in<double>(line, name));
  }
  return cell;
}

const double* figure_of(const SweepCell& cell, const std::string& name) {
  const auto found =
      std::find_if(cell.figures.begin(), cell.figures.end(), [&](const auto& each) { return each.first == name; });
  return found == cell.figures.end() ? nullptr : &found->second;
}

const SweepCell* cell_at(const std::vector<SweepCell>& cells, double length, double guidance) {
  const auto found = std::find_if(cells.begin(), cells.end(), [&](const SweepCell& each) {
    return each.length == length && each.guidance == guidance;
  });
  return found == cells.end() ? nullptr : &*found;
}

// The cell with the best value of a figure; larger is better of some.
const SweepCell* best_of(const std::vector<SweepCell>& cells, const std::string& name) {
  const bool is_larger_better = name == "is" || name == "precision" || name == "recall";
  const SweepCell* best = nullptr;
  for (const SweepCell& each : cells) {
    const double* const value = figure_of(each, name);
    if (value == nullptr) continue;
    if (best == nullptr || (is_larger_better ? *value > *figure_of(*best, name) : *value < *figure_of(*best, name))) {
      best = &each;
    }
  }
  return best;
}

std::string padded(const std::string& text) {
  char cell[32];
  std::snprintf(cell, sizeof cell, "%12s", text.c_str());
  return cell;
}

}  // namespace

std::string line_of(const SweepCell& cell) {
  std::vector<std::pair<std::string, config::Value>> fields{{"settings", config::text_value(cell.settings)},
                                                            {"length", config::scalar_value(cell.length)},
                                                            {"guidance", config::scalar_value(cell.guidance)},
                                                            {"step", config::scalar_value(cell.step)},
                                                            {"pictures", config::scalar_value(cell.pictures)}};
  for (const auto& [name, value] : cell.figures) fields.emplace_back(name, config::scalar_value(value));
  return config::to_json(config::map_value(std::move(fields))) + '\n';
}

SweepCells read_cells(const std::filesystem::path& file) {
  SweepCells all;
  std::error_code none;
  if (!std::filesystem::exists(file, none)) return all;
  const MappedFile mapped = MappedFile::open(file);
  const std::string_view content(reinterpret_cast<const char*>(mapped.data()), mapped.size());
  for (size_t end; (end = content.find('\n', all.whole_bytes)) != std::string_view::npos; all.whole_bytes = end + 1) {
    try {
      all.cells.push_back(cell_of(content.substr(all.whole_bytes, end - all.whole_bytes), file.string()));
    } catch (const ConfigError& error) {
      throw DataError(concat(quoted(file), " holds no results of a sweep: ", error.what(), "; give --out another"));
    }
  }
  return all;
}

void print_cells(const std::vector<SweepCell>& cells, const std::vector<double>& lengths,
                 const std::vector<double>& guidances) {
  for (const char* name : kFigures) {
    const SweepCell* const best = best_of(cells, name);
    if (best == nullptr) continue;
    std::cout << name << " of " << best->pictures << " pictures at step " << best->step << ", * the best\n"
              << padded("length") << "  guidance\n"
              << padded("");
    for (const double guidance : guidances) std::cout << padded(shortest(guidance)) << ' ';
    std::cout << '\n';
    for (const double length : lengths) {
      std::cout << padded(shortest(length));
      for (const double guidance : guidances) {
        const SweepCell* const cell = cell_at(cells, length, guidance);
        const double* const value = cell == nullptr ? nullptr : figure_of(*cell, name);
        char number[32] = "";
        if (value != nullptr) std::snprintf(number, sizeof number, "%.6g", *value);
        std::cout << padded(number) << (cell != nullptr && cell == best ? '*' : ' ');
      }
      std::cout << '\n';
    }
  }
  std::cout << std::flush;
}

}  // namespace pixnerd::cli
