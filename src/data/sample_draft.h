// A sample of a shard while its entries come in.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "data/sample_index.h"

namespace pixnerd::data {

// Files of these endings make a sample; `extension` is in lower case.
bool is_sample_text(const std::string& extension);

// Extensions of a shard by numbers, so that a set of them is 64 bits. Those beyond are not told apart.
class ExtensionBits {
 public:
  uint64_t of(const std::string& extension);  // one bit, or none

 private:
  std::vector<std::string> known_;
};

struct Draft {
  IndexedSample sample;
  Extent cls;
  uint64_t extensions = 0;
  bool has_text = false;
  bool is_common = false;  // its picture, as everybody writes them: .png, .jpg, .jpeg, .webp
  bool is_dropped = false;
  std::string problem;   // why it must be left out
  int64_t part = 0;      // TarEntry::part
  std::string base;      // of a name with dots: the key up to the first one; else ""
  std::string compound;  // and an ending that it stands for, such as ".seg.png"

  // Takes an entry, of whose texts the content is read. False for one more picture that is not used.
  bool add(const TarFile& file, const Extent& entry, const std::string& extension, uint64_t bit);

  // Where the content of an entry with that extension lies; none that exists if there is no such entry.
  Extent extent_of(const std::string& extension) const;
};

}  // namespace pixnerd::data
