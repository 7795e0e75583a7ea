#!/bin/sh
# Makes the account that node and gateway run as. Nothing is started: a node is configured first, a gateway enrolled.
set -e
if ! getent passwd jingwei >/dev/null; then
  useradd --system --user-group --home-dir /var/lib/jingwei --no-create-home --shell /usr/sbin/nologin --comment "Jingwei" jingwei
fi
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload || true
fi
case "$1" in
configure)
  # After an update, what was running runs the new program.
  if [ -n "$2" ] && [ -d /run/systemd/system ]; then
    systemctl try-restart jingwei.service jingwei-edge.service || true
  else
    echo "Jingwei is installed. A node:    systemctl enable --now jingwei  (its sign-in link: journalctl -u jingwei)"
    echo "                      A gateway: write JINGWEI_CODE=… to /etc/jingwei/edge.env, systemctl enable --now jingwei-edge"
  fi
  ;;
esac
