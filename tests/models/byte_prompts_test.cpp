#include "models/byte_prompts.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "core/errors.h"
#include "models/precision.h"
#include "tests/core/temporary_folder.h"
#include "tests/core/thrown.h"
#include "tests/models/tiny.h"

namespace pixnerd::models {
namespace {

at::Tensor states(PromptEncoder& encoder, const std::string& prompt) {
  return encoder.encode({&prompt, 1}).states;
}

TEST(BytePrompts, AreBytesAndPaddingInOneForm) {
  const at::Tensor bytes = bytes_of_texts({"Fox", "\xEF\xBC\xA6OX ", ""}, tiny_byte_config());
  EXPECT_EQ(bytes.sizes(), (at::IntArrayRef{3, 12}));
  EXPECT_EQ(bytes[0][0].item<int64_t>(), 'f' + 1);
  EXPECT_EQ(bytes[0][3].item<int64_t>(), 0);
  EXPECT_TRUE(at::equal(bytes[0], bytes[1]));
  EXPECT_TRUE(at::equal(bytes[2], at::zeros({12}, at::kLong)));
}

TEST(BytePrompts, AreCutBetweenCharacters) {
  const auto network = random_network(tiny_byte_config(), 3);
  BytePrompts encoder(*network);
  const std::string prompt = "abcdefghijk\xC3\xA9!";  // the last letter would begin at byte 12 of 12
  const EncodedPrompts encoded = encoder.encode({&prompt, 1});
  EXPECT_EQ(encoded.states.sizes(), (at::IntArrayRef{1, 4, 32}));
  ASSERT_EQ(encoded.cut.size(), 1U);
  EXPECT_EQ(encoded.cut[0].kept, "abcdefghijk");
  EXPECT_EQ(encoded.cut[0].dropped, "\xC3\xA9!");
  EXPECT_EQ(encoded.cut[0].length, "14 bytes");
  EXPECT_TRUE(at::equal(encoded.states, states(encoder, "abcdefghijk")));
}

TEST(BytePrompts, TakeWhatIsNoTextToo) {
  const auto network = random_network(tiny_byte_config(), 3);
  BytePrompts encoder(*network);
  EXPECT_TRUE(at::equal(states(encoder, "\xFF\xC3"), states(encoder, "\xEF\xBF\xBD\xEF\xBF\xBD")));
  EXPECT_TRUE(at::equal(states(encoder, std::string(100'000, ' ')), states(encoder, "")));
  EXPECT_FALSE(at::equal(states(encoder, "\xE7\x8C\xAB"), states(encoder, "")));
}

TEST(BytePrompts, AreTheSameWhateverTheNetworkWasPreparedFor) {
  const auto network = random_network(tiny_byte_config(), 3);
  BytePrompts encoder(*network);
  const at::Tensor before = states(encoder, "fox");
  network->prepare_for_inference(at::kCPU, at::kBFloat16);
  EXPECT_TRUE(at::equal(states(encoder, "fox"), before));
}

TEST(BytePrompts, AreKeptForTheseWeightsAlone) {
  const TemporaryFolder cache;
  const auto network = random_network(tiny_byte_config(), 3), other = random_network(tiny_byte_config(), 4);
  BytePrompts encoder(*network, cache.path());
  const at::Tensor first = states(encoder, "fox");
  const auto files = [&] {
    return std::distance(std::filesystem::recursive_directory_iterator(cache.path()),
                         std::filesystem::recursive_directory_iterator());
  };
  const auto with_one = files();
  EXPECT_TRUE(at::equal(states(encoder, "fox"), first));
  EXPECT_EQ(files(), with_one);
  BytePrompts of_other(*other, cache.path());
  EXPECT_FALSE(at::equal(states(of_other, "fox"), first));
  EXPECT_GT(files(), with_one);
}

TEST(BytePrompts, AreRefusedByOtherNetworks) {
  const auto network = random_network(tiny_text_config(ModelType::t2i), 3);
  EXPECT_THROW(BytePrompts{*network}, RequestError);
  EXPECT_THROW(network->encode_text(at::zeros({1, 12}, at::kLong)), RequestError);
  const auto reads = random_network(tiny_byte_config(), 3);
  EXPECT_THROW(reads->encode_text(at::zeros({1, 11}, at::kLong)), RequestError);
}

}  // namespace
}  // namespace pixnerd::models
