#include "checkpoint/checkpoint_path.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "checkpoint/messages.h"
#include "checkpoint/weights_file.h"
#include "core/log.h"

namespace pixnerd::checkpoint {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostNames = 10'000;  // that are looked at in a folder

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

bool is_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

using Names = std::vector<const char*>;

std::optional<fs::path> first_file(const fs::path& folder, const Names& names) {
  for (const char* name : names) {
    if (is_file(folder / name)) return folder / name;
  }
  return std::nullopt;
}

// The step of "step-00000040.safetensors", as runs name their checkpoints.
std::optional<int64_t> step_of(const std::string& name) {
  constexpr std::string_view kPrefix = "step-", kEnding = ".safetensors";
  if (!name.starts_with(kPrefix) || !name.ends_with(kEnding)) return std::nullopt;
  const char* const end = name.data() + name.size() - kEnding.size();
  int64_t step = 0;
  const auto [stopped, error] = std::from_chars(name.data() + kPrefix.size(), end, step);
  return error == std::errc{} && stopped == end && step >= 0 ? std::optional(step) : std::nullopt;
}

struct Content {
  std::vector<std::pair<int64_t, fs::path>> steps;  // a run's checkpoints, the newest first
  bool has_distributed = false;                     // a file of torch.distributed.checkpoint
  std::vector<std::string> network_states;          // DeepSpeed's
};

Content content_of(const fs::path& folder) {
  Content content;
  std::error_code error;
  size_t count = 0;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end && count < kMostNames;
       entry.increment(error), ++count) {
    const std::string name = entry->path().filename().string();
    if (const auto step = step_of(name); step && is_file(entry->path()))
      content.steps.emplace_back(*step, entry->path());
    content.has_distributed |= name.ends_with(".distcp");
    if (name.ends_with("_model_states.pt")) content.network_states.push_back(name);
  }
  std::sort(content.steps.rbegin(), content.steps.rend());
  return content;
}

// A checkpoint that was cut short, by a full disk or an end without power, is no reason not to use the one before.
fs::path newest_whole(const std::vector<std::pair<int64_t, fs::path>>& steps) {
  for (size_t i = 0; i + 1 < steps.size(); ++i) {
    try {
      WeightsFile::open(steps[i].second);
      return steps[i].second;
    } catch (const Error& error) {
      log_warning(concat(error.what(), "; the checkpoint before it is used"));
    }
  }
  return steps.back().second;
}

std::optional<fs::path> of_deepspeed(const fs::path& folder, const Content& content) {
  if (content.network_states.size() == 1) return folder / content.network_states.front();
  constexpr size_t kLongestName = 200;
  std::string tag;
  std::ifstream latest(folder / "latest");
  std::getline(latest, tag);
  if (tag.empty() || tag.size() > kLongestName || tag.find_first_of("/\\") != std::string::npos || tag == "..")
    return {};
  const Content tagged = content_of(folder / tag);
  if (tagged.network_states.size() != 1) return std::nullopt;
  return folder / tag / tagged.network_states.front();
}

std::optional<fs::path> of_diffusers(const fs::path& folder) {
  const Names names = {"diffusion_pytorch_model.safetensors.index.json", "diffusion_pytorch_model.safetensors",
                       "diffusion_pytorch_model.bin"};
  if (auto file = first_file(folder, names)) return file;
  return first_file(folder / "transformer", names);
}

// What a folder is that no file of weights is taken from.
std::string stranger(const fs::path& folder, const Content& content) {
  if (content.has_distributed) {
    return "is a folder of torch.distributed.checkpoint; `python -m torch.distributed.checkpoint.format_utils "
           "dcp_to_torch FOLDER weights.pt` makes a file of it that can be read";
  }
  if (is_file(folder / "model_index.json")) {
    return "is a Diffusers pipeline, but none of PixNerd: it has no transformer/diffusion_pytorch_model.safetensors";
  }
  if (!content.network_states.empty()) {
    return "is a DeepSpeed checkpoint of several parts; its own zero_to_fp32.py makes one file of them";
  }
  if (is_file(folder / "config.yaml") || is_folder(folder / "checkpoints")) {
    return "is a run that has no checkpoint yet; name a file of weights, or train on";
  }
  return "is a folder, and holds neither a run nor weights under a name that is known; name a file in it";
}

}  // namespace

fs::path checkpoint_path(const fs::path& given) {
  if (!is_folder(given)) return given;
  const Content content = content_of(given);
  if (!content.steps.empty()) return newest_whole(content.steps);
  const Content run = content_of(given / "checkpoints");
  if (!run.steps.empty()) return newest_whole(run.steps);
  if (const auto file = of_diffusers(given)) return *file;
  if (const auto file = of_deepspeed(given, content)) return *file;
  if (const auto file = first_file(given, {"model.safetensors.index.json", "model.safetensors"})) return *file;
  throw error_in(given.string(), stranger(given, content));
}

std::string known_stranger(std::span<const std::byte> file) {
  constexpr size_t kLook = 200;
  const std::string_view start(reinterpret_cast<const char*>(file.data()), std::min(file.size(), kLook));
  if (start.starts_with("version https://git-lfs")) {
    return "is a pointer of Git LFS and not the weights themselves; `git lfs pull` brings them";
  }
  if (start.starts_with("<!DOCTYPE") || start.starts_with("<!doctype") || start.starts_with("<html")) {
    return "is a web page and not the weights themselves; download the file behind it";
  }
  if (start.starts_with("GGUF"))
    return "is a GGUF file, which pixnerd does not read; take the safetensors it was made of";
  if (start.starts_with("\x93NUMPY")) return "is an array of NumPy, and no file of weights";
  return "";
}

}  // namespace pixnerd::checkpoint
