package config

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

func write(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "jingwei.yaml")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func flags(t *testing.T, args ...string) *pflag.FlagSet {
	t.Helper()
	set := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	AddFlags(set)
	if err := set.Parse(args); err != nil {
		t.Fatal(err)
	}
	return set
}

func TestFlagBeatsEnvironmentBeatsFileBeatsDefault(t *testing.T) {
	file := write(t, "data: /from/file\nnode:\n  name: filed\nhttp.address: 127.0.0.1:1\nhttps:\n  names:\n    - a.example\n    - 10.0.0.1\n")
	l, err := Load(Sources{
		Flags:   flags(t, "--http", "[::1]:3"),
		Environ: []string{"JINGWEI_NODE_NAME=named", "JINGWEI_HTTP_ADDRESS=127.0.0.1:2", "HOME=/root"},
		File:    file, Defaults: map[string]string{"log.level": "warn"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if l.Data != "/from/file" || l.Node.Name != "named" || l.HTTP.Address != "[::1]:3" || l.Journal.MaxBytes != 4<<30 || l.Log.Level != slog.LevelWarn ||
		!slices.Equal(l.HTTPS.Names, []string{"a.example", "10.0.0.1"}) {
		t.Errorf("got %+v", l.Config)
	}
	for _, want := range []Setting{
		{"data", "/from/file", "file " + file + ":1"},
		{"node.name", "named", "environment JINGWEI_NODE_NAME"},
		{"http.address", "[::1]:3", "flag --http"},
		{"https.names", "a.example,10.0.0.1", "file " + file + ":7"},
		{"journal.maxBytes", "4GiB", "default"},
	} {
		if !slices.Contains(l.Effective(), want) {
			t.Errorf("missing %v in %v", want, l.Effective())
		}
	}
}

func TestUnknownKeyNamesItselfItsLineAndItsNeighbour(t *testing.T) {
	for _, c := range []struct{ content, says string }{
		{"data: /d\nhttp:\n  adress: 127.0.0.1:1\n", `:3: unknown key "http.adress"; did you mean http.address?`},
		{"jornal:\n  maxBytes: 1GiB\n", `:1: unknown key "jornal"`},
		{"journal.maxbytes: 1GiB\n", `:1: unknown key "journal.maxbytes"; did you mean journal.maxBytes?`},
		{"colour: blue\n", `:1: unknown key "colour"; jingwei config lists the keys`},
		{"database: postgres://h/x\n", `:1: want keys and values`},
		{"data:\n  path: /d\n", `:2: data: want one value, not keys below it`},
		{"data: {a: 1}\n", `:1: data: want one value`},
		{"data: /a\ndata: /b\n", `:2: mapping key "data" already defined`},
		{"data: /a\n---\ndata: /b\n", `:3: data is given twice, first in line 1`},
		{"data: [a\n", `:1:`},
		{"\tdata: x\n", `:1:`},
	} {
		file := write(t, c.content)
		_, err := Load(Sources{File: file})
		if err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q:\n got %v\nwant %s", c.content, err, c.says)
		}
	}
	var unknown *UnknownKeyError
	if _, err := Load(Sources{File: write(t, "link:\n  addres: :1\n")}); !errors.As(err, &unknown) || unknown.Nearest != "link.address" || unknown.Line != 2 {
		t.Errorf("got %v", err)
	}
	if _, err := Load(Sources{File: "/absent.yaml"}); err == nil || !strings.Contains(err.Error(), "/absent.yaml does not exist") {
		t.Errorf("got %v", err)
	}
}

func TestWrongValuesAreToldTogetherWithTheirMend(t *testing.T) {
	_, err := Load(Sources{Environ: []string{"JINGWEI_JOURNAL_MAX_BYTES=lots", "JINGWEI_LOG_LEVEL=loud", "JINGWEI_LOG_FORMAT=text"}})
	for _, want := range []string{`environment JINGWEI_JOURNAL_MAX_BYTES: journal.maxBytes "lots": is not a size`, `log.level "loud": want debug, info, warn or error`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	for variable, want := range map[string]string{
		"JINGWEI_HTTP_ADDRESS=0.0.0.0:80":            "loopback only",
		"JINGWEI_HTTP_ADDRESS=127.0.0.1":             "127.0.0.1:8480",
		"JINGWEI_HTTPS_ADDRESS=off":                  "nothing would be served",
		"JINGWEI_HTTPS_ADDRESS=:999999":              "not a port",
		"JINGWEI_HTTPS_NAMES=https://x":              "neither a host name nor an IP address",
		"JINGWEI_JOURNAL_MAX_BYTES=1MiB":             "want 64MiB to 16TiB",
		"JINGWEI_DATABASE_URL=mysql://u:secret@h/db": "want sqlite:///absolute/path or postgres://",
		"JINGWEI_DATA= ":                             "give a folder",
		"JINGWEI_NODE_NAME=":                         "0 characters",
		"JINGWEI_LOG_FORMAT=xml":                     "want text or json",
	} {
		_, err := Load(Sources{Environ: []string{variable}})
		var fault *Error
		if !errors.As(err, &fault) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v, want %q", variable, err, want)
		}
	}
}

func TestSecretsAreMaskedAndStrangeVariablesWarned(t *testing.T) {
	l, err := Load(Sources{Environ: []string{
		"JINGWEI_DATABASE_URL=postgres://jw:secret@db/jw?password=secret", "JINGWEI_DATABSE_URL=x", "JINGWEI_PORT_80_TCP=tcp://1.2.3.4:80",
	}})
	if err != nil {
		t.Fatal(err)
	}
	if l.Database.URL != "postgres://jw:secret@db/jw?password=secret" {
		t.Errorf("the value itself is %q", l.Database.URL)
	}
	for _, s := range l.Effective() {
		if strings.Contains(s.Value, "secret") {
			t.Errorf("%s shows %s", s.Key, s.Value)
		}
	}
	if len(l.Warnings) != 2 || !strings.Contains(l.Warnings[0], "did you mean JINGWEI_DATABASE_URL?") {
		t.Errorf("warnings: %q", l.Warnings)
	}
}

func TestTheTableIsSound(t *testing.T) {
	form := regexp.MustCompile(`^[a-z][a-zA-Z]*(\.[a-z][a-zA-Z]*)?$`)
	seen := map[string]bool{}
	for _, k := range Keys() {
		if !form.MatchString(k.Name) || seen[k.Name] || seen["--"+k.Flag] || seen[k.Env()] {
			t.Errorf("%s: bad or used twice", k.Name)
		}
		seen[k.Name], seen["--"+k.Flag], seen[k.Env()] = true, true, true
		if k.Help.Zh == "" || k.Help.En == "" {
			t.Errorf("%s: no help in zh or en", k.Name)
		}
		var c Config
		if err := set(k.Field(&c), k.Default); err != nil {
			t.Errorf("%s: default %q %v", k.Name, k.Default, err)
		}
	}
	if l, err := Load(Sources{}); err != nil || len(l.Effective()) != len(Keys()) {
		t.Errorf("defaults alone: %v", err)
	}
}

func TestSizesAreReadAndWritten(t *testing.T) {
	for in, want := range map[string]Bytes{"0": 0, "17": 17, "1KiB": 1024, "1 kB": 1000, "4GiB": 4 << 30, "3B": 3} {
		got, err := ParseBytes(in)
		if err != nil || got != want {
			t.Errorf("%s: got %d, %v; want %d", in, got, err, want)
		}
		if again, err := ParseBytes(got.String()); err != nil || again != got {
			t.Errorf("%s came back as %s", in, got)
		}
	}
	for _, in := range []string{"", "-1", "1.5GiB", "9999999TiB", "GiB", "1XB"} {
		if got, err := ParseBytes(in); err == nil {
			t.Errorf("%q: got %d, want an error", in, got)
		}
	}
}

func FuzzFile(f *testing.F) {
	f.Add([]byte("data: /d\nhttp:\n  address: 127.0.0.1:1\n"))
	f.Add([]byte("https.names: [a, b]\n"))
	f.Add([]byte("a: &x [*x]\n<<: *x\n"))
	f.Add([]byte("? [a]\n: |\n  b\n---\n- !!binary x"))
	f.Fuzz(func(t *testing.T, data []byte) {
		values, err := readFile("f", data, Keys())
		if err == nil {
			for k := range values {
				if !slices.ContainsFunc(Keys(), func(x Key) bool { return x.Name == k }) {
					t.Errorf("unknown key %q came through", k)
				}
			}
		}
	})
}
