#include "text/tokenizer_file.h"

#include <array>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <unordered_set>

#include "core/errors.h"
#include "core/text.h"
#include "text/byte_alphabet.h"

namespace pixnerd::text {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxSteps = 16;
constexpr size_t kMaxAddedTokenBytes = 1000;
constexpr const char* kNoId = "is no whole number from 0 to 2000000";

class Reader {
 public:
  explicit Reader(const std::string& source) : source_(source) {}

  TokenizerFile read(const Json& root) {
    if (!root.is_object()) fail("", "is no map");
    const std::string version = text_or(root, "", "version", "1.0");
    if (version != "1.0") fail("version", concat("is ", quoted(version), ", known is 1.0"));
    read_model(member(root, "", "model"));
    read_normalizer(root.value("normalizer", Json()), "normalizer", 0);
    read_pre_tokenizer(root.value("pre_tokenizer", Json()));
    read_post_processor(root.value("post_processor", Json()), "post_processor", 0);
    if (root.contains("added_tokens")) read_added_tokens(root["added_tokens"]);
    return std::move(file_);
  }

 private:
  [[noreturn]] void fail(const std::string& field, const std::string& what) const {
    throw DataError(concat("tokenizer ", quoted(source_), ": ", field, field.empty() ? "" : " ", what));
  }

  [[noreturn]] void refuse_type(const std::string& field, const std::string& type, const char* known) const {
    fail(concat(field, ".type"), concat(quoted(type), " is not supported; supported are ", known));
  }

  static std::string dotted(const std::string& place, const char* key) {
    return place.empty() ? key : concat(place, ".", key);
  }

  const Json& member(const Json& map, const std::string& place, const char* key) const {
    if (!map.is_object()) fail(place, "is no map");
    const auto found = map.find(key);
    if (found == map.end()) fail(dotted(place, key), "is missing");
    return *found;
  }

  bool flag(const Json& map, const std::string& place, const char* key, bool otherwise) const {
    if (!map.is_object()) fail(place, "is no map");
    const auto found = map.find(key);
    if (found == map.end() || found->is_null()) return otherwise;
    if (!found->is_boolean()) fail(dotted(place, key), "is neither true nor false");
    return found->get<bool>();
  }

  std::string text_or(const Json& map, const std::string& place, const char* key, const char* otherwise) const {
    if (!map.is_object()) fail(place, "is no map");
    const auto found = map.find(key);
    if (found == map.end() || found->is_null()) return otherwise;
    if (!found->is_string()) fail(dotted(place, key), "is no text");
    return found->get<std::string>();
  }

  const std::string& text(const Json& map, const std::string& place, const char* key) const {
    const Json& value = member(map, place, key);
    if (!value.is_string()) fail(dotted(place, key), "is no text");
    return value.get_ref<const std::string&>();
  }

  static bool is_id(const Json& value) {
    return value.is_number_unsigned() && value.get<uint64_t>() <= static_cast<uint64_t>(kMaxTokenId);
  }

  void read_model(const Json& model) {
    const std::string type = text_or(model, "model", "type", "BPE");
    if (type != "BPE") refuse_type("model", type, "BPE");
    read_vocabulary(member(model, "model", "vocab"));
    read_merges(member(model, "model", "merges"));
    const Json dropout = model.value("dropout", Json());
    if (!dropout.is_null() && dropout != 0) fail("model.dropout", "is not supported: ids would be random");
    for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
      if (!text_or(model, "model", key, "").empty()) fail(dotted("model", key), "is not supported");
    }
    file_.ignore_merges = flag(model, "model", "ignore_merges", false);
    for (int byte = 0; byte < 256; ++byte) {
      if (!ids_.contains(byte_letter(static_cast<unsigned char>(byte)))) {
        fail("model.vocab", concat("has no token for the byte ", byte, "; only byte-level vocabularies are supported"));
      }
    }
  }

  void read_vocabulary(const Json& vocabulary) {
    if (!vocabulary.is_object()) fail("model.vocab", "is no map");
    std::unordered_set<int32_t> seen;
    seen.reserve(vocabulary.size());
    ids_.reserve(vocabulary.size());
    file_.vocabulary.reserve(vocabulary.size());
    for (auto each = vocabulary.begin(); each != vocabulary.end(); ++each) {
      const std::string& token = each.key();
      const Json& value = each.value();
      if (!is_id(value)) fail(concat("model.vocab[", quoted(token), "]"), kNoId);
      const auto number = value.get<int32_t>();
      if (!seen.insert(number).second) fail("model.vocab", concat("has the id ", number, " twice"));
      auto spelt = bytes_of_letters(token);
      const bool is_spelt = spelt.has_value();
      file_.vocabulary.push_back({number, is_spelt ? std::move(*spelt) : token, is_spelt});
      ids_.emplace(token, number);
    }
  }

  // "a b" or ["a", "b"].
  std::pair<std::string_view, std::string_view> parts_of(const Json& merge, size_t index) const {
    if (merge.is_string()) {
      const std::string_view both = merge.get_ref<const std::string&>();
      const size_t space = both.find(' ');
      if (space != std::string_view::npos && both.find(' ', space + 1) == std::string_view::npos) {
        return {both.substr(0, space), both.substr(space + 1)};
      }
    } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
      return {merge[0].get_ref<const std::string&>(), merge[1].get_ref<const std::string&>()};
    }
    fail(concat("model.merges[", index, "]"), "is not two tokens");
  }

  void read_merges(const Json& merges) {
    if (!merges.is_array()) fail("model.merges", "is no list");
    file_.merges.reserve(merges.size());
    std::string whole;
    for (size_t i = 0; i < merges.size(); ++i) {
      const bool is_version = merges[i].is_string() && merges[i].get_ref<const std::string&>().starts_with("#version");
      if (is_version) continue;
      const auto [left, right] = parts_of(merges[i], i);
      whole = left;
      whole += right;
      const auto id_of = [&](std::string_view token) {
        const auto found = ids_.find(token);
        if (found != ids_.end()) return found->second;
        fail(concat("model.merges[", i, "]"), concat("needs ", quoted(token), ", which model.vocab lacks"));
      };
      file_.merges.push_back({id_of(left), id_of(right), id_of(whole)});
    }
  }

  void read_normalizer(const Json& normalizer, const std::string& place, size_t depth) {
    if (normalizer.is_null()) return;
    if (depth > kMaxSteps) fail(place, "is nested too deeply");
    const std::string& type = text(normalizer, place, "type");
    if (type == "NFC") {
      file_.nfc = true;
    } else if (type == "Sequence") {
      for_each(member(normalizer, place, "normalizers"), place + ".normalizers",
               [&](const Json& step, const std::string& field) { read_normalizer(step, field, depth + 1); });
    } else {
      refuse_type(place, type, "NFC and Sequence");
    }
  }

  void read_pre_tokenizer(const Json& pre_tokenizer) {
    const std::string place = "pre_tokenizer";
    bool is_complete = false;
    read_step(pre_tokenizer, place, 0, is_complete);
    if (!is_complete) fail(place, "has no ByteLevel; only byte-level tokenizers are supported");
  }

  void read_step(const Json& step, const std::string& place, size_t depth, bool& is_complete) {
    if (depth > kMaxSteps || file_.splits.size() > kMaxSteps) fail(place, "has too many steps");
    const std::string& type = text(step, place, "type");
    if (type == "Sequence") {
      for_each(member(step, place, "pretokenizers"), place + ".pretokenizers",
               [&](const Json& each, const std::string& field) { read_step(each, field, depth + 1, is_complete); });
      return;
    }
    if (is_complete) fail(place, "comes behind ByteLevel, which is not supported");
    if (type == "Split") {
      read_split(step, place);
    } else if (type == "ByteLevel") {
      is_complete = true;
      file_.add_prefix_space = flag(step, place, "add_prefix_space", true);
      file_.splits_as_gpt2 = flag(step, place, "use_regex", true);
    } else {
      refuse_type(place, type, "Sequence, Split and ByteLevel");
    }
  }

  void read_split(const Json& step, const std::string& place) {
    SplitStep split;
    const Json& pattern = member(step, place, "pattern");
    const std::string field = place + ".pattern";
    if (!pattern.is_object() || pattern.size() != 1) fail(field, "is no map of one field, Regex or String");
    split.is_expression = pattern.contains("Regex");
    split.pattern = text(pattern, field, split.is_expression ? "Regex" : "String");
    split.behavior = behavior(text(step, place, "behavior"), place + ".behavior");
    split.invert = flag(step, place, "invert", false);
    file_.splits.push_back(std::move(split));
  }

  SplitBehavior behavior(const std::string& name, const std::string& field) const {
    static constexpr std::array<std::pair<const char*, SplitBehavior>, 5> kNames = {
        {{"Removed", SplitBehavior::removed},
         {"Isolated", SplitBehavior::isolated},
         {"MergedWithPrevious", SplitBehavior::merged_with_previous},
         {"MergedWithNext", SplitBehavior::merged_with_next},
         {"Contiguous", SplitBehavior::contiguous}}};
    for (const auto& [known, value] : kNames) {
      if (name == known) return value;
    }
    fail(field, concat(quoted(name), " is not known"));
  }

  // Of those that add ids to a text there are none here.
  void read_post_processor(const Json& processor, const std::string& place, size_t depth) const {
    if (processor.is_null()) return;
    if (depth > kMaxSteps) fail(place, "is nested too deeply");
    const std::string& type = text(processor, place, "type");
    if (type == "ByteLevel") return;
    if (type == "TemplateProcessing") return read_template(member(processor, place, "single"), place + ".single");
    if (type != "Sequence") refuse_type(place, type, "ByteLevel, TemplateProcessing and Sequence");
    for_each(member(processor, place, "processors"), place + ".processors",
             [&](const Json& step, const std::string& field) { read_post_processor(step, field, depth + 1); });
  }

  void read_template(const Json& parts, const std::string& place) const {
    if (!parts.is_array() || parts.size() != 1) fail(place, "puts more around a text, which is not supported");
    const Json& sequence = member(parts[0], place + "[0]", "Sequence");
    if (text(sequence, place + "[0].Sequence", "id") != "A") fail(place, "leaves the text out");
  }

  template <class Visit>
  void for_each(const Json& list, const std::string& place, const Visit& visit) const {
    if (!list.is_array()) fail(place, "is no list");
    for (size_t i = 0; i < list.size(); ++i) visit(list[i], concat(place, "[", i, "]"));
  }

  void read_added_tokens(const Json& tokens) {
    auto next_id = static_cast<int32_t>(file_.vocabulary.size());
    std::unordered_set<std::string> added;
    for_each(tokens, "added_tokens", [&](const Json& each, const std::string& place) {
      AddedToken token;
      token.content = text(each, place, "content");
      const Json& id = member(each, place, "id");
      if (!is_id(id)) fail(place + ".id", kNoId);
      token.id = id.get<int32_t>();
      token.single_word = flag(each, place, "single_word", false);
      token.lstrip = flag(each, place, "lstrip", false);
      token.rstrip = flag(each, place, "rstrip", false);
      token.normalized = flag(each, place, "normalized", true);
      if (token.content.empty() || token.content.size() > kMaxAddedTokenBytes) {
        fail(place + ".content", concat("is empty or longer than ", kMaxAddedTokenBytes, " bytes"));
      }
      if (!added.insert(token.content).second) fail(place + ".content", "is there twice");
      // The library counts on from the vocabulary, whatever the file says.
      const auto [known, is_new] = ids_.emplace(text(each, place, "content"), next_id);
      if (is_new) ++next_id;
      if (known->second != token.id) {
        fail(place + ".id",
             concat("of ", quoted(token.content), " is ", token.id, ", by its place it is ", known->second));
      }
      file_.added_tokens.push_back(std::move(token));
    });
  }

  const std::string& source_;
  TokenizerFile file_;
  std::unordered_map<std::string_view, int32_t> ids_;  // the texts are the JSON's
};

}  // namespace

TokenizerFile parse_tokenizer(std::string_view json, const std::string& source) {
  if (json.size() > kMaxTokenizerBytes) {
    throw DataError(concat("tokenizer ", quoted(source), ": is larger than ", human_bytes(kMaxTokenizerBytes)));
  }
  Json root;
  try {
    root = Json::parse(json);
  } catch (const Json::parse_error& error) {
    throw DataError(concat("tokenizer ", quoted(source), ": not valid JSON in UTF-8 at byte ", error.byte));
  } catch (const Json::exception&) {
    throw DataError(concat("tokenizer ", quoted(source), ": a number in it is out of range"));
  }
  return Reader(source).read(root);
}

}  // namespace pixnerd::text
