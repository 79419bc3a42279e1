// Kind dinov2: the frozen network behind REPA, on several grids, and what it is shown.
#include "models/dinov2.h"

#include "core/text.h"
#include "tests/parity/parity.h"

namespace pixnerd::parity {

void run_dinov2(Case& golden) {
  models::DinoV2Options options;
  options.num_heads = golden.config().at("num_heads").get<int64_t>();
  options.device = golden.device();
  const models::DinoV2 network({golden.with_prefix("param.encoder."), golden.name()}, options);
  const double limit = golden.tolerance("out");
  golden.require("sizes", network.width() == golden.config().at("embed_dim").get<int64_t>() &&
                              network.depth() == golden.config().at("depth").get<int64_t>() &&
                              network.patch_size() == golden.config().at("patch_size").get<int64_t>());
  for (const auto& grid : golden.config().at("grids")) {
    const auto rows = grid[0].get<int64_t>(), columns = grid[1].get<int64_t>();
    const std::string size = concat(rows, "x", columns);
    const auto expected = [&](const std::string& name) { return golden.tensor(concat("out.", name, ".", size)); };
    golden.compare("position table " + size, network.position_table(rows, columns), expected("pos_embed"), limit);
    const models::DinoV2Tokens tokens = network(golden.tensor("in.pixels." + size));
    golden.compare("class token " + size, tokens.class_token, expected("x_norm_clstoken"), limit);
    golden.compare("patch tokens " + size, tokens.patch_tokens, expected("x_norm_patchtokens"), limit);
  }
  for (const auto& [size, picture] : golden.with_prefix("in.image01.")) {
    const at::Tensor shown = models::repa_input(picture);
    golden.compare("shown " + size, shown, golden.tensor("out.resized." + size), limit);
    golden.compare("encoder " + size, network(shown).patch_tokens, golden.tensor("out.encoder." + size), limit);
  }
}

}  // namespace pixnerd::parity
