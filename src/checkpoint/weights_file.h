// Any file of weights, recognised by its content, whatever its name: safetensors, the index of safetensors files, and
// both forms of torch.save with PyTorch Lightning's checkpoints among them. No torch here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/pickle.h"
#include "checkpoint/safetensors.h"
#include "checkpoint/strided_entry.h"
#include "core/mapped_file.h"

namespace pixnerd::checkpoint {

enum class WeightsFormat { safetensors, sharded_safetensors, torch_zip, torch_legacy };

const char* name_of(WeightsFormat format);  // in words: "safetensors"

// Throws CheckpointError if one of the files that were mapped has been overwritten or cut since; to be called when what
// was read from them has been used, and before it is given on. Replacing a file by rename is no change of it.
void require_unchanged(const MappedSources& sources);

// Mapped: nothing but headers, directories and pickles is read; a tensor's bytes come in when they are touched.
class WeightsFile {
 public:
  // Of a folder, the file that checkpoint_path() finds in it. Throws DataError if a file cannot be opened,
  // CheckpointError if it is malformed, of no known kind, or names what no checkpoint needs.
  static std::shared_ptr<const WeightsFile> open(const std::filesystem::path& path, const PickleOptions& options = {});

  const std::string& source() const { return source_; }  // the path of the file that was opened
  WeightsFormat format() const { return format_; }
  uint64_t bytes() const;  // of all files together

  // Throws CheckpointError if one of the files has been overwritten or cut since it was opened.
  void require_unchanged() const;

  // Names as the file has them; those of torch.save are ways through its containers, "state_dict/<name>".
  const std::vector<StridedEntry>& entries() const { return entries_; }
  const StridedEntry* find(std::string_view name) const;  // nullptr if there is none

  // Of safetensors files their metadata; of torch.save's the texts and numbers of the outermost dict, as text:
  // {"epoch": "0", "global_step": "3", ...}.
  const Metadata& metadata() const { return metadata_; }

  // What was saved, of files of torch.save; nullptr for others.
  const Pickle* pickle() const { return pickle_ ? &*pickle_ : nullptr; }

 private:
  WeightsFile() = default;

  void parse(const std::filesystem::path& path, const PickleOptions& options);
  void add_safetensors(SafetensorsContents contents);
  void open_shards(const std::filesystem::path& index, std::string_view json);
  void open_torch(const PickleOptions& options);
  void sort_names();

  std::string source_;
  WeightsFormat format_ = WeightsFormat::safetensors;
  std::vector<MappedFile> files_;
  std::optional<Pickle> pickle_;
  std::vector<StridedEntry> entries_;
  std::vector<size_t> by_name_;
  Metadata metadata_;
};

}  // namespace pixnerd::checkpoint
