package main

import (
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"jingwei/internal/kernel/config"
	"jingwei/internal/kernel/proof"
	"jingwei/packs"
)

// TestANodeReadsItsOwnPacks: a register, a call and a measure, each one file in the folder of node.packs, stand beside those that ship.
func TestANodeReadsItsOwnPacks(t *testing.T) {
	dir := t.TempDir()
	put := func(name, content string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	another := func(name, id, own string) string {
		return strings.ReplaceAll(string(proof.Must(fs.ReadFile(packs.Files, name))), id, own)
	}
	put("registers/test-rigs.yaml", `id: test-rigs
version: 1.0.0
source: our own
name: {zh: 试验设备, en: Test rigs}
entry: {zh: 设备, en: Rig}
class: public
key: number
title: [number]
fields: [{key: number, name: {zh: 编号, en: Number}, type: text, required: true, maxLength: 20}]
states: [{id: free, name: {zh: 空闲, en: Free}}]
initial: free
`)
	put("calls/east-lake.yaml", another("calls/gz-benchmark.yaml", "id: gz-benchmark", "id: east-lake"))
	put("policy/east-lake-01.yaml", strings.Replace(another("policy/inc-hn-01.yaml", "inc-hn-01", "east-lake-01"), "INC-HN-01", "EAST-LAKE-01", 1))

	open := func() (*node, error) {
		cfg := proof.Must(config.Load(config.Sources{Environ: []string{"JINGWEI_DATA=" + t.TempDir(), "JINGWEI_NODE_PACKS=" + dir, "JINGWEI_HTTP_ADDRESS=127.0.0.1:0", "JINGWEI_HTTPS_ADDRESS=off", "JINGWEI_LINK_ADDRESS=off", "JINGWEI_MQTT_ADDRESS=off"}}))
		return openNode(t.Context(), cfg, slog.New(slog.DiscardHandler))
	}
	n, err := open()
	if err != nil {
		t.Fatal(err)
	}
	defer n.close()
	if _, err := n.registers.Register("test-rigs"); err != nil {
		t.Error(err)
	}
	for _, id := range []string{"east-lake", "gz-benchmark"} {
		if _, err := n.programmes.Call(id); err != nil {
			t.Error(err)
		}
		if _, err := n.flows.Flow("call-" + id); err != nil {
			t.Error(err)
		}
	}
	if s, err := n.support.Source(t.Context(), "east-lake-01"); err != nil || !strings.Contains(s, "EAST-LAKE-01") {
		t.Errorf("the own measure reads %q (%v)", s, err)
	}

	put("call/typo.yaml", "id: typo\n")
	if n, err := open(); err == nil || !strings.Contains(err.Error(), "node.packs") || !strings.Contains(err.Error(), "calls") {
		if err == nil {
			n.close()
		}
		t.Errorf("a folder that nothing reads: %v", err)
	}
}
