#include "eval/captions_as_in.h"

#include <map>
#include <memory>
#include <unordered_map>
#include <utility>

#include "core/errors.h"
#include "core/random.h"
#include "core/text.h"
#include "eval/labelled_pictures.h"

namespace pixnerd::eval {
namespace {

struct Prompt {
  int64_t picture = 0, caption = 0;
  std::string text;
};

using PromptsByLanguage = std::map<std::string, std::vector<Prompt>>;

PromptsByLanguage prompts_in(const data::PictureSet& set, const CaptionChoice& choice) {
  PromptsByLanguage prompts;
  for (int64_t i = 0; i < set.size(); ++i) {
    if (set.label(i) < 0) continue;
    std::map<std::string, int64_t> numbers;
    for (const data::Caption& caption : set.captions(i)) {
      const int64_t number = ++numbers[caption.language];
      if (!choice.number || number == *choice.number) prompts[caption.language].push_back({i, number, caption.text});
    }
  }
  return prompts;
}

// Those that are chosen, each with something to draw.
PromptsByLanguage chosen_of(PromptsByLanguage prompts, const data::PictureSet& set, const CaptionChoice& choice) {
  std::vector<std::string> known;
  for (const auto& [language, list] : prompts) known.push_back(language.empty() ? "none" : language);
  if (prompts.empty()) {
    throw DataError(
        concat("no picture of ", quoted(set.root()), " has a class and ",
               choice.number.value_or(1) > 1 ? concat(*choice.number, " captions of a language") : "a caption",
               "; name another set with --labels-from"));
  }
  if (choice.languages.empty()) return prompts;
  PromptsByLanguage chosen;
  for (const std::string& language : choice.languages) {
    const auto found = prompts.find(language);
    if (found == prompts.end()) {
      throw DataError(concat("no picture of ", quoted(set.root()), " has such a caption in the language ",
                             quoted(language), "; there are ", printable(join(known, ", "), 200)));
    }
    chosen.insert(*found);
  }
  return chosen;
}

// The prompts of a language, without end: each lap in a random order of its own.
class Deck {
 public:
  Deck(const std::vector<Prompt>& prompts, uint64_t seed, uint64_t language)
      : prompts_(prompts), seed_(seed), language_(language) {}

  const Prompt& next() {
    const size_t place = drawn_ % prompts_.size();
    if (place == 0) {
      const uint64_t lap = drawn_ / prompts_.size();
      order_ = random_permutation(std::ssize(prompts_), seed_, (language_ << 32) + lap);
    }
    ++drawn_;
    return prompts_[static_cast<size_t>(order_[place])];
  }

 private:
  const std::vector<Prompt>& prompts_;
  uint64_t seed_, language_;
  size_t drawn_ = 0;
  std::vector<int64_t> order_;
};

// Whether a prompt asks for its picture's style: where pictures of other styles have it too, it does not.
class StylesOfPrompts {
 public:
  StylesOfPrompts(const data::PictureSet& set, const std::vector<Prompt>& prompts) : set_(set) {
    for (const Prompt& prompt : prompts) {
      const int64_t style = set.style(prompt.picture);
      const auto [place, is_new] = styles_.emplace(prompt.text, style);
      if (!is_new && place->second != style) place->second = kSeveral;
    }
  }

  std::string style_of(const Prompt& prompt) const {
    return styles_.at(prompt.text) == kSeveral ? "" : style_name(set_, prompt.picture);
  }

 private:
  static constexpr int64_t kSeveral = -2;

  const data::PictureSet& set_;
  std::unordered_map<std::string, int64_t> styles_;
};

struct Language {
  std::string name;
  Deck deck;
  StylesOfPrompts styles;
};

}  // namespace

AskedPictures captions_as_in(const data::PictureSet& set, const CaptionChoice& choice, int64_t count,
                             const std::string& negative_prompt, uint64_t seed, const sample::SampleConfig& settings) {
  const PromptsByLanguage prompts = chosen_of(prompts_in(set, choice), set, choice);
  std::vector<Language> languages;
  for (const auto& [name, list] : prompts) {
    languages.push_back({name, Deck(list, seed, languages.size()), StylesOfPrompts(set, list)});
  }
  const auto shared = std::make_shared<const sample::SampleConfig>(settings);
  AskedPictures pictures;
  for (int64_t i = 0; i < count; ++i) {
    Language& language = languages[static_cast<size_t>(i) % languages.size()];
    const Prompt& prompt = language.deck.next();
    sample::PictureRequest& request = pictures.requests.emplace_back();
    request.prompt = prompt.text;
    request.negative_prompt = negative_prompt;
    request.seed = seed + static_cast<uint64_t>(i);
    request.settings = shared;
    pictures.asked.push_back(
        {{class_name(set, prompt.picture)}, language.styles.style_of(prompt), language.name, prompt.caption});
  }
  return pictures;
}

}  // namespace pixnerd::eval
