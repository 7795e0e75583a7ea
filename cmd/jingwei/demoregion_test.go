package main

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/proof"
	"jingwei/packs"
)

// regionSaid is what a demo prints of its region.
type regionSaid struct {
	url, token map[string]string // by node; by firm, and by "@node" of who runs one
}

var (
	saidNode  = regexp.MustCompile(`^node (\S+): (\S+) `)
	saidToken = regexp.MustCompile(`^token at (\S+) (\S*): (\S+)$`)
)

// region reads what a demo says until its region is whole.
func (p *program) region() regionSaid {
	p.t.Helper()
	said := regionSaid{map[string]string{}, map[string]string{}}
	deadline := time.After(2 * patience)
	for {
		select {
		case l, ok := <-p.line:
			if m := saidNode.FindStringSubmatch(l); m != nil {
				said.url[m[1]] = m[2] + "/api/v1"
			}
			if m := saidToken.FindStringSubmatch(l); m != nil {
				key := m[2]
				if key == "" {
					key = "@" + m[1]
				}
				said.token[key] = m[3]
			}
			if strings.HasPrefix(l, "region: whole") {
				return said
			}
			if !ok || strings.HasPrefix(l, "region: not whole") {
				p.t.Fatalf("%s\n%s", l, p.errs)
			}
		case <-deadline:
			p.t.Fatalf("the region did not become whole; it wrote:\n%s", p.errs)
		}
	}
}

type orgItem struct{ ID string }

// mine is the organisation of a token.
func mine(t *testing.T, base, token string) string {
	t.Helper()
	var orgs listed[orgItem]
	if got := get(t, base+"/orgs", token, &orgs); got != 200 || len(orgs.Items) != 1 {
		t.Fatalf("%s: %d, %d organisations of a token", base, got, len(orgs.Items))
	}
	return orgs.Items[0].ID
}

type firmEntry struct {
	Key, Since, Until string
	Content           struct {
		Name, Region, Cluster string
		Places                []struct{ Region, Cluster, From, To string }
	}
}

// The region with a past of one month: nodes, machines that deliver, books, registers; and a second start that goes on.
func TestTheRegionStarts(t *testing.T) {
	dir := t.TempDir()
	args := []string{"demo", "--headless", "--http", "127.0.0.1:0", "--data", dir, "--history", "1"}
	p := start(t, args...)
	province := strings.Fields(p.expect("Jingwei demo: "))[0] + "/api/v1"
	token := p.expect("token: ")
	said := p.region()
	if len(said.url) != 5 || len(said.token) != 10 { // with the bank
		t.Fatalf("nodes %v with %d tokens", said.url, len(said.token))
	}
	for node, base := range said.url {
		var ways struct{ Demo bool }
		if got := get(t, base+"/session/ways", "", &ways); got != 200 || !ways.Demo {
			t.Errorf("%s answers %d, demonstration %v", node, got, ways.Demo)
		}
	}
	year := time.Now().Year() - 1
	for firm, node := range map[string]string{"lichuan": "lichuan", "qinghe": "qinghe", "junhe": "park", "qizhou": "park", "lanyao": "tangting", "zhilan": "yupu"} {
		base, token := said.url[node], said.token[firm]
		org := mine(t, base, token)
		var facts struct{ Groups []struct{ Key string } }
		if got := get(t, base+"/facts/tally?kind=order&by=year&sum=amount&org="+org, token, &facts); got != 200 || len(facts.Groups) < 3 {
			t.Errorf("%s: orders of %d years (%d)", firm, len(facts.Groups), got)
		}
		known(t, firm, base, token, "inventory-turnover", org, year)
		known(t, firm, base, token, "online-purchasing", org, year)
		var series listed[struct{ ID, Unit string }]
		if get(t, base+"/series?limit=1000&org="+org, token, &series); len(series.Items) < 12 {
			t.Fatalf("%s: %d series", firm, len(series.Items))
		}
		now := time.Now().UTC()
		samples := base + "/series/" + series.Items[0].ID + "/samples?mode=raw&limit=5&to=" + now.AddDate(1, 0, 0).Format(time.RFC3339) + "&from="
		var old listed[sampleItem]
		if get(t, samples+now.AddDate(0, 0, -25).Format(time.RFC3339), token, &old); len(old.Items) == 0 || old.Items[0].Origin != "replayed" || now.Sub(old.Items[0].Time) < 20*24*time.Hour {
			t.Errorf("%s: samples of 25 days ago: %+v", firm, old.Items)
		}
		eventually(t, firm+" delivers", func() bool {
			var scale struct {
				Connected int
				States    struct{ Live int }
			}
			get(t, base+"/scale?org="+org, token, &scale)
			return scale.Connected > 0 && scale.States.Live == scale.Connected
		})
	}
	// The enterprises stand where they are, and were: Qizhou moved from Yupu into the park of Tangting.
	firms := func(base, token string) map[string]firmEntry {
		var list listed[firmEntry]
		get(t, base+"/registers/enterprises/entries?limit=200&org="+mine(t, base, token), token, &list)
		out := map[string]firmEntry{}
		for _, e := range list.Items {
			out[e.Key] = e
		}
		return out
	}
	const qizhou = "91990100MADEM0126Y"
	said.token["@lichuan"], said.token["@qinghe"] = said.token["lichuan"], said.token["qinghe"] // they run their nodes
	for node, want := range map[string]int{"park": 3, "tangting": 4, "yupu": 3, "lichuan": 1, "qinghe": 1} {
		if list := firms(said.url[node], said.token["@"+node]); len(list) != want {
			t.Errorf("the register of %s has %d enterprises, want %d", node, len(list), want)
		}
	}
	before, after := firms(said.url["yupu"], said.token["@yupu"])[qizhou], firms(said.url["tangting"], said.token["@tangting"])[qizhou]
	if before.Until == "" || before.Since != "" || after.Since == "" || after.Until != "" || before.Until >= after.Since || after.Content.Region != "990200" || after.Content.Cluster == "" {
		t.Errorf("Qizhou was in Yupu as %+v and is in Tangting as %+v", before, after)
	}
	var all listed[firmEntry]
	get(t, province+"/registers/enterprises/entries?key="+qizhou+"&org="+mine(t, province, token), token, &all)
	if len(all.Items) != 1 || len(all.Items[0].Content.Places) != 2 || all.Items[0].Content.Places[1].From != after.Since || all.Items[0].Content.Region != "990200" {
		t.Errorf("the province has Qizhou as %+v", all.Items)
	}
	risen(t, province, token, year)
	if code := p.end(os.Interrupt); code != 0 {
		t.Fatalf("Ctrl-C: exit code %d; it wrote:\n%s", code, p.errs)
	}

	p = start(t, args...)
	again := p.region()
	if !maps.Equal(said.url, again.url) {
		t.Errorf("the nodes were at %v and are at %v", said.url, again.url)
	}
	if code := p.end(os.Interrupt); code != 0 {
		t.Errorf("Ctrl-C: exit code %d", code)
	}
}

// risen waits until what the six enterprises bought online has come to the province, over park and cities.
func risen(t *testing.T, province, token string, year int) {
	t.Helper()
	org := mine(t, province, token)
	var agreements listed[struct{ State string }]
	if get(t, province+"/agreements?org="+org, token, &agreements); len(agreements.Items) != 2 || agreements.Items[0].State != "active" || agreements.Items[1].State != "active" {
		t.Fatalf("agreements of the province: %+v", agreements.Items)
	}
	var board listed[struct {
		Key      string
		Coverage struct{ Known, Of int }
	}]
	for deadline := time.Now().Add(3 * patience); ; time.Sleep(time.Second) {
		get(t, province+"/figures?limit=200&indicator=online-purchasing&org="+org, token, &board)
		for _, f := range board.Items {
			if f.Key == fmt.Sprintf("online-purchasing/%d", year) && f.Coverage.Known == 6 && f.Coverage.Of == 24 {
				return
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("the province knows %+v", board.Items)
		}
	}
}

// known tells whether an indicator has a value for an enterprise.
func known(t *testing.T, firm, base, token, indicator, org string, year int) {
	t.Helper()
	var v struct {
		Number *struct{ Value string }
		Grade  string
	}
	path := base + "/indicators/" + indicator + "/value?org=" + org + "&period=" + time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC).Format("2006")
	if got := get(t, path, token, &v); firm != "qizhou" && (got != 200 || v.Number == nil || v.Number.Value == "" || v.Grade == "") {
		t.Errorf("%s: %s of %d: %d %+v", firm, indicator, year, got, v) // Qizhou was listed elsewhere then
	}
}

// The region's definitions are told from two enterprises on, say so, and are not taken for those that ship.
func TestTheRegionsDefinitionsSayWhatTheyAre(t *testing.T) {
	dir := proof.Must(demoPacks(t.TempDir()))
	files := proof.Must(pack.Over(os.DirFS(dir), packs.Files))
	rate := string(proof.Must(fs.ReadFile(files, "indicators/machine-networking.yaml")))
	for _, want := range []string{"suppress: 2\n", "version: 1.0.90\n", "asks for 3'}\n"} {
		if !strings.Contains(rate, want) {
			t.Errorf("%q is not in\n%s", want, rate)
		}
	}
	if _, ok := demoDefinition("suppress: 2\n"); ok {
		t.Error("a definition that is told from two on is changed")
	}
}

func TestPortsStandNextToEachOther(t *testing.T) {
	for address, want := range map[string]string{"127.0.0.1:8480": "127.0.0.1:8482", "[::1]:90": "[::1]:92", "127.0.0.1:0": "", "8480": ""} {
		if got := nextPort(address, 2); got != want {
			t.Errorf("two after %s: %q, want %q", address, got, want)
		}
	}
}
