// A configuration document: a tree of maps, lists and scalars in which every value knows the line it came from.
// The YAML that is read is the part a configuration needs: one document, no anchors, aliases or tags.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pixnerd::config {

struct Value {
  enum class Kind { null, scalar, list, map };

  Kind kind = Kind::null;
  std::string scalar;   // UTF-8
  bool quoted = false;  // a scalar that can only be text: written in quotes, as a block, or needing quotes in YAML
  bool typed = false;   // a scalar as somebody typed it on the command line: the key it is for says how it is read
  std::vector<Value> items;
  std::vector<std::pair<std::string, Value>> fields;  // in the order of the file, no key twice
  int line = 0;                                       // from 1, of a field's key or an item; 0 if there are no lines
  std::string source;                                 // the file, or "--set"

  // Defined in the source, where Value is complete: a vector of pairs with Value needs that.
  Value();
  Value(const Value&);
  Value(Value&&) noexcept;
  Value& operator=(const Value&);
  Value& operator=(Value&&) noexcept;
  ~Value();

  const Value* find(std::string_view key) const;  // the field of that name, or null
  const Value& at(std::string_view key) const;    // ConfigError where there is none
};

// Same content; lines and sources do not count.
bool operator==(const Value& a, const Value& b);

Value text_value(std::string text);     // a scalar that reads back as this text
Value plain_value(std::string number);  // a scalar written without quotes: a number, true, false
Value map_value(std::vector<std::pair<std::string, Value>> fields);

// "emoji64.yaml:7", or the source alone where there are no lines: the beginning of every message about a value.
std::string where(const Value& value);

// Parses YAML. Throws ConfigError "source:line: ..." for what is not YAML or not UTF-8, for anchors, aliases, tags, a
// second document, a key that is no text or appears twice in a map, and for more than 1 MiB, 32 levels or 100,000
// values. An empty text is null. Without `numbered`, values and messages have no lines.
Value parse(std::string_view text, const std::string& source, bool numbered = true);

// parse() of a file, its path as the source. Throws ConfigError also for a file that cannot be read.
Value load(const std::filesystem::path& path);

// Sets root.a.b.c, as in --set a.b.c=TEXT; maps on the way are created, what was there is replaced. How the text is
// read is up to the member that it is for (typed.h): what a text holds is its value, character by character, and the
// rest is numbers, names, lists and YAML. Throws ConfigError for an empty part of the key or an empty text, text that
// is not UTF-8, and a way through something that is no map.
void assign(Value& root, std::string_view dotted_key, std::string_view text);

// YAML text of a value: parse(to_text(v)) == v. Maps and lists of maps are blocks; lists of scalars are one line.
// Throws ConfigError for text that is not UTF-8.
std::string to_text(const Value& value);

// The same on one line: "[1, 2]", "{a: 1}". For messages and help.
std::string to_line(const Value& value);

}  // namespace pixnerd::config
