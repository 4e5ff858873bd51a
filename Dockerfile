# The image: a binary of ours, the libraries it names, the scripts and the prompts; no compiler, no shell script of ours.
# ./dev image builds it. Layers that change seldom come first: libraries, program, scripts, prompts.

FROM debian:bookworm-slim AS build
ENV DEBIAN_FRONTEND=noninteractive
WORKDIR /src
# vendor/debian.txt is the one list of packages.
COPY vendor/debian.txt vendor/
RUN apt-get update -q \
 && awk '/^\[/ { on = ($1 == "[build]"); next } on && NF && !/^#/ { print $1 }' vendor/debian.txt \
  | xargs apt-get install -y -q --no-install-recommends
COPY CMakeLists.txt ./
COPY vendor vendor
COPY host host
COPY scripts scripts
COPY prompts prompts
RUN cmake -G Ninja -S . -B build -DCMAKE_INSTALL_PREFIX=/usr && cmake --build build --target assistant
# What does not load is refused here and not on the server.
RUN DESTDIR=/out cmake --install build --strip --component program && /out/usr/bin/assistant check /out/usr/share/assistant

FROM debian:bookworm-slim
COPY vendor/debian.txt /usr/share/assistant/debian.txt
RUN apt-get update -q \
 && awk '/^\[/ { on = ($1 == "[run]"); next } on && NF && !/^#/ { print $1 }' /usr/share/assistant/debian.txt \
  | DEBIAN_FRONTEND=noninteractive xargs apt-get install -y -q --no-install-recommends \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/apt /var/log/dpkg.log /var/log/alternatives.log \
 && groupadd --system --gid 10001 assistant \
 && useradd --system --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin assistant \
 && install -d -o 10001 -g 10001 -m 0700 /data
# Where things are in a container. Everything else comes from the environment it is started with.
ENV TZ=America/Toronto \
    LISTEN=0.0.0.0:8080 \
    DATABASE_URL=sqlite:/data/db.sqlite \
    SCRIPTS_DIR=/app/scripts \
    PROMPTS_DIR=/app/prompts
WORKDIR /app
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["assistant", "health"]
ENTRYPOINT ["assistant"]
CMD ["serve"]
LABEL org.opencontainers.image.title="ClearoutSpaces Assistant" \
      org.opencontainers.image.description="Answers a junk-removal business's customers on WhatsApp, hands over to staff in Slack" \
      org.opencontainers.image.vendor="ClearoutSpaces"
USER 10001:10001
COPY --from=build /out/usr/bin/assistant /usr/bin/assistant
COPY --from=build /out/usr/share/assistant/scripts /app/scripts
COPY --from=build /out/usr/share/assistant/prompts /app/prompts
