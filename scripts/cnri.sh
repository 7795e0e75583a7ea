#!/bin/bash
# Prints the class path of CNRI's handle client, fetched with Maven into bin/cnri, for make conformance; nothing when Maven or
# the client cannot be had here. The client is under CNRI's own licence (hdl:20.1000/114): it is run, never shipped.
set -eu
cd "$(dirname "$0")/.."
command -v mvn >/dev/null && command -v java >/dev/null || exit 0
repo=$PWD/bin/cnri
path=
for artifact in net.handle:handle-client:9.3.1 net.cnri:cnriutil:2.0 com.google.code.gson:gson:2.10 commons-codec:commons-codec:1.13; do
	IFS=: read -r group name version <<<"$artifact"
	jar=$repo/${group//.//}/$name/$version/$name-$version.jar
	if [ ! -f "$jar" ]; then
		mvn -q -B -Dmaven.repo.local="$repo" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:get \
			-Dartifact="$artifact" -Dtransitive=false >&2 || exit 0
	fi
	path=$path${path:+:}$jar
done
echo "$path"
