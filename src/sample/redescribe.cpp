#include "sample/redescribe.h"

#include <span>
#include <vector>

#include "checkpoint/tensors.h"
#include "sample/weight_sets.h"

namespace pixnerd::sample {

void write_with(const ModelDescription& description, const std::shared_ptr<const checkpoint::WeightsFile>& file,
                const std::filesystem::path& path) {
  std::vector<NamedEntry> kept = named_entries(*file);
  std::erase_if(kept, [](const NamedEntry& entry) { return entry.set == WeightSet::state; });
  std::vector<checkpoint::TensorEntry> entries;
  for (const NamedEntry& each : kept) {
    const auto bytes = checkpoint::bytes_of(static_cast<uint64_t>(each.entry->elements()), each.entry->dtype);
    entries.push_back({each.name, each.entry->dtype, each.entry->shape, nullptr, bytes});
  }
  checkpoint::Metadata metadata = file->metadata();
  metadata[kConfigKey] = config::dump(description);
  at::Tensor current;
  checkpoint::write_safetensors(path, entries, metadata, [&](size_t index) {
    return checkpoint::row_major_bytes(file, *kept[index].entry, current);
  });
}

}  // namespace pixnerd::sample
