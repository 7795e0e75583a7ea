package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestProvidersAreReadFromTheirFile(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("secret", "hush\n")
	good := "providers:\n  - id: province\n    issuer: https://id.example.cn\n    client: jingwei\n    secretFile: secret\n    label: {zh: 省统一身份, en: Province}\n    scopes: [profile]\n"
	list, err := providersFrom(write("good.yaml", good))
	if err != nil || len(list) != 1 || list[0].Secret != "hush" || list[0].Label.Zh != "省统一身份" || list[0].Issuer != "https://id.example.cn" {
		t.Fatalf("%+v, %v", list, err)
	}
	if list, err := providersFrom(""); err != nil || list != nil {
		t.Errorf("%v, %v", list, err)
	}
	for what, c := range map[string][2]string{
		"plain http":                 {strings.Replace(good, "https:", "http:", 1), "issuer"},
		"no label in en":             {strings.Replace(good, ", en: Province", "", 1), "label"},
		"a secret that is not there": {strings.Replace(good, "secretFile: secret", "secretFile: none", 1), "secretFile"},
		"an id twice":                {good + strings.TrimPrefix(good, "providers:\n"), "id"},
		"no client":                  {strings.Replace(good, "    client: jingwei\n", "", 1), "client"},
		"a wrong key":                {strings.Replace(good, "client:", "clientId:", 1), "clientId"},
	} {
		if _, err := providersFrom(write("bad.yaml", c[0])); err == nil || !strings.Contains(err.Error(), c[1]) {
			t.Errorf("%s: %v does not tell %s", what, err, c[1])
		}
	}
}
