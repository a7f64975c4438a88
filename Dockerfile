# syntax=docker/dockerfile:1

FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS TARGETARCH
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -buildvcs=false -ldflags '-s -w' -o /out/streamfit ./cmd/streamfit

# The program is static. All it needs beside itself are the certificates that brokers with TLS are checked against.
FROM scratch
LABEL org.opencontainers.image.title="streamfit" \
      org.opencontainers.image.description="Fits outlier-robust linear models to event streams: Arrow record batches in, coefficients out, over Kafka" \
      org.opencontainers.image.source="https://github.com/streamfit/streamfit" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/streamfit /streamfit
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/streamfit"]
CMD ["--help"]
