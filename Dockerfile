# The programs of Wheelwright. `app` has api, index-server and the command line; `worker` also what makes base images.
# Pinned by version; where a registry is reached, pin them by digest as well (docs/operations.md). test/compose/bases.sh makes stand-ins where none is.
ARG BUILD_IMAGE=node:20.20.2-bookworm
ARG RUN_IMAGE=node:20.20.2-bookworm-slim

FROM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json ./
# Compiled against the headers that came with Node, and no other package's install script is run.
ENV npm_config_nodedir=/usr/local \
    npm_config_build_from_source=true
RUN npm ci --ignore-scripts --no-audit --no-fund && npm rebuild better-sqlite3
COPY . .
RUN npm run build && npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM ${RUN_IMAGE} AS app
# pip says which index it would use itself, where no setting does.
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends ca-certificates python3-pip \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 10001 wheelwright \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin wheelwright \
 && install -d -o 10001 -g 10001 -m 0755 /data /data/index-cache /token
WORKDIR /app
COPY --from=build /src/node_modules ./node_modules
COPY --from=build /src/dist ./dist
COPY package.json ./
COPY images ./images
COPY recipes ./recipes
COPY migrations ./migrations
COPY worker/scripts ./worker/scripts
COPY container/wheelwright container/as-worker /usr/local/bin/
COPY container/healthy.mjs ./container/
ENV NODE_ENV=production \
    WHEELWRIGHT_DATA=/data \
    WHEELWRIGHT_HOST=0.0.0.0
USER 10001:10001
CMD ["wheelwright", "--help"]

FROM app AS worker
USER root
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends debootstrap && rm -rf /var/lib/apt/lists/*
