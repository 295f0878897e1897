#!/usr/bin/env bash
# Makes the base images of the Dockerfile and docker-compose.yml on a machine that reaches no registry of images: Debian bootstrapped as for builder images,
# with this machine's Node.js, and Debian's redis. Prints nothing when they are there.
#   wheelwright-local/node:build   compilers, npm and headers; in place of node:<version>-bookworm
#   wheelwright-local/node:run     the node program alone;     in place of node:<version>-bookworm-slim
#   wheelwright-local/redis        in place of redis:<version>
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
docker=${DOCKER:-docker}
suite=bookworm
name=wheelwright-local

have() { [[ -n $("$docker" image ls --quiet "$1") ]]; }
have $name/node:build && have $name/node:run && have $name/redis && exit

work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT

if ! have $name/debian; then
  # Most likely the worker made it already.
  made=$("$docker" image ls --quiet --filter reference='wheelwright-base:debian-12-*' | head -n 1)
  if [[ -n $made ]]; then
    "$docker" tag "$made" $name/debian
  else
    unshare --mount --propagation private "$root/images/families/debian/bootstrap" $suite "$work/debian"
    tar --numeric-owner --exclude='./dev/*' --exclude='./proc/*' --exclude='./sys/*' -C "$work/debian" -c . | "$docker" import - $name/debian
  fi
fi

prefix=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
context=$work/context
mkdir -p "$context/node/bin" "$context/node/lib/node_modules" "$context/node/include" "$context/bin"
cp "$(readlink -f "$(command -v node)")" "$context/bin/node"
cp "$context/bin/node" "$context/node/bin/node"
cp -r "$prefix/lib/node_modules/npm" "$context/node/lib/node_modules/npm"
cp -r "$prefix/include/node" "$context/node/include/node"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$context/node/bin/npm"
cp /etc/ssl/certs/ca-certificates.crt "$context/site-ca.crt"
cat >"$context/Dockerfile" <<DOCKERFILE
FROM $name/debian AS ca
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
COPY site-ca.crt /etc/ssl/certs/ca-certificates.crt
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt

FROM ca AS build
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends make g++ python3 && rm -rf /var/lib/apt/lists/*
COPY node /usr/local

FROM ca AS run
COPY bin/node /usr/local/bin/node

FROM ca AS redis
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends redis-server && rm -rf /var/lib/apt/lists/*
USER redis
DOCKERFILE
build() { "$docker" build --quiet --network host --target "$1" --tag "$2" "$context" >/dev/null; }
build build $name/node:build
build run $name/node:run
build redis $name/redis
