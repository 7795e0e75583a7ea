package index

import (
	"encoding/binary"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"jingwei/internal/kernel/file"
)

var testLogger = slog.New(slog.DiscardHandler)

var benchEntries = flag.Int("entries", 1_000_000, "identifiers of the benchmarks")

// typical appends a record as an enterprise registers it: URL, EMAIL and HS_ADMIN of its prefix's kind, in the encoding of DO-IRP.
func typical(dst []byte, i int) []byte {
	str := func(s string) {
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(s)))
		dst = append(dst, s...)
	}
	value := func(index uint32, kind, data string) {
		dst = binary.BigEndian.AppendUint32(dst, index)
		dst = binary.BigEndian.AppendUint32(dst, 1_790_000_000)
		dst = append(dst, 0)
		dst = binary.BigEndian.AppendUint32(dst, 86400)
		dst = append(dst, 14)
		str(kind)
		str(data)
		dst = binary.BigEndian.AppendUint32(dst, 0)
	}
	number := strconv.Itoa(10_000_000 + i)
	str("88.101.5/" + number)
	dst = binary.BigEndian.AppendUint32(dst, 3)
	value(1, "URL", "https://id.example.com/p/"+number)
	value(2, "EMAIL", "service@example.com")
	value(100, "HS_ADMIN", "\x0f\xf3\x00\x00\x00\x0d0.NA/88.101.5\x00\x00\x01\x2c")
	return dst
}

func fill(b testing.TB, dir string, n int) *Index {
	x, err := Open(Options{FS: file.OS(), Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	const group = 1000
	list := make([]Change, 0, group)
	for i := 0; i < n; i += group {
		list = list[:0]
		for j := i; j < min(i+group, n); j++ {
			r := typical(make([]byte, 0, 256), j)
			name, _ := nameOf(r)
			list = append(list, Change{name, r})
		}
		if err := x.Apply(ctx, list, Mark{Commit: int64(i + 1)}); err != nil {
			b.Fatal(err)
		}
	}
	return x
}

// resident is what the process has in memory, its mapped pages counted, in bytes.
func resident() int64 {
	raw, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	pages, _ := strconv.ParseInt(strings.Fields(string(raw))[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

// BenchmarkIndex fills an index (-entries), opens it again and looks up at random.
func BenchmarkIndex(b *testing.B) {
	dir, n := b.TempDir(), *benchEntries
	began := time.Now()
	x := fill(b, dir, n)
	if err := x.Close(); err != nil {
		b.Fatal(err)
	}
	b.Logf("%d identifiers filled in %v: %+v", n, time.Since(began).Round(time.Millisecond), x.Stats())
	x = nil
	freeMemory()
	before := resident()
	began = time.Now()
	x, err := Open(Options{FS: file.OS(), Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	defer x.Close()
	b.Logf("open after %v", time.Since(began).Round(time.Microsecond))
	if err := x.Check(ctx); err != nil { // every page is resident after that
		b.Fatal(err)
	}
	b.Logf("%.1f bytes of memory for each identifier, all pages resident", float64(resident()-before)/float64(n))
	keys := make([][]byte, 1<<16)
	r := rand.New(rand.NewPCG(1, 1))
	for i := range keys {
		keys[i] = fmt.Appendf(nil, "88.101.5/%d", 10_000_000+r.IntN(n))
	}
	absent := make([][]byte, 1<<16)
	for i := range absent {
		absent[i] = fmt.Appendf(nil, "88.101.5/X%d", r.IntN(n))
	}
	b.Run("hit", func(b *testing.B) {
		buf := make([]byte, 0, 512)
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, ok, err := x.Append(buf, keys[i&(1<<16-1)]); !ok || err != nil {
				b.Fatal(ok, err)
			}
		}
	})
	b.Run("miss", func(b *testing.B) {
		buf := make([]byte, 0, 512)
		for i := 0; b.Loop(); i++ {
			if _, ok, err := x.Append(buf, absent[i&(1<<16-1)]); ok || err != nil {
				b.Fatal(ok, err)
			}
		}
	})
	b.Run("map", func(b *testing.B) { // the least that a lookup can cost: a Go map of as many records
		m := make(map[string][]byte, n)
		for i := range n {
			rec := typical(nil, i)
			name, _ := nameOf(rec)
			m[string(name)] = rec
		}
		buf := make([]byte, 0, 512)
		for i := 0; b.Loop(); i++ {
			if v, ok := m[string(keys[i&(1<<16-1)])]; ok {
				_ = append(buf, v...)
			}
		}
	})
}

func freeMemory() { debug.FreeOSMemory() }
