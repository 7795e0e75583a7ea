package main

import (
	"log/slog"
	"testing"

	"jingwei/internal/kernel/config"
	"jingwei/internal/kernel/org"
	"jingwei/internal/kernel/proof"
	"jingwei/internal/kernel/text"
)

// newNode opens a node as it is after its first start, without serving, and says which organisation runs it.
func newNode(t *testing.T) (*node, org.Org) {
	t.Helper()
	cfg := proof.Must(config.Load(config.Sources{Environ: []string{"JINGWEI_DATA=" + t.TempDir(), "JINGWEI_HTTP_ADDRESS=127.0.0.1:0", "JINGWEI_HTTPS_ADDRESS=off", "JINGWEI_LINK_ADDRESS=off", "JINGWEI_MQTT_ADDRESS=off"}}))
	n := proof.Must(openNode(t.Context(), cfg, slog.New(slog.DiscardHandler)))
	t.Cleanup(n.close)
	if _, _, err := n.auth.FirstStart(t.Context(), org.Org{Kind: org.Government, Name: text.Both("home")}, "root"); err != nil {
		t.Fatal(err)
	}
	home, _, err := n.orgs.Home(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n, home
}
