// A data set: pictures with their labels, by number. Folders and shards are the same from here on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/stop.h"
#include "data/config.h"
#include "data/reading.h"
#include "data/unused.h"

namespace pixnerd::data {

// What a picture shows, in words. The language is a BCP 47 tag such as "en", or "" where none is given.
struct Caption {
  std::string language;
  std::string text;
};

// Read-only after opening; any thread may call anything. Which picture has which number depends on the files alone.
class PictureSet {
 public:
  virtual ~PictureSet() = default;

  virtual const std::filesystem::path& root() const = 0;

  // Pictures are numbered 0 ... size() - 1; size() is at least 1.
  virtual int64_t size() const = 0;

  // The class, 0 ... num_classes() - 1, and the style, 0 ... styles().size() - 1; -1 for a picture without one.
  virtual int64_t label(int64_t index) const = 0;
  virtual int64_t style(int64_t index) const = 0;

  // A name that no other picture of the set has and that does not depend on where the set lies, such as "cat/a.png".
  virtual std::string name(int64_t index) const = 0;

  // Decoded, not cropped unless by a cache (crop_cache.h), with what its file says of it. DataError if it cannot be.
  virtual Picture open(int64_t index) const = 0;
  image::Image read(int64_t index) const { return open(index).image; }

  // In the order of the file, none of them empty and none twice; often there are none. DataError if they cannot be
  // read.
  virtual std::vector<Caption> captions(int64_t) const { return {}; }

  // Names by label; classes() may be empty where labels are bare numbers.
  virtual const std::vector<std::string>& classes() const = 0;
  virtual const std::vector<std::string>& styles() const = 0;
  virtual int64_t num_classes() const { return static_cast<int64_t>(classes().size()); }

  // Pictures and files that were found broken when the set was opened; each has been named in the log.
  virtual int64_t broken_at_opening() const { return 0; }

  // What lies there and is not used.
  virtual const Unused& unused() const;
};

// Where what is not used is told of.
enum class Tell {
  log,      // in warnings
  nowhere,  // the caller asks unused()
};

// Opens config.path: shards (shards.h) where is_shards() says so, else a folder of pictures (image_folder.h).
// DataError: nothing there, or no picture in it; ConfigError: config.include fits nothing. Where config.cache is given,
// with_cache() of crop_cache.h follows, which may take long: Stopped where `stop` says so.
std::shared_ptr<const PictureSet> open_pictures(const DataConfig& config, Tell tell = Tell::log,
                                                const StopRequested& stop = {});

// "data set 'pets': not used: " and a line of unused(), for each.
std::vector<std::string> unused_in(const PictureSet& set);

// A number that changes when pictures are added, removed, renamed or labelled anew: what a run can be resumed on.
uint64_t fingerprint(const PictureSet& pictures);

}  // namespace pixnerd::data
