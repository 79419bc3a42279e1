#include "cli/checkpoint_flags.h"

#include "checkpoint/shard_index.h"
#include "cli/checks.h"
#include "core/errors.h"
#include "core/file.h"

namespace pixnerd::cli {

void add_checkpoint(InputFiles& inputs, const std::string& path) {
  inputs.add(path);
  if (!path.ends_with(checkpoint::kIndexEnding)) return;
  constexpr size_t kMostBytes = size_t{64} << 20;
  try {
    for (const auto& [tensor, file] : checkpoint::parse_shard_index(read_file(path, kMostBytes), path)) {
      inputs.add(std::filesystem::path(path).parent_path() / file);
    }
  } catch (const Error&) {
    // Whoever reads the weights says what is wrong with it.
  }
}

void add_decoder(CLI::App& command, std::string& decoder) {
  command
      .add_option("--decoder", decoder,
                  "of a text-to-image network whose file does not say: plain, or heavy, which draws any size with the "
                  "tokens of 512x512")
      ->check(one_of({"plain", "heavy"}))
      ->type_name("plain|heavy");
}

std::optional<models::ModelType> decoder_of(const std::string& name) {
  if (name.empty()) return std::nullopt;
  return name == "heavy" ? models::ModelType::t2i_heavy : models::ModelType::t2i;
}

}  // namespace pixnerd::cli
