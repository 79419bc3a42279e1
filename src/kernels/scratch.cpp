#include "kernels/scratch.h"

#include <algorithm>
#include <memory>
#include <new>
#include <vector>

namespace pixnerd::kernels {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kPerLine = kAlignment / sizeof(float);
constexpr size_t kFirstBlock = size_t{1} << 18;  // floats: 1 MB

struct Free {
  void operator()(float* data) const { ::operator delete (data, std::align_val_t{kAlignment}); }
};

struct Block {
  explicit Block(size_t count)
      : data(static_cast<float*>(::operator new (count * sizeof(float), std::align_val_t{kAlignment}))), size(count) {
    std::fill_n(data.get(), count, 0.0F);
  }

  std::unique_ptr<float, Free> data;
  size_t size;
};

// Blocks are filled one after the other; when nothing is in use, several are replaced by one of their total size.
struct Buffer {
  std::vector<Block> blocks;
  size_t block = 0;
  size_t used = 0;

  float* take(size_t count) {
    count = (count + kPerLine - 1) / kPerLine * kPerLine;
    while (block < blocks.size() && used + count > blocks[block].size) {
      ++block;
      used = 0;
    }
    if (block == blocks.size()) {
      blocks.emplace_back(std::max(count, blocks.empty() ? kFirstBlock : 2 * blocks.back().size));
    }
    used += count;
    return blocks[block].data.get() + (used - count);
  }

  void merge() {
    size_t total = 0;
    for (const Block& one : blocks) total += one.size;
    blocks.clear();
    blocks.emplace_back(total);
  }
};

Buffer& buffer() {
  thread_local Buffer mine;
  return mine;
}

}  // namespace

Scratch::Scratch() : block_(buffer().block), used_(buffer().used) {}

Scratch::~Scratch() {
  Buffer& mine = buffer();
  mine.block = block_;
  mine.used = used_;
  if (block_ == 0 && used_ == 0 && mine.blocks.size() > 1) mine.merge();
}

float* Scratch::floats(int64_t count) {
  return buffer().take(static_cast<size_t>(count));
}

}  // namespace pixnerd::kernels
