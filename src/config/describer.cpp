#include "config/describer.h"

#include <algorithm>
#include <set>

#include "config/reader.h"
#include "core/text.h"

namespace pixnerd::config {
namespace {

constexpr size_t kWidestDefault = 24;  // a longer default pushes its own help to the right, not everybody's

std::string padded(std::string text, size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

}  // namespace

void DescribeFields::open_section(const std::string& key) {
  sections_.push_back(sections_.empty() ? key : dotted(sections_.back(), key));
}

void DescribeFields::open_section(const std::string& key, const std::string& help) {
  open_section(key);
  rows_.push_back({sections_.back(), "", help});
}

void DescribeFields::close_section() {
  sections_.pop_back();
}

void DescribeFields::add(const std::string& key, const Value& default_value, const std::string& help,
                         const std::string& choice) {
  const std::string name = sections_.empty() ? key : dotted(sections_.back(), key);
  const std::string choices = choice.empty() ? "" : concat(help.empty() ? "(" : " (", choice, ")");
  rows_.push_back({name, to_line(default_value), help + choices});
}

void DescribeFields::leave_out(const DescribeFields& known) {
  std::set<std::string> keys;
  for (const Row& row : known.rows_) keys.insert(row.key);
  std::erase_if(rows_, [&](const Row& row) { return keys.contains(row.key); });
}

std::string DescribeFields::table() const {
  size_t key_width = 0, default_width = 0;
  for (const Row& row : rows_) {
    key_width = std::max(key_width, row.key.size());
    default_width = std::max(default_width, std::min(row.default_text.size(), kWidestDefault));
  }
  std::string out;
  for (const Row& row : rows_) {
    std::string line =
        concat(padded(row.key, key_width), "  ", padded(row.default_text, default_width), "  ", row.help);
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  }
  return out;
}

}  // namespace pixnerd::config
