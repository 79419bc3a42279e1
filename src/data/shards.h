// A data set as WebDataset shards: tar files of samples, each a picture with texts of the same name.
//
//   pets/00000.tar    000000.png, 000000.json, 000001.jpg, 000001.cls, ...
//   pets/00001.tar
//
// What a sample is, is told in sample_index.h; what its texts say, in sample_text.h; how classes are numbered, in
// sample_labels.h. Shards and samples come in the order of the shards' names and of their entries. Shards must be
// plain tar files: pictures are read where they lie in them, at random.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "data/picture_set.h"
#include "data/sample_index.h"

namespace pixnerd::data {

// Whether a path is to be read as shards: a file, a pattern (shard_paths.h), or a folder with a *.tar file in it and no
// class folder.
bool is_shards(const std::filesystem::path& path);

class Shards : public PictureSet {
 public:
  // config.path is what shard_paths.h says. Reads all headers and
  // texts, and no picture. Samples and shards that are broken are named in warnings and counted. DataError: nothing
  // there, a file that is no tar file or a compressed one, no sample that can be used, contradictory classes.
  // ConfigError: no shard's name fits config.include.
  explicit Shards(const DataConfig& config);

  const std::filesystem::path& root() const override { return root_; }
  int64_t size() const override { return static_cast<int64_t>(samples_.size()); }
  int64_t label(int64_t index) const override { return sample(index).label; }
  int64_t style(int64_t index) const override { return sample(index).style; }
  std::string name(int64_t index) const override;  // "00000.tar/000001"; any bytes but zero
  Picture open(int64_t index) const override;
  std::vector<Caption> captions(int64_t index) const override;
  const std::vector<std::string>& classes() const override { return classes_; }
  const std::vector<std::string>& styles() const override { return styles_; }
  int64_t num_classes() const override { return num_classes_; }
  int64_t broken_at_opening() const override { return broken_; }
  const Unused& unused() const override { return unused_; }

  uint64_t bytes() const { return bytes_; }  // of all shards

 private:
  struct Shard {
    std::string name;
    std::filesystem::path path;
    std::shared_ptr<const TarFile> file;  // null for those beyond the limit on open files
  };

  struct SetIndex;  // what is known of the set while its shards are being read

  struct Sample {
    std::string key;
    Extent picture, json, txt;
    int64_t label, style;
    int32_t shard;
  };

  const Sample& sample(int64_t index) const { return samples_.at(static_cast<size_t>(index)); }
  const Shard& shard_of(const Sample& sample) const { return shards_[static_cast<size_t>(sample.shard)]; }
  std::shared_ptr<const TarFile> file_of(const Shard& shard) const;
  std::string picture_file(const Sample& sample, const std::string& name) const;
  void find_shards(const DataConfig& config);
  void index(int32_t shard, bool with_styles, SetIndex& set);
  void number(const SetIndex& set);
  [[noreturn]] void refuse_empty(const std::string& first_problem) const;

  std::filesystem::path root_;
  Reading reading_;
  std::vector<Shard> shards_;
  std::vector<Sample> samples_;
  std::vector<std::string> classes_, styles_;
  int64_t num_classes_ = 0, broken_ = 0;
  uint64_t bytes_ = 0;
  Unused unused_;
};

}  // namespace pixnerd::data
