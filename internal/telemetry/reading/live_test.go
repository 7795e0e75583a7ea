package reading_test

import (
	"bufio"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jingwei/internal/telemetry"
	"jingwei/internal/telemetry/reading"
)

// watch opens a live stream on all of an organisation.
func (b *bench) watch() *events {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), "GET", b.server.Addresses()[0]+"/api/v1/live?org="+b.a.String(), nil)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer a")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { _ = resp.Body.Close() })
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 8<<20)
	return &events{b.t, lines}
}

func (b *bench) declareMany(n int, typ telemetry.Type) []telemetry.Ref {
	b.t.Helper()
	all := make([]telemetry.Declaration, n)
	for i := range all {
		all[i] = telemetry.Declaration{ID: uuid.Must(uuid.NewV7()), Org: b.a, Type: typ, Report: telemetry.OnChange,
			MaxSilence: 10 * time.Second, From: b.now().UnixNano()}
		b.plant.points = append(b.plant.points, reading.Point{ID: all[i].ID, Org: b.a, Machine: b.mill})
	}
	refs, err := b.store.Declare(b.t.Context(), all)
	if err != nil {
		b.t.Fatal(err)
	}
	return refs
}

func TestManySeriesComeInSeveralEvents(t *testing.T) {
	const n = 20_000
	b := build(t)
	refs := b.declareMany(n, telemetry.Float64)
	e := b.watch()
	all := func(want string) {
		t.Helper()
		for left := n; left > 0; {
			got := e.next()
			if len(got) > 10_000 || len(got) > left {
				t.Fatalf("an event of %d values, %d are left", len(got), left)
			}
			for _, v := range got {
				if !strings.HasSuffix(v, want) {
					t.Fatalf("got %q, want %q", v, want)
				}
			}
			left -= len(got)
		}
	}
	all("none silent")
	rows := make([]telemetry.Sample, n)
	for i, ref := range refs {
		rows[i] = float(ref, b.now(), float64(i))
	}
	b.add(rows...)
	all(" live")
	b.pass(13 * time.Second)
	all(" stale")
}

func TestLongTextsComeInSeveralEvents(t *testing.T) {
	b := build(t)
	refs := b.declareMany(200, telemetry.String)
	// 12 MB of text, each byte of which JSON writes as six: one event of them all would cut the stream.
	long := strings.Repeat("\x01", 60_000)
	for i, ref := range refs {
		b.add(telemetry.Sample{Commit: uint64(ref), Time: b.now().UnixNano(), Value: telemetry.Value{Type: telemetry.String, Text: fmt.Sprint(i, long)}})
	}
	e := b.watch()
	told := map[string]bool{}
	for len(told) < len(refs) {
		for _, v := range e.next() {
			told[strings.SplitN(v, "\x01", 2)[0]] = true
		}
	}
}
