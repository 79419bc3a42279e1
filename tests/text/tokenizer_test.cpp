#include "text/tokenizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "core/errors.h"
#include "core/file.h"
#include "tests/core/temporary_folder.h"
#include "tests/core/thrown.h"
#include "tests/text/tiny_tokenizer.h"

namespace pixnerd::text {
namespace {

using nlohmann::json;
using Ids = std::vector<int32_t>;

json added(const std::string& content, const json& more = {}) {
  json token = {{"content", content}, {"normalized", false}};
  token.update(more.is_null() ? json::object() : more);
  return token;
}

std::string refusal(const json& file) {
  return thrown<DataError>([&] { tokenizer_of(file); });
}

TEST(Tokenizer, MergesTheFirstPairOfTheListFirst) {
  const Tokenizer tokenizer = tokenizer_of(tiny_tokenizer({{"b", "c"}, {"a", "b"}, {"a", "bc"}}));
  EXPECT_EQ(tokenizer.encode("abc"), Ids{258});
  EXPECT_EQ(tokenizer.encode("ab"), Ids{257});
  EXPECT_EQ(tokenizer.encode("abcabd"), (Ids{258, 257, 'd'}));
  EXPECT_EQ(tokenizer.encode(""), Ids{});
  EXPECT_EQ(tokenizer.id_limit(), 259);
}

TEST(Tokenizer, ReadsMergesOfBothForms) {
  json file = tiny_tokenizer({{"a", "b"}, {"ab", "c"}});
  file["model"]["merges"] = {"a b", "ab c"};
  EXPECT_EQ(tokenizer_of(file).encode("abc"), Ids{257});
  EXPECT_NE(tokenizer_of(file).fingerprint(), tokenizer_of(tiny_tokenizer()).fingerprint());
}

TEST(Tokenizer, TakesATokenThatMergesDoNotReachOnlyIfTheyAreIgnored) {
  json file = tiny_tokenizer({{"a", "b"}, {"x", "y"}, {"xy", "z"}});
  file["model"]["merges"] = {"a b"};  // "xyz" is a token without a way to it
  EXPECT_EQ(tokenizer_of(file).encode("xyz"), (Ids{'x', 'y', 'z'}));
  file["model"]["ignore_merges"] = true;
  EXPECT_EQ(tokenizer_of(file).encode("xyz"), Ids{258});
  EXPECT_EQ(tokenizer_of(file).encode("xyza"), (Ids{'x', 'y', 'z', 'a'}));
}

TEST(Tokenizer, DoesNotMergeAcrossWords) {
  const Tokenizer tokenizer = tokenizer_of(tiny_tokenizer({{"a", "\u0120"}, {"\u0120", "b"}}));  // U+0120: a space
  EXPECT_EQ(tokenizer.encode("a b"), (Ids{'a', 257}));
}

TEST(Tokenizer, NormalisesWhatComposes) {
  const Tokenizer tokenizer = tokenizer_of(tiny_tokenizer());
  EXPECT_EQ(tokenizer.encode("e\u0301"), tokenizer.encode("\u00e9"));
  json file = tiny_tokenizer();
  file["normalizer"] = nullptr;
  EXPECT_NE(tokenizer_of(file).encode("e\u0301"), tokenizer.encode("\u00e9"));
  file["normalizer"] = {{"type", "Sequence"}, {"normalizers", {{{"type", "NFC"}}}}};
  EXPECT_EQ(tokenizer_of(file).encode("e\u0301"), tokenizer.encode("\u00e9"));
}

TEST(Tokenizer, ReplacesWhatIsNotUtf8) {
  const Tokenizer tokenizer = tokenizer_of(tiny_tokenizer());
  EXPECT_EQ(tokenizer.encode("a\xffz"), tokenizer.encode("a\ufffdz"));
  EXPECT_EQ(tokenizer.encode("\xe4\xb8"), tokenizer.encode("\ufffd"));
  EXPECT_EQ(tokenizer.encode("\xed\xa0\x80"), tokenizer.encode("\ufffd\ufffd\ufffd"));
}

TEST(Tokenizer, FindsAddedTokensInTheText) {
  const Tokenizer tokenizer = tokenizer_of(
      tiny_tokenizer({}, {added("<a>"), added("<a><b>"), added("<s>", {{"lstrip", true}, {"rstrip", true}}),
                          added("word", {{"single_word", true}})}));
  EXPECT_EQ(tokenizer.encode("x<a>y"), (Ids{'x', 256, 'y'}));
  EXPECT_EQ(tokenizer.encode("<a><b><a>"), (Ids{257, 256}));  // the longest
  EXPECT_EQ(tokenizer.encode("x \u3000<s>\n y"), (Ids{'x', 258, 'y'}));
  EXPECT_EQ(tokenizer.encode(" <s> <s> "), (Ids{258, 258}));
  EXPECT_EQ(tokenizer.encode("word"), Ids{259});
  EXPECT_EQ(tokenizer.encode("(word)"), (Ids{'(', 259, ')'}));
  EXPECT_EQ(tokenizer.encode("words").size(), 5U);
  EXPECT_EQ(tokenizer.encode("\u00e9word").size(), 6U);
  EXPECT_EQ(tokenizer.id_limit(), 260);
}

TEST(Tokenizer, FindsNormalisedAddedTokensInTheNormalisedText) {
  const Tokenizer tokenizer = tokenizer_of(tiny_tokenizer({}, {added("e\u0301", {{"normalized", true}})}));
  EXPECT_EQ(tokenizer.encode("\u00e9"), Ids{256});
  EXPECT_EQ(tokenizer.encode("e\u0301"), Ids{256});
}

TEST(Tokenizer, SplitsInFiveWays) {
  const auto words = [](const char* behavior, bool invert) {
    json file = tiny_tokenizer({{"-", "-"}, {"a", "-"}, {"-", "b"}});
    json& step = file["pre_tokenizer"]["pretokenizers"][0];
    step = split_step("-", behavior);
    step["invert"] = invert;
    return tokenizer_of(file).encode("a--b");
  };
  EXPECT_EQ(words("Isolated", false), (Ids{'a', '-', '-', 'b'}));
  EXPECT_EQ(words("Removed", false), (Ids{'a', 'b'}));
  EXPECT_EQ(words("Removed", true), (Ids{'-', '-'}));
  EXPECT_EQ(words("MergedWithPrevious", false), (Ids{257, '-', 'b'}));
  EXPECT_EQ(words("MergedWithNext", false), (Ids{'a', '-', 258}));
  EXPECT_EQ(words("Contiguous", false), (Ids{'a', 256, 'b'}));
}

TEST(Tokenizer, SplitsAsGpt2AndBeginsWithASpace) {
  json file = tiny_tokenizer({{"\u0120", "a"}, {"a", "b"}});
  file["pre_tokenizer"] = {{"type", "ByteLevel"}, {"add_prefix_space", true}, {"use_regex", true}};
  EXPECT_EQ(tokenizer_of(file).encode("a a"), (Ids{256, 256}));
  EXPECT_EQ(tokenizer_of(file).encode(" a"), Ids{256});
  EXPECT_EQ(tokenizer_of(file).encode("a1"), (Ids{256, '1'}));
}

TEST(Tokenizer, DecodesWhatItEncodes) {
  const Tokenizer tokenizer = tokenizer_of(tiny_tokenizer({{"a", "b"}}, {added("<a>")}));
  for (const char* text : {"ab abc", "\u00e9\u4e2d\U0001f600 <a>\n\t", "1 + 1 = 2"}) {
    EXPECT_EQ(tokenizer.decode(tokenizer.encode(text)), text);
  }
  Ids ids = tokenizer.encode("a\u4e2d");
  ids.pop_back();
  EXPECT_EQ(tokenizer.decode(ids), "a\ufffd");
  EXPECT_EQ(thrown<RequestError>([&] { tokenizer.decode(Ids{4711}); }), "the tokenizer has no token of the id 4711");
}

// The definition itself: the first pair of the list, where it stands first, again and again.
Ids merged_plainly(const std::string& text, const std::vector<std::array<int32_t, 2>>& merges) {
  Ids ids(text.begin(), text.end());
  for (size_t rank = 0; rank < merges.size();) {
    const auto found = std::search(ids.begin(), ids.end(), merges[rank].begin(), merges[rank].end());
    if (found == ids.end()) {
      ++rank;
      continue;
    }
    *found = static_cast<int32_t>(256 + rank);
    ids.erase(found + 1);
    rank = 0;
  }
  return ids;
}

TEST(Tokenizer, MergesAsTheDefinitionSays) {
  const Tokenizer tokenizer =
      tokenizer_of(tiny_tokenizer({{"a", "a"}, {"aa", "a"}, {"b", "aa"}, {"aa", "aa"}, {"b", "aaa"}, {"c", "b"}}));
  const std::vector<std::array<int32_t, 2>> merges = {{'a', 'a'}, {256, 'a'}, {'b', 256},
                                                      {256, 256}, {'b', 257}, {'c', 'b'}};
  std::string text;
  for (int i = 0; i < 100; ++i) {
    text += std::string(static_cast<size_t>(i * 7 % 11), 'a') + (i % 3 == 0 ? "b" : i % 7 == 0 ? "cb" : "c");
    EXPECT_EQ(tokenizer.encode(text), merged_plainly(text, merges)) << text;
  }
}

TEST(Tokenizer, TakesAMegabyteWithoutASpace) {
  const Tokenizer tokenizer = tokenizer_of(tiny_tokenizer({{"a", "a"}, {"aa", "aa"}}));
  constexpr size_t kBytes = 1 << 20;
  EXPECT_EQ(tokenizer.encode(std::string(kBytes, 'a')).size(), kBytes / 4);
  EXPECT_EQ(tokenizer.encode(std::string(kBytes, ' ') + "x").size(), kBytes + 1);
  EXPECT_EQ(tokenizer.encode(std::string(kBytes, '!')).size(), kBytes);
  EXPECT_EQ(tokenizer.encode(std::string(kBytes, '\n')).size(), kBytes);
  std::string marks;
  while (marks.size() < kBytes) marks += "\u0301\u0316";
  EXPECT_EQ(tokenizer.encode(marks).size(), kBytes);
}

TEST(Tokenizer, RefusesAPatternThatTakesTooLong) {
  json file = tiny_tokenizer();
  file["pre_tokenizer"]["pretokenizers"][0] = split_step("(?:a|a)+[bc]");
  const Tokenizer tokenizer = tokenizer_of(file);
  EXPECT_NE(thrown<DataError>([&] { tokenizer.encode(std::string(1000, 'a')); }).find("gives up on a text"),
            std::string::npos);
}

TEST(Tokenizer, NamesTheFieldItCannotServe) {
  const json good = tiny_tokenizer({{"a", "b"}}, {added("<a>")});
  const auto with = [&](const char* pointer, const json& value) {
    json file = good;
    file[json::json_pointer(pointer)] = value;
    return refusal(file);
  };
  const std::string start = "tokenizer 'tiny.json': ";
  EXPECT_EQ(with("/version", "2.0"), start + "version is '2.0', known is 1.0");
  EXPECT_EQ(with("/normalizer/type", "Lowercase"),
            start + "normalizer.type 'Lowercase' is not supported; supported are NFC and Sequence");
  EXPECT_EQ(with("/pre_tokenizer/pretokenizers/0/type", "Digits"),
            start +
                "pre_tokenizer.pretokenizers[0].type 'Digits' is not supported; "
                "supported are Sequence, Split and ByteLevel");
  EXPECT_EQ(with("/pre_tokenizer", split_step("a")),
            start + "pre_tokenizer has no ByteLevel; only byte-level tokenizers are supported");
  const json text = {{"Sequence", {{"id", "A"}, {"type_id", 0}}}}, end = {{"SpecialToken", {{"id", "<a>"}}}};
  EXPECT_EQ(with("/post_processor", {{"type", "TemplateProcessing"}, {"single", {text, end}}}),
            start + "post_processor.single puts more around a text, which is not supported");
  EXPECT_EQ(with("/post_processor", {{"type", "Bert"}}),
            start +
                "post_processor.type 'Bert' is not supported; supported are ByteLevel, TemplateProcessing and "
                "Sequence");
  EXPECT_EQ(with("/model/type", "Unigram"), start + "model.type 'Unigram' is not supported; supported are BPE");
  EXPECT_EQ(with("/model/dropout", 0.1), start + "model.dropout is not supported: ids would be random");
  EXPECT_EQ(with("/model/end_of_word_suffix", "</w>"), start + "model.end_of_word_suffix is not supported");
  EXPECT_EQ(with("/model/vocab/b", -1), start + "model.vocab['b'] is no whole number from 0 to 2000000");
  EXPECT_EQ(with("/model/vocab/b", 7), start + "model.vocab has the id 7 twice");
  EXPECT_EQ(with("/model/merges/0", "a"), start + "model.merges[0] is not two tokens");
  EXPECT_EQ(with("/model/merges/0", "a c"), start + "model.merges[0] needs 'ac', which model.vocab lacks");
  EXPECT_EQ(with("/added_tokens/0/id", 300), start + "added_tokens[0].id of '<a>' is 300, by its place it is 257");
  EXPECT_EQ(with("/added_tokens/0/lstrip", 1), start + "added_tokens[0].lstrip is neither true nor false");
  json file = good;
  file["model"]["vocab"].erase("z");
  EXPECT_EQ(refusal(file), start +
                               "model.vocab has no token for the byte 122; only byte-level vocabularies are "
                               "supported");
  file = good;
  file.erase("model");
  EXPECT_EQ(refusal(file), start + "model is missing");
  EXPECT_EQ(thrown<DataError>([] { Tokenizer::parse("{\"a\": }", "tiny.json"); }),
            start + "not valid JSON in UTF-8 at byte 7");
}

TEST(Tokenizer, TakesATemplateThatAddsNothing) {
  json file = tiny_tokenizer();
  file["post_processor"] = {{"type", "TemplateProcessing"},
                            {"single", {{{"Sequence", {{"id", "A"}, {"type_id", 0}}}}}}};
  EXPECT_EQ(tokenizer_of(file).encode("ab"), (Ids{'a', 'b'}));
}

TEST(Tokenizer, IsReadFromAFile) {
  const TemporaryFolder folder;
  const std::string content = tiny_tokenizer().dump();
  write_file_atomically(folder / "tokenizer.json", [&](std::ostream& out) { out << content; });
  EXPECT_EQ(Tokenizer::load(folder / "tokenizer.json").encode("hi"), (Ids{'h', 'i'}));
  EXPECT_NE(thrown<DataError>([&] { Tokenizer::load(folder / "none.json"); }).find("none.json"), std::string::npos);
}

}  // namespace
}  // namespace pixnerd::text
