#include "image/missing_fonts.h"

#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uscript.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <set>
#include <vector>

#include "core/text.h"
#include "image/text.h"
#include "image/text_lines.h"

namespace pixnerd::image {
namespace {

constexpr size_t kMostKinds = 4, kMostShown = 4;

// Characters that people call by one name.
struct Kind {
  std::string name;
  std::string package;  // or "" where none is known
  std::u32string characters;
};

bool is_emoji(UChar32 character) {
  return u_hasBinaryProperty(character, UCHAR_EXTENDED_PICTOGRAPHIC) != 0 ||
         u_hasBinaryProperty(character, UCHAR_EMOJI_PRESENTATION) != 0;
}

std::string package_of(UScriptCode script) {
  switch (script) {
    case USCRIPT_HAN:
    case USCRIPT_HIRAGANA:
    case USCRIPT_KATAKANA:
    case USCRIPT_HANGUL:
    case USCRIPT_BOPOMOFO:
      return "fonts-noto-cjk";
    default:
      return "fonts-noto-core";
  }
}

Kind kind_of(UChar32 character) {
  if (u_iscntrl(character) != 0) return {"control characters", "", {}};
  if (is_emoji(character)) return {"emoji", "fonts-noto-color-emoji", {}};
  UErrorCode error = U_ZERO_ERROR;
  const UScriptCode script = uscript_getScript(character, &error);
  if (U_FAILURE(error) || script == USCRIPT_UNKNOWN) return {"characters of no script", "", {}};
  if (script == USCRIPT_COMMON) return {"symbols", package_of(script), {}};
  if (script == USCRIPT_INHERITED) return {"accents", package_of(script), {}};
  std::string name = uscript_getName(script);
  std::replace(name.begin(), name.end(), '_', ' ');
  return {name, package_of(script), {}};
}

// Those that stand for themselves, and the numbers of others.
std::string shown(char32_t character) {
  constexpr uint32_t kVisible = U_GC_L_MASK | U_GC_N_MASK | U_GC_P_MASK | U_GC_S_MASK;
  if ((U_GET_GC_MASK(static_cast<UChar32>(character)) & kVisible) != 0) {
    std::string utf8;
    return icu::UnicodeString(static_cast<UChar32>(character)).toUTF8String(utf8);
  }
  std::array<char, 16> number{};
  std::snprintf(number.data(), number.size(), "U+%04X", static_cast<unsigned>(character));
  return number.data();
}

std::string described(const Kind& kind) {
  std::vector<std::string> some;
  for (const char32_t character : kind.characters.substr(0, kMostShown)) some.push_back(shown(character));
  return concat(kind.name, " (", join(some, " "), kind.characters.size() > kMostShown ? " ...)" : ")");
}

std::string listed(const std::vector<std::string>& names) {
  if (names.size() == 1) return names[0];
  return join({names.begin(), names.end() - 1}, ", ") + " and " + names.back();
}

// By kind, each character once, in the order of the labels.
std::vector<Kind> missing_kinds(std::span<const Label> labels) {
  std::vector<Kind> kinds;
  std::set<char32_t> seen;
  const auto add = [&](char32_t character) {
    if (!seen.insert(character).second) return;
    const Kind kind = kind_of(static_cast<UChar32>(character));
    auto place = std::find_if(kinds.begin(), kinds.end(), [&](const Kind& each) { return each.name == kind.name; });
    if (place == kinds.end()) place = kinds.insert(kinds.end(), kind);
    place->characters += character;
  };
  for (const Label& label : labels) {
    for (const std::string& text : {label.name, label.note}) {
      for (const char32_t character : missing_characters(decode_utf8(text))) add(character);
    }
  }
  return kinds;
}

}  // namespace

std::string missing_fonts(std::span<const Label> labels) {
  const std::vector<Kind> kinds = missing_kinds(labels);
  if (kinds.empty()) return "";
  std::vector<std::string> names, packages;
  for (const Kind& kind : kinds) {
    if (names.size() < kMostKinds) names.push_back(described(kind));
    const bool known = std::find(packages.begin(), packages.end(), kind.package) != packages.end();
    if (!kind.package.empty() && !known) packages.push_back(kind.package);
  }
  if (kinds.size() > kMostKinds) names.emplace_back("others");
  std::string message = concat("labels: no installed font has ", listed(names), ": boxes stand for them");
  if (packages.empty()) return message;
  return concat(message, "; to see them install ", listed(packages), " (names of Debian's packages)");
}

}  // namespace pixnerd::image
