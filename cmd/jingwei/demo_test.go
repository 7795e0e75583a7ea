package main

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

type listed[T any] struct{ Items []T }

type seriesItem struct{ ID, Machine, Type string }

type sampleItem struct {
	Time   time.Time
	Value  any
	Origin string
	Status struct{ Class string }
}

func TestDemoFromRegisterToAPI(t *testing.T) {
	dir := t.TempDir()
	args := []string{"demo", "--headless", "--http", "127.0.0.1:0", "--data", dir, "--region=false"}
	p := start(t, args...)
	base := strings.Fields(p.expect("Jingwei demo: "))[0] + "/api/v1"
	link := p.expect("sign in: ")
	token, tokenB := p.expect("token: "), p.expect("token-b: ")
	if u, err := url.Parse(link); err != nil || u.Query().Get("token") == "" || !strings.HasPrefix(base, u.Scheme+"://"+u.Host+"/") {
		t.Errorf("sign-in link %q of %s", link, base)
	}

	var series listed[seriesItem]
	if got := get(t, base+"/series?limit=5", token, &series); got != 200 || len(series.Items) != 5 {
		t.Fatalf("series: status %d, %d items; want 200 and 5", got, len(series.Items))
	}
	samples := base + "/series/" + series.Items[0].ID + "/samples?from=2020-01-01T00:00:00Z&to=2199-01-01T00:00:00Z&mode="
	var raw, plot listed[sampleItem]
	eventually(t, "a good sample", func() bool {
		get(t, samples+"raw", token, &raw)
		return len(raw.Items) > 0 && raw.Items[len(raw.Items)-1].Status.Class == "good"
	})
	last := raw.Items[len(raw.Items)-1]
	if _, number := last.Value.(float64); !number || last.Origin != "replayed" || time.Since(last.Time) > time.Hour {
		t.Errorf("sample %+v: want a number, replayed, dated now", last)
	}
	if get(t, samples+"plot&pixels=100", token, &plot); len(plot.Items) == 0 {
		t.Error("the plot is empty")
	}
	if got := get(t, samples+"raw", "", nil); got != 401 {
		t.Errorf("without a token: %d, want 401", got)
	}
	if got := get(t, samples+"raw", tokenB, nil); got != 404 {
		t.Errorf("with the other enterprise's token: %d, want 404", got)
	}
	var node struct{ Ingest *struct{ Samples string } }
	if get(t, base+"/node", token, &node); node.Ingest == nil || node.Ingest.Samples == "0" {
		t.Errorf("the node's figures for its own engineer: %+v", node.Ingest)
	}
	node.Ingest = nil
	if got := get(t, base+"/node", tokenB, &node); got != 200 || node.Ingest != nil {
		t.Errorf("another tenant sees the node's figures: %d, %+v", got, node.Ingest)
	}
	// The second enterprise has machines of its own, and sees none of the first.
	mine := map[string]bool{}
	for _, token := range []string{token, tokenB} {
		var all listed[seriesItem]
		if got := get(t, base+"/series?limit=1000", token, &all); got != 200 || len(all.Items) < 20 {
			t.Fatalf("%d and %d series; want 200 and those of an enterprise", got, len(all.Items))
		}
		for _, s := range all.Items {
			if mine[s.ID] {
				t.Fatalf("series %s is shown to both enterprises", s.ID)
			}
			mine[s.ID] = true
		}
	}
	// Every machine comes to life, over its own protocol.
	for token, want := range map[string]map[string]int{token: {"modbus": 7, "opcua": 2, "sparkplug": 3, "mqtt": 3}, tokenB: {"modbus": 3, "opcua": 1, "mqtt": 1}} {
		var scale struct {
			Machines   int
			States     struct{ Live int }
			ByProtocol []struct {
				ID        string
				Connected int
			}
		}
		eventually(t, "all machines live", func() bool {
			get(t, base+"/scale", token, &scale)
			return scale.Machines > 0 && scale.States.Live == scale.Machines
		})
		for _, p := range scale.ByProtocol {
			if p.Connected != want[p.ID] {
				t.Errorf("%d machines over %s, want %d", p.Connected, p.ID, want[p.ID])
			}
		}
	}
	if code := p.end(os.Interrupt); code != 0 {
		t.Fatalf("Ctrl-C: exit code %d; it wrote:\n%s", code, p.errs)
	}

	// A second start goes on: the same series, with the samples of before.
	p = start(t, args...)
	base2 := strings.Fields(p.expect("Jingwei demo: "))[0] + "/api/v1"
	samples = strings.Replace(samples, base, base2, 1)
	token = p.expect("token: ")
	var again listed[sampleItem]
	get(t, samples+"raw", token, &again)
	if len(again.Items) < len(raw.Items) || !again.Items[0].Time.Equal(raw.Items[0].Time) {
		t.Errorf("after a restart %d samples from %v; before %d from %v", len(again.Items), again.Items[0].Time, len(raw.Items), raw.Items[0].Time)
	}
	eventually(t, "a new sample after the restart", func() bool {
		var now listed[sampleItem]
		get(t, samples+"raw", token, &now)
		return len(now.Items) > 0 && now.Items[len(now.Items)-1].Time.After(again.Items[len(again.Items)-1].Time)
	})
	if code := p.end(os.Interrupt); code != 0 {
		t.Errorf("Ctrl-C: exit code %d", code)
	}
}

func TestFreshDeletesADemoAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	keep := filepath.Join(dir, "keep")
	if err := os.WriteFile(keep, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := removeDemo(dir); err == nil {
		t.Error("a folder that is not a demo's was to be deleted")
	}
	if _, err := os.Stat(keep); err != nil {
		t.Errorf("its file is gone: %v", err)
	}
	if err := markDemo(dir); err != nil {
		t.Fatal(err)
	}
	if err := removeDemo(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the demo's folder is still there: %v", err)
	}
	if err := removeDemo(dir); err != nil {
		t.Errorf("no folder at all: %v", err)
	}
}
