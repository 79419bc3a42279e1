#include "models/qwen3_prompts.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <fstream>

#include "checkpoint/tensors.h"
#include "core/errors.h"
#include "core/file.h"
#include "core/log.h"
#include "tests/core/temporary_folder.h"
#include "tests/core/thrown.h"
#include "tests/models/qwen3_folder.h"

namespace pixnerd::models {
namespace {

void write(const std::filesystem::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

// A folder like a text encoder's.
class Folder {
 public:
  explicit Folder(uint64_t seed = 1) { write_qwen3_folder(path(), seed); }

  const std::filesystem::path& path() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
};

Qwen3PromptOptions options(const std::filesystem::path& cache = {}) {
  Qwen3PromptOptions chosen;
  chosen.precision = Precision::float32;
  chosen.length = 8;
  chosen.cache = cache;
  return chosen;
}

using Prompts = std::vector<std::string>;

// What is warned of while it lives.
class Warnings {
 public:
  Warnings() {
    set_log_sink([this](std::string_view line) { text_ += line; });
  }
  ~Warnings() { set_log_sink({}); }
  Warnings(const Warnings&) = delete;
  Warnings& operator=(const Warnings&) = delete;

  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

TEST(Qwen3Prompts, EncodesWhatTheModelDoes) {
  const Folder folder;
  Qwen3Prompts encoder(folder.path(), options());
  EXPECT_FALSE(encoder.is_loaded());
  const EncodedPrompts encoded = encoder.encode(Prompts{"abc", "", "abc"});
  EXPECT_TRUE(encoder.is_loaded());
  EXPECT_EQ(encoded.states.sizes(), (std::vector<int64_t>{3, 8, 16}));
  EXPECT_TRUE(encoded.cut.empty());

  const Qwen3 model = Qwen3::load(folder.path(), at::kFloat);
  const at::Tensor ids = at::tensor({256, 99, 257, 257, 257, 257, 257, 257}, at::kLong).unsqueeze(0);
  EXPECT_TRUE(encoded.states[0].equal(model(ids, at::arange(8).lt(2).unsqueeze(0))[0]));
  EXPECT_TRUE(encoded.states[2].equal(encoded.states[0]));
  EXPECT_TRUE(encoded.states[1].equal(model(at::full({1, 8}, 257), at::zeros({1, 8}, at::kBool))[0]));
  EXPECT_EQ(thrown<RequestError>([&] { encoder.encode(Prompts{}); }), "there is no prompt to encode");
}

TEST(Qwen3Prompts, TellsWhereAPromptIsCut) {
  const Folder folder;
  Qwen3Prompts encoder(folder.path(), options());
  const EncodedPrompts encoded = encoder.encode(Prompts{"x", "one two three"}, 20);
  ASSERT_EQ(encoded.cut.size(), 1U);
  EXPECT_EQ(encoded.cut[0].index, 1U);
  EXPECT_EQ(describe(encoded.cut[0]),
            "the prompt 'one two ' has 13 tokens, more than the text encoder reads: it is cut behind 'one two ', "
            "'three' is not read");
  EXPECT_TRUE(encoded.states.narrow(2, 16, 4).eq(0).all().item<bool>());  // as wide as was asked for
  EXPECT_TRUE(encoder.encode(Prompts{"x"}, 10).states[0].equal(encoded.states[0].narrow(1, 0, 10)));
}

TEST(Qwen3Prompts, KeepsWhatItEncoded) {
  const Folder folder, other_weights(2);
  const TemporaryFolder cache;
  const Warnings warnings;
  Qwen3Prompts first(folder.path(), options(cache.path()));
  const EncodedPrompts encoded = first.encode(Prompts{"", "a long prompt"});
  Qwen3Prompts second(folder.path(), options(cache.path()));
  const EncodedPrompts again = second.encode(Prompts{"", "a long prompt"});
  EXPECT_FALSE(second.is_loaded());
  EXPECT_TRUE(again.states.equal(encoded.states));
  ASSERT_EQ(again.cut.size(), 1U);
  EXPECT_EQ(describe(again.cut[0]), describe(encoded.cut[0]));

  Qwen3Prompts third(other_weights.path(), options(cache.path()));
  EXPECT_FALSE(third.encode(Prompts{""}).states.equal(encoded.states.narrow(0, 0, 1)));
  EXPECT_TRUE(third.is_loaded());
  EXPECT_EQ(warnings.text(), "");
}

// A run that meets the same captions again and again needs its memory for other things.
TEST(Qwen3Prompts, FreesItsWeightsWhenTheCacheHasAll) {
  const Folder folder;
  const TemporaryFolder cache;
  Qwen3PromptOptions with_limit = options(cache.path());
  with_limit.idle_prompts = 3;
  Qwen3Prompts encoder(folder.path(), with_limit);
  const EncodedPrompts encoded = encoder.encode(Prompts{"a", "b"});
  encoder.encode(Prompts{"a", "b"});
  EXPECT_TRUE(encoder.is_loaded());
  encoder.encode(Prompts{"c"});  // begins anew
  encoder.encode(Prompts{"a", "b"});
  EXPECT_TRUE(encoder.is_loaded());
  encoder.encode(Prompts{"a"});
  EXPECT_FALSE(encoder.is_loaded());
  EXPECT_TRUE(encoder.encode(Prompts{"a", "d"}).states[0].equal(encoded.states[0]));
  EXPECT_TRUE(encoder.is_loaded());
}

TEST(PromptCache, EncodesAnewWhatIsDamaged) {
  const TemporaryFolder folder;
  const PromptCache cache(folder.path(), "key");
  EXPECT_FALSE(cache.load("a cat"));
  const EncodedPrompt encoded{at::arange(6).view({2, 3}).to(at::kBFloat16), 2, "", ""};
  cache.store("a cat", encoded);
  const std::filesystem::path path = cache.path_of("a cat");
  {
    const Warnings warnings;
    const auto stored = cache.load("a cat");
    ASSERT_TRUE(stored);
    EXPECT_TRUE(stored->states.equal(encoded.states));
    EXPECT_EQ(stored->tokens, 2);
    EXPECT_FALSE(cache.load("a dog"));
    EXPECT_FALSE(PromptCache(folder.path(), "another key").load("a cat"));
    EXPECT_EQ(warnings.text(), "");
  }
  std::string content = read_file(path, 10000);
  content.back() = static_cast<char>(content.back() ^ 1);
  for (const std::string& damaged : {content, content.substr(0, 20), std::string()}) {
    write(path, damaged);
    const Warnings warnings;
    EXPECT_FALSE(cache.load("a cat"));
    EXPECT_NE(warnings.text().find("is encoded anew"), std::string::npos);
  }
  std::filesystem::rename(path, path.parent_path() / "x");
  std::filesystem::create_directories(cache.path_of("a dog").parent_path());
  std::filesystem::rename(path.parent_path() / "x", cache.path_of("a dog"));
  const Warnings warnings;
  EXPECT_FALSE(cache.load("a dog"));
}

TEST(PromptCache, WarnsWhereItCannotWrite) {
  const TemporaryFolder folder;
  write(folder / "file", "");
  const Warnings warnings;
  PromptCache(folder / "file", "key").store("a cat", {at::ones({1, 1}), 1, "", ""});
  EXPECT_NE(warnings.text().find("an encoded prompt is not kept"), std::string::npos);
}

TEST(Qwen3Prompts, NamesWhatDoesNotMatch) {
  const Folder folder;
  const auto refused = [&]<class E>(E*) { return thrown<E>([&] { Qwen3Prompts(folder.path(), options()); }); };
  nlohmann::json config = tiny_qwen3_json();
  config["vocab_size"] = 200;
  write(folder.path() / "config.json", config.dump());
  EXPECT_NE(refused(static_cast<ConfigError*>(nullptr)).find("vocab_size is 200, but"), std::string::npos);
  config["vocab_size"] = 290;
  write(folder.path() / "config.json", config.dump());
  EXPECT_NE(refused(static_cast<CheckpointError*>(nullptr)).find("vocab_size is 290 in config.json"),
            std::string::npos);
  write(folder.path() / "config.json", tiny_qwen3_json().dump());
  write(folder.path() / "tokenizer.json", text::tiny_tokenizer().dump());
  EXPECT_NE(refused(static_cast<DataError*>(nullptr)).find("has no <|endoftext|>, which pads prompts"),
            std::string::npos);
  write(folder.path() / "tokenizer.json", padding_tokenizer().dump());
  std::filesystem::remove(folder.path() / "model.safetensors");
  EXPECT_NE(refused(static_cast<DataError*>(nullptr)).find("has neither model.safetensors nor"), std::string::npos);
}

}  // namespace
}  // namespace pixnerd::models
