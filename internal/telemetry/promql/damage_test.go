package promql

import (
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"jingwei/internal/kernel/file"
	"jingwei/internal/telemetry"
)

// A query that needs a damaged part of a block fails and says so; what lies beside it is answered.
func TestDamageIsNeverServed(t *testing.T) {
	n := newNode(t)
	x := n.add(point{key: "x", unit: "1", typ: telemetry.Float64, machine: 1})
	n.set(3 * time.Hour)
	r := rand.New(rand.NewPCG(1, 2))
	var rows []row
	for i := range 1000 {
		rows = append(rows, row{t: at(time.Duration(i) * 10 * sec), v: r.Float64()})
	}
	n.put(x, rows...)
	if err := n.store.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	n.put(x, row{t: at(170 * time.Minute), v: 7})
	names, err := n.disk.ReadDir("/node/telemetry/blocks")
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	spoil(t, n.disk, filepath.Join("/node/telemetry/blocks", names[0].Name()), 2000)
	_ = n.store.Close()
	n.openStore()
	n.want("x", 170*time.Minute, "mill 1=7")
	for _, q := range []string{"x[3h]", "avg_over_time(x[3h])", "sum(count_over_time(x[3h]))", "sum_over_time(x:covered[3h])", "max_over_time(x[1h:1m])"} {
		d := 170 * time.Minute
		if strings.Contains(q, "1h:") {
			d = time.Hour
		}
		if got := n.instant(q, d); !contains(got, "500 internal", "damaged", ".jwb") {
			t.Errorf("%s: %s", q, got)
		}
	}
}

// spoil changes a byte of a file.
func spoil(t *testing.T, fsys file.FS, name string, off int64) {
	t.Helper()
	f, err := fsys.OpenFile(name, 2, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b := []byte{0}
	if _, err := f.ReadAt(b, off); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 0x10
	if _, err := f.WriteAt(b, off); err != nil {
		t.Fatal(err)
	}
}
