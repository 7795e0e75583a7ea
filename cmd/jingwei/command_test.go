package main

import (
	"bytes"
	"encoding/json"
	"net"
	"os"
	"strings"
	"testing"
)

func TestWrongUseSaysWhatToMend(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	file := t.TempDir() + "/jingwei.yaml"
	if err := os.WriteFile(file, []byte("htpp:\n  address: 127.0.0.1:1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		code int
		says []string
	}{
		"unknown flag":          {[]string{"serve", "--prot"}, 2, []string{"--prot", "--help"}},
		"unknown key in a file": {[]string{"config", "--config", file}, 2, []string{"htpp", "http", "jingwei.yaml:1"}},
		"plain HTTP for others": {[]string{"serve", "--http", "0.0.0.0:8480"}, 2, []string{"http.address", "loopback"}},
		"port in use":           {[]string{"serve", "--https", "off", "--link", "off", "--mqtt", "off", "--http", busy.Addr().String()}, 1, []string{busy.Addr().String(), "in use"}},
		"MQTT port in use":      {[]string{"serve", "--https", "off", "--link", "off", "--http", "127.0.0.1:0", "--mqtt", busy.Addr().String()}, 1, []string{busy.Addr().String(), "set another address"}},
		"a cell of no cluster":  {[]string{"admin", "link", "admin", "--cell", "a"}, 2, []string{"--cell", "cluster.cells"}},
		"cells without NATS":    {[]string{"serve", "--cells", "a"}, 2, []string{"cluster.cells", "cluster.nats"}},
		"no code":               {[]string{"edge"}, 1, []string{"--code"}},
		"cut code":              {[]string{"edge", "--code", "JW1-AAAA"}, 2, []string{"copy the whole code"}},
		"unknown template":      {[]string{"sim", "modbus", "--device", "1=nothing"}, 2, []string{"nothing"}},
		"no login":              {[]string{"admin", "link"}, 2, []string{"arg"}},
	} {
		t.Run(name, func(t *testing.T) {
			if c.args[0] == "serve" || c.args[0] == "edge" {
				c.args = append(c.args, "--data", t.TempDir())
			}
			p := start(t, c.args...)
			if err := p.wait(); err == nil {
				t.Fatal("it succeeded")
			}
			if got := p.cmd.ProcessState.ExitCode(); got != c.code {
				t.Errorf("exit code %d, want %d", got, c.code)
			}
			for _, want := range c.says {
				if !strings.Contains(p.errs.String(), want) {
					t.Errorf("it does not say %q:\n%s", want, p.errs)
				}
			}
		})
	}
}

func TestOpenAPIDocumentIsAsCommitted(t *testing.T) {
	var b bytes.Buffer
	if err := writeOpenAPI(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		OpenAPI string         `json:"openapi"`
		Paths   map[string]any `json:"paths"`
	}
	if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI != "3.1.0" || doc.Paths["/series/{id}/samples"] == nil || doc.Paths["/node"] == nil {
		t.Errorf("openapi %q with %d paths", doc.OpenAPI, len(doc.Paths))
	}
	committed, err := os.ReadFile("../../api/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(committed, b.Bytes()) {
		t.Error("api/openapi.json is out of date; run make generate")
	}
}
