/**
 * Run in a container of an image that has apt, by an ordinary user and with a network: leaves `files.gz` (one `path section/package,...` a line, only what a
 * build can ask for) and `packages.gz` (one `package number-of-packages-that-depend-on-it` a line) in the folder given. apt checks the signatures.
 */
export const CONTENTS_SCRIPT = `set -eu
folder=$1
mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial"
cat > "$folder/apt.conf" <<'CONF'
Acquire::GzipIndexes "true";
Acquire::IndexTargets::deb::Translations::DefaultEnabled "false";
Acquire::IndexTargets::deb::Contents {
  MetaKey "$(COMPONENT)/Contents-$(ARCHITECTURE)";
  ShortDescription "Contents-$(ARCHITECTURE)";
  Description "$(RELEASE)/$(COMPONENT) $(ARCHITECTURE) Contents";
};
CONF
APT_CONFIG="$folder/apt.conf" apt-get update -o "Dir::State::lists=$folder/lists" -o "Dir::Cache=$folder/cache"
for list in "$folder"/lists/*_Contents-*; do /usr/lib/apt/apt-helper cat-file "$list"; done |
  LC_ALL=C grep -E '^(usr/include/|(usr/)?s?bin/|usr/(lib|share)/([^ ]*/)?(include/|pkgconfig/|[^/ ]*[Cc]onfig\\.cmake)|(usr/)?lib/([^ ]*/)?lib[^/ ]*\\.(so|a) |(usr/)?lib/([^/ ]*/)?lib[^/ ]*\\.so\\.[0-9.]+ )' |
  gzip > "$folder/files.gz"
for list in "$folder"/lists/*_Packages*; do /usr/lib/apt/apt-helper cat-file "$list"; done |
  awk '/^Package: /{ package = $2; known[package] = 1 }
    /^(Pre-)?Depends: /{ sub(/^[^:]*: /, ""); gsub(/\\([^)]*\\)|:any| /, ""); n = split($0, names, /[,|]/); for (i = 1; i <= n; i++) count[names[i]]++ }
    END { for (name in known) print name, count[name] + 0 }' |
  gzip > "$folder/packages.gz"
rm -r "$folder/lists" "$folder/cache"
`;
