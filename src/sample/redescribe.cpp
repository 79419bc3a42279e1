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
    const auto bytes = static_cast<size_t>(each.entry->elements()) * checkpoint::bytes_of(each.entry->dtype);
    entries.push_back({std::string(each.name), each.entry->dtype, each.entry->shape, nullptr, bytes});
  }
  checkpoint::Metadata metadata = file->metadata();
  metadata[kConfigKey] = config::dump(description);
  at::Tensor current;
  checkpoint::write_safetensors(path, entries, metadata, [&](size_t index) -> std::span<const std::byte> {
    current = checkpoint::tensor_of(file, *kept[index].entry).contiguous();
    return {static_cast<const std::byte*>(current.const_data_ptr()), current.nbytes()};
  });
}

}  // namespace pixnerd::sample
