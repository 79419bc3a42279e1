// How many rows of one size should share an evaluation: told from how long evaluations took. Trying is free, since a
// picture is the same whatever it is evaluated with, so that what is measured is the work itself: the number of rows is
// doubled, from 512 tokens on, as long as that makes a row cheaper. Kept in a file, it is known from the start the next
// time.
//
// Threads: used by one at a time.
#pragma once

#include <compare>
#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>

namespace pixnerd::engine {

class Profile {
 public:
  // What is evaluated.
  struct Size {
    int64_t tokens = 0, pixels = 0;  // of a picture
    auto operator<=>(const Size&) const = default;
  };

  // Reads the file if there is one; what cannot be read counts as nothing measured. "": in memory alone.
  explicit Profile(std::filesystem::path file = {});

  // The rows that the next evaluation should have if there are as many.
  int64_t rows(const Size& size) const;

  // An evaluation of so many rows took so long.
  void add(const Size& size, int64_t rows, double seconds);

  // Writes the file if something new was learnt; a file that cannot be written is no error.
  void save() noexcept;

  static constexpr int64_t kLeastRows = 2, kMostRows = 256;

  // What is tried first: fewer rows of small pictures are never better.
  static int64_t first_rows(const Size& size);

 private:
  struct Measured {
    double seconds = 0;  // the least
    int64_t times = 0;
  };
  using Curve = std::map<int64_t, Measured>;  // by rows, powers of two

  void read();

  std::filesystem::path file_;
  std::map<Size, Curve> curves_;
  std::set<Size> seen_;  // by this object
  bool is_changed_ = false;
};

// The usual place of the file for what `key` describes, the network, its arithmetic and the machine: in the user's
// cache folder ($XDG_CACHE_HOME, or .cache in $HOME), "" where there is neither.
std::filesystem::path profile_file(const std::string& key);

}  // namespace pixnerd::engine
