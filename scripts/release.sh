#!/usr/bin/env bash
# Builds what is given away, into dist/: the program for every platform as an archive, Debian packages, the bill of
# materials, checksums. VERSION is a version number (v1.2.3); a working tree that is not clean is refused unless
# SNAPSHOT=1. The same commit gives the same bytes: times are those of the commit.
set -euo pipefail
cd "$(dirname "$0")/.."

VERSION=${VERSION:-$(git describe --tags --always)}
if [[ -z ${SNAPSHOT:-} && -n $(git status --porcelain) ]]; then
  echo "the working tree is not clean; commit first, or set SNAPSHOT=1" >&2
  exit 1
fi
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH CGO_ENABLED=0 GOFLAGS=-trimpath
stamp="@$SOURCE_DATE_EPOCH"

rm -rf dist
mkdir -p dist/empty
# platform as archives are called, GOOS, GOARCH, GOARM, architecture of Debian
platforms=(
  "linux-amd64 linux amd64 - amd64"
  "linux-arm64 linux arm64 - arm64"
  "linux-armv7 linux arm 7 armhf"
  "linux-loong64 linux loong64 - loong64"
  "windows-amd64 windows amd64 - -"
)
go -C tools/release build -o ../../bin/ ./sbom ./zip github.com/goreleaser/nfpm/v2/cmd/nfpm
# A Debian version begins with a digit.
debian=${VERSION#v}
[[ $debian == [0-9]* ]] || debian=0~$debian

for row in "${platforms[@]}"; do
  read -r name os arch arm deb <<<"$row"
  dir=dist/$name
  program=jingwei
  [[ $os == windows ]] && program=jingwei.exe
  mkdir -p "$dir"
  GOOS=$os GOARCH=$arch GOARM=${arm#-} go build -ldflags "-s -w -X main.version=$VERSION" -o "$dir/$program" ./cmd/jingwei
  cp LICENSE README.md README.zh-CN.md "$dir/"
  if [[ $os == linux ]]; then
    cp packaging/jingwei.service packaging/jingwei-edge.service packaging/jingwei.yaml packaging/edge.yaml "$dir/"
  fi
  find "$dir" -exec touch -d "$stamp" {} +
  archive=jingwei-$VERSION-$name
  if [[ $os == windows ]]; then
    bin/zip "dist/$archive.zip" "$dir" "$archive"
  else
    tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="$stamp" --transform "s,^\\.,$archive," -C "$dir" -cf - . | gzip -9n >"dist/$archive.tar.gz"
  fi
  if [[ $deb != - ]]; then
    ARCH=$deb VERSION=$debian BINARY=$dir/$program bin/nfpm package --config packaging/nfpm.yaml --packager deb --target "dist/jingwei_${debian}_$deb.deb"
  fi
  echo "$archive"
done
bin/sbom -binary dist/linux-amd64/jingwei -lock web/package-lock.json -version "$VERSION" -out "dist/jingwei-$VERSION.cdx.json"
cp packaging/Containerfile dist/
(cd dist && sha256sum -- *.tar.gz *.zip *.deb *.json >SHA256SUMS)
cat dist/SHA256SUMS
