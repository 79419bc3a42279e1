#include "serve/shelf.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "core/errors.h"
#include "sample/condition.h"
#include "sample/requests.h"
#include "tests/core/waiting.h"
#include "tests/models/qwen3_folder.h"
#include "tests/serve/studio_fixture.h"

namespace pixnerd::serve {
namespace {

class ShelfTest : public testing::Test {
 protected:
  std::shared_ptr<Loaded> wait_for(Shelf& shelf, const std::string& name,
                                   models::Precision precision = models::Precision::float32) {
    std::shared_ptr<Loaded> network;
    EXPECT_TRUE(comes_true([&] { return (network = shelf.get(catalogue_.find(name), precision)) != nullptr; }));
    return network;
  }

  ServedModels models_;
  Catalogue catalogue_ = models_.catalogue();
};

TEST_F(ShelfTest, LoadsBesideTheWorkAndSaysSo) {
  std::atomic<int> notices = 0;
  Shelf shelf({}, [&] { ++notices; });
  EXPECT_EQ(shelf.get(catalogue_.find("fruit"), models::Precision::float32), nullptr);
  EXPECT_TRUE(shelf.loaded().empty());
  const auto network = wait_for(shelf, "fruit");
  ASSERT_NE(network, nullptr);
  EXPECT_EQ(notices, 1);
  EXPECT_EQ(shelf.loaded(), std::set<std::string>{"fruit"});
  EXPECT_EQ(network->common.checkpoint, "fruit.safetensors");
  EXPECT_EQ(network->common.checkpoint_hash, catalogue_.find("fruit").hash);
  EXPECT_EQ(wait_for(shelf, "fruit"), network);
  EXPECT_NE(wait_for(shelf, "fruit", models::Precision::bfloat16), network);
  EXPECT_FALSE(shelf.advance());
}

TEST_F(ShelfTest, PutsAwayWhatWasUsedLongestAgo) {
  Shelf shelf({.most_loaded = 2}, [] {});
  const std::weak_ptr<Loaded> first = wait_for(shelf, "fruit");
  wait_for(shelf, "plain");
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  wait_for(shelf, "fruit");
  wait_for(shelf, "plain", models::Precision::bfloat16);
  EXPECT_FALSE(first.expired());
  EXPECT_EQ(shelf.loaded(), (std::set<std::string>{"fruit", "plain"}));
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  wait_for(shelf, "plain", models::Precision::bfloat16);
  wait_for(shelf, "plain");
  EXPECT_TRUE(first.expired());
}

TEST_F(ShelfTest, WhoWaitsForRoomGetsIt) {
  Shelf shelf({.batch = 1, .most_loaded = 1, .patience = 0.05}, [] {});
  const auto busy = wait_for(shelf, "plain");
  ASSERT_NE(busy, nullptr);
  const ServedModel& plain = catalogue_.find("plain");
  const auto draw = [&] {
    const auto picture = sample::requests_of({0}, {}, 1, sample::ClassOrder::runs, 1, plain.description.sample).front();
    busy->engine->submit(sample::engine_picture(plain.description.model, picture, {}),
                         std::make_shared<engine::Observer>());
  };
  draw();
  EXPECT_EQ(shelf.get(catalogue_.find("fruit"), models::Precision::float32), nullptr);
  EXPECT_EQ(shelf.get(plain, models::Precision::float32), busy);
  std::this_thread::sleep_for(std::chrono::milliseconds(60));
  EXPECT_EQ(shelf.get(catalogue_.find("fruit"), models::Precision::float32), nullptr);
  EXPECT_EQ(shelf.get(plain, models::Precision::float32), nullptr);  // it comes to rest
  while (shelf.advance()) continue;
  EXPECT_NE(wait_for(shelf, "fruit"), nullptr);
  EXPECT_EQ(shelf.loaded(), std::set<std::string>{"fruit"});
}

TEST_F(ShelfTest, SaysWhatIsWrongWithAFileAndLooksAgain) {
  const std::filesystem::path path = models_.path("fruit"), away = path.string() + ".away";
  std::filesystem::rename(path, away);
  Shelf shelf({}, [] {});
  EXPECT_THROW(wait_for(shelf, "fruit"), Error);
  std::filesystem::rename(away, path);
  EXPECT_NE(wait_for(shelf, "fruit"), nullptr);
}

TEST_F(ShelfTest, EncodesTextsOnce) {
  const TemporaryFolder folder;
  models::write_qwen3_folder(folder / "qwen3");
  Shelf shelf({.text_encoder = folder / "qwen3"}, [] {});
  const auto words = wait_for(shelf, "words");
  ASSERT_NE(words, nullptr);
  const EncodedText text = shelf.encode("ab", *words);
  EXPECT_TRUE(shelf.encode("ab", *words).states.is_same(text.states));
  EXPECT_EQ(text.warning, "");
  EXPECT_NE(shelf.encode(std::string(10'000, 'a'), *words).warning, "");
  for (int i = 0; i < 64; ++i) shelf.encode(std::to_string(i), *words);
  EXPECT_FALSE(shelf.encode("ab", *words).states.is_same(text.states));
}

}  // namespace
}  // namespace pixnerd::serve
