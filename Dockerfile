# The image: one static binary, nothing else. Both base images are parameters.
ARG BUILDER=rust:1.95-bookworm
FROM ${BUILDER} AS builder
# What the build of the cryptography needs; an image that has it skips this.
RUN command -v cmake >/dev/null || (apt-get update && apt-get install --yes --no-install-recommends cmake)
WORKDIR /source
COPY . .
# What `isobath version` tells: `--build-arg ISOBATH_BUILD_SHA="$(git rev-parse HEAD)"`, and so for the branch.
ARG ISOBATH_BUILD_BRANCH=
ARG ISOBATH_BUILD_SHA=
# Linked statically with the C library: the image has none. Names are looked up by Envoy, not by this program.
RUN RUSTFLAGS='-C target-feature=+crt-static' hack/build-release --bin isobath \
 && install -D target/trained/programs/isobath /image/isobath \
 && ln -s isobath /image/contour

FROM scratch
COPY --from=builder /image/ /
USER 65532:65532
ENTRYPOINT ["/isobath"]
