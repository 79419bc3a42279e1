#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include "models/byte_prompts.h"
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
  Loaded loaded;
  models::ModelConfig& network = loaded.file.description.model;
  network = models::tiny_text_config(models::ModelType::t2i);
  for (const int64_t tokens : {5, 128, 7}) {
    network.txt_max_length = tokens;
    const EncodedText encoded = shelf.encode("a fox", loaded);
    EXPECT_EQ(encoded.states.sizes(), (at::IntArrayRef{1, tokens, network.txt_embed_dim}));
  }
}

TEST(ShelfText, IsEncodedByTheNetworkThatReadsIt) {
  Shelf shelf({}, [] {});
  Loaded one, other;
  for (auto [loaded, seed] : {std::pair{&one, 1}, std::pair{&other, 2}}) {
    loaded->file.description.model = models::tiny_byte_config();
    loaded->file.network = models::random_network(models::tiny_byte_config(), static_cast<uint64_t>(seed));
    loaded->common.checkpoint_hash = std::to_string(seed);
    loaded->encoder = std::make_unique<models::BytePrompts>(*loaded->file.network);
  }
  const at::Tensor states = shelf.encode("a fox", one).states;
  EXPECT_EQ(states.sizes(), (at::IntArrayRef{1, 4, 32}));
  EXPECT_TRUE(shelf.encode("a fox", one).states.is_same(states));
  EXPECT_FALSE(at::equal(shelf.encode("a fox", other).states, states));
  EXPECT_NE(shelf.encode(std::string(10'000, 'a'), one).warning, "");
}

}  // namespace
}  // namespace pixnerd::serve
