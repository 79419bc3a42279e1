#!/usr/bin/env bash
# CLI11 can check one number and store another: `--steps 010` passes a check for at least 9.5 and becomes eight.
#
# Version:   CLI11 2.1.2 (Debian 12: libcli11-dev).
# One would guess: ->check(CLI::Range(...)) looks at the value that the option gets.
# Seen:      a check gets the text, and reads it as the type of its own bounds. An option of an integer type reads a
#            leading zero as octal, so 010 is 8 and 08 or 09 "could not convert", to the surprise of a loop over
#            01 ... 10; bounds that are floating point, which CLI::PositiveNumber has too,
#            read it as ten. With integer bounds check and option agree.
set -u
scratch=$(mktemp -d) || exit 77
trap 'rm -rf "$scratch"' EXIT
cannot_tell() { echo "cannot tell: $*"; exit 77; }

cat > "$scratch/options.cpp" <<'CPP'
#include <CLI/CLI.hpp>
#include <iostream>

int main(int count, char** arguments) {
  CLI::App app;
  int value = 0;
  double real = 0;
  app.add_option("--plain", value);
  app.add_option("--real", real);
  app.add_option("--real-bounds", value)->check(CLI::Range(9.5, 20.5));
  app.add_option("--integer-bounds", value)->check(CLI::Range(9, 20));
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& error) {
    std::cout << error.get_name() << "\n";
    return 0;
  }
  std::cout << (real == 0 ? value : real) << "\n";
}
CPP
printf '#include <CLI/CLI.hpp>\nCLI11_VERSION\n' > "$scratch/version.cpp"
version=$(c++ -std=c++17 -E -P "$scratch/version.cpp" | tail -n 1 | tr -d '"') || cannot_tell "needs a C++ compiler"
echo "CLI11 $version"
[ "$version" = 2.1.2 ] || cannot_tell "CLI11 2.1.2 is not installed"
c++ -std=c++17 "$scratch/options.cpp" -o "$scratch/options" || cannot_tell "the program does not compile"

seen=$(for line in "--plain 010" "--plain 09" "--real 010" "--real-bounds 010" "--integer-bounds 010"; do
  # shellcheck disable=SC2086  # an option and its value
  echo "$line: $("$scratch/options" $line)"
done)
echo "$seen"
[ "$seen" = "--plain 010: 8
--plain 09: ConversionError
--real 010: 10
--real-bounds 010: 8
--integer-bounds 010: ValidationError" ] || exit 1
echo "as stated"
