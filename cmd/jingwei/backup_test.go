package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// command runs jingwei to its end and returns its exit code, what it printed, and its last line.
func command(t *testing.T, args ...string) (code int, out []string, errs string) {
	t.Helper()
	p := start(t, args...)
	for l := range p.line {
		out = append(out, l)
	}
	_ = p.wait() // the exit code tells
	return p.cmd.ProcessState.ExitCode(), out, p.errs.String()
}

func TestRunningNodeIsBackedUpRestoredAndExamined(t *testing.T) {
	dir, repo, to := filepath.Join(t.TempDir(), "node"), filepath.Join(t.TempDir(), "repo"), filepath.Join(t.TempDir(), "restored")
	serve := []string{"serve", "--http", "127.0.0.1:0", "--https", "off", "--link", "off", "--mqtt", "off", "--data"}
	p := start(t, append(serve, dir)...)
	p.expect("ready: ")
	fingerprint := p.expect("authority: ")

	code, out, errs := command(t, "backup", "--data", dir, "--to", repo, "--json")
	if code != 0 || len(out) == 0 {
		t.Fatalf("exit code %d: %s\n%s", code, out, errs)
	}
	var last struct {
		Result struct {
			Snapshot string
			Files    int
		}
	}
	if err := json.Unmarshal([]byte(out[len(out)-1]), &last); err != nil || last.Result.Snapshot == "" || last.Result.Files < 5 {
		t.Fatalf("%v: the last line is %s", err, out[len(out)-1])
	}
	if info, err := os.Stat(repo); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the repository: %v, %v", info, err)
	}
	if code, _, errs := command(t, "fsck", "--data", dir); code != 1 || !strings.Contains(errs, "stop it first") {
		t.Errorf("fsck of a running node: %d %s", code, errs)
	}
	if code, _, errs := command(t, "restore", "--from", repo, "--to", dir); code != 1 || !strings.Contains(errs, "a node is running") {
		t.Errorf("restore over a running node: %d %s", code, errs)
	}
	if code := p.end(syscall.SIGTERM); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	if code, _, errs := command(t, "restore", "--from", repo, "--to", dir); code != 1 || !strings.Contains(errs, "not empty") {
		t.Errorf("restore over a stopped node: %d %s", code, errs)
	}
	// A stopped one, from its files; most of it is there already.
	if code, out, errs := command(t, "backup", "--data", dir, "--to", repo, "--prune", "--keep", "5"); code != 0 || !strings.Contains(strings.Join(out, " "), "kept 2 snapshots") {
		t.Errorf("backup of a stopped node: %d %s\n%s", code, out, errs)
	}
	if code, out, _ := command(t, "backup", "list", repo); code != 0 || len(out) != 3 || !strings.HasPrefix(out[1], last.Result.Snapshot) {
		t.Errorf("list: %d %s", code, out)
	}
	if code, out, errs := command(t, "backup", "verify", repo, last.Result.Snapshot); code != 0 {
		t.Errorf("verify: %d %s\n%s", code, out, errs)
	}
	if code, out, errs := command(t, "restore", "--from", repo, "--snapshot", last.Result.Snapshot, "--to", to); code != 0 {
		t.Fatalf("restore: %d %s\n%s", code, out, errs)
	}
	if code, out, errs := command(t, "fsck", "--data", to); code != 0 {
		t.Errorf("fsck: %d %s\n%s", code, out, errs)
	}
	p = start(t, append(serve, to)...)
	p.expect("ready: ")
	if got := p.expect("authority: "); got != fingerprint {
		t.Errorf("the restored node has the authority %s, want %s", got, fingerprint)
	}
	if code := p.end(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
	// A damaged manifest is found, in words of both languages.
	manifest := filepath.Join(to, "telemetry", "manifest")
	b, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	b[20] ^= 1
	if err := os.WriteFile(manifest, b, 0o600); err != nil {
		t.Fatal(err)
	}
	for lang, want := range map[string]string{"zh": "损坏  telemetry/manifest", "en": "DAMAGED  telemetry/manifest"} {
		if code, out, _ := command(t, "fsck", "--data", to, "--lang", lang); code != 1 || !strings.Contains(strings.Join(out, "\n"), want) {
			t.Errorf("fsck: %d %s", code, out)
		}
	}
}

func TestBackupCommandsSayWhatToMend(t *testing.T) {
	empty := t.TempDir()
	for what, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"no --to":          {[]string{"backup", "--data", empty}, 2, "--to"},
		"no node":          {[]string{"backup", "--data", empty, "--to", filepath.Join(empty, "x")}, 1, "no data folder"},
		"no repository":    {[]string{"backup", "verify", empty}, 1, "no backup repository"},
		"keep nothing":     {[]string{"backup", "prune", empty, "--keep", "0"}, 2, "at least 1"},
		"no --from":        {[]string{"restore", "--to", empty}, 2, "--from"},
		"no data folder":   {[]string{"fsck", "--data", empty}, 1, "no data folder"},
		"an unknown thing": {[]string{"backup", "list"}, 2, "arg"},
	} {
		if code, out, errs := command(t, c.args...); code != c.code || !strings.Contains(errs, c.says) {
			t.Errorf("%s: %d %s %s", what, code, out, errs)
		}
	}
}

// TestRestartIsMeasured: the bench fills a folder in a process of its own, kills it, and opens what is left.
func TestRestartIsMeasured(t *testing.T) {
	t.Parallel()
	code, out, errs := command(t, "bench", "restart", "--megabytes", "4", "--goal", "600", "--dir", t.TempDir(), "--json")
	if code != 0 || len(out) == 0 {
		t.Fatalf("exit code %d: %s\n%s", code, out, errs)
	}
	var r struct {
		Figures map[string]float64
		Goals   []struct {
			Name string
			Met  bool
		}
	}
	if err := json.Unmarshal([]byte(out[len(out)-1]), &r); err != nil {
		t.Fatal(err)
	}
	if r.Figures["blockBytes"] < 4e6 || r.Figures["firstAnswerRows"] < 1 || len(r.Goals) != 2 || !r.Goals[0].Met || !r.Goals[1].Met {
		t.Errorf("%+v", r)
	}
}
