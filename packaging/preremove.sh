#!/bin/sh
# Stops what runs, unless it is being updated. The data in /var/lib/jingwei stay, even when the package is purged.
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
  systemctl disable --now jingwei.service jingwei-edge.service || true
fi
