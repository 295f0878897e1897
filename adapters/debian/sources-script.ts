const PREPARE = `set -eu
folder=$1
mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial"
mirror=$(awk '$1 == "deb" { for (i = 2; i <= NF; i++) if ($i ~ /:/) { print $i; exit } }' /etc/apt/sources.list)
`;
const OPTIONS = `set -- -o "Dir::State::lists=$folder/lists" -o "Dir::Cache=$folder/cache" -o "Dir::Etc::sourcelist=$folder/sources.list" -o Dir::Etc::sourceparts=none -o Acquire::GzipIndexes=true
`;

/**
 * Run in a container of an image that has apt, by an ordinary user and with a network: leaves `sources.gz` in the folder given, one source package of a library
 * a line, parted by tabs: suite, `stable` or another name of the suite's state, package, version, archive, its sha256, its bytes, binary packages, build
 * dependencies. Of suites that are newer than the image, and of those that the mirror has; apt checks the signatures by the image's own keys.
 */
export const SOURCES_SCRIPT = `${PREPARE}for suite in oldstable stable testing; do echo "deb-src $mirror $suite main"; done > "$folder/sources.list"
${OPTIONS}apt-get update "$@" || true
apt-get indextargets "$@" --format '$(CODENAME) $(SUITE) $(FILENAME)' 'Created-By: Sources' > "$folder/lists.txt"
[ -s "$folder/lists.txt" ]
while read -r codename suite list; do
  /usr/lib/apt/apt-helper cat-file "$list" | awk -v suite="$codename" -v state="$suite" '
    /^$/ { if (value["binary"] ~ /-dev/ && archive != "") print suite "\t" state "\t" value["package"] "\t" value["version"] "\t" archive "\t" value["binary"] "\t" value["build-depends"]; delete value; archive = ""; next }
    /^[A-Za-z0-9-]+:/ { field = tolower($1); sub(/:$/, "", field); sub(/^[^:]*: */, "") }
    field == "checksums-sha256" { if ($3 ~ /[.]orig[.]tar[.][a-z0-9]+$/) archive = $3 "\t" $1 "\t" $2; next }
    { value[field] = value[field] $0 }
  '
done < "$folder/lists.txt" | gzip > "$folder/sources.gz"
rm -r "$folder/lists" "$folder/cache"
`;

/** Leaves `rules.gz`, the makefile by which a suite's source package is built, in the folder given; further words are the suite and the package. */
export const RULES_SCRIPT = `${PREPARE}package=$3
echo "deb-src $mirror $2 main" > "$folder/sources.list"
mkdir "$folder/package"
cd "$folder/package"
${OPTIONS}apt-get update "$@"
apt-get source "$@" --download-only --diff-only "$package"
tar -xOf ./*.debian.tar.* debian/rules | gzip > "$folder/rules.gz"
rm -r "$folder/lists" "$folder/cache" "$folder/package"
`;
