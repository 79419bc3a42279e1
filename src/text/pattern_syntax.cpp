// From Oniguruma's regular expressions to PCRE2's.
#include <array>
#include <utility>

#include "core/errors.h"
#include "core/text.h"
#include "text/pattern.h"

namespace pixnerd::text {
namespace {

// Letters and numbers that Unicode 15 and 16 added: Oniguruma knows them, PCRE2 only since version 10.45. What is
// listed here and known twice does no harm.
constexpr std::string_view kNewLetters =
    R"(\x{1c89}\x{1c8a}\x{a7cb}-\x{a7cd}\x{a7da}-\x{a7dc}\x{105c0}-\x{105f3}\x{10d4a}-\x{10d65}\x{10d6f}-\x{10d85})"
    R"(\x{10ec2}-\x{10ec4}\x{1123f}\x{11240}\x{11380}-\x{11389}\x{1138b}\x{1138e}\x{11390}-\x{113b5}\x{113b7}\x{113d1})"
    R"(\x{113d3}\x{11bc0}-\x{11be0}\x{11f02}\x{11f04}-\x{11f10}\x{11f12}-\x{11f33}\x{1342f}\x{13441}-\x{13446})"
    R"(\x{13460}-\x{143fa}\x{16100}-\x{1611d}\x{16d40}-\x{16d6c}\x{18cff}\x{1b132}\x{1b155}\x{1df25}-\x{1df2a})"
    R"(\x{1e030}-\x{1e06d}\x{1e4d0}-\x{1e4eb}\x{1e5d0}-\x{1e5ed}\x{1e5f0}\x{2b739}\x{2ebf0}-\x{2ee5d})"
    R"(\x{31350}-\x{323af})";
constexpr std::string_view kNewNumbers =
    R"(\x{10d40}-\x{10d49}\x{116d0}-\x{116e3}\x{11bf0}-\x{11bf9}\x{11f50}-\x{11f59}\x{16130}-\x{16139})"
    R"(\x{16d70}-\x{16d79}\x{1ccf0}-\x{1ccf9}\x{1d2c0}-\x{1d2d3}\x{1e4f0}-\x{1e4f9}\x{1e5f1}-\x{1e5fa})";

// They are in their categories already, but PCRE2 finds the first 256 characters of a class in a table, and asks for a
// category only what is not there: splitting English text takes little more than half the time.
constexpr std::string_view kAsciiLetters = "A-Za-z", kAsciiNumbers = "0-9";

constexpr std::string_view kCategories =
    " L Lu Ll Lt Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po S Sm Sc Sk So Z Zs Zl Zp C Cc Cf ";

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

class Translator {
 public:
  Translator(std::string_view from, const std::string& where) : from_(from), where_(where) {}

  std::string run() {
    while (!from_.empty()) in_class_ ? member() : element();
    if (in_class_) refuse("[", "is not closed");
    return std::move(to_);
  }

 private:
  [[noreturn]] void refuse(std::string_view construct, std::string_view why = "is not supported") const {
    throw DataError(concat(where_, ": ", printable(construct, 20), " in a regular expression ", why));
  }

  bool take(std::string_view text) {
    if (!from_.starts_with(text)) return false;
    from_.remove_prefix(text.size());
    return true;
  }

  void copy(size_t count) {
    to_ += from_.substr(0, count);
    from_.remove_prefix(count);
  }

  // Something outside of brackets.
  void element() {
    switch (from_.front()) {
      case '\\':
        return escape();
      case '[':
        return open_class();
      case '(':
        return group();
      case '{':
        return repetition();
      case '^':
      case '$':
        refuse(from_.substr(0, 1));  // a line's ends in one syntax, the text's in the other
      default:
        copy(1);
    }
  }

  void group() {
    static constexpr std::array<std::string_view, 7> kKinds = {"(?:", "(?i:", "(?=", "(?!", "(?<=", "(?<!", "(?>"};
    for (const std::string_view kind : kKinds) {
      if (from_.starts_with(kind)) return copy(kind.size());
    }
    if (from_.starts_with("(?") || from_.starts_with("(*")) refuse(from_.substr(0, 4));
    copy(1);
  }

  // {n}, {n,} and {n,m}. What may follow them means different things.
  void repetition() {
    size_t end = 1;
    while (end < from_.size() && is_digit(from_[end])) ++end;
    const bool has_number = end > 1;
    if (end < from_.size() && from_[end] == ',') ++end;
    while (end < from_.size() && is_digit(from_[end])) ++end;
    if (!has_number || end >= from_.size() || from_[end] != '}') refuse("{", "begins no {n}, {n,} or {n,m}");
    copy(end + 1);
    if (!from_.empty() && (from_[0] == '+' || from_[0] == '?' || from_[0] == '*')) refuse(concat("}", from_[0]));
  }

  void open_class() {
    in_class_ = true;
    copy(1);
    if (take("^")) to_ += '^';
    if (from_.starts_with("]")) refuse("[]");
  }

  // Something inside of brackets.
  void member() {
    if (from_.front() == '\\') return escape();
    if (from_.front() == '[' || from_.starts_with("&&")) refuse(from_.substr(0, 2));
    if (from_.front() == ']') in_class_ = false;
    copy(1);
  }

  void escape() {
    from_.remove_prefix(1);
    if (from_.empty()) refuse("\\", "ends it");
    const char kind = from_.front();
    if (kind == 'x' || kind == 'u') return character_code();
    if (kind == 'p' || kind == 'P') return property();
    from_.remove_prefix(1);
    static constexpr std::array<std::pair<char, std::string_view>, 13> kSame = {
        {{'s', "\\p{wspace}"},
         {'S', "\\P{wspace}"},  // PCRE2's own \s has U+180E
         {'d', "\\p{Nd}"},
         {'D', "\\P{Nd}"},
         {'n', "\\x{a}"},
         {'r', "\\x{d}"},
         {'t', "\\x{9}"},
         {'f', "\\x{c}"},
         {'v', "\\x{b}"},
         {'a', "\\x{7}"},
         {'e', "\\x{1b}"},
         {'A', "\\A"},
         {'z', "\\z"}}};
    for (const auto& [letter, pcre2] : kSame) {
      const bool is_place = letter == 'A' || letter == 'z';
      if (kind == letter && !(in_class_ && is_place)) {
        to_ += pcre2;
        return;
      }
    }
    if (is_letter(kind) || is_digit(kind) || static_cast<unsigned char>(kind) >= 0x80) refuse(concat("\\", kind));
    to_ += '\\';
    to_ += kind;
  }

  // \xHH below 80, \x{H...} and \uHHHH.
  void character_code() {
    const bool is_wide = from_.front() == 'u';
    from_.remove_prefix(1);
    const bool is_braced = !is_wide && take("{");
    const size_t wanted = is_wide ? 4 : 2;
    size_t count = 0;
    const auto is_hex = [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); };
    while (count < from_.size() && is_hex(from_[count]) && (is_braced || count < wanted)) ++count;
    if (count == 0 || (!is_braced && count != wanted)) refuse(is_wide ? "\\u" : "\\x", "has not its digits");
    if (!is_braced && !is_wide && from_[0] >= '8') refuse("\\x", "is a byte and no character; write \\x{...}");
    to_ += concat("\\x{", from_.substr(0, count), "}");
    from_.remove_prefix(count);
    if (is_braced && !take("}")) refuse("\\x{", "is not closed");
  }

  // \p{Category} and \P{Category}.
  void property() {
    const bool is_negated = from_.front() == 'P';
    from_.remove_prefix(1);
    const size_t end = from_.find('}');
    if (!from_.starts_with("{") || end == std::string_view::npos) refuse("\\p", "has no {name}");
    const std::string name(from_.substr(1, end - 1));
    const bool is_known = !name.empty() && name.find(' ') == std::string::npos &&
                          kCategories.find(concat(" ", name, " ")) != std::string_view::npos;
    if (!is_known) refuse(concat("\\p{", name, "}"));
    from_.remove_prefix(end + 1);
    const std::string plain = concat(is_negated ? "\\P{" : "\\p{", name, "}");
    const std::string more = name == "L"   ? concat(kAsciiLetters, kNewLetters)
                             : name == "N" ? concat(kAsciiNumbers, kNewNumbers)
                                           : "";
    if (more.empty()) {
      to_ += plain;
    } else if (!in_class_) {
      to_ += concat(is_negated ? "[^" : "[", "\\p{", name, "}", more, "]");
    } else if (is_negated) {
      refuse(concat("[\\P{", name, "}]"));
    } else {
      to_ += plain;
      to_ += more;
    }
  }

  std::string_view from_;
  const std::string& where_;
  std::string to_;
  bool in_class_ = false;
};

}  // namespace

std::string translate(std::string_view oniguruma, const std::string& where) {
  return Translator(oniguruma, where).run();
}

}  // namespace pixnerd::text
