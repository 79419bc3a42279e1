#include "cli/eval_report.h"

#include <cstdio>
#include <iostream>
#include <optional>

#include "config/json.h"
#include "core/text.h"

namespace pixnerd::cli {
namespace {

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.6g", value);
  return text;
}

}  // namespace

void print_table(const eval::Report& report, int64_t pictures, const std::string& network) {
  const auto print = [](const std::string& metric, const std::string& value, const std::string& half_width,
                        const std::string& deviation) {
    char line[160];
    std::snprintf(line, sizeof(line), "%-10s %12s %14s %12s", metric.c_str(), value.c_str(), half_width.c_str(),
                  deviation.c_str());
    const std::string text = line;
    std::cout << text.substr(0, text.find_last_not_of(' ') + 1) << '\n';
  };
  print("metric", "value", "95 % +-", "deviation");
  for (const eval::Result& each : report.results) {
    print(eval::name_of(each.metric), number(each.value), each.half_width ? number(*each.half_width) : "",
          each.deviation ? number(*each.deviation) : "");
  }
  std::cout << "of " << pictures << " pictures, seen by " << network << std::endl;
}

void print_json(const eval::Report& report, int64_t pictures, const std::string& network) {
  config::Value all, warnings;
  all.kind = config::Value::Kind::map;
  warnings.kind = config::Value::Kind::list;
  all.fields.emplace_back("pictures", config::plain_value(concat(pictures)));
  all.fields.emplace_back("network", config::text_value(network));
  for (const eval::Result& each : report.results) {
    config::Value result;
    result.kind = config::Value::Kind::map;
    const auto add = [&](const char* key, const std::optional<double>& value) {
      if (value) result.fields.emplace_back(key, config::plain_value(shortest(*value)));
    };
    add("value", each.value);
    add("half_width", each.half_width);
    add("deviation", each.deviation);
    all.fields.emplace_back(eval::name_of(each.metric), result);
  }
  for (const std::string& warning : report.warnings) warnings.items.push_back(config::text_value(warning));
  all.fields.emplace_back("warnings", warnings);
  std::cout << config::to_json(all) << std::endl;
}

}  // namespace pixnerd::cli
