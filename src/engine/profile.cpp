#include "engine/profile.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <exception>
#include <ostream>
#include <stdexcept>

#include "config/json.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/text.h"

namespace pixnerd::engine {
namespace {

namespace fs = std::filesystem;
using config::Value;

constexpr int64_t kFirstTokens = 512;
constexpr int64_t kEnough = 3;       // evaluations of a number of rows, of which the fastest counts
constexpr double kWorthwhile = .97;  // of the time a row takes: what more rows must get it to
constexpr int64_t kPatience = 2;     // doublings that may be in vain: one may have been disturbed
constexpr uint64_t kMostBytes = 1 << 20;

int64_t rounded_down(int64_t rows) {
  return static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(rows)));
}

}  // namespace

Profile::Profile(fs::path file) : file_(std::move(file)) {
  if (file_.empty()) return;
  try {
    read();
  } catch (const std::exception&) {
    curves_.clear();
  }
}

int64_t Profile::rows(const Size& size) const {
  static const Curve kNothing;
  const auto found = curves_.find(size);
  const Curve& curve = found == curves_.end() ? kNothing : found->second;
  int64_t best = first_rows(size), in_vain = 0;
  double best_row = INFINITY;
  for (int64_t rows = best; rows <= kMostRows && in_vain < kPatience; rows *= 2) {
    const auto measured = curve.find(rows);
    if (measured == curve.end() || measured->second.times < kEnough) return rows;
    const double row = measured->second.seconds / static_cast<double>(rows);
    in_vain = row > best_row * kWorthwhile ? in_vain + 1 : 0;
    if (in_vain > 0) continue;
    best = rows;
    best_row = row;
  }
  return best;
}

int64_t Profile::first_rows(const Size& size) {
  return std::clamp(rounded_down(std::max<int64_t>(1, kFirstTokens / size.tokens)), kLeastRows, kMostRows);
}

void Profile::add(const Size& size, int64_t rows, double seconds) {
  if (rows < kLeastRows || rows > kMostRows || rounded_down(rows) != rows || !(seconds > 0)) return;
  if (seen_.insert(size).second) return;  // what is done once, such as tables, is in the first
  Measured& measured = curves_[size][rows];
  const bool is_new = measured.times < kEnough;
  // A machine that was busy meanwhile is found out later.
  if (measured.times > 0 && !is_new && seconds > measured.seconds * kWorthwhile) return;
  measured.seconds = measured.times == 0 ? seconds : std::min(measured.seconds, seconds);
  measured.times += is_new ? 1 : 0;
  is_changed_ = is_changed_ || measured.times >= kEnough;
}

void Profile::read() {
  const Value value = config::parse_json(read_file(file_, kMostBytes), file_.string());
  for (const Value& each : value.items) {
    const auto number = [&](size_t i) {
      const double found = std::stod(each.items.at(i).scalar);
      if (!(found > 0 && found < 1e12)) throw std::out_of_range("no size and no time");
      return found;
    };
    const auto rows = static_cast<int64_t>(number(2));
    if (rows < kLeastRows || rows > kMostRows || rounded_down(rows) != rows) continue;
    curves_[{static_cast<int64_t>(number(0)), static_cast<int64_t>(number(1))}][rows] = {number(3), kEnough};
  }
}

void Profile::save() noexcept {
  if (!is_changed_ || file_.empty()) return;
  try {
    fs::create_directories(file_.parent_path());
    std::string lines;
    for (const auto& [size, curve] : curves_) {
      for (const auto& [rows, measured] : curve) {
        if (measured.times < kEnough) continue;
        lines += concat(lines.empty() ? "" : ",\n ", "[", size.tokens, ", ", size.pixels, ", ", rows, ", ",
                        measured.seconds, "]");
      }
    }
    write_file_atomically(file_, [&](std::ostream& out) { out << "[" << lines << "]\n"; });
    is_changed_ = false;
  } catch (const std::exception&) {
    // It is measured again the next time.
  }
}

fs::path profile_file(const std::string& key) {
  const auto folder = [](const char* variable) {
    const char* const value = std::getenv(variable);
    return value == nullptr || *value != '/' ? fs::path() : fs::path(value);
  };
  fs::path cache = folder("XDG_CACHE_HOME");
  if (cache.empty() && !folder("HOME").empty()) cache = folder("HOME") / ".cache";
  return cache.empty() ? cache : cache / "pixnerd" / "profiles" / concat(hexadecimal(hash_of(key)), ".json");
}

}  // namespace pixnerd::engine
