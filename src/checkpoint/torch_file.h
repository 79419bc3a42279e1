// Files of torch.save and PyTorch Lightning, read without running anything they hold:
//   zip     members NAME/data.pkl (a pickle), NAME/data/KEY (the bytes of storage KEY), NAME/byteorder, ...
//   legacy  five pickles (magic number, version, system, object, storage keys), then each storage: its number of
//           elements in 8 bytes, and its bytes; all little-endian
// No torch here: tensors.h makes at::Tensor of the entries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "checkpoint/pickle.h"
#include "checkpoint/strided_entry.h"

namespace pixnerd::checkpoint {

enum class TorchForm { zip, legacy };

struct TorchContents {
  TorchForm form = TorchForm::zip;
  Pickle pickle;  // the object that was saved
  std::vector<StridedEntry> entries;
};

bool starts_like_torch_file(std::span<const std::byte> file);

// Reads a whole file that is in memory; all that it returns points into `file`. The names of entries are their ways
// through the containers, "state_dict/ema_denoiser.x_embedder.embedder.0.weight", "optimizer_states/0/state/3/exp_avg".
// Checked before it returns: every tensor lies inside its storage and every storage inside the file; a name is there
// once. Nothing but the directory and the pickles is touched. Memory and time are bounded by their size.
// Throws CheckpointError that names source and, where there is one, the tensor.
TorchContents parse_torch_file(std::span<const std::byte> file, const PickleOptions& options,
                               const std::string& source);

}  // namespace pixnerd::checkpoint
