#include <gtest/gtest.h>

#include "serve/shelf.h"
#include "tests/core/temporary_folder.h"
#include "tests/models/qwen3_folder.h"
#include "tests/models/tiny.h"

namespace pixnerd::serve {
namespace {

TEST(ShelfText, HasTheShapeThatEachNetworkTakes) {
  const TemporaryFolder folder;
  models::write_qwen3_folder(folder / "qwen3");
  ShelfOptions options;
  options.text_encoder = folder / "qwen3";
  Shelf shelf(options, [] {});
  models::ModelConfig network = models::tiny_text_config(models::ModelType::t2i);
  for (const int64_t tokens : {5, 128, 7}) {
    network.txt_max_length = tokens;
    const EncodedText encoded = shelf.encode("a fox", network);
    EXPECT_EQ(encoded.states.sizes(), (at::IntArrayRef{1, tokens, network.txt_embed_dim}));
  }
}

}  // namespace
}  // namespace pixnerd::serve
