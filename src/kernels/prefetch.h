// Memory that will be wanted soon, fetched a few cache lines at a time while the processor multiplies.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace pixnerd::kernels {

class Prefetch {
 public:
  // Adds `count` values to what is to be read, or written. There is room for a few such pieces; more are ignored.
  template <class T>
  void read(const T* from, int64_t count) {
    add(from, count * static_cast<int64_t>(sizeof(T)), false);
  }
  template <class T>
  void write(const T* to, int64_t count) {
    add(to, count * static_cast<int64_t>(sizeof(T)), true);
  }

  // Fetches the next few lines.
  void step() {
    if (first_ == count_) return;
    Piece& piece = pieces_[first_];
    for (int i = 0; i < kLinesPerStep && piece.at < piece.end; ++i, piece.at += kLine) {
      if (piece.write) {
        __builtin_prefetch(piece.at, 1, 3);
      } else {
        __builtin_prefetch(piece.at, 0, 2);
      }
    }
    if (piece.at >= piece.end) ++first_;
  }

 private:
  static constexpr int kLinesPerStep = 16;
  static constexpr int kLine = 64;
  static constexpr size_t kPieces = 6;

  struct Piece {
    const char* at;
    const char* end;
    bool write;
  };

  void add(const void* from, int64_t bytes, bool write) {
    if (count_ == kPieces || bytes <= 0) return;
    const char* start = static_cast<const char*>(from);
    pieces_[count_++] = {start, start + bytes, write};
  }

  std::array<Piece, kPieces> pieces_ = {};
  size_t first_ = 0, count_ = 0;
};

}  // namespace pixnerd::kernels
